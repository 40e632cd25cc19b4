package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/fold"
)

// Text writes the report for people: the verdict first, then what it rests on, then what it says nothing about.
// It returns only errors of w.
func Text(w io.Writer, r *Report, s Style) error {
	r = r.shown()
	out := bufio.NewWriter(w)
	t := &text{Writer: out, r: r, Style: s}
	switch {
	case r.Checks != nil:
		t.checks()
	case r.Comparison != nil:
		t.comparison()
	case len(r.Histories) > 0 && len(r.Findings) > 0:
		t.historyFindings()
	case len(r.Histories) > 0:
		t.histories()
	case r.DebugGoal != nil && r.DebugGoal.Reached:
		t.debugGoal()
	case len(r.Findings) > 0:
		t.findings()
	case len(r.Files) > 0:
		t.files()
	case r.Campaign != nil && r.Verdict == "held" && r.DebugGoal == nil:
		t.campaignPass()
	case r.Mended != "":
		t.line("%s   %s no longer breaks what the trace broke: mended", t.Good("ok"), r.Subject)
		t.below("", r.Mended)
		t.notCovered()
	case r.Search == nil && r.Verdict == "held":
		t.line("%s   %s breaks none of %s in %s", t.Good("ok"), r.Subject, Some(len(r.Rules), "rule"), Some(r.Steps, "step"))
		t.notCovered()
	case r.Verdict == "held":
		t.pass()
	}
	if r.Checks == nil && r.Verdict == "inconclusive" && (len(r.Errors) == 0 || len(r.Files)+len(r.Histories) > 0) {
		t.inconclusive()
	}
	t.known()
	return out.Flush()
}

// text is one rendering under way.
type text struct {
	io.Writer
	Style
	r *Report
}

func (t *text) line(format string, args ...any) {
	for _, part := range fold.Line(strings.TrimRight(fmt.Sprintf(format, args...), " "), t.Width) {
		fmt.Fprintln(t, part)
	}
}

// upTo is how wide prose is that reads best at a width: no wider than the terminal.
func (t *text) upTo(width int) int {
	if t.Width > 0 {
		return min(width, t.Width)
	}
	return width
}

// below writes a paragraph under a first line's mark, wrapped and indented.
func (t *text) below(lead, body string) {
	indent := strings.Repeat(" ", 5)
	if room := t.upTo(105) - 5 - len(lead); room >= 30 {
		for k, l := range fold.Words(body, room) {
			if k > 0 {
				lead = strings.Repeat(" ", len(lead))
			}
			t.line("%s%s%s", indent, lead, l)
		}
		return
	}
	for _, l := range fold.Words(lead+body, t.upTo(105)-5) {
		t.line("%s%s", indent, l)
		indent = strings.Repeat(" ", 7)
	}
}

func (t *text) findings() {
	for k, group := range groups(t.r.Findings) {
		if k > 0 {
			t.line("")
			t.line("")
		}
		if len(group[0].Story) > 0 {
			t.storyFinding(group)
		} else {
			t.lineFinding(group)
		}
	}
	t.line("")
	t.line("%s", t.tally())
}

// groups puts findings together that the same step breaks. The first of each group is told in full.
func groups(findings []Finding) [][]Finding {
	var all [][]Finding
	for k, f := range findings {
		if k > 0 && f.guilty() == findings[k-1].guilty() {
			all[len(all)-1] = append(all[len(all)-1], f)
			continue
		}
		all = append(all, []Finding{f})
	}
	return all
}

// guilty is where the promise was broken.
func (f *Finding) guilty() (place struct {
	file       string
	line, step int
}) {
	if len(f.Evidence) > 0 {
		place.file, place.line, place.step = f.Evidence[0].File, f.Evidence[0].Line, f.Evidence[0].Step
	}
	return place
}

// also names the other rules that the same step breaks.
func (t *text) also(where string, others []Finding) {
	if len(others) == 0 {
		return
	}
	t.line("")
	t.line("Also broken %s:", where)
	width := 0
	for _, f := range others {
		width = max(width, len(f.Name))
	}
	for _, f := range others {
		t.line("    %-*s   %s", width, f.Name, f.Message)
	}
}

// byDesign names the variants that make findings of one place go away, each list once. who is the server that may do it by design.
func (t *text) byDesign(who string, group []Finding) {
	var said []string
	for _, f := range group {
		names := strings.Join(f.ByDesign, " or ")
		if names == "" || slices.Contains(said, names) {
			continue
		}
		said = append(said, names)
		t.line("")
		t.line("If %s does this by design, declare %s (raftcheck explain %s).", who, names, strings.Join(withoutNumbers(f.ByDesign), " "))
	}
}

// withoutNumbers leaves the names of declared variants.
func withoutNumbers(declared []string) []string {
	names := make([]string, len(declared))
	for k, v := range declared {
		names[k], _, _ = strings.Cut(v, ":")
	}
	return names
}

// tally is the last line of a violated run.
func (t *text) tally() string {
	broken, held := 0, 0
	for _, r := range t.r.Rules {
		switch r.Verdict {
		case "violated":
			broken++
		case "held":
			held++
		}
	}
	s := t.Bad(Some(broken, "rule")+" violated") + ", " + Count(held) + " held"
	if len(t.r.Files) > 1 {
		return s + t.fileTally()
	}
	reached := t.goalsReached()
	if len(t.r.Goals) == 0 {
		return s
	}
	s += fmt.Sprintf(", %d of %s reached", len(reached), Some(len(t.r.Goals), "goal"))
	if len(reached) > 0 {
		s += " (" + strings.Join(reached, ", ") + ")"
	}
	return s
}

func (t *text) fileTally() string {
	broken := 0
	for _, f := range t.r.Files {
		if f.Verdict == "violated" {
			broken++
		}
	}
	return fmt.Sprintf("; %s of %s at fault", Count(broken), Some(len(t.r.Files), "file"))
}

func (t *text) inconclusive() {
	for k, why := range t.r.Because {
		if k == 0 {
			t.line("%s inconclusive: %s", t.Unsure("????"), why)
			continue
		}
		t.below("", why)
	}
	for _, h := range t.r.Hints {
		t.below("hint: ", h)
	}
	if t.r.Campaign != nil {
		t.below("covered: ", fmt.Sprintf("%s (%s) of %s, %s", Some(t.r.Campaign.Runs, "random execution"), Some(t.r.Campaign.Steps, "step"), t.r.Subject, t.world()))
		t.covered()
		t.goals()
		t.notCovered()
	}
	if t.r.Search != nil {
		t.below("covered: ", fmt.Sprintf("%s, %s; %s", t.r.Subject, t.world(), t.counted()))
		t.reduced()
		t.goals()
		t.notCovered()
	}
}

// counted says how much was searched: "3,919 states, 8,022 transitions, depth 7, 0.5s".
func (t *text) counted() string {
	s := t.r.Search
	parts := []string{Some(s.Distinct, "state"), Some(s.Transitions, "transition"), fmt.Sprintf("depth %d", s.Depth)}
	return strings.Join(append(parts, Seconds(s.Seconds)), ", ")
}

// world says the bounds and faults in words: "3 nodes, terms up to 2, …, no faults".
func (t *text) world() string {
	b := t.r.Bounds
	if b == nil {
		return t.r.Subject
	}
	parts := []string{Some(b.Nodes, "node"), fmt.Sprintf("terms up to %d", b.Terms), "logs up to " + Count(b.Log),
		Some(b.Messages, "message") + " in flight"}
	for _, extra := range []struct {
		say   string
		shown bool
	}{
		{Some(b.Duplicates, "copy") + " of a message", b.Duplicates > 1},
		{Some(b.Values, "value"), b.Values > 1},
		{Some(b.Campaigns, "campaign"), b.Campaigns > 0},
		{Some(b.Proposals, "proposal"), b.Proposals > 0},
		{"no proposals", b.Proposals < 0},
		{Some(b.Compactions, "compaction"), b.Compactions > 0},
		{Some(b.Transfers, "transfer"), b.Transfers > 0},
		{Some(b.Changes, "change") + " of the configuration", b.Changes > 0},
		{Some(b.Reads, "read"), b.Reads > 0},
		{Some(b.Preemptions, "preemption"), b.Preemptions > 0},
		{fmt.Sprintf("clocks up to %d that differ by at most %d", b.Ticks, b.Drift), b.Ticks > 0},
		{"up to " + Some(b.Depth, "step"), b.Depth > 0},
		{b.Network + " network", b.Network != "" && b.Network != "unordered"},
		{"symmetry", b.Symmetry},
	} {
		if extra.shown {
			parts = append(parts, extra.say)
		}
	}
	if len(t.r.Faults) == 0 {
		return strings.Join(append(parts, "no faults"), ", ")
	}
	return strings.Join(parts, ", ") + ", faults: " + strings.Join(t.r.Faults, " ")
}

func (t *text) goalsReached() []string {
	var names []string
	for _, g := range t.r.Goals {
		if g.Reached {
			names = append(names, g.Name)
		}
	}
	return names
}

func (t *text) goals() {
	var reached, missed, impossible []string
	for _, g := range t.r.Goals {
		switch {
		case g.Reached && g.Times > 0:
			reached = append(reached, g.Name+" "+Count(g.Times))
		case g.Reached:
			reached = append(reached, g.Name)
		case g.Possible:
			missed = append(missed, g.Name)
		default:
			impossible = append(impossible, g.Name)
		}
	}
	for _, part := range []struct {
		lead  string
		names []string
	}{{"goals reached: ", reached}, {"goals never reached: ", missed}, {"goals beyond these bounds and faults: ", impossible}} {
		if len(part.names) > 0 {
			t.below(part.lead, strings.Join(part.names, ", "))
		}
	}
}

func (t *text) notCovered() {
	if len(t.r.NotCovered) > 0 {
		t.below("not covered: ", strings.Join(t.r.NotCovered, ", "))
	}
}

// rulesThat counts the rules with that verdict.
func (t *text) rulesThat(verdict string) int {
	n := 0
	for _, r := range t.r.Rules {
		if r.Verdict == verdict {
			n++
		}
	}
	return n
}
