package spec_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// judged is what a judge of what clients are told says of steps, each at its number from 1.
func judged(steps ...*spec.Step) (message string, evidence []spec.Evidence) {
	rule, _ := spec.RuleByName("linearizability")
	judge := spec.NewJudge([]*spec.Rule{rule}, nil)
	for k, s := range steps {
		for _, b := range judge.Step(spec.Origin(k+1), s) {
			return b.Message, b.Evidence
		}
	}
	return "", nil
}

func on(id spec.ServerID, s *spec.Step) *spec.Step {
	s.Server = id
	return s
}

func asks(request string) spec.Input { return spec.Input{Kind: spec.ReadIndex, Value: request} }

func tells(request string, at spec.Index) spec.Effect {
	return spec.Effect{Kind: spec.Answer, Reply: spec.Reply{Read: true, Value: request, Index: at}}
}

func TestLinearizable(t *testing.T) {
	ahead, behind := leader(2, log(1, 2), commit(2)), leader(1, log(1), commit(1))
	acknowledged := func() *spec.Step { return on(2, step(ahead, input(spec.Heartbeat), ahead, answers(false, 2))) }
	const stale = "n1 answers a read at index 1, and n2 had told a client of index 2 before the read began"
	for _, c := range []struct {
		name  string
		steps []*spec.Step
		want  string
	}{
		{"a read that sees what was acknowledged", []*spec.Step{acknowledged(), step(ahead, asks("r"), ahead), step(ahead, input(spec.Heartbeat), ahead, tells("r", 2))}, ""},
		{"a read that does not", []*spec.Step{acknowledged(), step(behind, asks("r"), behind), step(behind, input(spec.Heartbeat), behind, tells("r", 1))}, stale},
		{"answered as soon as it came", []*spec.Step{acknowledged(), step(behind, asks("r"), behind, tells("r", 1))}, stale},
		{"a read that began before", []*spec.Step{step(behind, asks("r"), behind), acknowledged(), step(behind, input(spec.Heartbeat), behind, tells("r", 1))}, ""},
		{"after another read", []*spec.Step{on(2, step(ahead, asks("q"), ahead, tells("q", 2))), step(behind, asks("r"), behind, tells("r", 1))}, stale},
		{"where nothing but a no-op is missed", []*spec.Step{
			on(2, step(leader(2, noOp(1, 2), commit(2)), asks("q"), leader(2, noOp(1, 2), commit(2)), tells("q", 2))), step(behind, asks("r"), behind, tells("r", 1))}, ""},
		{"the oldest of two reads", []*spec.Step{step(behind, asks("r"), behind), acknowledged(), step(behind, asks("r"), behind),
			step(behind, input(spec.Heartbeat), behind, tells("r", 1), tells("r", 2))}, ""},
		{"both of two reads", []*spec.Step{acknowledged(), step(ahead, asks("r"), ahead), step(ahead, asks("r"), ahead),
			step(behind, input(spec.Heartbeat), behind, tells("r", 2), tells("r", 1))}, stale},
		{"a read that was lost with its server", []*spec.Step{acknowledged(), step(ahead, asks("r"), ahead), step(ahead, input(spec.Crash), crashed(2)),
			step(behind, input(spec.Heartbeat), behind, tells("r", 1))}, ""},
		{"sent on", []*spec.Step{acknowledged(), {Server: 1, Input: asks("r"), Output: spec.Output{Redirect: 2}}, step(behind, input(spec.Heartbeat), behind, tells("r", 1))}, ""},
	} {
		message, evidence := judged(c.steps...)
		require.Equal(t, c.want, message, c.name)
		if c.want != "" {
			require.Equal(t, spec.PartEffect, evidence[0].Part, c.name)
			require.Equal(t, spec.Origin(1), evidence[1].Origin, c.name)
		}
	}
}

// noOp is a log with these terms whose last entry is a no-op.
func noOp(terms ...spec.Term) feature {
	return func(o *spec.Observation) {
		o.Log.Entries = entriesAfter(0, terms...)
		o.Log.Entries[len(terms)-1] = spec.Entry{Term: terms[len(terms)-1], Kind: spec.NoOp}
	}
}

// A record that leaves steps out does not say what was told before a read began.
func TestIncompleteRecordsSayNothingOfClients(t *testing.T) {
	rule, _ := spec.RuleByName("linearizability")
	judge := spec.NewJudge([]*spec.Rule{rule}, nil)
	judge.Incomplete()
	behind := leader(1, log(1), commit(1))
	require.Empty(t, judge.Step(1, on(2, step(leader(2, log(1, 2)), input(spec.Heartbeat), leader(2, log(1, 2)), answers(false, 2)))))
	require.Empty(t, judge.Step(2, step(behind, asks("r"), behind, tells("r", 1))))
	require.Zero(t, judge.Checked("R8-02"))
}
