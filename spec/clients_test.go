package spec_test

import (
	"fmt"
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
	acknowledged := func() *spec.Step { return on(2, step(ahead, input(spec.Heartbeat), ahead, tellsClient("b", 2))) }
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
	require.Empty(t, judge.Step(1, on(2, step(leader(2, log(1, 2)), input(spec.Heartbeat), leader(2, log(1, 2)), tellsClient("b", 2)))))
	require.Empty(t, judge.Step(2, step(behind, asks("r"), behind, tells("r", 1))))
	require.Zero(t, judge.Checked("R8-02"))
}

// what clients are told of commands, judged by a rule: each step at its number from 1.
func breaches(rule string, steps ...*spec.Step) (message string) {
	r, _ := spec.RuleByName(rule)
	judge := spec.NewJudge([]*spec.Rule{r}, steps[0].Declared)
	for k, s := range steps {
		for _, b := range judge.Step(spec.Origin(k+1), s) {
			return fmt.Sprintf("%d: %s", k+1, b.Message)
		}
	}
	return ""
}

// proposes is a client with a name that asks for a command.
func proposes(client, value string) spec.Input {
	return spec.Input{Kind: spec.Propose, Client: client, Value: value}
}

func TestWhatClientsAreToldOfCommands(t *testing.T) {
	done := func(value string, i spec.Index, term spec.Term) spec.Effect {
		return spec.Effect{Kind: spec.Answer, Reply: spec.Reply{Client: "c", Value: value, Index: i, Term: term}}
	}
	fails := func(value string, i spec.Index, term spec.Term) spec.Effect {
		return spec.Effect{Kind: spec.Answer, Reply: spec.Reply{Client: "c", Value: value, Index: i, Term: term, Failed: true}}
	}
	passes := func(value string, i spec.Index) spec.Effect {
		return spec.Effect{Kind: spec.Apply, Reply: spec.Reply{Value: value, Index: i, Passed: true}}
	}
	reads := func(o spec.Observation, at spec.Index) *spec.Step {
		return on(2, step(o, asks("r"), o, tells("r", at)))
	}
	x, y, xx := leader(1, holding("x"), commit(1)), leader(1, holding("y"), commit(1)), leader(1, holding("x", "x"), commit(2))
	empty := leader(1)
	for _, c := range []struct {
		rule, name string
		steps      []*spec.Step
		want       string
	}{
		{"R8-01", "the next leader has it", []*spec.Step{step(x, input(spec.Heartbeat), x, done("x", 1, 1)), on(2, step(candidate(2, holding("x")), receives(voteReply(2, true)), leader(2, holding("x"))))}, ""},
		{"R8-01", "the next leader has another", []*spec.Step{step(x, input(spec.Heartbeat), x, done("x", 1, 1)), on(2, step(candidate(2, holding("y")), receives(voteReply(2, true)), leader(2, holding("y"))))},
			"2: n2 becomes leader of term 2 with y@1 at index 1, where a client was told that x@1 is done"},
		{"R8-01", "a leader of an earlier term is late", []*spec.Step{step(x, input(spec.Heartbeat), x, done("x", 1, 1)), on(2, step(candidate(1), receives(voteReply(1, true)), leader(1)))}, ""},
		{"R8-01", "of an entry that is not shown", []*spec.Step{step(empty, input(spec.Heartbeat), empty, done("x", 1, 0)), on(2, step(candidate(2), receives(voteReply(2, true)), leader(2)))}, ""},

		{"R8-08", "both pass over it", []*spec.Step{step(xx, input(spec.Heartbeat), xx, passes("x", 2)), on(2, step(xx, input(spec.Heartbeat), xx, passes("x", 2)))}, ""},
		{"R8-08", "one carries it out", []*spec.Step{step(xx, input(spec.Heartbeat), xx, passes("x", 2)), on(2, step(xx, input(spec.Heartbeat), xx, applies("x", 2)))},
			"2: n2 carries out x at index 2 but n1 passes over it"},

		{"R8-10", "it is never committed", []*spec.Step{step(empty, input(spec.Heartbeat), empty, fails("x", 1, 1)), on(2, step(leader(2, log(2)), input(spec.Heartbeat), leader(2, log(2), commit(1))))}, ""},
		{"R8-10", "it is committed afterwards", []*spec.Step{step(empty, input(spec.Heartbeat), empty, fails("x", 1, 1)), on(2, step(leader(1, holding("x")), input(spec.Heartbeat), x))},
			"2: n2 commits x@1 at index 1, and n1 had told a client that it will never take effect"},
		{"R8-10", "it was committed before", []*spec.Step{on(2, step(leader(1, holding("x")), input(spec.Heartbeat), x)), step(empty, input(spec.Heartbeat), empty, fails("x", 1, 1))},
			"2: n1 tells a client that x@1 at index 1 will never take effect, and n2 has committed it"},

		{"R8-02", "what failed is not seen", []*spec.Step{step(empty, proposes("c", "x"), empty), step(empty, input(spec.Heartbeat), empty, fails("x", 1, 2)), reads(x, 1)}, ""},
		{"R8-02", "what failed is seen", []*spec.Step{step(empty, proposes("c", "x"), empty), step(empty, input(spec.Heartbeat), empty, fails("x", 1, 1)), reads(x, 1)},
			"3: n2 answers a read at index 1 with x, which n1 had told its client has failed"},
		{"R8-02", "what failed was asked for again", []*spec.Step{step(empty, proposes("c", "x"), empty), step(empty, input(spec.Heartbeat), empty, fails("x", 1, 1)), step(empty, proposes("c", "x"), empty), reads(x, 1)}, ""},
		{"R8-02", "another client asks for the same", []*spec.Step{step(empty, proposes("d", "x"), empty), step(empty, proposes("c", "x"), empty), step(empty, input(spec.Heartbeat), empty, fails("x", 1, 1)), reads(x, 1)}, ""},
		{"R8-02", "what is done is not seen", []*spec.Step{step(y, input(spec.Heartbeat), y, done("x", 1, 1)), reads(y, 1)},
			"2: n2 answers a read at index 1 without x, of which n1 had told a client before the read began"},
		{"R8-02", "what is done and not committed is not seen", []*spec.Step{step(y, input(spec.Heartbeat), leader(1, holding("y", "x"), commit(1)), done("x", 2, 1)), on(3, step(y, input(spec.Heartbeat), y, done("y", 1, 1))), reads(leader(1, holding("y", "z"), commit(2)), 2)},
			"3: n2 answers a read at index 2 without x, of which n1 had told a client before the read began"},
		{"R8-02", "a request is seen once", []*spec.Step{step(empty, proposes("c", "x"), empty), step(xx, input(spec.Heartbeat), xx, passes("x", 2)), reads(xx, 2)}, ""},
		{"R8-02", "two requests that look alike", []*spec.Step{step(empty, proposes("c", "x"), empty), step(xx, input(spec.Heartbeat), xx, applies("x", 2)), reads(xx, 2)}, ""},
		{"R8-02", "a request is seen twice", []*spec.Step{declaring(step(empty, proposes("c", "x"), empty), spec.TellsClients), step(xx, input(spec.Heartbeat), xx, applies("x", 2)), reads(xx, 2)},
			"3: n2 answers a read at index 2 with x twice, which its client asked for once"},
		{"R8-02", "two clients ask for the same", []*spec.Step{step(empty, proposes("c", "x"), empty), step(empty, proposes("d", "x"), empty), step(xx, input(spec.Heartbeat), xx, applies("x", 2)), reads(xx, 2)}, ""},
	} {
		require.Equal(t, c.want, breaches(c.rule, c.steps...), "%s: %s", c.rule, c.name)
	}
}
