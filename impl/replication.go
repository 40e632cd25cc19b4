package impl

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// propose appends a client's command on a leader (5.3). It leaves with the next heartbeat.
func (s *server) propose(value string) { s.appendEntry(spec.Entry{Kind: spec.Command, Value: value}) }

// appendEntry adds an entry of the leader's term to its log. In a cluster of one that commits it.
func (s *server) appendEntry(e spec.Entry) { s.appendStamped(s.term, e) }

func (s *server) appendStamped(term spec.Term, e spec.Entry) {
	e.Term = term
	s.log.Entries = append(slices.Clip(s.log.Entries), e)
	if e.Kind == spec.ConfigurationChange {
		s.reconfigure(0)
		s.settle()
	}
	s.advanceCommit()
}

// accepted is a command that a leader has taken on, and the term in which it did.
type accepted struct {
	client, value string
	term          spec.Term
}

// mostAccepted is how many commands may wait to be appended.
const mostAccepted = 1

// accept takes a command on, with SplitProposals, for another thread to append.
func (s *server) accept(client, value string) spec.Output {
	if len(s.accepted) >= mostAccepted {
		return spec.Output{Refused: true}
	}
	s.accepted = append(slices.Clip(s.accepted), accepted{client, value, s.term})
	return spec.Output{}
}

// onAppend appends the oldest command that was taken on, unless the server has been deposed since.
func (s *server) onAppend() spec.Output {
	if len(s.accepted) == 0 {
		return spec.Output{Refused: true}
	}
	next := s.accepted[0]
	s.accepted = slices.Clone(s.accepted[1:])
	if term, creates := s.decide.Stamp(next.term, s.role, s.term); creates {
		s.appendStamped(term, spec.Entry{Kind: spec.Command, Value: next.value})
		s.promise(next.client, next.value)
	}
	return spec.Output{}
}

// sendAppendEntries sends every other server what follows its nextIndex, if anything; else it is a heartbeat (5.2, 5.3).
func (s *server) sendAppendEntries() {
	for k, p := range s.progress {
		if s.decide.NeedsSnapshot(s.log, p.NextIndex) {
			s.sendSnapshot(p.Server)
			if s.decide.SendsToAll() {
				continue
			}
			return
		}
		prev := p.NextIndex - 1
		entries := s.entriesFor(p)
		switch {
		case len(entries) == 0:
			prev = s.decide.HeartbeatAfter(p, s.commitIndex)
			if s.options.HeartbeatsAtCommit {
				prev = s.commitIndex
			}
		case s.options.Pipeline:
			s.progress = slices.Clone(s.progress)
			s.progress[k].NextIndex = max(p.NextIndex, prev+1+spec.Index(len(entries)))
		}
		s.send(p.Server, spec.Message{
			Kind:         spec.AppendEntries,
			PrevLogIndex: prev,
			PrevLogTerm:  s.decide.PrevTerm(s.log, prev),
			Entries:      entries,
			LeaderCommit: s.decide.TellsCommit(s.commitIndex, s.log.LastIndex()),
			Payload:      s.token(),
		})
	}
}

// sendInName sends every other voter a heartbeat, as a leader would whose log matches everywhere.
func (s *server) sendInName() {
	last := s.log.LastIndex()
	for peer := range s.voters {
		s.send(peer, spec.Message{Kind: spec.AppendEntries, PrevLogIndex: last, PrevLogTerm: s.decide.PrevTerm(s.log, last), LeaderCommit: s.commitIndex})
	}
}

// entriesFor returns the entries that a follower is sent.
func (s *server) entriesFor(p spec.Progress) []spec.Entry {
	if !s.decide.CarriesEntries(p, s.log.LastIndex()) {
		return nil
	}
	return s.entriesAfter(p.NextIndex - 1)
}

// entriesAfter returns the entries after prev, as many as one message carries.
func (s *server) entriesAfter(prev spec.Index) []spec.Entry {
	if prev >= s.log.LastIndex() || prev < s.log.Base {
		return nil
	}
	entries := slices.Clip(s.log.Entries[prev-s.log.Base:])
	if limit := s.options.MaxEntries; limit > 0 && limit < len(entries) {
		return entries[:limit:limit]
	}
	return entries
}

// onAppendEntries is the receiver's part of AppendEntries in Figure 2; the numbers are those of its steps.
func (s *server) onAppendEntries(m *spec.Message) {
	// 1
	if !s.decide.TakesEntriesOf(m, s.term) {
		s.send(m.From, spec.Message{Kind: spec.AppendEntriesReply, Success: s.decide.AcceptsStale(), Payload: m.Payload})
		return
	}
	s.follow(m.From)
	// 2
	if !s.decide.Matches(s.log, m.PrevLogIndex, m.PrevLogTerm) {
		refusal := s.refusal(m.PrevLogIndex)
		refusal.Payload = m.Payload
		s.send(m.From, refusal)
		return
	}
	// 3 and 4
	s.log = s.decide.Merge(s.log, m.PrevLogIndex, m.Entries)
	// 5
	s.commitIndex = s.decide.FollowerCommit(s.commitIndex, m.LeaderCommit, m.LastEntryIndex(), s.log.LastIndex())
	s.reconfigure(spec.AppendEntries)
	s.send(m.From, spec.Message{Kind: spec.AppendEntriesReply, Success: true, MatchIndex: s.decide.AckIndex(m, s.log), Payload: m.Payload})
}

// follow recognises the leader of the current term. A candidate gives up (5.2).
func (s *server) follow(leader spec.ServerID) {
	s.votedFor = s.decide.VoteAfterFollowing(s.role, s.votedFor)
	if s.options.DropsVote {
		s.votedFor, s.spent = spec.None, true
	}
	s.becomeFollower()
	s.leader = leader
	if s.options.PreVote || s.options.CheckQuorum || s.options.ElectionTicks > 0 {
		s.beLoyal()
	}
}

// refusal says that the log does not hold the entry at prev. As a hint it tells where to try next: at the first entry of the
// conflicting term, so that one refusal skips a whole term; or at the end of the log, if that comes before prev (end of 5.3).
func (s *server) refusal(prev spec.Index) spec.Message {
	m := spec.Message{Kind: spec.AppendEntriesReply}
	if s.options.ConflictHints {
		m.ConflictIndex = min(prev, s.log.LastIndex()+1)
		for m.ConflictIndex > 1 && s.sameTerm(m.ConflictIndex, m.ConflictIndex-1) {
			m.ConflictIndex--
		}
	}
	return m
}

func (s *server) sameTerm(i, j spec.Index) bool {
	a, heldA := s.log.TermAt(i)
	b, heldB := s.log.TermAt(j)
	return heldA && heldB && a == b
}

// onAppendEntriesReply notes on a leader how far a follower's log matches, or that it has to look further back (5.3).
func (s *server) onAppendEntriesReply(m *spec.Message) {
	k := s.follower(m.From)
	if s.role != spec.Leader || k < 0 {
		return
	}
	s.progress = slices.Clone(s.progress)
	p := &s.progress[k]
	if m.Success {
		*p = s.decide.Acknowledged(*p, m.MatchIndex)
		if s.options.HeartbeatsAtCommit && m.MatchIndex < s.log.LastIndex() && !s.options.Pipeline {
			p.NextIndex = p.MatchIndex + 1 // a heartbeat that follows the last committed entry finds nothing out about what comes after it
		}
		s.advanceCommit()
		if m.From == s.transferee {
			s.handOver()
		}
	} else {
		*p = s.decide.Rejected(*p, s.decide.RetryAt(*p, m, s.log.LastIndex()))
	}
}

// follower returns where the leader keeps what it knows of a follower, or -1.
func (s *server) follower(id spec.ServerID) int {
	return slices.IndexFunc(s.progress, func(p spec.Progress) bool { return p.Server == id })
}

// RetryAt: one entry back, or further if the follower gave a hint; never forward again.
func (Paper) RetryAt(p spec.Progress, refusal *spec.Message, _ spec.Index) spec.Index {
	if refusal.ConflictIndex == 0 {
		return p.NextIndex - 1
	}
	return min(p.NextIndex-1, refusal.ConflictIndex)
}

// LogOfLeader: all of it. A leader only appends.
func (Paper) LogOfLeader(log spec.Log, _ spec.Index) spec.Log { return log }

// Stamp: the term in which the command was taken on, if the server still leads it.
func (Paper) Stamp(accepted spec.Term, role spec.Role, current spec.Term) (spec.Term, bool) {
	return accepted, role == spec.Leader && accepted == current
}

// HeartbeatAfter: the one before the next to be sent, as with entries.
func (Paper) HeartbeatAfter(p spec.Progress, _ spec.Index) spec.Index { return p.NextIndex - 1 }

// SendsAsLeader: only the leader. A heartbeat says that the sender has won the election of its term.
func (Paper) SendsAsLeader(role spec.Role) bool { return role == spec.Leader }

// TellsCommit: as far as it has committed itself.
func (Paper) TellsCommit(commit, _ spec.Index) spec.Index { return commit }

// AcceptsStale: never. The sender was deposed.
func (Paper) AcceptsStale() bool { return false }

// TakesEntriesOf: a message of an earlier term comes from a leader that was deposed.
func (Paper) TakesEntriesOf(m *spec.Message, current spec.Term) bool { return m.Term >= current }

// SendsToAll: yes. What is the matter with one follower is no reason to leave out the next.
func (Paper) SendsToAll() bool { return true }

// CarriesEntries: always, as far as there are any. What was sent before may have been lost.
func (Paper) CarriesEntries(spec.Progress, spec.Index) bool { return true }

// PrevTerm: the term of the leader's own entry there; 0 before the first.
func (Paper) PrevTerm(log spec.Log, prev spec.Index) spec.Term {
	term, _ := log.TermAt(prev)
	return term
}

// Matches: an entry at that index with that term. Before the first entry all logs are alike, and so they are where this one is
// compacted: what a snapshot covers was committed.
func (Paper) Matches(log spec.Log, prev spec.Index, prevTerm spec.Term) bool {
	if prev < log.Base {
		return true
	}
	term, held := log.TermAt(prev)
	return held && term == prevTerm
}

// Merge: entries that are there already stay, and all that follow them. Only from the first that conflicts, the same index
// with another term, is the rest removed. The message may be an old one; what came after it must not be lost. Entries that a
// snapshot covers are there already, in it.
func (Paper) Merge(log spec.Log, prev spec.Index, entries []spec.Entry) spec.Log {
	for k, e := range entries {
		i := prev + 1 + spec.Index(k)
		if i <= log.Base {
			continue
		}
		if term, held := log.TermAt(i); !held || term != e.Term {
			log.Entries = append(slices.Clip(log.Entries[:i-log.Base-1]), entries[k:]...)
			return log
		}
	}
	return log
}

// AckIndex: the last entry that the message proved to match. Entries after it may be another leader's.
func (Paper) AckIndex(m *spec.Message, _ spec.Log) spec.Index { return m.LastEntryIndex() }

// Acknowledged: never less than was known, since acknowledgements may overtake each other.
func (Paper) Acknowledged(p spec.Progress, match spec.Index) spec.Progress {
	p.MatchIndex = max(p.MatchIndex, match)
	p.NextIndex = max(p.NextIndex, p.MatchIndex+1)
	return p
}

// Rejected: lower, but never into what is known to match. A refusal proves no entry to match.
func (Paper) Rejected(p spec.Progress, next spec.Index) spec.Progress {
	p.NextIndex = max(next, p.MatchIndex+1)
	return p
}
