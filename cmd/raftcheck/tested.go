package main

import (
	"slices"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// shownBy are the goals by which the parts of Raft show that not every implementation and world has. Where none of them can be reached, no
// step puts a rule about that part to the test.
var shownBy = map[spec.Profile][]string{
	spec.Snapshot:   {"snapshot-installed"},
	spec.Membership: {"configuration-committed"},
	spec.Read:       {"read-answered"},
	spec.PreVoting:  {"pre-vote-won", "lonely-leader-stepped-down", "leadership-transferred"},
}

// tests reports whether a subject's world can put a rule to the test at all.
func tests(s *subject.Subject, rule *spec.Rule) bool {
	goals := shownBy[rule.Profile]
	return goals == nil || slices.ContainsFunc(goals, func(name string) bool {
		k := slices.IndexFunc(spec.Goals, func(g *spec.Goal) bool { return g.Name == name })
		return k < 0 || s.Config.CanReach(spec.Goals[k])
	})
}

// onlyTested takes back that rules are held that were not put to the test: those about parts of Raft that the world leaves out. If no rule is
// left, nothing was shown.
func onlyTested(s *subject.Subject, r *report.Report) {
	left := false
	for k := range r.Rules {
		rule, known := spec.RuleByName(r.Rules[k].Name)
		if known && r.Rules[k].Verdict == spec.Held.String() && !tests(s, rule) {
			r.Rules[k].Verdict = report.NotExercised
		}
		left = left || r.Rules[k].Verdict != report.NotExercised && r.Rules[k].Verdict != report.NotCheckable && r.Rules[k].Verdict != report.NotApplicable
	}
	if len(r.Rules) > 0 && !left && r.Verdict == spec.Held.String() {
		r.Verdict = spec.Inconclusive.String()
		r.Because = []string{"none of the selected rules was put to the test in this world"}
		r.Hints = []string{"raftcheck explain RULE says what each is about; --features, --compactions, --changes, --reads and more nodes let more happen"}
	}
}
