package ccf

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// step is a step of a node: from the line that begins it to what the node shows before the next.
type step struct {
	of      *server
	by      string // the event that began it
	last    string // the event that was added last
	became  shown  // the state of the last line that shows what it became,
	at      int    // and that line; 0 is none
	line    int
	input   spec.Input
	packet  *packet // that arrives; nil is none
	before  spec.Observation
	after   spec.Observation
	effects []spec.Effect
	lines   []int
	found   []traces.Contradiction

	afterLine int
	closed    bool
	cut       bool // the lines end before it does: there may have been more effects
}

// close ends the step that a node is in, with what the node shows now, and reports whether that is another role than leader, which a line of
// the step showed it to become in that view. Both lines count: it led.
func (s *server) close() (otherwise bool) {
	if s.open == nil {
		return false
	}
	s.open.after, s.open.afterLine, s.open.closed = s.observation(), s.line, true
	if role, took := s.open.became.role(); took && role == spec.Leader && s.open.became.View == s.now.View && s.open.after.Knows(spec.FieldRole) && s.open.after.Role != role {
		s.open.after.Role, s.open.afterLine, otherwise = role, s.open.at, true
	}
	s.open = nil
	return otherwise
}

// cut ends the step that a node is in where its lines end. A step that a message began shows the node as it is before the next thing
// that comes of it: until one shows what came of all, that is not known.
func (s *server) cut() {
	step := s.open
	s.settle()
	s.close()
	if step == nil || step.packet == nil || endsStep[step.last] {
		return
	}
	step.cut, step.afterLine = true, 0
	known := spec.FieldUp
	if step.last != step.by {
		known |= spec.FieldTerm | spec.FieldRole // which it took over before anything else
	}
	step.after.Unknown |= ^known
}

// endsStep are the events behind which nothing more comes of a message, beside other messages.
var endsStep = map[string]bool{"send_append_entries_response": true, "send_request_vote_response": true, "send_append_entries": true, "send_request_vote": true, "commit": true,
	"become_candidate": true, "become_leader": true, "step_down_and_nominate_successor": true}

// take brings an event in line with what is known, and into a step.
func (r *Reader) take(e *event) error {
	if e.Function == "drop_pending_to" {
		return nil // what was sent and does not arrive is lost, whatever is said of it
	}
	s := r.server(e.State.Node)
	r.found = r.found[:0]
	s.configures(e, s.line > 0 && (e.State.Last < s.now.Last || e.State.View != s.now.View && e.Function != "become_candidate"))
	if s.commit != nil && e.State.Commit < *s.commit {
		r.report("R5.3-16", s, "msg.state.commit_idx", "%s has committed transaction %d and shows %d as the last that is", s.id, *s.commit, e.State.Commit)
	}
	r.keeps(s, e)
	r.keepsSigned(s, e)
	r.leadsOnce(s, e)
	if s.open != nil && s.open.joinedBy(e) {
		r.grows(s, e)
		s.observe(e.State, e.line)
	} else {
		r.begin(s, e)
	}
	r.tell(s, e)
	if s.open.last = e.Function; shownAfter[e.Function] {
		s.open.became, s.open.at = *e.State, e.line
	}
	s.open.found = append(s.open.found, r.found...)
	return nil
}

// shownAfter are the events that show what has come of them. The others show a node as it is when they begin.
var shownAfter = map[string]bool{"become_pre_vote_candidate": true, "become_candidate": true, "become_leader": true, "become_follower": true}

// begin ends the step that a node is in, and makes the one that a line begins.
func (r *Reader) begin(s *server, e *event) {
	s.settleVote()
	new := &step{by: e.Function, line: e.line, of: s}
	seen, was, otherwise := s.line > 0, s.now, false
	if shownAfter[e.Function] {
		s.settle()
		new.before = s.observation()
		otherwise = s.close()
		s.observe(e.State, e.line)
		if !seen && s.began > 0 {
			s.began-- // what it sends in its view, it sends from here on
		}
	} else {
		r.grows(s, e)
		s.observe(e.State, e.line)
		s.next = nil
		new.before = s.observation()
		otherwise = s.close()
	}
	if otherwise {
		new.before.Unknown |= spec.FieldRole
	}
	if !seen {
		new.before.Unknown = ^spec.Field(0)
		if !shownAfter[e.Function] {
			new.before = s.observation()
		}
	} else {
		r.follows(s, &was, e)
	}
	r.input(new, s, e)
	s.open = new
	r.queue = append(r.queue, new)
}

// input says what a line gives its node.
func (r *Reader) input(new *step, s *server, e *event) {
	new.input.Kind = spec.Tick
	switch e.Function {
	case "recv_append_entries", "recv_append_entries_response", "recv_request_vote", "recv_request_vote_response", "recv_propose_request_vote":
		p := *e.Packet
		new.input.Kind, new.packet = spec.Deliver, &p
		new.input.Message = native(&p, r.server(e.From).id, s.id)
	case "replicate":
		new.input.Kind = spec.Propose
	case "become_pre_vote_candidate", "become_candidate":
		new.input.Kind = spec.Timeout
	case "send_append_entries":
		new.input.Kind, new.input.Peer = spec.SendAppendEntries, r.server(e.To).id
	case "send_request_vote":
		new.input.Kind, new.input.Peer = spec.SendRequestVote, r.server(e.To).id
	}
}

// grows adds to the log of a node that takes over transactions of its leader what a line shows it to have taken over by now.
func (r *Reader) grows(s *server, e *event) {
	if s.open == nil || s.open.by != "recv_append_entries" {
		return
	}
	p := s.open.packet
	for s.line > 0 && s.last() < e.State.Last && s.last() < p.Index && e.State.Last-s.last() <= p.Index-p.Previous {
		s.append(r.learnt(s, s.last()+1, p.TermOfIndex))
	}
}

// learnt is a transaction that a follower takes over: a signature, if another node's lines have said so.
func (r *Reader) learnt(s *server, index, term uint64) entry {
	for _, other := range r.order {
		if e, held := other.at(index); held && other != s && e.term == term && e.sure {
			return e
		}
	}
	return entry{term: term}
}

// joinedBy reports whether a line goes on with the step.
func (s *step) joinedBy(e *event) bool {
	switch e.Function {
	case "execute_append_entries_sync", "send_append_entries_response":
		return s.by == "recv_append_entries"
	case "send_request_vote_response":
		return s.by == "recv_request_vote"
	case "send_request_vote":
		return campaign[s.by]
	case "add_configuration", "commit", "step_down_and_nominate_successor":
		return s.by != "send_append_entries" && s.by != "send_request_vote"
	case "become_follower":
		return s.packet != nil && (s.by == "recv_append_entries" || uint64(s.before.Term) < e.State.View)
	case "become_candidate":
		return campaign[s.by] && s.by != "become_candidate" && !s.stale() && (s.packet == nil || kindOf(s.packet.Message) != spec.RequestVoteReply)
	case "become_leader":
		return campaign[s.by] && s.by != "recv_propose_request_vote"
	case "send_append_entries":
		return s.by == "replicate" || s.by == "recv_request_vote_response" || s.by == "become_leader" || s.by == "become_candidate"
	}
	return false
}

// stale reports whether what began the step is a proposal to campaign in an earlier view: nothing comes of it.
func (s *step) stale() bool {
	return s.by == "recv_propose_request_vote" && spec.Term(s.packet.Term) < s.before.Term
}

// reachesBehind reports whether messages of the step reach behind the last signature of its node's log.
func (s *step) reachesBehind() bool {
	return s.by == "recv_append_entries" || slices.ContainsFunc(s.effects, func(e spec.Effect) bool {
		return e.Message.Kind == spec.AppendEntries && (e.Message.LastEntryIndex() > s.after.Log.LastIndex() || !e.Message.Complete())
	})
}

// campaign are the events that begin steps in which a node may ask for votes.
var campaign = map[string]bool{"become_candidate": true, "become_pre_vote_candidate": true, "recv_propose_request_vote": true, "recv_request_vote_response": true}

// configures takes in which configurations a candidate or a leader goes by. They change with a line that adds one, where the node commits, and where its log gets shorter;
// of one that follows others it is not told.
func (s *server) configures(e *event, shorter bool) {
	role, shown := e.State.role()
	switch {
	case !shown || role != spec.Candidate && role != spec.Leader:
		s.configurations = nil
	case e.Configurations != nil:
		s.configurations = e.Configurations
	case shorter || e.Function == "add_configuration":
		s.configurations = nil
	}
}

// tell adds to a step what a line tells, and to the log.
func (r *Reader) tell(s *server, e *event) {
	switch e.Function {
	case "replicate":
		r.replicates(s, e)
	case "become_candidate":
		s.stood, s.votes = e.State.View, append(s.votes[:0], s.id)
		s.voted, s.sure = s.id, true
	case "become_leader":
		r.takesOffice(s, e)
	case "commit":
		r.commits(s, e)
		s.configurations = nil
	case "recv_append_entries", "recv_request_vote", "recv_propose_request_vote":
		r.arrives(s, e)
		s.asked = kindOf(e.Packet.Message) == spec.RequestVote
	case "recv_append_entries_response":
		r.arrives(s, e)
		r.acknowledged(s, e)
	case "recv_request_vote_response":
		r.arrives(s, e)
		if p := e.Packet; kindOf(p.Message) == spec.RequestVoteReply && p.Granted && p.Term == s.stood {
			s.votes = append(s.votes, r.server(e.From).id)
		}
	case "send_request_vote_response":
		if s.asked = false; e.Packet.Granted && kindOf(e.Packet.Message) == spec.RequestVoteReply {
			s.voted, s.sure = r.server(e.To).id, true
		}
		r.sends(s, e)
	case "send_append_entries", "send_append_entries_response", "send_request_vote":
		r.sends(s, e)
	}
}

// mostEntries is how many transactions of a message are put into the vocabulary of the rules.
const mostEntries = 1 << 12

// native is a message in the vocabulary of the rules.
func native(p *packet, from, to spec.ServerID) spec.Message {
	m := spec.Message{Kind: kindOf(p.Message), From: from, To: to, Term: spec.Term(p.Term)}
	switch m.Kind {
	case spec.AppendEntries:
		m.PrevLogIndex, m.PrevLogTerm, m.LeaderCommit = spec.Index(p.Previous), spec.Term(p.PrevTerm), spec.Index(p.Commit)
		for k := p.Previous; k < min(p.Index, p.Previous+mostEntries); k++ {
			m.Entries = append(m.Entries, spec.Entry{Term: spec.Term(p.TermOfIndex)})
		}
		if p.Index > p.Previous+mostEntries {
			m.Entries, m.Unknown = nil, spec.MessageEntries
		}
	case spec.AppendEntriesReply:
		m.Success = p.Success == "OK"
		m.Unknown = spec.MessageMatch // it may lie behind what the message proved: what is there counts for nothing before a signature
	case spec.RequestVote, spec.PreVote:
		m.LastLogIndex, m.LastLogTerm = spec.Index(p.Committable), spec.Term(p.CommitTerm)
	case spec.RequestVoteReply, spec.PreVoteReply:
		m.Granted = p.Granted
	}
	return m
}
