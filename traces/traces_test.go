package traces

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

func sample() *Trace {
	vote := spec.Message{Kind: spec.RequestVote, From: 1, To: 2, Term: 1}
	before := spec.Observation{Config: spec.Configuration{Voters: []spec.ServerID{1, 2}}}
	after := before
	after.Role, after.Term, after.VotedFor, after.Granted = spec.Candidate, 1, 1, []spec.ServerID{1}
	after.Durable = spec.Durable{Term: 1, VotedFor: 1}
	follower := before
	follower.Term, follower.VotedFor = 1, 1
	follower.Durable = spec.Durable{Term: 1, VotedFor: 1}
	follower.Log = spec.Log{Base: 3, BaseTerm: 1, Entries: []spec.Entry{{Term: 1, Kind: spec.NoOp}, {Term: 1, Value: "a \"b\" \xff"}}}
	return &Trace{
		Header: Header{Version: Version, Servers: []spec.ServerID{1, 2}, Origin: "check", Implementation: "reference",
			Variants: spec.Variants{spec.OptimisticNext}, Bounds: []Setting{{"terms", "2"}, {"network", "fifo"}}, Seed: 7, Records: 4,
			Extra: Extra{{"colour", `{"a":[1,2]}`}}},
		Records: []Record{
			{Number: 1, Event: "timeout", Sequence: 1, SentIDs: []uint64{9}, Step: &spec.Step{Server: 1, Before: before,
				Input:  spec.Input{Kind: spec.Timeout},
				Output: spec.Output{Effects: []spec.Effect{{Kind: spec.Write, Durable: after.Durable}, {Kind: spec.Sync, Durable: after.Durable}, {Kind: spec.Send, Message: vote}}},
				After:  after}, Want: []string{"R5.2-04"}},
			{Number: 2, Event: EventDuplicate, Message: vote},
			{Number: 3, Event: "deliver", Step: &spec.Step{Server: 2, Before: before, Input: spec.Input{Kind: spec.Deliver, Message: vote, Cut: 2, Lossy: true},
				Output: spec.Output{Effects: []spec.Effect{{Kind: spec.Send, Message: spec.Message{Kind: spec.AppendEntries, From: 2, To: 1, Payload: "\x00\xff", Entries: follower.Log.Entries}}},
					Redirect: 1, Fault: errors.New("boom")},
				After: follower}, Lost: []int{0}, Extra: Extra{{"x", "null"}}},
			{Number: 5, Event: EventPartition, Groups: [][]spec.ServerID{{1}, {2}}},
		},
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	want := sample()
	var out bytes.Buffer
	require.NoError(t, Write(&out, want))
	got, err := Read("x.trace", bytes.NewReader(out.Bytes()))
	require.NoError(t, err)
	for k := range got.Records {
		require.Equal(t, k+2, got.Records[k].Line)
		got.Records[k].Line = 0
	}
	require.Equal(t, want, got)

	var again bytes.Buffer
	require.NoError(t, Write(&again, got))
	require.Equal(t, out.String(), again.String())
}
