package page

import (
	"fmt"
	"html"
	"io"

	"github.com/raftcheck/raftcheck/legible"
)

// markup is text that is HTML or SVG already.
type markup string

// printf writes a piece of a page or a picture. Texts among the arguments are shown, whatever is in them; only markup is taken as it is.
func printf(w io.Writer, format string, args ...any) {
	for k, a := range args {
		switch a := a.(type) {
		case string:
			args[k] = html.EscapeString(legible.Line(a))
		case markup:
		case int, uint64, float64:
		default:
			panic(fmt.Sprintf("a page holds texts, numbers and markup, and no %T", a))
		}
	}
	_, _ = fmt.Fprintf(w, format, args...) // what w returns is seen by its owner
}

// lines is a text of several lines as markup.
func lines(s string) markup { return markup(html.EscapeString(legible.Lines(s))) }
