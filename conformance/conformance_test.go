package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance"
	"github.com/raftcheck/raftcheck/conformance/contract"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
)

func reference() *conformance.Subject {
	var o impl.Options
	s := &conformance.Subject{Name: "reference", World: cluster.Default(impl.New(o))}
	s.World.Variants = o.Variants()
	return s
}

func stated(t *testing.T, s *conformance.Subject) *conformance.Statement {
	r, err := conformance.Run(context.Background(), s, conformance.Options{Seed: 1, Version: "test", Profiles: []spec.Profile{spec.Core, spec.Storage}})
	require.NoError(t, err)
	return r
}

// TestReferenceConforms: the reference breaks nothing, its statement has the published shape, and is the same when it is made again.
func TestReferenceConforms(t *testing.T) {
	r := stated(t, reference())
	require.Equal(t, conformance.Conforming, r.Verdict, "%v", r.Because)
	for _, q := range r.Requirements {
		if q.Outcome == conformance.Met {
			require.True(t, q.Steps > 0 || q.Directed != nil && q.Directed.Met > 0, "%s is met and was not exercised", q.ID)
		} else {
			require.NotEmpty(t, q.Because, q.ID)
		}
	}
	data, err := json.Marshal(r)
	require.NoError(t, err)
	again, err := json.Marshal(stated(t, reference()))
	require.NoError(t, err)
	require.Equal(t, string(data), string(again))

	shape, err := jsonschema.UnmarshalJSON(bytes.NewReader(conformance.Schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("s.json", shape))
	schema, err := c.Compile("s.json")
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	require.NoError(t, err)
	require.NoError(t, schema.Validate(value))
}

// TestMutantsDoNotConform: what is broken is told by the requirement that the mutant's page names, and what was met before is told as lost.
func TestMutantsDoNotConform(t *testing.T) {
	old := stated(t, reference())
	for _, name := range []string{"el-stale-vote-resp", "cm-old-term", "el-leader-votes"} {
		m, known := mutant.ByName(name)
		require.True(t, known)
		s := &conformance.Subject{Name: name, World: cluster.Default(m.Factory())}
		s.World.Variants = m.Variants()
		r := stated(t, s)
		require.Equal(t, conformance.NotConforming, r.Verdict, name)
		lost := map[string]bool{}
		for _, c := range conformance.Compare(old, r) {
			lost[c.ID] = c.Lost && c.Is == conformance.Broken
		}
		require.True(t, lost[m.Rules[0]], "%s: %v", name, lost)
	}
}

// TestAdaptersComeFirst: nothing is met of a server whose adapter fails.
func TestAdaptersComeFirst(t *testing.T) {
	s := reference()
	right := s.World.New
	s.World.New = func(id spec.ServerID, servers []spec.ServerID) spec.Node { return uncut{right(id, servers)} }
	r := stated(t, s)
	var failure *contract.Failure
	require.ErrorAs(t, r.Fault, &failure)
	require.Equal(t, "crash-point", failure.Check.Name)
	require.Equal(t, conformance.Inconclusive, r.Verdict)
	require.Zero(t, r.Counts.Met)
}

// uncut ignores Input.Cut.
type uncut struct{ spec.Node }

func (u uncut) Step(in spec.Input) spec.Output {
	in.Cut = 0
	return u.Node.Step(in)
}

// TestRunsThatEndBefore: a statement of a run that was ended lists every requirement and every world, with what came of them until then.
func TestRunsThatEndBefore(t *testing.T) {
	whole := stated(t, reference())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r, err := conformance.Run(ctx, reference(), conformance.Options{Seed: 1, Profiles: []spec.Profile{spec.Core, spec.Storage}, Progress: func(p conformance.Progress) {
		if p.Doing == "core/crash" {
			cancel()
		}
	}})
	require.NoError(t, err)
	require.Equal(t, conformance.Inconclusive, r.Verdict)
	require.Len(t, r.Requirements, len(whole.Requirements))
	require.Len(t, r.Worlds, len(whole.Worlds))
	require.Positive(t, r.Counts.Met)
	require.Equal(t, "the run ended before", r.Worlds[len(r.Worlds)-1].Left)
}

// TestSubtests: go test has a subtest for each requirement.
func TestSubtests(t *testing.T) {
	conformance.Test(t, impl.New(impl.Options{}), func(s *conformance.Subject, o *conformance.Options) {
		s.World.Variants, o.Profiles = reference().World.Variants, []spec.Profile{spec.Core}
	})
}
