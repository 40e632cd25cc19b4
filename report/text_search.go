package report

import (
	"fmt"
	"strings"
)

// pass says what held and where.
func (t *text) pass() {
	s := t.r.Search
	if s == nil {
		t.line("%s  %s held", t.Good("ok"), Some(t.rulesThat("held"), "rule"))
		t.goals()
		t.notCovered()
		return
	}
	where := fmt.Sprintf("all %s", Some(s.Distinct, "state"))
	if s.Walks > 0 {
		where = fmt.Sprintf("%s (%s)", Some(s.Walks, "random walk"), Some(s.Transitions, "step"))
	}
	t.line("%s   %s held in %s of %s   %s", t.Good("ok"), Some(t.rulesThat("held"), "rule"), where, t.r.Subject, t.Faint(Seconds(s.Seconds)))
	t.below("searched: ", fmt.Sprintf("%s; %s, depth %d", t.world(), Some(s.Transitions, "transition"), s.Depth))
	t.goals()
	t.notCovered()
}

// storyFinding writes a finding with the execution that shows it, as a story to be read from top to bottom.
func (t *text) storyFinding(f *Finding) {
	t.line("%s %s: %s, at step %d", t.Bad("FAIL"), t.Strong(f.Name), f.Message, f.guiltyStep())
	t.line("")
	t.promise(f)
	t.line("")
	for _, l := range f.Story {
		t.line("  %s", l)
	}
	t.why(f)
	t.also(f)
	t.line("")
	if f.Shortest && f.Steps > 0 {
		t.line("Shortest possible: every execution of up to %s was tried and none breaks this rule.", Some(f.Steps-1, "step"))
	}
	if t.r.Search != nil {
		t.paragraph(fmt.Sprintf("Searched: %s, %s; %s.", t.r.Subject, t.world(), t.counted()))
	}
	t.whatNext(f)
}

func (f *Finding) guiltyStep() int {
	if len(f.Evidence) > 0 {
		return f.Evidence[0].Step
	}
	return f.Steps
}

func (t *text) promise(f *Finding) {
	t.paragraph(fmt.Sprintf("%s: %s (%s).", Title(f.Name), strings.TrimSuffix(lowerFirst(f.Sentence), "."), f.Section))
}

func (t *text) paragraph(body string) {
	for _, l := range wrap(body, 110) {
		t.line("%s", l)
	}
}

// why says which condition refused the guilty step. A fact that contradicts another has no condition of its own, so the rules
// that the same step breaks lend theirs.
func (t *text) why(f *Finding) {
	causes := []Also{{Rule: f.Rule, Name: f.Name, Refused: f.Refused, Allowed: f.Allowed, Hint: f.Hint}}
	for _, a := range f.Also {
		if len(a.Refused) > 0 || a.Allowed != "" {
			causes = append(causes, a)
		}
	}
	for _, c := range causes {
		if len(c.Refused) == 0 && c.Allowed == "" && c.Hint == "" {
			continue
		}
		t.line("")
		if c.Message != "" {
			t.paragraph(fmt.Sprintf("Why: %s (%s).", c.Message, c.Name))
		} else {
			t.line("Why:")
		}
		t.conditions(c.Refused, c.Allowed)
		if c.Hint != "" {
			t.line("hint: %s", c.Hint)
		}
		return
	}
}

func (t *text) conditions(refused []Condition, allowed string) {
	width := 0
	for _, c := range refused {
		width = max(width, len(c.Text))
	}
	for _, c := range refused {
		t.line("    refused condition   %-*s   %s", width, c.Text, c.Values)
	}
	if allowed != "" {
		t.line("    allowed instead     %s", allowed)
	}
}

func (t *text) also(f *Finding) {
	if len(f.Also) == 0 {
		return
	}
	var names []string
	for _, a := range f.Also {
		names = append(names, a.Name)
	}
	t.line("")
	t.paragraph(fmt.Sprintf("Also broken at step %d: %s.", f.guiltyStep(), listed(names)))
}

// whatNext lists the commands that go on from here.
func (t *text) whatNext(f *Finding) {
	t.line("")
	if f.Trace != "" {
		t.line("  saved   %s   (%s)", f.Trace, Some(f.Steps, "step"))
		t.line("  replay  raftcheck replay %s", f.Trace)
		t.line("  see     raftcheck show -o mermaid %s", f.Trace)
	}
	t.line("  learn   raftcheck explain %s", f.Name)
}
