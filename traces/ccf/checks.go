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
	if view != e.State.View {
		r.report("R5.1-07", s, "msg.view", "%s replicates a transaction of view %d in view %d", s.id, view, e.State.View)
	}
	s.next = &entry{view, e.Signature != nil && *e.Signature, e.Signature != nil}
}

// takesOffice looks whether a majority of every configuration voted for a new leader. The first node of a service leads without a vote.
func (r *Reader) takesOffice(s *server, e *event) {
	s.office = e.State.View
	clear(s.match)
	if s.stood != e.State.View || e.Configurations == nil {
		return
	}
	for k, c := range e.Configurations {
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
	for k, c := range e.Configurations {
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
	if e.Match != nil {
		s.match[from] = max(s.match[from], *e.Match)
	}
	if p.Success == "OK" && p.Term == e.State.View {
		s.match[from] = max(s.match[from], p.Last)
	}
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
	if e.Match != nil && e.Function == "send_append_entries" {
		s.match[to.id] = max(s.match[to.id], *e.Match)
	}
	switch kind {
	case spec.AppendEntries:
		r.names(s, &p)
	case spec.AppendEntriesReply:
		r.accepts(s, e, &p)
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
	if asked.Term < e.State.View {
		r.report("R5.1-04", s, "msg.packet.success", "%s accepts transactions of view %d in view %d", s.id, asked.Term, e.State.View)
	}
	previous, known := s.at(asked.Previous)
	if !known {
		return
	}
	r.checked[matches]++
	if previous.term != asked.PrevTerm {
		r.report(matches, s, "msg.packet.success", "%s accepts transactions after %d of view %d, which is of view %d in its log", s.id, asked.Previous, asked.PrevTerm, previous.term)
	}
}
