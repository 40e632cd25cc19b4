package mutant

import (
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// leaderVotes does not notice that it is the leader when it is asked for a vote.
type leaderVotes struct{ impl.Paper }

func (p leaderVotes) FreeToVote(role spec.Role, votedFor, candidate spec.ServerID) bool {
	return role == spec.Leader || p.Paper.FreeToVote(role, votedFor, candidate)
}

// followingClearsVote forgets its vote whenever it hears from the leader of its term.
type followingClearsVote struct{ impl.Paper }

func (followingClearsVote) VoteAfterFollowing(spec.Role, spec.ServerID) spec.ServerID {
	return spec.None
}

// yieldingClearsVote forgets its vote for itself when it yields to the leader of its term.
type yieldingClearsVote struct{ impl.Paper }

func (yieldingClearsVote) VoteAfterFollowing(role spec.Role, votedFor spec.ServerID) spec.ServerID {
	if role == spec.Candidate {
		return spec.None
	}
	return votedFor
}

// indexBeforeTerm takes the longer log for the more up to date one.
type indexBeforeTerm struct{ impl.Paper }

func (indexBeforeTerm) UpToDate(voter spec.Log, lastTerm spec.Term, lastIndex spec.Index) bool {
	return lastIndex > voter.LastIndex() || lastIndex == voter.LastIndex() && lastTerm >= voter.LastTerm()
}

// commitForLastLog tells voters where the committed part of its log ends.
type commitForLastLog struct{ impl.Paper }

func (commitForLastLog) LastLog(log spec.Log, commit spec.Index) (spec.Index, spec.Term) {
	term, _ := log.TermAt(commit)
	return commit, term
}

// halfIsEnough takes half the servers, rounded down, for a majority.
type halfIsEnough struct{ impl.Paper }

func (halfIsEnough) Majority(count, servers int) bool { return count >= servers/2 }
