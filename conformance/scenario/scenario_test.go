package scenario_test

import (
	"flag"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/conformance/scenario"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

func reference(o impl.Options) scenario.Subject {
	return scenario.Subject{Name: "reference", New: impl.New(o), Variants: o.Variants()}
}

// outcomes puts a subject through all scenarios and counts what came of them. None may be broken or faulty.
func outcomes(t *testing.T, subject scenario.Subject) map[scenario.Outcome]int {
	t.Helper()
	runner, all := scenario.NewRunner(subject), map[scenario.Outcome]int{}
	for _, s := range scenario.All() {
		r := runner.Run(t.Context(), s)
		all[r.Outcome]++
		require.NotContains(t, []scenario.Outcome{scenario.Broken, scenario.Faulty}, r.Outcome, "%s of %s:%d %s: %s\n%s", subject.Name, s.File, r.Line, s.Name, r.Because, r.Story)
		for _, b := range r.Breaches {
			require.Fail(t, b.Message, "%s: %s breaks %s\n%s", subject.Name, s.Name, b.Rule.ID, r.Story)
		}
	}
	return all
}

// The reference with its plain options meets every scenario that is about it.
func TestTheReferenceMeets(t *testing.T) {
	require.GreaterOrEqual(t, outcomes(t, reference(impl.Options{}))[scenario.Met], 127)
}

// options are the features of the reference, one by one.
var options = map[string]func(*impl.Options){
	"hints":          func(o *impl.Options) { o.ConflictHints = true },
	"no-op":          func(o *impl.Options) { o.NoOp = true },
	"one-entry":      func(o *impl.Options) { o.MaxEntries = 1 },
	"snapshots":      func(o *impl.Options) { o.Snapshots = true },
	"pre-vote":       func(o *impl.Options) { o.PreVote = true },
	"check-quorum":   func(o *impl.Options) { o.CheckQuorum = true },
	"transfer":       func(o *impl.Options) { o.Transfer = true },
	"read-index":     func(o *impl.Options) { o.Reads, o.NoOp = impl.ReadByRound, true },
	"lease-reads":    func(o *impl.Options) { o.Reads, o.NoOp, o.ElectionTicks, o.Drift = impl.ReadByLease, true, 3, 1 },
	"sessions":       func(o *impl.Options) { o.Sessions = true },
	"some-pre-vote":  func(o *impl.Options) { o.PreVote, o.PreVoters = true, 1 },
	"membership":     func(o *impl.Options) { o.Membership, o.NoOp = true, true },
	"three-voters":   func(o *impl.Options) { o.Membership, o.Voters, o.NoOp = true, 3, true },
	"joint":          func(o *impl.Options) { o.Membership, o.Joint, o.NoOp = true, true, true },
	"pipeline":       func(o *impl.Options) { o.Pipeline = true },
	"split":          func(o *impl.Options) { o.SplitProposals = true },
	"async-storage":  func(o *impl.Options) { o.AsyncStorage = true },
	"backups":        func(o *impl.Options) { o.Backups = true },
	"term-jumps":     func(o *impl.Options) { o.TermJumps = true },
	"drops-vote":     func(o *impl.Options) { o.DropsVote = true },
	"drops-unacked":  func(o *impl.Options) { o.DropsUnacknowledged = true },
	"commit-in-beat": func(o *impl.Options) { o.HeartbeatsAtCommit = true },
}

var whole = flag.Bool("whole", false, "put the reference with any two features through all scenarios, not only with each and its next")

// Nothing is found in the reference with any feature, and with two: in the order of their names each with the next, and with -whole with any other.
func TestTheReferenceWithFeaturesBreaksNothing(t *testing.T) {
	names := slices.Sorted(maps.Keys(options))
	for k, one := range names {
		first := options[one]
		for other, second := range options {
			next := names[(k+1)%len(names)]
			if one > other || one != other && other != next && !*whole {
				continue
			}
			var o impl.Options
			first(&o)
			second(&o)
			subject := reference(o)
			subject.Name = one + " and " + other
			require.Greater(t, outcomes(t, subject)[scenario.Met], 60, subject.Name)
		}
	}
}

// TestEveryRequirementHasScenariosOrAReason: a MUST that a single server can break has at least two, one of them with a crash.
func TestEveryRequirementHasScenariosOrAReason(t *testing.T) {
	reasons := map[string]bool{}
	for _, w := range scenario.Unscripted() {
		reasons[w.Requirement] = true
	}
	for _, r := range spec.AllRules() {
		all := scenario.Of(r.ID)
		require.True(t, len(all) > 0 || reasons[r.ID], "%s has neither a scenario nor a reason in scripts/unscripted.txt", r.ID)
		if len(all) > 0 && r.Level == spec.Must {
			require.GreaterOrEqual(t, len(all), 2, r.ID)
			require.True(t, slices.ContainsFunc(all, func(s *scenario.Scenario) bool { return s.Crashes }), "%s: none of its scenarios has a crash", r.ID)
		}
	}
	require.GreaterOrEqual(t, len(scenario.All()), 150)
}

// stubborn answers nothing: it refuses every input, or takes it and does nothing.
type stubborn struct {
	spec.Node
	refuses bool
}

func (n stubborn) Step(in spec.Input) spec.Output { return spec.Output{Refused: n.refuses} }

// A server that does nothing meets nothing.
func TestWhoDoesNothingMeetsNothing(t *testing.T) {
	for _, refuses := range []bool{true, false} {
		right := impl.New(impl.Options{})
		runner := scenario.NewRunner(scenario.Subject{New: func(id spec.ServerID, servers []spec.ServerID) spec.Node {
			return stubborn{right(id, servers), refuses}
		}})
		for _, s := range scenario.All() {
			r := runner.Run(t.Context(), s)
			require.NotContains(t, []scenario.Outcome{scenario.Met, scenario.Faulty}, r.Outcome, s.Name)
			require.NotEmpty(t, r.Because, s.Name)
		}
	}
}

// sealed sends messages that only its own code can write.
type sealed struct{ spec.Node }

func (n sealed) Step(in spec.Input) spec.Output {
	out := n.Node.Step(in)
	for k := range out.Effects {
		out.Effects[k].Message.Payload = "0x17"
	}
	return out
}

// Nobody is blamed for messages that the suite cannot write.
func TestWhoseMessagesHaveAFormOfTheirOwnIsNotJudged(t *testing.T) {
	right := impl.New(impl.Options{})
	runner := scenario.NewRunner(scenario.Subject{New: func(id spec.ServerID, servers []spec.ServerID) spec.Node { return sealed{right(id, servers)} }})
	for _, s := range scenario.All() {
		r := runner.Run(t.Context(), s)
		require.Equal(t, scenario.NotExercised, r.Outcome, s.Name)
		require.Contains(t, r.Because, "spec.Composer")
	}
}
