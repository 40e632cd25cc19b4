package scenario

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// peer is a server that the suite plays.
type peer struct {
	id  spec.ServerID
	log spec.Log // Base is what every server of the cluster starts with

	asked []spec.Message // what the server has sent it and it has not answered, the oldest first
	seen  []spec.Message // all that the server has sent it
	last  *spec.Message  // what it sent last
}

// holds takes in what a leader that it plays says its log is.
func (p *peer) holds(m *spec.Message) {
	prev := max(m.PrevLogIndex, p.log.Base)
	entries := m.Entries[min(int(prev-m.PrevLogIndex), len(m.Entries)):]
	if prev > p.log.LastIndex() {
		return
	}
	p.log.Entries = append(slices.Clip(p.log.Entries[:prev-p.log.Base]), entries...)
}

// answer is what the peer says to a request as a sound server would with its log: false where it says nothing.
func (p *peer) answer(m *spec.Message, how answering) (spec.Message, bool) {
	reply := spec.Message{From: p.id, To: m.From, Term: m.Term}
	switch {
	case m.Kind == spec.RequestVote && (how == votes || how == refuses):
		reply.Kind, reply.Granted = spec.RequestVoteReply, how == votes
	case m.Kind == spec.PreVote && (how == votes || how == refuses || how == agrees):
		reply.Kind, reply.Granted = spec.PreVoteReply, how != refuses
		if !reply.Granted {
			reply.Term-- // it is in the server's own term, not in the one to come
		}
	case m.Kind == spec.AppendEntries && (how == acknowledges || how == catchesUp):
		return p.append(m, reply), true
	case m.Kind == spec.InstallSnapshot && (how == acknowledges || how == catchesUp):
		reply.Kind, reply.Success, reply.MatchIndex = spec.InstallSnapshotReply, true, m.PrevLogIndex
		if !m.Partial && m.PrevLogIndex > p.log.Base {
			p.log = spec.Log{Base: m.PrevLogIndex, BaseTerm: m.PrevLogTerm}
		}
	default:
		return reply, false
	}
	return reply, true
}

// append is the receiver's part of AppendEntries in Figure 2.
func (p *peer) append(m *spec.Message, reply spec.Message) spec.Message {
	reply.Kind = spec.AppendEntriesReply
	of, held := p.log.TermAt(m.PrevLogIndex)
	if m.PrevLogIndex >= p.log.Base && (!held || m.Knows(spec.MessagePrevTerm) && of != m.PrevLogTerm) {
		reply.ConflictIndex = max(1, min(m.PrevLogIndex, p.log.LastIndex()+1))
		return reply
	}
	for k, e := range m.Entries {
		at := m.PrevLogIndex + 1 + spec.Index(k)
		if own, there := p.log.TermAt(at); at > p.log.Base && (!there || own != e.Term) {
			p.log.Entries = append(slices.Clip(p.log.Entries[:at-1-p.log.Base]), m.Entries[k:]...)
			break
		}
	}
	reply.Success, reply.MatchIndex = true, m.LastEntryIndex()
	return reply
}

// request returns the request of the server that a reply answers: the last of its kind that fits the reply's term and what it acknowledges, or the last of its
// kind; nil if there is none.
func (p *peer) request(reply *spec.Message) *spec.Message {
	kinds := map[spec.MessageKind]spec.MessageKind{spec.RequestVoteReply: spec.RequestVote, spec.PreVoteReply: spec.PreVote,
		spec.AppendEntriesReply: spec.AppendEntries, spec.InstallSnapshotReply: spec.InstallSnapshot}
	var best *spec.Message
	fitting := -1
	for k := range p.seen {
		m := &p.seen[k]
		if m.Kind != kinds[reply.Kind] {
			continue
		}
		fits := 0
		if m.Term == reply.Term || reply.Kind == spec.PreVoteReply && m.Term == reply.Term+1 {
			fits = 2
		}
		if reply.Success && m.LastEntryIndex() == reply.MatchIndex || !reply.Success && len(m.Entries) > 0 {
			fits++
		}
		if fits >= fitting {
			best, fitting = m, fits
		}
	}
	return best
}
