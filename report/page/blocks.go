package page

import "fmt"

// Text is a paragraph. What has a label is a line of a list of facts.
type Text struct {
	Label string
	Says  string
	Bad   bool // it stands out
}

// Table is a table whose first column names its rows. It has a caption.
type Table struct {
	Caption string
	Head    []string
	Rows    [][]string
}

// Pre is text whose columns matter, as a terminal shows it.
type Pre struct {
	Label string // what it is, for those who cannot see it
	Text  string
}

// Command is a command that goes on from here.
type Command struct {
	Label string // "replay"
	Line  string
}

// Drawing is an image that raftcheck drew itself.
type Drawing struct {
	Label string // what it shows, and where that is told in words
	SVG   string // its markup, taken as it is
}

// Fold is what is shown when it is asked for.
type Fold struct {
	Summary string
	Blocks  []Block
}

func (t Text) write(w *writer) {
	class := ""
	if t.Bad {
		class = ` class="bad"`
	}
	if t.Label != "" {
		w.f("<p%s><b>%s</b> %s</p>\n", markup(class), t.Label, t.Says)
		return
	}
	w.f("<p%s>%s</p>\n", markup(class), t.Says)
}

func (t Table) write(w *writer) {
	w.tables++
	id := fmt.Sprintf("table-%d", w.tables)
	w.f("<div class=\"wide\" role=\"region\" aria-labelledby=\"%s\" tabindex=\"0\"><table>\n<caption id=\"%s\">%s</caption>\n<thead><tr>", id, id, t.Caption)
	for _, h := range t.Head {
		w.f("<th scope=\"col\">%s</th>", h)
	}
	w.f("</tr></thead>\n<tbody>\n")
	for _, row := range t.Rows {
		w.f("<tr>")
		for k, cell := range row {
			if k == 0 {
				w.f("<th scope=\"row\">%s</th>", cell)
				continue
			}
			w.f("<td>%s</td>", cell)
		}
		w.f("</tr>\n")
	}
	w.f("</tbody></table></div>\n")
}

func (p Pre) write(w *writer) {
	w.f("<pre role=\"region\" aria-label=\"%s\" tabindex=\"0\">%s</pre>\n", p.Label, lines(p.Text))
}

func (c Command) write(w *writer) {
	w.f("<p class=\"command\"><b>%s</b> <code>%s</code> <button type=\"button\" class=\"copy\" hidden=\"\" aria-label=\"Copy the command: %s\">copy</button></p>\n", c.Label, c.Line, c.Label)
}

func (d Drawing) write(w *writer) {
	w.f("<div class=\"picture\" role=\"region\" aria-label=\"%s\" tabindex=\"0\">%s</div>\n", d.Label, markup(d.SVG))
}

func (d Fold) write(w *writer) {
	w.f("<details><summary>%s</summary>\n", d.Summary)
	for _, b := range d.Blocks {
		b.write(w)
	}
	w.f("</details>\n")
}
