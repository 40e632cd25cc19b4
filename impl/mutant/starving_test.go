package mutant_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
)

// wait judges liveness rules in a world.
func wait(t *testing.T, b mutant.Bounds, options impl.Options, rules ...*spec.Rule) *checker.Result {
	t.Helper()
	r, err := checker.Check(context.Background(), world(b, options), checker.Options{Rules: []*spec.Rule{}, Goals: []*spec.Goal{}, Liveness: rules})
	require.NoError(t, err)
	return r
}

// wide reports whether a starving mutant's world has millions of states.
func wide(m *mutant.Mutant) bool { return m.Name == "el-prevote-migration" }

// TestEveryStarvingMutantIsCaught judges each rule that a mutant names by itself. What a lasso repeats was gone through twice on fresh
// servers before it was reported.
func TestEveryStarvingMutantIsCaught(t *testing.T) {
	for _, m := range mutant.Starving {
		if wide(&m) && !*whole {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			for k, id := range m.Rules {
				rule, known := spec.RuleByName(id)
				require.True(t, known, id)
				require.Contains(t, rule.Catches, m.Name)
				r := wait(t, m.Bounds, m.Options, rule)
				require.Equal(t, []string{id}, broken(r))
				if k == 0 {
					require.Equal(t, m.Steps, len(r.Findings[0].Trace.Records))
				}
			}
		})
	}
}

// others are mutants that rules about steps catch sooner, in worlds in which liveness rules catch them too.
var others = []struct {
	name, rule string
	bounds     mutant.Bounds
	options    impl.Options
}{
	{"el-prevote-lower-term", "R5.2-13", mutant.Bounds{Servers: 2, Terms: 2, Log: 1, Messages: 2}, impl.Options{PreVote: true, CheckQuorum: true}},
	{"el-partial-partition", "X-CQ-01", mutant.Bounds{Servers: 2, Terms: 1, Log: 0, Messages: 1, Crashes: 1}, impl.Options{CheckQuorum: true}},
	{"rp-next-le-match", "R5.3-12", mutant.Bounds{Servers: 2, Terms: 1, Log: 2, Messages: 1}, impl.Options{MaxEntries: 1}},
	{"cm-loop-break", "R5.4.2-02", mutant.Bounds{Servers: 2, Terms: 3, Log: 2, Messages: 1}, impl.Options{}},
	{"cm-loop-break", "R5.5-01", mutant.Bounds{Servers: 2, Terms: 3, Log: 2, Messages: 1}, impl.Options{}},
	{"sn-reject-on-conflict", "R7-08", mutant.Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Compactions: 1}, impl.Options{Snapshots: true}},
}

func TestOtherMutantsStarveToo(t *testing.T) {
	for _, o := range others {
		t.Run(o.name+" "+o.rule, func(t *testing.T) {
			m, _ := mutant.ByName(o.name)
			rule, _ := spec.RuleByName(o.rule)
			o.options.Decisions = m.Options.Decisions
			r := wait(t, o.bounds, o.options, rule)
			require.Equal(t, []string{o.rule}, broken(r))
		})
	}
}

// TestTheReferenceStarvesNowhere judges every liveness rule in every world that a mutant is caught in by one.
func TestTheReferenceStarvesNowhere(t *testing.T) {
	type place struct {
		bounds  mutant.Bounds
		options impl.Options
	}
	judged := map[place]bool{}
	tested := map[string]bool{}
	hold := func(b mutant.Bounds, options impl.Options) {
		options.Decisions = nil
		if judged[place{b, options}] {
			return
		}
		judged[place{b, options}] = true
		t.Run(fmt.Sprintf("%+v %+v", b, options), func(t *testing.T) {
			r := wait(t, b, options, spec.LivenessRules...)
			require.Empty(t, r.Findings)
			for _, v := range r.Liveness.Rules {
				require.Equal(t, spec.Held, v.Verdict)
				tested[v.Rule.ID] = tested[v.Rule.ID] || v.Waiting > 0
			}
		})
	}
	for _, m := range mutant.Starving {
		if !wide(&m) || *whole {
			hold(m.Bounds, m.Options)
		}
	}
	for _, o := range others {
		hold(o.bounds, o.options)
	}
	for _, rule := range spec.LivenessRules {
		require.True(t, tested[rule.ID] || rule.ID == "R5.4.2-02", "%s never waited", rule.ID) // the reference commits in the step in which it learns that it may
	}
}

func TestEveryStarvingMutantTellsItsStory(t *testing.T) {
	for _, m := range mutant.Starving {
		require.NotEmpty(t, m.Title)
		require.NotEmpty(t, m.Source)
		require.True(t, strings.HasSuffix(m.Story, "."), m.Name)
		require.NotNil(t, m.Options.Decisions)
		require.NoError(t, world(m.Bounds, m.Options).Validate())
		require.Zero(t, m.Bounds.Campaigns, "liveness knows no bound on campaigns")
	}
}
