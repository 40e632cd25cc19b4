package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/fold"
	"github.com/raftcheck/raftcheck/traces"
)

// pass says what held and where.
func (t *text) pass() {
	s := t.r.Search
	where := fmt.Sprintf("all %s", Some(s.Distinct, "state"))
	t.line("%s   %s held in %s of %s   %s", t.Good("ok"), Some(t.rulesThat("held"), "rule"), where, t.r.Subject, t.Faint(Seconds(s.Seconds)))
	searched := t.world()
	searched += fmt.Sprintf("; %s, depth %d; %s of its code, %s, %s", Some(s.Transitions, "transition"), s.Depth,
		Some(s.Executions, "execution"), Some(s.LocalStates, "local state"), Some(s.Messages, "message"))
	t.below("searched: ", searched)
	t.reduced()
	t.liveness()
	t.collision()
	t.untried(NotExercised)
	t.goals()
	t.notCovered()
}

// reduced says which reductions were applied, of how many states those searched are left, and which reductions were not applied, and why.
func (t *text) reduced() {
	var on, off []string
	for _, r := range t.r.Search.Reductions {
		if r.Off == "" {
			on = append(on, r.Name)
		} else {
			off = append(off, fmt.Sprintf("%s (%s)", r.Name, r.Off))
		}
	}
	from := ""
	if n := t.r.Search.StandsFor; n > t.r.Search.Distinct {
		from = fmt.Sprintf(", from %s", Some(n, "state"))
		if slices.Contains(on, "no-ops") {
			from = fmt.Sprintf(", from more than %s", Some(n, "state"))
		}
	}
	if len(on) > 0 {
		t.below("reduced by: ", strings.Join(on, ", ")+from)
	}
	if len(off) > 0 {
		t.below("not reduced by: ", strings.Join(off, ", "))
	}
}

// collision says how likely it is that the search overlooked a state, when that is worth a word.
func (t *text) collision() {
	if s := t.r.Search; s.Disk > 0 {
		t.below("", fmt.Sprintf("kept in files of %s; states are told apart by %d bits", Bytes(uint64(s.Disk)), s.Bits))
	}
	if c := t.r.Search.Collision; c > 1e-5 {
		t.below("", fmt.Sprintf("states are told apart by 64 bits: the chance that one was overlooked is below 1 in %s", Short(uint64(1/c))))
	}
}

// storyFinding writes a finding with the execution that shows it, as a story to be read from top to bottom.
func (t *text) storyFinding(group []Finding) {
	f := &group[0]
	step := f.guilty().step
	t.line("%s %s: %s, at step %d", t.Bad("FAIL"), t.Strong(f.Name), f.Message, step)
	t.line("")
	t.promise(f)
	t.line("")
	t.story(f)
	t.also(fmt.Sprintf("at step %d", step), group[1:])
	if t.exec() != "" { // what we have at hand declares what it does
		t.byDesign("it", group)
	}
	if t.r.Campaign != nil {
		t.line("")
		t.campaignFinding(f)
	}
	if t.r.Liveness != nil {
		t.line("")
		t.endless(f)
	}
	if t.r.Search != nil {
		t.line("")
		if said := f.shortest("breaks a rule"); said != "" {
			t.paragraph(said)
		}
		t.paragraph(fmt.Sprintf("Searched: %s, %s; %s.", t.r.Subject, t.world(), t.counted()))
	}
	t.whatNext(f)
}

// shortest says that no shorter execution does what this one does, if that is known: "breaks a rule".
func (f *Finding) shortest(does string) string {
	if !f.Shortest || f.Steps == 0 {
		return ""
	}
	return fmt.Sprintf("Shortest possible: every execution of up to %s was tried and none %s.%s", Some(f.Steps-1, "step"), does, f.fewestFaults())
}

// fewestFaults says whether executions as short need less to go wrong.
func (f *Finding) fewestFaults() string {
	switch {
	case !f.FewestFaults && f.Faults > 0:
		return fmt.Sprintf(" Whether one as short has fewer faults and lost messages than the %d of this one was left open, for want of memory or time.", f.Faults)
	case !f.FewestFaults:
		return ""
	case f.Faults == 0:
		return " It takes no fault and no lost message."
	case f.Faults == 1:
		return " None as short does without a fault or a lost message: this one has 1."
	}
	return fmt.Sprintf(" None as short has fewer faults and lost messages than the %d of this one.", f.Faults)
}

// story tells the execution, and why it is wrong.
func (t *text) story(f *Finding) {
	lines := f.Story
	if f.Breach != nil && f.Execution != nil {
		var drawn strings.Builder
		_ = traces.Layout{Width: t.Width, Verbose: t.Verbose}.Text(&drawn, f.Execution, f.Breach) // a strings.Builder takes everything
		lines = strings.Split(strings.TrimRight(drawn.String(), "\n"), "\n")
	}
	for _, l := range lines {
		t.line("%s", t.storyLine(l))
	}
}

// storyLine makes the guilty row of a story stand out.
func (t *text) storyLine(l string) string {
	if strings.HasPrefix(l, "  x ") {
		return t.Bad(l)
	}
	return l
}

func (t *text) promise(f *Finding) {
	t.paragraph(fmt.Sprintf("%s: %s (%s).", Title(f.Name), strings.TrimSuffix(lowerFirst(f.Sentence), "."), f.Section))
}

func (t *text) paragraph(body string) {
	for _, l := range fold.Words(body, t.upTo(110)) {
		t.line("%s", l)
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

// whatNext lists the commands that go on from here.
func (t *text) whatNext(f *Finding) {
	t.line("")
	if f.Trace != "" {
		t.line("  saved   %s   (%s)", f.Trace, Some(f.Steps, "step"))
		t.command("replay", "raftcheck replay "+t.exec()+f.Trace)
		t.command("see", "raftcheck show -o html=story.html "+f.Trace)
	}
	t.command("learn", "raftcheck explain "+f.Name)
}

// command writes a command that goes on from here, which stays one when it is copied.
func (t *text) command(what, command string) {
	for _, l := range fold.Command(fmt.Sprintf("  %-6s  ", what), command, t.Width) {
		t.line("%s", l)
	}
}

// exec returns the flag that runs the program which was searched, or nothing when raftcheck has the implementation at hand.
func (t *text) exec() string {
	command, is := strings.CutPrefix(t.r.Subject, "exec:")
	if !is {
		return ""
	}
	return "--exec " + Word(command) + " "
}

// Word returns a text as one word of a shell's command line.
func Word(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
