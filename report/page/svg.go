package page

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	_ "embed"
)

// pictureStyle is the part of the style sheet that diagrams need.
//
//go:embed diagram.css
var pictureStyle string

// patterns must be in every document with diagrams once: the hatching of candidates.
const patterns markup = `<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="h1" width="6" height="6"/>` +
	`<rect class="h2" width="3" height="6"/></pattern></defs>`

// diagram draws the rows from one to before another as an element of a page: one lane a server, time downward, one row a step.
func (d *drawn) diagram(from, to int) markup {
	p := d.picture(from, to)
	tops := make([]string, 0, to-from+1)
	for _, y := range p.tops[from : to+1] {
		tops = append(tops, fmt.Sprint(y))
	}
	p.f(`<svg class="diagram" viewBox="0 0 %d %d" width="%d" height="%d" data-tops="%s" data-lanes="%d %d" role="img" aria-label="%s">`, p.width, p.height(), p.width, p.height(),
		strings.Join(tops, " "), numbers, d.laneWidth(), d.described(from, to))
	p.body()
	p.f("</svg>")
	return markup(p.String())
}

func (d *drawn) described(from, to int) string {
	names := make([]string, len(d.servers))
	for k, id := range d.servers {
		names[k] = id.String()
	}
	return fmt.Sprintf("Diagram of %ssteps %d to %d, one lane for each of %s, time downward. Everything in it is also in the table of steps.", d.label, d.rows[from].Number,
		d.rows[to-1].Number, strings.Join(names, ", "))
}

// sentenceWidth is the width of the sentences beside a diagram that is a file of its own, in pixels.
const sentenceWidth = 430

// SVG writes the diagram as an image of its own, with the sentence of each step beside it.
func (e *Execution) SVG(w io.Writer) error {
	d := e.look()
	p := d.picture(0, len(d.rows))
	width := p.width + sentenceWidth
	p.f(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title">`+"\n", width, p.height(), width, p.height())
	p.f("<title id=\"title\">%s</title>\n<style>%s</style>\n", e.heading(), markup(pictureStyle))
	p.f(`<g class="diagram">%s<rect class="bg" width="%d" height="%d"/>`+"\n", patterns, width, p.height())
	p.withSentences()
	p.f("</g></svg>\n")
	_, err := io.WriteString(w, p.String())
	return err
}

// withSentences draws everything, with the sentence of each step beside it.
func (p *picture) withSentences() {
	p.body()
	for i := p.from; i < p.to; i++ {
		p.sentence(i)
	}
}

// heading is what the picture is called.
func (e *Execution) heading() string {
	switch {
	case e.Title != "":
		return e.Title
	case len(e.Findings) > 0 && e.Findings[0].Rule != nil:
		return e.Findings[0].Rule.Name + ": " + e.Findings[0].Message
	}
	return "An execution of Raft"
}

// sentence writes what a row says beside the lanes.
func (p *picture) sentence(i int) {
	r := &p.rows[i]
	said := strings.TrimSpace(r.Says + " " + r.Notes)
	if i == 0 {
		said = p.beginning()
	}
	lines := wrapped(said, 62)
	y := p.y(i) + 4 - 8*(len(lines)-1)
	for n, line := range lines {
		class := "sy"
		if r.Guilty {
			class = "sy bad"
		}
		p.text(class, p.width+10, y+n*16, line)
	}
	p.f("\n")
}

// beginning says how the servers begin.
func (d *drawn) beginning() string {
	byCell := map[string][]string{}
	var order []string
	for k, cell := range d.rows[0].Cells {
		if byCell[cell] == nil {
			order = append(order, cell)
		}
		byCell[cell] = append(byCell[cell], d.servers[k].String())
	}
	var parts []string
	for _, cell := range order {
		role, term, _ := strings.Cut(cell, " ")
		said := role
		if role == "?" {
			said = "not seen yet"
		}
		if term != "" && term != "?" {
			said += " in term " + term
		}
		parts = append(parts, strings.Join(byCell[cell], " ")+": "+said)
	}
	return strings.Join(parts, "; ")
}

// wrapped breaks text at spaces.
func wrapped(s string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		for utf8.RuneCountInString(word) > width { // a word that somebody else chose
			head := string([]rune(word)[:width])
			if line != "" {
				lines, line = append(lines, line), ""
			}
			lines, word = append(lines, head), strings.TrimPrefix(word, head)
		}
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
