package page

import "io"

// Beside is two executions to be compared: they stand beside each other where there is room, and what both begin with stands in the same rows.
type Beside struct {
	A, B *Execution
	Same int // records that both begin with
}

// align makes the rows that are the same as high in both, and tells the two from each other.
func (b *Beside) align() {
	b.A.beside, b.B.beside = 1, -1
	b.A.label, b.B.label = "A, ", "B, "
	for _, e := range []*Execution{b.A, b.B} {
		if b.Same < len(e.Trace.Records) {
			e.Differs = e.Trace.Records[b.Same].Number
		}
	}
	a, o := b.A.look(), b.B.look()
	for k := 0; k <= b.Same+1 && k < min(len(a.rows), len(o.rows)); k++ {
		height := max(a.rows[k].height, o.rows[k].height)
		a.rows[k].height, o.rows[k].height = height, height
	}
	if from, to := a.window(); to-from <= chunk && len(o.rows) <= chunk {
		least := max(a.picture(0, len(a.rows)).height(), o.picture(0, len(o.rows)).height())
		a.least, o.least = least, least
	}
}

func (b *Beside) write(w *writer) {
	b.align()
	b.A.look().legend(w)
	w.f("<div class=\"beside\">\n")
	b.A.write(w)
	b.B.write(w)
	w.f("</div>\n")
}

// gap is the room between two pictures, and above them for their names, in pixels.
const gap = 32

// SVG writes both diagrams as one image, each with its title above it.
func (b *Beside) SVG(w io.Writer, title string) error {
	b.align()
	a, o := b.A.look(), b.B.look()
	left, right := a.picture(0, len(a.rows)), o.picture(0, len(o.rows))
	second := left.width + sentenceWidth + gap
	width, height := second+right.width+sentenceWidth, max(left.height(), right.height())+gap
	p := &picture{drawn: a}
	p.f(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title">`+"\n", width, height, width, height)
	p.f("<title id=\"title\">%s</title>\n<style>%s</style>\n", title, markup(pictureStyle))
	p.f(`<g class="diagram">%s<rect class="bg" width="%d" height="%d"/>`+"\n", patterns, width, height)
	for k, side := range []*picture{left, right} {
		x := k * second
		p.text("hd", x+12, 22, clipped(side.Title, 90))
		side.withSentences()
		p.f(`<g transform="translate(%d %d)">%s</g>`+"\n", x, gap, markup(side.String()))
	}
	p.f("</g></svg>\n")
	_, err := io.WriteString(w, p.String())
	return err
}
