package mutant

import (
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// countsOldTerms commits any entry that is on a majority.
type countsOldTerms struct{ impl.Paper }

func (countsOldTerms) CommitsByCounting(spec.Term, spec.Term) bool { return true }

// commitFollowsLeader sets a follower's commitIndex to what the latest message says, also downwards.
type commitFollowsLeader struct{ impl.Paper }

func (commitFollowsLeader) FollowerCommit(_, leaderCommit, verified, _ spec.Index) spec.Index {
	return min(leaderCommit, verified)
}

// commitsUnverified commits what the follower holds, whether or not the message showed that the leader holds it too.
type commitsUnverified struct{ impl.Paper }

func (commitsUnverified) FollowerCommit(commit, leaderCommit, _, last spec.Index) spec.Index {
	return max(commit, min(leaderCommit, last))
}
