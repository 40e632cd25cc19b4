package checker

import (
	"encoding/binary"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// history is what happened earlier and still matters: who led which term, what was committed, votes that were promised but
// that the voter no longer shows, and what clients were told while they read. It is a part of the global state, because servers forget: a leader that crashes no longer
// shows what it committed, and without a memory of it the loss would be invisible.
type history struct {
	facts     []spec.Fact // leaders, votes, commitments, and what clients know, ascending by key
	committed []spec.Fact // the commitments among them
	told      []spec.Fact // the acknowledgements among them
	votes     bool        // there are votes among them
}

// touchesHistory reports whether a step adds to any history, even to one that holds no votes.
func (m *memo) touchesHistory(s *spec.Step) bool {
	_, unsaid := unsaidVote(s)
	_, lost := lostVote(s)
	touches := unsaid || lost || spec.TookOffice(s) || spec.ClaimsCommit(s) || m.hearsClients && concernsClients(s)
	m.facts(s, func(f *spec.Fact) {
		touches = touches || f.Kind != spec.FactVote || !onDisk(&s.After, f.Term, f.Holder)
	})
	return touches
}

// onlyHears reports whether all that a step adds to a history are votes that the message delivered tells of.
func (m *memo) onlyHears(s *spec.Step) bool {
	if spec.TookOffice(s) || spec.ClaimsCommit(s) || m.hearsClients && concernsClients(s) {
		return false
	}
	hears := true
	m.facts(s, func(f *spec.Fact) { hears = hears && f.Kind == spec.FactVote && f.Part == spec.PartInput })
	return hears
}

// facts calls yield for the facts of a step that a history may keep: new leaders, commitments and votes. Who leads by a message that arrives, or
// that answers one, was told when that was sent.
func (m *memo) facts(s *spec.Step, yield func(*spec.Fact)) {
	spec.Facts(s, m.config.Variants, func(f *spec.Fact) {
		if f.Kind != spec.FactEntry && !(f.Kind == spec.FactLeader && (f.Part == spec.PartInput || f.Part == spec.PartEffect && f.Holder != f.By)) {
			yield(f)
		}
	})
}

// A vote on disk is its own witness that it was promised, and is not kept. Two cases need care: a vote that is on disk although
// no message told it yet, because of a crash in between, is kept as unsaid; and a vote that was on disk, and not unsaid, and is
// not there any more is kept from then on.

func onDisk(o *spec.Observation, term spec.Term, candidate spec.ServerID) bool {
	return o.Knows(spec.FieldDurable) && o.Durable.Term == term && o.Durable.VotedFor == candidate
}

// lostVote returns the vote that the server showed on its disk before the step and that its term, not over yet, has not now.
func lostVote(s *spec.Step) (spec.Fact, bool) {
	was, is := s.Before.Durable, s.After.Durable
	lost := s.Before.Knows(spec.FieldDurable) && was.VotedFor != spec.None && !onDisk(&s.After, was.Term, was.VotedFor) && is.Term <= was.Term
	return voteOf(s.Server, was), lost
}

// unsaidVote returns the vote that is on the server's disk since this step, if the step ends in a crash before a message tells it.
func unsaidVote(s *spec.Step) (spec.Fact, bool) {
	is := s.After.Durable
	if s.After.Role != spec.Crashed || !s.After.Knows(spec.FieldDurable) || is.VotedFor == spec.None || onDisk(&s.Before, is.Term, is.VotedFor) {
		return spec.Fact{}, false
	}
	vote := voteOf(s.Server, is)
	told := saysVote(s, &vote)
	vote.Index = unsaid
	return vote, !told
}

// unsaid, as the index of a vote, marks one that is on disk and was told to nobody.
const unsaid = 1

func voteOf(id spec.ServerID, d spec.Durable) spec.Fact {
	return spec.Fact{Key: spec.Key{Kind: spec.FactVote, Server: id, Term: d.Term}, Holder: d.VotedFor}
}

// find returns where a key stands, or would stand, among the facts, and whether it is there.
func (h *history) find(k spec.Key) (int, bool) {
	return slices.BinarySearchFunc(h.facts, k, compareKeys)
}

// agree adds a fact and returns the earlier one that it contradicts, or nil.
func (h *history) agree(f spec.Fact) *spec.Fact {
	at, known := h.find(f.Key)
	if !known {
		f.Origin, f.Part, f.Effect, f.By = 0, 0, 0, spec.None
		h.facts = slices.Insert(h.facts, at, f)
		return h.fated(&f)
	}
	if h.facts[at].Same(&f) || f.Kind == spec.FactAcknowledged { // two answers for one index tell of two commitments, which are seen themselves
		return nil
	}
	return &h.facts[at]
}

// fated returns the fact of the other kind that contradicts a commitment, or that a command has failed.
func (h *history) fated(f *spec.Fact) *spec.Fact {
	other := spec.Key{Kind: spec.FactFailed, Index: f.Index, Term: f.Entry.Term}
	switch f.Kind {
	case spec.FactCommitted:
	case spec.FactFailed:
		other = spec.Key{Kind: spec.FactCommitted, Index: f.Index}
	default:
		return nil
	}
	at, known := h.find(other)
	if !known || h.facts[at].Entry.Term != f.Entry.Term {
		return nil
	}
	return &h.facts[at]
}

// resolveHistory makes known where a step leads from a history, and whether it breaks a promise there.
func (m *memo) resolveHistory(from uint32, step uint32) error {
	s, err := m.stepOf(step)
	if err != nil {
		of := m.stepFrom[step].state
		return &Fault{Server: m.servers[of].sight.Server, Step: m.inputOf(int(step)).String(), Err: err}
	}
	h := history{facts: slices.Clone(m.histories[from].facts)}
	broken := false
	agree := func(f spec.Fact) {
		if earlier := h.agree(f); earlier != nil {
			for _, r := range m.rules {
				broken = broken || r.JudgeFacts(s, earlier, &f) != nil
			}
		}
	}
	if vote, lost := lostVote(s); lost && !h.holdsUnsaid(vote) {
		agree(vote)
	}
	m.facts(s, func(f *spec.Fact) { agree(*f) })
	for _, r := range m.rules {
		elected := func(s *spec.Step) *spec.Breach { return r.JudgeElected(s, m.histories[from].committed) }
		kept := func(s *spec.Step) *spec.Breach { return r.JudgeKept(s, m.histories[from].told) }
		broken = broken || s.Certain(elected) != nil || s.Certain(kept) != nil
	}
	if m.hearsClients && m.tellClients(&h, s) {
		broken = true
	}
	h.tidy(s, m.termsStay)
	if vote, unsaid := unsaidVote(s); unsaid {
		agree(vote)
	}
	to := uint64(m.internHistory(h))
	if broken {
		to |= brokenBit
	}
	m.afterHistory.put(pair(from+1, step), to)
	return nil
}

// holdsUnsaid reports whether a vote was on disk without having been told to anybody.
func (h *history) holdsUnsaid(vote spec.Fact) bool {
	vote.Index = unsaid
	at, known := h.find(vote.Key)
	return known && h.facts[at].Same(&vote)
}

// judgesTerms reports whether that terms do not fall is among rules.
func judgesTerms(rules []*spec.Rule) bool {
	return slices.ContainsFunc(rules, func(r *spec.Rule) bool { return r.Name == "term-monotonic" })
}

// tidy drops the votes of a server that are needed no longer: those on its disk, those that were unsaid and are told or gone
// now, and those of terms it has left, in which it never votes again if terms stay: if that they do not fall is judged by itself.
func (h *history) tidy(s *spec.Step, termsStay bool) {
	h.facts = slices.DeleteFunc(h.facts, func(f spec.Fact) bool {
		switch {
		case f.Kind != spec.FactVote || f.Server != s.Server:
			return false
		case f.Term < s.After.Term:
			return termsStay
		case f.Index == unsaid:
			return !onDisk(&s.After, f.Term, f.Holder) || saysVote(s, &f)
		}
		return onDisk(&s.After, f.Term, f.Holder)
	})
}

// saysVote reports whether a message of the step tells somebody of a vote.
func saysVote(s *spec.Step, vote *spec.Fact) bool {
	for _, m := range s.Output.Sent {
		if m.Term == vote.Term && (m.Kind == spec.RequestVoteReply && m.Granted && m.To == vote.Holder || m.Kind == spec.RequestVote && s.Server == vote.Holder) {
			return true
		}
	}
	return false
}

// brokenBit marks a transition of the history that breaks a promise.
const brokenBit = 1 << 32

func compareKeys(f spec.Fact, k spec.Key) int {
	for _, d := range [...]int{int(f.Kind) - int(k.Kind), int(f.Server) - int(k.Server), int(f.Index) - int(k.Index), int(f.Term) - int(k.Term)} {
		if d != 0 {
			return d
		}
	}
	return 0
}

// internHistory interns a history.
func (m *memo) internHistory(h history) uint32 {
	key := m.key[:0]
	for k := range h.facts {
		key = binary.LittleEndian.AppendUint64(key, hashFact(&h.facts[k], nil))
	}
	m.key = key
	if id, known := m.historyOf[string(key)]; known {
		return id
	}
	for _, f := range h.facts {
		h.votes = h.votes || f.Kind == spec.FactVote
		if f.Kind == spec.FactCommitted {
			h.committed = append(h.committed, f)
		}
		if f.Kind == spec.FactAcknowledged {
			h.told = append(h.told, f)
		}
	}
	id := uint32(len(m.histories))
	m.historyOf[string(key)] = id
	m.histories = append(m.histories, h)
	for _, p := range m.names {
		sum := uint64(0)
		for k := range h.facts {
			sum += hashFact(&h.facts[k], p)
		}
		m.historyHash = append(m.historyHash, sum)
	}
	return id
}
