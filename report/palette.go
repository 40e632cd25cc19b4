package report

// Style says how text is laid out for people. The zero value is plain, with lines of any length.
type Style struct {
	Palette
	Width   int  // columns that a line may take; 0 is no bound but those of good prose
	Verbose bool // what is otherwise a count is told in full
}

// Palette colours words for a terminal. The zero value colours nothing. Colour never carries meaning alone: every coloured
// word says the same without it.
type Palette struct {
	On bool
}

func (p Palette) paint(code, s string) string {
	if !p.On || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// Bad is for what broke.
func (p Palette) Bad(s string) string { return p.paint("1;31", s) }

// Good is for what held.
func (p Palette) Good(s string) string { return p.paint("32", s) }

// Unsure is for what could not be said.
func (p Palette) Unsure(s string) string { return p.paint("33", s) }

// Strong is for what to read first.
func (p Palette) Strong(s string) string { return p.paint("1", s) }

// Faint is for what may be skipped.
func (p Palette) Faint(s string) string { return p.paint("2", s) }
