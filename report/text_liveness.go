package report

import (
	"fmt"
	"strings"

	"github.com/raftcheck/raftcheck/fold"
)

// liveness says what was covered of executions without end.
func (t *text) liveness() {
	l := t.r.Liveness
	if l == nil {
		return
	}
	t.below("liveness: ", fmt.Sprintf("%s held on the graph of all %s and %s; %s of memory, %s", Some(l.held(), "rule"), Some(l.States, "state"), Some(l.Transitions, "transition"),
		Bytes(l.Bytes), Seconds(l.Seconds)))
	var untried, skipped []string
	for _, r := range l.Rules {
		switch {
		case r.Verdict != "held":
			continue
		case r.Waiting == 0 && r.Within == 0:
			untried = append(untried, r.Name)
			continue
		}
		var says []string
		if r.Within > 0 {
			says = append(says, fmt.Sprintf("from each of %s with room for one more term and entry %s", Some(r.Within, "state"), r.Reaches))
		}
		if r.Waiting > 0 {
			says = append(says, fmt.Sprintf("%s (%s in which it might have stopped)", r.Avoids, Some(r.Waiting, "state")))
		}
		t.below("  ", r.Name+": "+strings.Join(says, "; "))
		if r.Skipped != "" {
			skipped = append(skipped, fmt.Sprintf("whether %s from everywhere: %s", r.Reaches, r.Skipped))
		}
	}
	if len(untried) > 0 {
		t.below("  ", "not put to the test here: "+strings.Join(untried, ", "))
	}
	for _, s := range skipped {
		t.below("  ", "not judged: "+s)
	}
}

func (l *Liveness) held() (n int) {
	for _, r := range l.Rules {
		if r.Verdict == "held" {
			n++
		}
	}
	return n
}

// endless tells of an execution without end how it goes on, and under which assumptions it is wrong.
func (t *text) endless(f *Finding) {
	switch {
	case f.Loop > 0:
		t.line("Step %d and those after it are done again and again: after step %d everything is as it was before step %d.", f.Loop, f.Steps, f.Loop)
	default:
		t.line("The way there is a shortest one. What servers do by themselves leads nowhere from there.")
	}
	if t.r.Liveness != nil && f.Loop > 0 {
		t.line("This is fair:")
		for _, s := range t.r.Liveness.Fairness {
			for k, l := range fold.Words(s, t.upTo(110)-4) {
				lead := "  - "
				if k > 0 {
					lead = "    "
				}
				t.line("%s%s", lead, l)
			}
		}
	}
}
