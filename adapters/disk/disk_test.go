package disk_test

import (
	"context"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/disk"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance/contract"
	"github.com/raftcheck/raftcheck/spec"
)

// voter is the elections of Raft. It says what it writes, and knows of no crash.
type voter struct {
	id      spec.ServerID
	servers []spec.ServerID
	order   order

	role     spec.Role
	term     spec.Term
	votedFor spec.ServerID
	granted  []spec.ServerID
}

// order is in which order a voter does what it does.
type order int

const (
	right      order = iota
	sendsFirst       // messages leave before term and vote are on disk
	neverSyncs       // what is written is never synced
	halves           // the term is written before the vote
)

func voters(o order) disk.Start {
	return func(id spec.ServerID, servers []spec.ServerID, on spec.Durable) disk.Server {
		return &voter{id: id, servers: servers, order: o, term: on.Term, votedFor: on.VotedFor}
	}
}

func (v *voter) Step(in spec.Input) spec.Output {
	term, vote := v.term, v.votedFor
	var sends []spec.Effect
	send := func(m spec.Message) {
		m.From, m.Term = v.id, v.term
		sends = append(sends, spec.Effect{Kind: spec.Send, Message: m})
	}
	m := in.Message
	if in.Kind == spec.Deliver && m.Term > v.term {
		v.role, v.term, v.votedFor, v.granted = spec.Follower, m.Term, spec.None, nil
	}
	switch {
	case in.Kind == spec.Timeout && v.role != spec.Leader:
		v.role, v.term, v.votedFor, v.granted = spec.Candidate, v.term+1, v.id, []spec.ServerID{v.id}
		for _, to := range v.servers {
			if to != v.id {
				send(spec.Message{Kind: spec.RequestVote, To: to})
			}
		}
	case in.Kind == spec.Deliver && m.Kind == spec.RequestVote:
		granted := m.Term == v.term && (v.votedFor == spec.None || v.votedFor == m.From)
		if granted {
			v.votedFor = m.From
		}
		send(spec.Message{Kind: spec.RequestVoteReply, To: m.From, Granted: granted})
	case in.Kind == spec.Deliver && m.Kind == spec.RequestVoteReply:
		v.count(m)
	default:
		return spec.Output{Refused: true}
	}
	var writes []spec.Effect
	if v.term != term || v.votedFor != vote {
		if v.order == halves && v.term != term && v.votedFor != spec.None {
			writes = append(writes, spec.Effect{Kind: spec.Write, Durable: spec.Durable{Term: v.term, VotedFor: vote}}, spec.Effect{Kind: spec.Sync})
		}
		writes = append(writes, spec.Effect{Kind: spec.Write, Durable: spec.Durable{Term: v.term, VotedFor: v.votedFor}})
		if v.order != neverSyncs {
			writes = append(writes, spec.Effect{Kind: spec.Sync})
		}
	}
	if v.order == sendsFirst {
		return spec.Output{Effects: append(sends, writes...)}
	}
	return spec.Output{Effects: append(writes, sends...)}
}

func (v *voter) count(m spec.Message) {
	if v.role != spec.Candidate || m.Term != v.term || !m.Granted {
		return
	}
	if at, there := slices.BinarySearch(v.granted, m.From); !there {
		v.granted = slices.Insert(slices.Clone(v.granted), at, m.From)
	}
	if len(v.granted) > len(v.servers)/2 {
		v.role, v.granted = spec.Leader, nil
	}
}

func (v *voter) Observe() spec.Observation {
	o := spec.Observation{Role: v.role, Term: v.term, VotedFor: v.votedFor, Granted: v.granted, Unknown: spec.FieldProgress | spec.FieldRefused}
	if v.role == spec.Leader {
		o.LeaderID = v.id
	}
	return o
}

func (v *voter) AppendState(b []byte) []byte {
	for _, n := range []uint64{uint64(v.role), uint64(v.term), uint64(v.votedFor), uint64(len(v.granted))} {
		b = binary.AppendUvarint(b, n)
	}
	for _, id := range v.granted {
		b = append(b, byte(id))
	}
	return b
}

// copier is a voter that can be copied.
type copier struct{ *voter }

func (c copier) Copy() disk.Server {
	v := *c.voter
	return copier{&v}
}

func copiers(o order) disk.Start {
	start := voters(o)
	return func(id spec.ServerID, servers []spec.ServerID, on spec.Durable) disk.Server {
		return copier{start(id, servers, on).(*voter)}
	}
}

func world(start disk.Start) *cluster.Config {
	return &cluster.Config{Servers: 3, New: disk.Nodes(start), Faults: cluster.Faults{Drop: cluster.Unlimited, Crash: 1, Lossy: true},
		Bounds: cluster.Bounds{Terms: 2, Messages: 2, Proposals: -1},
		Inputs: func(spec.ServerID) []spec.Input { return []spec.Input{{Kind: spec.Timeout}} }}
}

func search(t *testing.T, start disk.Start) *checker.Result {
	t.Helper()
	var goals []*spec.Goal
	for _, g := range spec.Goals {
		if g.Name == "leader-elected" || g.Name == "crash-recovered" {
			goals = append(goals, g)
		}
	}
	r, err := checker.Check(context.Background(), world(start), checker.Options{Goals: goals})
	require.NoError(t, err)
	return r
}

func TestCrashesAreNobodysBurden(t *testing.T) {
	plain, fast := search(t, voters(right)), search(t, copiers(right))
	require.Equal(t, spec.Held, plain.Verdict, plain.Reason)
	require.Equal(t, spec.Held, fast.Verdict, fast.Reason)
	require.Equal(t, plain.Search.Distinct, fast.Search.Distinct)
	require.Equal(t, plain.Search.Transitions, fast.Search.Transitions)
}

func TestWhatIsNotOnDiskIsMissed(t *testing.T) {
	for order, rule := range map[order]string{sendsFirst: "durable-before-send", neverSyncs: "durable-before-send", halves: "vote-atomic"} {
		r := search(t, voters(order))
		require.Equal(t, spec.Violated, r.Verdict, rule)
		require.Equal(t, rule, r.Findings[0].Rule.Name, r.Findings[0].Message)
	}
}

// TestContract tries every check on servers that can be copied and on others.
func TestContract(t *testing.T) {
	for _, start := range []disk.Start{voters(right), copiers(right), voters(neverSyncs), voters(halves)} {
		r := contract.Try(context.Background(), world(start), contract.Options{})
		if r.Failure != nil {
			require.NoError(t, r.Failure, r.Failure.Story())
		}
		require.Positive(t, r.Given)
	}
}

func TestACutBeyondTheLastPointChangesNothing(t *testing.T) {
	for _, start := range []disk.Start{voters(right), copiers(right)} {
		node := disk.Nodes(start)(1, []spec.ServerID{1, 2, 3})
		before := node.AppendState(nil)
		require.True(t, node.Step(spec.Input{Kind: spec.Timeout, Cut: 4}).Refused)
		require.Equal(t, before, node.AppendState(nil))
		out := node.Step(spec.Input{Kind: spec.Timeout, Cut: 3})
		require.Len(t, out.Effects, 2, "the write and the sync, and nothing that was sent after them")
		require.Equal(t, spec.Term(1), node.Observe().Term)
		require.Equal(t, spec.Crashed, node.Observe().Role)
	}
}
