package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// checks tells a gate: a line for each check, then all that those have to say that did not hold, then how many there are of each kind.
func (t *text) checks() {
	width := 0
	for _, c := range t.r.Checks {
		width = max(width, min(utf8.RuneCountInString(c.Name), 40))
	}
	for _, c := range t.r.Checks {
		mark, says := t.outcomeOf(&c)
		t.line("%s %-*s   %s", mark, width, printable(c.Name), printable(says))
	}
	for _, c := range t.r.Checks {
		if c.Report != nil && (c.Exit != 0 || len(c.Report.Known) > 0 || c.Report.Verdict != "held") {
			t.line("")
			t.line("%s", t.Strong("== "+printable(c.Name)+" "+strings.Repeat("=", max(3, t.upTo(74)-4-utf8.RuneCountInString(c.Name)))))
			t.check(&c)
		}
	}
	t.line("")
	t.line("%s", t.gateTally())
	for _, why := range t.r.Because {
		if !slices.ContainsFunc(t.r.Checks, func(c Check) bool { return strings.HasPrefix(why, c.Name+": ") }) {
			t.line("%s %s", t.Unsure("????"), printable(why))
		}
	}
	for _, hint := range t.r.Hints {
		t.below("hint: ", hint)
	}
}

// check tells one check in full, or why it could not be made.
func (t *text) check(c *Check) {
	for _, e := range c.Report.Errors {
		at := Evidence{File: e.File, Line: e.Line, Column: e.Column}
		place := at.File
		if at.Line > 0 {
			place = at.place()
		}
		t.line("%s %s", t.Strong(place+":"), printable(e.Message))
		if e.Hint != "" {
			t.line("     hint: %s", printable(e.Hint))
		}
	}
	_ = Text(t, c.Report, t.Style) // t keeps the first error of its writer
}

// outcomeOf is the mark and the few words of a check.
func (t *text) outcomeOf(c *Check) (mark, says string) {
	if c.Report == nil {
		return t.Faint("skip"), c.Skipped
	}
	says = c.Report.Summary()
	switch {
	case c.Report.Verdict == "held":
		return t.Good("ok  "), says
	case c.Report.Verdict == "violated":
		return t.Bad("FAIL"), says
	case len(c.Report.Errors) > 0:
		return t.Bad("!!!!"), says
	}
	return t.Unsure("????"), says
}

// gateTally counts the checks by what became of them.
func (t *text) gateTally() string {
	counts := map[string]int{}
	for _, c := range t.r.Checks {
		word := "left out"
		if c.Report != nil {
			word = c.Report.Verdict
		}
		counts[word]++
	}
	parts := []string{Some(len(t.r.Checks), "check")}
	for _, word := range []string{"held", "violated", "inconclusive", "left out"} {
		if n := counts[word]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", Count(n), word))
		}
	}
	if counts["left out"] == len(t.r.Checks) {
		parts = append(parts, "so nothing was judged")
	}
	if s := t.r.Shard; s != nil && s.Nth > 0 {
		parts = append(parts, fmt.Sprintf("shard %d/%d", s.Nth, s.Of))
	} else if s != nil {
		parts = append(parts, fmt.Sprintf("of %s", Some(s.Of, "shard")))
	}
	return strings.Join(parts, ", ")
}
