package ccf

import (
	"fmt"
	"maps"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// The rules under which the reader reports what it finds.
const (
	consistent     = "X-TR-01"
	majority       = "R5.2-06"
	copies         = "R5.3-20"
	ownView        = "R5.4.2-01"
	matches        = "R5.3-03"
	verified       = "R5.3-06"
	mostRemembered = 1 << 16
)

// network is what was sent.
type network struct {
	sent  map[sending]int
	shows map[spec.ServerID]map[spec.MessageKind]bool
	full  bool // more was sent than is remembered
}

// sending is a message on its way.
type sending struct {
	from, to spec.ServerID
	packet
}

// report notes a broken promise at the current line.
func (r *Reader) report(id string, s *server, member, format string, args ...any) *spec.Breach {
	rule, known := spec.RuleByName(id)
	if !known {
		panic("the rulebook has " + id)
	}
	b := &spec.Breach{Rule: rule, Message: fmt.Sprintf(format, args...),
		Evidence: []spec.Evidence{{Role: "here", Server: s.id, Part: spec.PartFact, Origin: spec.Origin(r.event.line)}}}
	r.found = append(r.found, traces.Contradiction{Breach: b, Line: r.event.line, Member: member})
	return b
}

// follows looks whether a node can be as it is shown after what it showed last: it leads only where a line shows it take office.
func (r *Reader) follows(s *server, was *shown, e *event) {
	r.checked[consistent]++
	before, known := was.role()
	if now, shown := e.State.role(); shown && known && now == spec.Leader && before != spec.Leader && s.office != e.State.View &&
		e.Function != "become_leader" && e.Function != "bootstrap" {
		r.report(consistent, s, "msg.state.leadership_state", "%s is leader, and no line shows it take office", s.id)
	}
}

// keeps looks whether a node has what it shows as committed: its log ends there or later in every line.
func (r *Reader) keeps(s *server, e *event) {
	committed := s.now.Commit
	if s.commit != nil {
		committed = max(committed, *s.commit)
	}
	switch {
	case s.line > 0 && committed <= s.now.Last && e.State.Last < committed:
		r.report("R5.4.3-02", s, "msg.state.last_idx", "%s has committed transactions up to %d and has no more than %d", s.id, committed, e.State.Last)
	case e.State.Last < e.State.Commit && (s.line == 0 || s.now.Last >= s.now.Commit):
		r.report("R5.3-18", s, "msg.state.commit_idx", "%s shows transaction %d as committed and has no more than %d", s.id, e.State.Commit, e.State.Last)
	}
}

// keepsSigned looks whether a node gives up a signature that the leader of its view has: what that one created, or what the node accepted from it.
// In a later view another leader may lack it.
func (r *Reader) keepsSigned(s *server, e *event) {
	if s.line == 0 || e.State.View != s.now.View {
		return
	}
	for index := s.last(); index > e.State.Last; index-- {
		had, known := s.at(index)
		if !known {
			return
		}
		if !had.signed || had.term != e.State.View && index > s.same {
			continue
		}
		id := "R5.3-04"
		if role, shown := s.now.role(); shown && role == spec.Leader {
			id = "R5.3-01"
		}
		r.report(id, s, "msg.state.last_idx", "%s had signature %d of view %d, as the leader of view %d has it, and now ends with %d", s.id, index, had.term, e.State.View, e.State.Last)
		return
	}
}

// replicates looks at a leader's new transaction.
func (r *Reader) replicates(s *server, e *event) {
	view := e.State.View
	if e.View != nil {
		view = *e.View
	}
	r.checked[consistent]++
	if e.Seqno != nil && *e.Seqno != e.State.Last+1 {
		r.report(consistent, s, "msg.seqno", "%s replicates transaction %d after %d", s.id, *e.Seqno, e.State.Last)
	}
	if role, shown := e.State.role(); shown && role != spec.Leader {
		r.report("R5.1-07", s, "msg.state.leadership_state", "%s replicates a transaction and is %s", s.id, role)
	}
	if view != e.State.View {
		r.report("R5.1-07", s, "msg.view", "%s replicates a transaction of view %d in view %d", s.id, view, e.State.View)
	}
	s.next = &entry{view, e.Signature != nil && *e.Signature, e.Signature != nil}
}

// leadsOnce looks whether a node that stepped down leads its view again: to stand again raises it.
func (r *Reader) leadsOnce(s *server, e *event) {
	if before, known := s.now.role(); e.Function == "become_leader" && known && before != spec.Leader && s.office == e.State.View && s.office > 0 {
		r.report(majority, s, "msg.function", "%s becomes leader of view %d again, in which it had stepped down", s.id, e.State.View).Allowed =
			fmt.Sprintf("%s stands in view %d, and leads that with the votes of a majority", s.id, e.State.View+1)
	}
}

// takesOffice looks whether a majority of every configuration voted for a new leader. The first node of a service leads without a vote.
func (r *Reader) takesOffice(s *server, e *event) {
	s.office = e.State.View
	clear(s.match)
	clear(s.refused)
	if s.stood != e.State.View {
		return
	}
	for k, c := range s.configurations {
		if len(c.Nodes) == 0 {
			continue // it is not shown
		}
		r.checked[majority]++
		votes := 0
		for _, name := range slices.Sorted(maps.Keys(c.Nodes)) {
			if slices.Contains(s.votes, r.server(name).id) {
				votes++
			}
		}
		if 2*votes <= len(c.Nodes) {
			r.report(majority, s, "msg.configurations", "%s becomes leader of view %d with %d of %d votes of configuration %d", s.id, e.State.View, votes, len(c.Nodes), k+1).Allowed =
				fmt.Sprintf("%s stays candidate until more than half of every configuration voted for it", s.id)
			return
		}
	}
}

// commits looks at what a node commits.
func (r *Reader) commits(s *server, e *event) {
	index, shown := e.committed()
	if !shown {
		return
	}
	r.checked[consistent]++
	switch {
	case index > e.State.Last:
		r.report("R5.3-18", s, "msg.args.idx", "%s commits transaction %d and has no more than %d", s.id, index, e.State.Last)
		return
	case index < e.State.Commit:
		r.report("R5.3-16", s, "msg.args.idx", "%s commits transaction %d after %d", s.id, index, e.State.Commit)
		return
	}
	s.commit = &index
	if entry, known := s.at(index); known && entry.sure && e.State.Committable != nil && !entry.signed && !slices.Contains(*e.State.Committable, index) {
		r.report(consistent, s, "msg.args.idx", "%s commits transaction %d, which is no signature", s.id, index)
	}
	if role, _ := e.State.role(); role != spec.Leader || s.office != e.State.View || e.State.View == 0 {
		return
	}
	if entry, known := s.at(index); known {
		r.checked[ownView]++
		if entry.term != e.State.View {
			r.report(ownView, s, "msg.args.idx", "%s, leader of view %d, commits transaction %d of view %d", s.id, e.State.View, index, entry.term)
		}
	}
	for k, c := range s.configurations {
		if len(c.Nodes) == 0 {
			continue
		}
		r.checked[copies]++
		held := 0
		for _, name := range slices.Sorted(maps.Keys(c.Nodes)) {
			if id := r.server(name).id; id == s.id || s.match[id] >= index {
				held++
			}
		}
		if 2*held <= len(c.Nodes) {
			r.report(copies, s, "msg.args.idx", "%s commits transaction %d, which %d of %d of configuration %d acknowledged", s.id, index, held, len(c.Nodes), k+1)
			return
		}
	}
}

// acknowledged notes how far a follower's log matches.
func (r *Reader) acknowledged(s *server, e *event) {
	from, p := r.server(e.From).id, e.Packet
	r.counts(s, from, e)
	s.refused[from] = p.Success == "FAIL"
	if p.Success == "OK" && p.Term == e.State.View {
		s.match[from] = max(s.match[from], p.Last)
	}
}

// counts notes how far a line says that a follower's log matches. A leader that the trace shows take office knows that only from acknowledgements,
// and not from a refusal.
func (r *Reader) counts(s *server, follower spec.ServerID, e *event) {
	if e.Match == nil {
		return
	}
	if role, shown := e.State.role(); shown && role == spec.Leader && s.office == e.State.View && s.refused[follower] && *e.Match > s.match[follower] {
		r.report("R5.3-07", s, "msg.match_idx", "%s takes the log of %s to match up to %d, and was told of %d before a refusal", s.id, follower, *e.Match, s.match[follower])
	}
	s.match[follower], s.refused[follower] = max(s.match[follower], *e.Match), false
}

// arrives looks whether a message was sent, where its sender has shown that it shows what it sends. It may be late, doubled or lost.
func (r *Reader) arrives(s *server, e *event) {
	from, kind := r.server(e.From), kindOf(e.Packet.Message)
	if !r.network.shows[from.id][kind] || r.network.full || from.began > 0 && (e.Packet.Term <= from.began || e.Packet.Success == "FAIL") {
		return // it may have been sent before the recording began
	}
	r.checked[consistent]++
	if r.network.sent[sending{from.id, s.id, *e.Packet}] == 0 {
		r.report(consistent, s, "msg.packet", "%s receives a message (%s) that %s never sent", s.id, e.Packet.Message, from.id).Hint =
			"the message was made up or changed on its way, or the trace lacks the line that sent it"
	}
}

// sends notes a message that leaves, and adds it to the step.
func (r *Reader) sends(s *server, e *event) {
	to, p := r.server(e.To), *e.Packet
	kind := kindOf(p.Message)
	if r.network.shows[s.id] == nil {
		r.network.shows[s.id] = map[spec.MessageKind]bool{}
	}
	r.network.shows[s.id][kind] = true
	if len(r.network.sent) >= mostRemembered {
		clear(r.network.sent)
		r.network.full = true
	}
	r.network.sent[sending{s.id, to.id, p}]++
	s.open.effects, s.open.lines = append(s.open.effects, spec.Effect{Kind: spec.Send, Message: native(&p, s.id, to.id)}), append(s.open.lines, e.line)
	if e.Function == "send_append_entries" {
		r.counts(s, to.id, e)
	}
	switch kind {
	case spec.RequestVote, spec.PreVote:
		r.overstates(s, e)
	case spec.AppendEntries:
		r.has(s, e)
		r.names(s, &p)
	case spec.AppendEntriesReply:
		r.accepts(s, e, &p)
	}
}

// overstates looks whether a candidate tells voters of more than it has.
func (r *Reader) overstates(s *server, e *event) {
	signed := e.State.Last
	if e.State.Committable != nil {
		signed = max(e.State.Commit, slices.Max(append([]uint64{0}, *e.State.Committable...)))
	}
	if e.Packet.Committable > signed {
		r.report("R5.4.1-02", s, "msg.packet.last_committable_idx", "%s says that its last signature is %d, and it is %d", s.id, e.Packet.Committable, signed)
	}
}

// has looks whether a leader has the transactions that it sends, and has committed what it says.
func (r *Reader) has(s *server, e *event) {
	p := e.Packet
	if p.Index > e.State.Last {
		r.report("R5.3-11", s, "msg.packet.idx", "%s sends transactions up to %d and has no more than %d", s.id, p.Index, e.State.Last)
	} else if last, known := s.at(p.Index); known && p.Index > p.Previous && last.term != p.TermOfIndex {
		r.report("R5.3-11", s, "msg.packet.term_of_idx", "%s sends transaction %d as one of view %d, and it is of view %d", s.id, p.Index, p.TermOfIndex, last.term)
	}
	if p.Commit > e.State.Commit {
		r.report("R5.3-21", s, "msg.packet.leader_commit_idx", "%s says that transactions up to %d are committed and has committed up to %d", s.id, p.Commit, e.State.Commit)
	}
}

// names looks whether a leader names the previous transaction that it has.
func (r *Reader) names(s *server, p *packet) {
	e, known := s.at(p.Previous)
	if !known {
		return
	}
	r.checked["R5.3-10"]++
	if e.term != p.PrevTerm {
		r.report("R5.3-10", s, "msg.packet.prev_term", "%s says that its transaction %d is of view %d, and it is of view %d", s.id, p.Previous, p.PrevTerm, e.term)
	}
}

// accepts looks whether a follower has what it acknowledges, and had the previous transaction that its leader named.
func (r *Reader) accepts(s *server, e *event, p *packet) {
	if p.Success != "OK" || s.open.by != "recv_append_entries" || s.open.packet == nil {
		return
	}
	r.checked[verified]++
	if p.Last > e.State.Last {
		r.report(verified, s, "msg.packet.last_log_idx", "%s acknowledges transactions up to %d and has no more than %d", s.id, p.Last, e.State.Last)
	}
	asked := s.open.packet
	r.proves(s, e, asked, p.Last)
	if asked.Term < e.State.View {
		r.report("R5.1-04", s, "msg.packet.success", "%s accepts transactions of view %d in view %d", s.id, asked.Term, e.State.View)
	}
	previous, known := s.at(asked.Previous)
	if known || asked.Previous > e.State.Last {
		r.checked[matches]++
	}
	switch {
	case asked.Previous > e.State.Last:
		r.report(matches, s, "msg.packet.success", "%s accepts transactions after %d and has no more than %d", s.id, asked.Previous, e.State.Last)
	case known && previous.term != asked.PrevTerm:
		r.report(matches, s, "msg.packet.success", "%s accepts transactions after %d of view %d, which is of view %d in its log", s.id, asked.Previous, asked.PrevTerm, previous.term)
	}
}

// proves looks whether a follower acknowledges a signature that nothing shows to be its leader's: it is of an earlier view, and beyond what the node
// accepted from that leader. What stands behind the last signature counts for nothing, whatever is said of it.
func (r *Reader) proves(s *server, e *event, asked *packet, told uint64) {
	if asked.Term != e.State.View {
		return
	}
	s.same = max(s.same, asked.Index)
	last, known := s.at(told)
	if !known || last.term >= e.State.View || e.State.View <= s.began {
		return // it may have accepted more before the recording began
	}
	for index := told; index > max(s.same, e.State.Commit); index-- {
		if has, known := s.at(index); known && has.signed {
			r.report(verified, s, "msg.packet.last_log_idx", "%s acknowledges transactions up to %d, with signature %d of view %d, and accepted them up to %d in view %d",
				s.id, told, index, has.term, s.same, e.State.View)
			return
		}
	}
}
