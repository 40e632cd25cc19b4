package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/raftcheck/raftcheck/fold"
	"github.com/raftcheck/raftcheck/legible"
)

// lineFinding writes a finding about a recorded trace: the guilty line, the earlier lines it contradicts, and why.
func (t *text) lineFinding(group []Finding) {
	f := &group[0]
	guilty := Evidence{}
	if len(f.Evidence) > 0 {
		guilty = f.Evidence[0]
	}
	t.line("%s %s: %s%s", t.Strong(guilty.place()+":"), t.Bad(f.Name), f.Message, f.earlierLines())
	t.line("")
	t.snippet(f.Evidence)
	t.promise(f)
	if f.Refused != nil || f.Allowed != "" || f.Hint != "" {
		t.line("")
	}
	t.conditions(f.Refused, f.Allowed)
	if f.Hint != "" {
		t.paragraph("hint: " + f.Hint)
	}
	t.also(fmt.Sprintf("at line %d", guilty.Line), group[1:])
	t.byDesign(guilty.Node, group)
	t.names(f)
	t.line("")
	t.coverage(f)
	t.command("learn", "raftcheck explain "+f.Name)
}

// names says what the file with the finding calls its servers.
func (t *text) names(f *Finding) {
	for k := range t.r.Files {
		if file := &t.r.Files[k]; len(f.Evidence) > 0 && file.Path == f.Evidence[0].File && len(file.Names) > 0 {
			t.paragraph("servers: " + file.named())
		}
	}
}

// named lists the names of servers: "n1 is alpha, n2 is beta".
func (f *File) named() string {
	said := make([]string, len(f.Names))
	for k, n := range f.Names {
		said[k] = n.Server + " is " + printable(n.Name)
	}
	return strings.Join(said, ", ")
}

// coverage says how much of the file was judged, below its first finding.
func (t *text) coverage(f *Finding) {
	if f.Checked == 0 && f.Unchecked == 0 {
		return
	}
	t.line("Checked: %s before this one %s.", Some(f.Checked, "line"), fits(f.Checked))
	if f.Unchecked > 0 {
		t.line("Not checked: %s after it. Use --keep-going to report later findings too.", Some(f.Unchecked, "line"))
	}
	t.line("")
}

func fits(n int) string {
	if n == 1 {
		return "breaks nothing"
	}
	return "break nothing"
}

// place is where the evidence is, as editors and terminals turn it into a link: file:line or file:line:column.
func (e Evidence) place() string {
	s := fmt.Sprintf("%s:%d", e.File, e.Line)
	if e.Column > 0 {
		s += fmt.Sprintf(":%d", e.Column)
	}
	return s
}

// earlierLines names the lines that the guilty one contradicts: " (line 1198)".
func (f *Finding) earlierLines() string {
	var lines []string
	for _, e := range f.Evidence[min(1, len(f.Evidence)):] {
		if l := fmt.Sprint(e.Line); e.Line > 0 && e.Line != f.Evidence[0].Line && !slices.Contains(lines, l) {
			lines = append(lines, l)
		}
	}
	switch len(lines) {
	case 0:
		return ""
	case 1:
		return " (line " + lines[0] + ")"
	}
	return " (lines " + listed(lines) + ")"
}

// snippetWidth is how much of a line is shown, in runes, where there is room.
const snippetWidth = 150

// snippet shows the lines that the evidence is on, in the order of the file, each with what it shows.
func (t *text) snippet(evidence []Evidence) {
	sorted := slices.Clone(evidence)
	sorted = slices.DeleteFunc(sorted, func(e Evidence) bool { return e.Text == "" })
	slices.SortStableFunc(sorted, func(a, b Evidence) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	if len(sorted) == 0 {
		return
	}
	gutter := len(fmt.Sprint(sorted[len(sorted)-1].Line))
	width := max(20, t.upTo(snippetWidth+gutter+8)-gutter-8) // beside the number, and what shows that there is more
	var shown window
	for k, e := range sorted {
		if k > 0 && sorted[k-1].Line+1 < e.Line {
			t.line("   %s", t.Faint(strings.Repeat(" ", max(0, gutter-3))+"..."))
		}
		if k == 0 || sorted[k-1].Line != e.Line || !shown.has(e) {
			shown = e.window(width)
			t.line("   %s %s", t.Faint(fmt.Sprintf("%*d |", gutter, e.Line)), e.excerpt(shown))
		}
		t.pointer(strings.Repeat(" ", gutter), e, shown, width, e.Line == evidence[0].Line)
	}
	t.line("")
}

// window is the part of a line that is shown, as byte offsets that do not split a character.
type window struct{ from, to int }

// has reports whether what the evidence points at is in the window, or begins there and fills the rest of it.
func (w window) has(e Evidence) bool {
	from, to := e.Column-1, e.Column-1+max(1, e.Width)
	return e.Column == 0 || from >= w.from && (to <= w.to || from < w.to && to-from > (w.to-w.from)/2 && from <= w.from+(w.to-w.from)/2)
}

// window returns the part of the line to show for this evidence alone.
func (e Evidence) window(width int) window {
	if utf8.RuneCountInString(e.Text) <= width {
		return window{0, len(e.Text)}
	}
	from := e.Column - 1 - width/2
	if e.Column == 0 {
		from = e.firstObject(width)
	}
	from = max(0, min(from, len(e.Text)-width))
	to := min(len(e.Text), from+width)
	for from > 0 && !utf8.RuneStart(e.Text[from]) {
		from--
	}
	for to < len(e.Text) && !utf8.RuneStart(e.Text[to]) {
		to++
	}
	return window{from, to}
}

// firstObject returns where the first member begins that is an object, if much stands before it: that is often what a logger
// puts there, and says little.
func (e Evidence) firstObject(width int) int {
	if at := strings.Index(e.Text, `":{`); at > width/2 {
		return strings.LastIndexByte(e.Text[:at], '"')
	}
	return 0
}

func (e Evidence) excerpt(w window) string {
	s := printable(e.Text[w.from:w.to])
	if w.from > 0 {
		s = "…" + s
	}
	if w.to < len(e.Text) {
		s += "…"
	}
	return s
}

// printable is a text with a dot for all that a terminal would obey instead of show.
func printable(s string) string { return legible.InPlace(s) }

// pointer underlines the columns of the evidence, if they are known, and says what is there.
func (t *text) pointer(gutter string, e Evidence, w window, width int, guilty bool) {
	mark, paint := "-", t.Faint
	if guilty {
		mark, paint = "^", t.Bad
	}
	margin := "   " + t.Faint(gutter+" |") + " "
	if e.Column == 0 {
		t.line("%s%s", margin, paint(mark+" "+e.says()))
		return
	}
	indent := utf8.RuneCountInString(e.Text[w.from : e.Column-1])
	if w.from > 0 {
		indent++
	}
	end := min(w.to, e.Column-1+max(1, e.Width))
	marks := strings.Repeat(mark, max(1, utf8.RuneCountInString(e.Text[e.Column-1:end])))
	beside := len(gutter) + 6 + indent + len(marks) + 1 + utf8.RuneCountInString(e.says())
	if t.Width == 0 || beside <= t.Width {
		t.line("%s%s%s", margin, strings.Repeat(" ", indent), paint(marks+" "+e.says()))
		return
	}
	t.line("%s%s%s", margin, strings.Repeat(" ", indent), paint(marks))
	for _, l := range fold.Under(e.says(), min(indent, width/2), t.Width-len(gutter)-6) {
		t.line("%s%s", margin, paint(l))
	}
}

func (e Evidence) says() string {
	if e.Node == "" {
		return e.Role
	}
	return e.Node + ": " + e.Role
}

// files says for every trace what was checked, and at the end what none of them shows.
func (t *text) files() {
	for _, f := range t.r.Files {
		mark := t.Good("ok  ")
		if f.Verdict != "held" {
			mark = t.Unsure("????")
		}
		t.line("%s %s: %s of %s, %s, %s, in %s (%s)", mark, f.Path, Some(f.Records, "step"), Some(len(f.Servers), "server"),
			f.terms(), Some(f.Elections, "election"), Some(f.Lines, "line"), f.Format)
		if len(f.Names) > 0 {
			t.below("servers: ", f.named())
		}
	}
	t.line("     %s held%s", Some(t.rulesThat("held"), "rule"), inFiles(len(t.r.Files)))
	if seen := t.goalsReached(); len(seen) > 0 {
		t.below("goals reached: ", strings.Join(seen, ", "))
	}
	t.untried(NotExercised)
	t.untried(NotCheckable)
	never, partly := t.hidden()
	if len(never) > 0 {
		t.below("never shown: ", strings.Join(never, ", "))
	}
	if len(partly) > 0 {
		t.below("not always shown: ", strings.Join(partly, ", "))
	}
	t.notCovered()
}

// untried lists the rules that say nothing, for a reason that is their verdict.
func (t *text) untried(verdict string) {
	rules := t.rulesNamed(verdict)
	switch {
	case len(rules) > mostNames:
		t.below(verdict+": ", Some(len(rules), "rule")+", listed by --per-rule")
	case len(rules) > 0:
		t.below(verdict+": ", strings.Join(rules, ", "))
	}
}

// mostNames is how many rules are named where it is not their names that matter.
const mostNames = 8

func (f *File) terms() string {
	if f.FirstTerm == f.LastTerm {
		return fmt.Sprintf("term %d", f.LastTerm)
	}
	return fmt.Sprintf("terms %d to %d", f.FirstTerm, f.LastTerm)
}

// hidden lists the parts of the servers' state that some file never shows, and those that some file shows now and then.
func (t *text) hidden() (never, partly []string) {
	for _, f := range t.r.Files {
		for _, h := range f.Hidden {
			if h.Steps >= f.Steps && !slices.Contains(never, h.Field) {
				never = append(never, h.Field)
			}
		}
	}
	for _, f := range t.r.Files {
		for _, h := range f.Hidden {
			if !slices.Contains(never, h.Field) && !slices.Contains(partly, h.Field) {
				partly = append(partly, h.Field)
			}
		}
	}
	return never, partly
}

func inFiles(n int) string {
	if n == 1 {
		return ""
	}
	return " in " + Some(n, "file")
}

func (t *text) rulesNamed(verdict string) []string {
	var names []string
	for _, r := range t.r.Rules {
		if r.Verdict == verdict {
			names = append(names, r.Name)
		}
	}
	return names
}
