package spec_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// mixed puts a step together from parts of others, which is seldom a step of any Raft.
func mixed(chance *rand.Rand, all []stepCase) *spec.Step {
	of := func() *spec.Step { return all[chance.IntN(len(all))].step }
	whole := of()
	s := *whole
	for _, mix := range []func(){
		func() { s.Before = of().Before },
		func() { s.After = of().After },
		func() { s.Input = of().Input },
		func() { s.Output = of().Output },
		func() { s.Before = of().After },
		func() { s.After = s.Before },
		func() { s.Before.Role, s.Before.Term = of().Before.Role, of().Before.Term },
		func() { s.After.Role, s.After.Term = of().After.Role, of().After.Term },
		func() { s.After.Log = of().After.Log },
		func() { s.After.CommitIndex, s.Before.CommitIndex = of().After.CommitIndex, of().Before.CommitIndex },
		func() { s.After.Durable = of().Before.Durable },
		func() { s.After.VotedFor, s.After.Granted = of().After.VotedFor, of().After.Granted },
		func() { s.Before.VotedFor, s.Before.Progress = of().Before.VotedFor, of().Before.Progress },
		func() { s.After.Progress = s.Before.Progress },
		func() { s.After.LastApplied, s.Before.LastApplied = of().After.LastApplied, of().Before.LastApplied },
		func() { s.After.Log.Base, s.After.Log.BaseTerm = of().After.Log.Base, of().After.Log.BaseTerm },
		func() { s.Input.Message.Term = of().Input.Message.Term },
		func() { s.Input.Kind, s.Input.Cut = of().Input.Kind, of().Input.Cut },
		func() { s.Declared = of().Declared },
	} {
		if chance.IntN(4) == 0 {
			mix()
		}
	}
	return &s
}

// A judge asks a rule only about steps in which it may find something: that leaves out none in which it does.
func TestRulesThatAreNotAskedWouldFindNothing(t *testing.T) {
	chance := rand.New(rand.NewPCG(7, 1))
	found, spared := map[*spec.Rule]int{}, map[*spec.Rule]int{}
	try := func(s *spec.Step) {
		for _, r := range spec.Rules {
			if r.Step == nil {
				continue
			}
			if b := r.JudgeStep(s); b != nil {
				found[r]++
				require.True(t, spec.Breakable(r, s), "%s would not be asked, and finds: %s", r.Name, b.Message)
			} else if !spec.Breakable(r, s) {
				spared[r]++
			}
		}
	}
	for _, c := range stepCases {
		try(c.step)
	}
	for range 30_000 {
		try(mixed(chance, stepCases))
	}
	for _, r := range spec.Rules {
		if r.Step != nil && r.Name != "refused-changes-nothing" {
			require.NotZero(t, found[r], "%s is never broken", r.Name)
		}
	}
	require.Greater(t, len(spared), 50)
}

// A judge looks for a goal only in steps that may reach it: that leaves out none which does.
func TestGoalsThatAreNotLookedForAreNotReached(t *testing.T) {
	chance := rand.New(rand.NewPCG(12, 1))
	reached, spared := map[string]int{}, 0
	for range 60_000 {
		s := mixed(chance, stepCases)
		if s.Before.Role == spec.Candidate {
			s.Before.Refused = []spec.ServerID{2}
		}
		s.Output.Redirect = spec.ServerID(chance.IntN(2))
		for _, g := range spec.Goals {
			switch is, may := g.Reached(s), spec.Reachable(g, s); {
			case is:
				reached[g.Name]++
				require.True(t, may, "%s would not be looked for, and is reached", g.Name)
			case !may:
				spared++
			}
		}
	}
	for _, g := range spec.Goals {
		require.NotZero(t, reached[g.Name], "%s is never reached", g.Name)
	}
	require.Greater(t, spared, 400_000)
}

// How often a rule was put to the test is what the rule by itself says, step by step.
func TestPlansCountWhatRulesSay(t *testing.T) {
	chance := rand.New(rand.NewPCG(8, 1))
	judge := spec.NewJudge(spec.Rules, nil)
	want := map[*spec.Rule]int{}
	for k := range 5_000 {
		s := mixed(chance, stepCases)
		s.Declared = nil
		if s.Output.Refused || s.Before.Unknown|s.After.Unknown != 0 || s.Output.Unseen || !s.Input.Message.Complete() {
			continue
		}
		judge.Step(spec.Origin(k+1), s)
		for _, r := range spec.Applicable(spec.Rules, nil) {
			if r.Step != nil && r.Agreement == spec.FactNone && r.Pair == nil && r.Elected == nil && (r.JudgeStep(s) != nil || r.Exercises(s)) {
				want[r]++
			}
		}
	}
	for r, n := range want {
		require.Equal(t, n, judge.Checked(r.ID), r.Name)
	}
	require.Greater(t, len(want), 40)
}

// What is remembered of a log that was looked through is what another look would find.
func TestLogsAreLookedThroughOnce(t *testing.T) {
	chance := rand.New(rand.NewPCG(9, 1))
	values := []string{"voters=n1", "voters=n1,n2", "", "nonsense"}
	var entries []spec.Entry
	s := step(follower(1), input(spec.Timeout), follower(1))
	spec.RememberScans(s)
	for range 20_000 {
		switch kind := spec.Command; chance.IntN(12) {
		case 0: // other entries in their place, elsewhere
			entries = append([]spec.Entry(nil), entries[:chance.IntN(len(entries)+1)]...)
		case 1, 2, 3:
			kind = spec.ConfigurationChange
			fallthrough
		default:
			entries = append(entries, spec.Entry{Term: 1, Kind: kind, Value: values[chance.IntN(len(values))]})
		}
		s.After.Log = spec.Log{Base: 3, Entries: entries[:chance.IntN(len(entries)+1)]}
		fast, slow, fastAt, slowAt, fastFound, slowFound := spec.LastConfiguration(s, spec.Index(chance.IntN(len(entries)+5)))
		require.Equal(t, slow, fast)
		require.Equal(t, slowAt, fastAt)
		require.Equal(t, slowFound, fastFound)
	}
}

// Terms that decrease are found wherever they are, though what is known to be in order is not looked at again.
func TestOrderIsKnownOnlyOfWhatWasLookedAt(t *testing.T) {
	chance := rand.New(rand.NewPCG(10, 1))
	rule, _ := spec.RuleByName("log-terms-ordered")
	var entries []spec.Entry
	s := step(follower(999), input(spec.Heartbeat), follower(999))
	spec.RememberScans(s)
	broken := 0
	for range 20_000 {
		switch chance.IntN(40) {
		case 0: // others in their place
			entries = append([]spec.Entry(nil), entries[:chance.IntN(len(entries)+1)]...)
		case 1: // of any term
			entries = append(entries, spec.Entry{Term: spec.Term(1 + chance.IntN(9))})
		default:
			last := spec.Term(1)
			if len(entries) > 0 {
				last = entries[len(entries)-1].Term
			}
			entries = append(entries, spec.Entry{Term: min(last+spec.Term(chance.IntN(2)), 9)})
		}
		s.After.Log = spec.Log{Entries: entries[:chance.IntN(len(entries)+1)]}
		falls := !slices.IsSortedFunc(s.After.Log.Entries, func(a, b spec.Entry) int { return cmp.Compare(a.Term, b.Term) })
		require.Equal(t, falls, rule.JudgeStep(s) != nil, "%s", s.After.Log)
		if falls {
			broken++
		}
	}
	require.Greater(t, broken, 1000)
}

// What was passed over because the log before the step had it as well is not known to be in order.
func TestOrderIsNotKnownOfWhatWasPassedOver(t *testing.T) {
	rule, _ := spec.RuleByName("log-terms-ordered")
	s := step(follower(999), input(spec.Heartbeat), follower(999))
	spec.RememberScans(s)
	entries := make([]spec.Entry, 100)
	for k := range entries {
		entries[k].Term = spec.Term(1 + k%2)
	}
	s.Before.Log, s.After.Log = spec.Log{Entries: entries}, spec.Log{Entries: entries}
	require.Nil(t, rule.JudgeStep(s))
	s.Before.Unknown |= spec.FieldLog
	require.NotNil(t, rule.JudgeStep(s))
}

// An examiner says of a step what each of the rules says.
func TestExaminerSaysWhatRulesSay(t *testing.T) {
	chance := rand.New(rand.NewPCG(10, 1))
	yes, no, broken := map[*spec.Rule]bool{}, map[*spec.Rule]bool{}, 0
	for _, declared := range []spec.Variants{nil, {spec.LeaseReads}} {
		rules := spec.Applicable(spec.Rules, declared)
		examiner := spec.NewExaminer(rules, declared)
		for range 2_500 {
			s := mixed(chance, stepCases)
			s.Declared = declared
			breaks, by := examiner.Examine(s)
			want := slices.ContainsFunc(rules, func(r *spec.Rule) bool {
				return (!s.Output.Refused || r.Name == "refused-changes-nothing") && s.Certain(r.JudgeStep) != nil
			})
			require.Equal(t, want, breaks)
			if breaks {
				broken++
			}
			for k, r := range rules {
				require.Equal(t, r.ExercisedBy(s, declared), by[k], r.Name)
				yes[r], no[r] = yes[r] || by[k], no[r] || !by[k]
			}
		}
	}
	require.Greater(t, broken, 500)
	require.Less(t, broken, 4500)
	require.Greater(t, len(yes), 60)
	for r := range yes {
		require.True(t, no[r], "%s is always put to the test", r.Name)
	}
}
