package mutant

import (
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// staleVoteCounted takes replies to requests for votes of earlier terms for replies of this one.
type staleVoteCounted struct{ impl.Paper }

func (p staleVoteCounted) Outdated(current spec.Term, reply *spec.Message) bool {
	return reply.Kind != spec.RequestVoteReply && p.Paper.Outdated(current, reply)
}

// replyTermUnchecked does not look at the term of replies to AppendEntries.
type replyTermUnchecked struct{ impl.Paper }

func (p replyTermUnchecked) Adopts(current spec.Term, m *spec.Message) bool {
	return m.Kind != spec.AppendEntriesReply && p.Paper.Adopts(current, m)
}

// newTermIsAVote takes over the sender as its vote together with the term of a RequestVote.
type newTermIsAVote struct{ impl.Paper }

func (newTermIsAVote) VoteInNewTerm(m *spec.Message) spec.ServerID {
	if m.Kind == spec.RequestVote {
		return m.From
	}
	return spec.None
}

// newTermRollsBack removes what is not known to be committed when a new term begins.
type newTermRollsBack struct{ impl.Paper }

func (newTermRollsBack) LogInNewTerm(log spec.Log, commit spec.Index) spec.Log {
	log.Entries = log.Entries[:min(int(commit), len(log.Entries))]
	return log
}
