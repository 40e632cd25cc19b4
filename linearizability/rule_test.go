package linearizability_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/linearizability"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// inMemory is a trace that was not written.
type inMemory struct {
	records []traces.Record
	next    int
}

func (m *inMemory) Next() (*traces.Record, error) {
	if m.next == len(m.records) {
		return nil, io.EOF
	}
	m.next++
	return &m.records[m.next-1], nil
}

func (m *inMemory) Header() traces.Header { return traces.Header{Servers: []spec.ServerID{1, 2, 3}} }
func (m *inMemory) Close()                {}

func (m *inMemory) Position() (string, int) { return "memory", m.next }

// clientsOfALog is a random execution of servers that agree on the log, of which each holds some prefix. Clients are told what any of
// them happens to hold: acknowledgements of what is there, and reads of as much as the server has, now or when they came.
func clientsOfALog(rng *rand.Rand) []traces.Record {
	all := spec.Log{Base: spec.Index(rng.IntN(2)), BaseTerm: 1} // some were set up with a snapshot
	held := map[spec.ServerID]spec.Index{1: all.Base, 2: all.Base, 3: all.Base}
	waiting := map[spec.ServerID][]string{}
	var records []traces.Record
	requests := 0
	step := func(id spec.ServerID, in spec.Input, effects ...spec.Effect) {
		o := spec.Observation{Role: spec.Leader, Log: spec.Log{Base: all.Base, BaseTerm: 1, Entries: all.Entries[:held[id]-all.Base]}, CommitIndex: held[id], LastApplied: held[id]}
		records = append(records, traces.Record{Number: len(records) + 1, Event: "step",
			Step: &spec.Step{Server: id, Before: o, Input: in, Output: spec.Output{Effects: effects}, After: o}})
	}
	for range 4 + rng.IntN(10) {
		id := spec.ServerID(1 + rng.IntN(3))
		switch rng.IntN(6) {
		case 0: // a no-op
			all.Entries = append(all.Entries[:len(all.Entries):len(all.Entries)], spec.Entry{Term: 1, Kind: spec.NoOp})
			held[id] = all.LastIndex()
		case 1: // a command, called and acknowledged at once or never
			value := fmt.Sprint("v", len(all.Entries))
			all.Entries = append(all.Entries[:len(all.Entries):len(all.Entries)], spec.Entry{Term: 1, Value: value})
			held[id] = all.LastIndex()
			step(id, spec.Input{Kind: spec.Propose, Value: value})
			if rng.IntN(3) > 0 {
				step(id, spec.Input{Kind: spec.Heartbeat}, spec.Effect{Kind: spec.Answer, Reply: spec.Reply{Value: value, Index: all.LastIndex()}})
			}
		case 2:
			held[id] = max(held[id], spec.Index(rng.IntN(int(all.LastIndex())+1)))
		case 3:
			requests++
			request := fmt.Sprint("r", requests)
			waiting[id] = append(waiting[id], request)
			step(id, spec.Input{Kind: spec.ReadIndex, Value: request})
		default:
			if len(waiting[id]) > 0 {
				reply := spec.Reply{Read: true, Value: waiting[id][0], Index: held[id]}
				waiting[id] = waiting[id][1:]
				step(id, spec.Input{Kind: spec.Heartbeat}, spec.Effect{Kind: spec.Answer, Reply: reply})
			}
		}
	}
	return records
}

// The rule that searches and traces are judged by, which remembers two numbers, says the same as a whole search for an order of all operations.
func TestTheRuleIsLinearizability(t *testing.T) {
	rule, _ := spec.RuleByName("linearizability")
	verdicts := map[spec.Verdict]int{}
	for seed := range uint64(30_000) {
		records := clientsOfALog(rand.New(rand.NewPCG(seed, 1)))
		if len(records) == 0 {
			continue
		}
		judge, broken := spec.NewJudge([]*spec.Rule{rule}, nil), spec.Held
		for k := range records {
			if judge.Step(spec.Origin(k), records[k].Step) != nil {
				broken = spec.Violated
			}
		}
		h, err := linearizability.FromTrace(&inMemory{records: records})
		require.NoError(t, err)
		require.Equal(t, linearizability.Check(h), broken, "seed %d", seed)
		verdicts[broken]++
	}
	require.Greater(t, verdicts[spec.Held], 1000)
	require.Greater(t, verdicts[spec.Violated], 1000)
}
