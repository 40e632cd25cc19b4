package traces

import (
	"encoding/binary"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// voter is a server that only holds elections, with one flaw: it counts a vote whatever term the vote was given in.
type voter struct {
	id      spec.ServerID
	servers []spec.ServerID
	now     spec.Observation
}

func newVoter(id spec.ServerID, servers []spec.ServerID) spec.Node {
	return &voter{id: id, servers: servers, now: spec.Observation{Config: spec.Configuration{Voters: servers}}}
}

func (v *voter) Observe() spec.Observation { return v.now }

func (v *voter) AppendState(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(v.now.Term))
	return binary.AppendUvarint(append(dst, byte(v.now.Role), byte(len(v.now.Granted))), uint64(v.now.VotedFor))
}

func (v *voter) Step(in spec.Input) (out spec.Output) {
	m := in.Message
	switch {
	case in.Kind == spec.Timeout && v.now.Role != spec.Leader:
		v.now.Role, v.now.VotedFor, v.now.Granted = spec.Candidate, v.id, []spec.ServerID{v.id}
		v.now.Term++
		v.save(&out)
		for _, id := range v.servers {
			if id != v.id {
				v.send(&out, spec.Message{Kind: spec.RequestVote, To: id})
			}
		}
	case in.Kind == spec.Deliver && m.Kind == spec.RequestVote:
		if m.Term > v.now.Term {
			v.now.Term, v.now.Role, v.now.VotedFor, v.now.Granted = m.Term, spec.Follower, spec.None, nil
		}
		granted := m.Term == v.now.Term && (v.now.VotedFor == spec.None || v.now.VotedFor == m.From)
		if granted {
			v.now.VotedFor = m.From
		}
		v.save(&out)
		v.send(&out, spec.Message{Kind: spec.RequestVoteReply, To: m.From, Granted: granted})
	case in.Kind == spec.Deliver && v.now.Role == spec.Candidate && m.Granted && !slices.Contains(v.now.Granted, m.From):
		v.now.Granted = addTo(v.now.Granted, m.From)
		if 2*len(v.now.Granted) > len(v.servers) {
			v.now.Role, v.now.Granted = spec.Leader, nil
		}
	case in.Kind == spec.Deliver:
	default:
		out.Refused = true
	}
	return out
}

func (v *voter) save(out *spec.Output) {
	v.now.Durable = spec.Durable{Term: v.now.Term, VotedFor: v.now.VotedFor}
	out.Effects = append(out.Effects, spec.Effect{Kind: spec.Write, Durable: v.now.Durable}, spec.Effect{Kind: spec.Sync, Durable: v.now.Durable})
}

func (v *voter) send(out *spec.Output, m spec.Message) {
	m.From, m.Term = v.id, v.now.Term
	out.Effects = append(out.Effects, spec.Effect{Kind: spec.Send, Message: m})
}

// acted is a trace of voters, in the order in which the actions are listed.
func acted(actions ...action) *Trace {
	servers := []spec.ServerID{1, 2, 3}
	w := newReplayWorld(servers, "", newVoter)
	t := &Trace{Header: Header{Servers: servers, Origin: "test", Implementation: "voter"}}
	for _, a := range actions {
		r := Record{Event: a.in.Kind.String(), Step: &spec.Step{Server: a.server, Input: a.in}}
		if a.network != "" {
			r = Record{Event: a.network, Message: a.in.Message}
		}
		happened, ok := w.apply(&r)
		if !ok {
			panic("the action is not possible: " + a.in.String())
		}
		happened.Number = len(t.Records) + 1
		t.Records = append(t.Records, happened)
	}
	return t
}

type action struct {
	server  spec.ServerID
	in      spec.Input
	network string
}

func timesOut(id spec.ServerID) action { return action{server: id, in: spec.Input{Kind: spec.Timeout}} }

func asked(from, to spec.ServerID, term spec.Term) action {
	return action{server: to, in: spec.Input{Kind: spec.Deliver, Message: spec.Message{Kind: spec.RequestVote, From: from, To: to, Term: term}}}
}

func answered(from, to spec.ServerID, term spec.Term, granted bool) action {
	return action{server: to, in: spec.Input{Kind: spec.Deliver, Message: spec.Message{Kind: spec.RequestVoteReply, From: from, To: to, Term: term, Granted: granted}}}
}

func lost(m action) action { return action{network: EventDrop, in: m.in} }

// twoLeaders is the story of a vote of term 1 that is counted in term 2, told out of order and with much that does not matter.
func twoLeaders() *Trace {
	return acted(
		timesOut(1),
		timesOut(3),
		lost(asked(3, 1, 1)),
		asked(1, 2, 1),
		timesOut(1),
		asked(3, 2, 1),
		answered(2, 3, 1, false),
		timesOut(2),
		asked(2, 3, 2),
		lost(asked(1, 3, 2)),
		answered(3, 2, 2, true),
		answered(2, 1, 1, true),
	)
}
