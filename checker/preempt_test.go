package checker_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// campaigner is a server that reads its term and later writes one more, while what a leader of a later term sends raises it at once.
type campaigner struct {
	id   spec.ServerID
	term spec.Term
	held bool
	next spec.Term // of who is held
}

const writesTerm = "campaign/setTerm"

func (c *campaigner) Step(in spec.Input) spec.Output {
	switch in.Kind {
	case spec.Timeout:
		switch {
		case c.held || in.Gate != "" && in.Gate != writesTerm:
			return spec.Output{Refused: true}
		case in.Gate != "":
			c.held, c.next = true, c.term+1
			return spec.Output{}
		}
		c.term++
		return spec.Output{Gates: []string{writesTerm}}
	case spec.Heartbeat:
		c.term += 2
		return spec.Output{}
	case spec.Resume:
		if !c.held {
			return spec.Output{Refused: true}
		}
		c.held, c.term, c.next = false, c.next, 0
		return spec.Output{}
	}
	return spec.Output{Refused: true}
}

func (c *campaigner) Observe() spec.Observation {
	return spec.Observation{Term: c.term, Durable: spec.Durable{Term: c.term}}
}

func (c *campaigner) AppendState(b []byte) []byte { return append(b, byte(c.term), byte(c.next)) }

func (c *campaigner) Clone() spec.Node { again := *c; return &again }

// A race between two goroutines of one server is found when one may be held, told with the gate, and happens again from the trace; without it the same
// world is searched to the end.
func TestAGoroutineIsHeldBetweenReadAndWrite(t *testing.T) {
	world := func(preemptions int) *cluster.Config {
		return &cluster.Config{Servers: 1, New: func(id spec.ServerID, _ []spec.ServerID) spec.Node { return &campaigner{id: id} },
			Inputs: func(spec.ServerID) []spec.Input {
				return []spec.Input{{Kind: spec.Timeout}, {Kind: spec.Heartbeat}, {Kind: spec.Resume}}
			},
			Bounds: cluster.Bounds{Terms: 4, Messages: 1, Preemptions: preemptions}}
	}
	monotonic, _ := spec.RuleByName("term-monotonic")
	options := checker.Options{Rules: []*spec.Rule{monotonic}, Goals: []*spec.Goal{}, Workers: 1}

	r, err := checker.Check(context.Background(), world(0), options)
	require.NoError(t, err)
	require.Equal(t, spec.Held, r.Verdict)
	require.Equal(t, uint64(5), r.Search.Distinct)

	r, err = checker.Check(context.Background(), world(1), options)
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict)
	found := r.Findings[0]
	require.Equal(t, "n1 goes back from term 2 to term 1", found.Message)
	var b bytes.Buffer
	require.NoError(t, traces.Write(&b, found.Trace))
	again, err := traces.Read("held", &b)
	require.NoError(t, err)
	var inputs []spec.Input
	for _, record := range again.Records {
		inputs = append(inputs, record.Step.Input)
	}
	require.Equal(t, []spec.Input{{Kind: spec.Timeout, Gate: writesTerm}, {Kind: spec.Heartbeat}, {Kind: spec.Resume}}, inputs)
	_, err = traces.Replay(again, world(1).New)
	require.NoError(t, err)
	var told bytes.Buffer
	require.NoError(t, traces.Text(&told, again, &found.Finding))
	require.Contains(t, told.String(), "n1 times out, and a goroutine stays at the gate campaign/setTerm")
	require.Contains(t, told.String(), "n1 lets its goroutine go on from the gate campaign/setTerm, writes term 1")
}

// A step in which a goroutine is held costs a preemption, and there are as many as the bounds say.
func TestPreemptionsAreCounted(t *testing.T) {
	for most := range 3 {
		c := &cluster.Config{Servers: 1, New: func(id spec.ServerID, _ []spec.ServerID) spec.Node { return &campaigner{id: id} }, Bounds: cluster.Bounds{Terms: 9, Messages: 1, Preemptions: most},
			Inputs: func(spec.ServerID) []spec.Input { return []spec.Input{{Kind: spec.Timeout}, {Kind: spec.Resume}} }}
		w, err := cluster.New(c)
		require.NoError(t, err)
		times := 0
		for {
			next := w.Next()
			k := len(next) - 1 // variants come last
			for k >= 0 && next[k].Action.Input.Gate == "" && next[k].Action.Input.Kind != spec.Resume {
				k--
			}
			if k < 0 {
				break
			}
			if w = next[k].World; next[k].Action.Input.Gate != "" {
				times++
			}
		}
		require.Equal(t, most, times)
	}
}
