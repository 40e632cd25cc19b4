package linearizability

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/raftcheck/raftcheck/legible"
)

// Lines tells the finding as text to be read from top to bottom: the operations as a table, with bars on one time axis; what the
// cluster did meanwhile, where that is known; and why it is wrong. 'x' marks the guilty operation. No line ends in a space.
func (f *Finding) Lines(file string) []string {
	lines := f.table(file)
	if f.Elided {
		lines = append(lines, "", "… stands for what does not matter.")
	}
	if len(f.Steps) > 0 {
		lines = append(lines, "", "Meanwhile, in the cluster:")
		lines = append(lines, f.steps(file)...)
	}
	lead := "Why: "
	lines = append(lines, "")
	for _, why := range f.Why {
		for _, l := range wrapped(why, 105) {
			lines = append(lines, lead+l)
			lead = "     "
		}
	}
	for _, hint := range f.Hints {
		lead = "hint: "
		for _, l := range wrapped(hint, 104) {
			lines = append(lines, lead+l)
			lead = "      "
		}
	}
	for k, line := range lines {
		lines[k] = legible.Line(line)
	}
	return lines
}

// wrapped breaks a text at spaces into lines of at most width characters, where words allow it.
func wrapped(text string, width int) (lines []string) {
	text = legible.Line(text)
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

func (f *Finding) table(file string) []string {
	rows := [][]string{{"#", "client", "operation", "", "called", "returned"}}
	bars := f.bars()
	for n := range f.Operations {
		o := &f.Operations[n]
		rows = append(rows, []string{fmt.Sprint(n + 1), shortened(legible.Line(o.Client), 32), shortened(legible.Line(o.Text), 56), bars[n], o.place(cmp.Or(o.File, file), o.Call, o.CallLine), o.end(cmp.Or(o.File, file))})
	}
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for k, cell := range r {
			widths[k] = max(widths[k], utf8.RuneCountInString(cell))
		}
	}
	var lines []string
	for n, r := range rows {
		if skipped := len(rows) - 1 - mostRows; skipped > 0 && n > mostRows/2 && n <= mostRows/2+skipped {
			if n == mostRows/2+1 {
				lines = append(lines, fmt.Sprintf("    … %d more", skipped))
			}
			continue
		}
		mark := " "
		if n > 0 && n-1 == f.Guilty {
			mark = "x"
		}
		line := fmt.Sprintf("  %s %*s", mark, widths[0]+1, r[0])
		for k, cell := range r[1:] {
			if widths[k+1] > 0 {
				line += "  " + cell + strings.Repeat(" ", widths[k+1]-utf8.RuneCountInString(cell))
			}
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}

// mostRows is how many operations are told in a table.
const mostRows = 60

// shortened leaves out the middle of a text that is too long for a row.
func shortened(s string, width int) string {
	runes := []rune(s)
	if len(runes) <= width {
		return s
	}
	return string(runes[:width/2]) + "…" + string(runes[len(runes)-width/2+1:])
}

// place says where something is seen: file:line, or the moment.
func (o *Witnessed) place(file string, moment int64, line int) string {
	if line == 0 || file == "" {
		return fmt.Sprintf("at %d", moment)
	}
	return fmt.Sprintf("%s:%d", short(file), line)
}

// longestPath is how much of a path is shown in every row.
const longestPath = 32

// short leaves the folders out of a long path.
func short(file string) string {
	if len(file) <= longestPath {
		return file
	}
	if parent := filepath.Base(filepath.Dir(file)); strings.HasPrefix(parent, "client-") {
		return parent + "/" + filepath.Base(file) // of a report of etcd's tests
	}
	return filepath.Base(file)
}

func (o *Witnessed) end(file string) string {
	switch {
	case o.Outcome == Returned:
		return o.place(file, o.Return, o.ReturnLine)
	case o.Outcome == Unknown && o.ReturnLine > 0 && file != "":
		return fmt.Sprintf("unknown (%s:%d)", short(file), o.ReturnLine)
	case o.Outcome == Unknown:
		return "unknown"
	}
	return "never"
}

// mostColumns is how many calls and returns are drawn on one axis.
const mostColumns = 24

// bars draws every operation from its call to its return. Only the order of calls and returns counts, so each takes three columns.
// What never returned goes on for ever. With too many operations there are no bars.
func (f *Finding) bars() []string {
	spans, places := f.Spans()
	bars := make([]string, len(f.Operations))
	if places > mostColumns {
		return bars
	}
	width := 3*places + 1
	for n, s := range spans {
		before := strings.Repeat(" ", 3*s[0])
		if s[1] == 0 {
			bars[n] = before + "|" + strings.Repeat("-", width-3*s[0]-1) + ">"
			continue
		}
		bars[n] = before + "|" + strings.Repeat("-", 3*(s[1]-s[0])-1) + "|"
	}
	return bars
}

// Spans returns the places of each operation's call and return among all calls and returns of the finding, from 0, and how many places there
// are. The place of a return that never was is 0. Calls that meet at one moment share a place, and so do returns.
func (f *Finding) Spans() (spans [][2]int, places int) {
	ranks := f.ranks()
	for n := range f.Operations {
		o := &f.Operations[n]
		from, _ := slices.BinarySearch(ranks, o.callRank())
		to := 0
		if o.Outcome == Returned {
			to, _ = slices.BinarySearch(ranks, o.returnRank())
		}
		spans = append(spans, [2]int{from, to})
	}
	return spans, len(ranks)
}

// ranks are the different moments of calls and returns, ascending.
func (f *Finding) ranks() (ranks []int64) {
	for n := range f.Operations {
		o := &f.Operations[n]
		ranks = append(ranks, o.callRank())
		if o.Outcome == Returned {
			ranks = append(ranks, o.returnRank())
		}
	}
	slices.Sort(ranks)
	return slices.Compact(ranks)
}

// Place returns the last place, as Spans numbers them, that is not after a step of the trace; -1 if all are.
func (f *Finding) Place(step int) int {
	ranks := f.ranks()
	at, _ := slices.BinarySearch(ranks, int64(step)<<1+2)
	return at - 1
}

// mostSteps is how many steps of a cluster are told beside a witness.
const mostSteps = 40

func (f *Finding) steps(file string) []string {
	shown := f.Steps
	var left int
	if len(shown) > mostSteps {
		left = len(shown) - mostSteps
		shown = shown[left:]
	}
	var lines []string
	if left > 0 {
		lines = append(lines, fmt.Sprintf("  … %d earlier steps", left))
	}
	numbers := make([]string, len(shown))
	width := 0
	for k, m := range shown {
		if numbers[k] = fmt.Sprintf("step %d", m.Step); m.Line > 0 && file != "" {
			numbers[k] = fmt.Sprintf("%s:%d", short(file), m.Line)
		}
		width = max(width, len(numbers[k]))
	}
	for k, m := range shown {
		lines = append(lines, fmt.Sprintf("  %-*s  %s", width, numbers[k], m.Text))
	}
	return lines
}
