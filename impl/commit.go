package impl

import "github.com/raftcheck/raftcheck/spec"

// advanceCommit sets a leader's commitIndex to the last entry that may be committed by counting: on a majority of servers, and
// of the leader's own term (5.3, 5.4.2). All before it are committed with it.
func (s *server) advanceCommit() {
	commit := s.commitIndex
	for i := commit + 1; i <= s.log.LastIndex() && s.commits(s.copies(i)); i++ {
		e, _ := s.log.At(i)
		if s.decide.CommitsByCounting(e.Term, s.term) {
			commit = i
		} else if !s.decide.PassesOver(e.Term, s.term) {
			break
		}
	}
	if commit > s.commitIndex {
		s.commitIndex = commit
		s.reconfigure(0)
		s.settle()
	}
}

// copies returns the servers that are known to store the leader's entry at i, the leader among them if it does.
func (s *server) copies(i spec.Index) []spec.ServerID {
	ids := make([]spec.ServerID, 0, len(s.progress)+1)
	if s.hasStored(i) {
		ids = append(ids, s.id)
	}
	for _, p := range s.progress {
		if p.MatchIndex >= i {
			ids = append(ids, p.Server)
		}
	}
	return ids
}

// CommitsByCounting: only an entry of the current term. An older one, though on a majority, may still be
// overwritten by a leader that does not have it (Figure 8); it is committed with the first newer entry.
func (Paper) CommitsByCounting(entry, current spec.Term) bool { return entry == current }

// PassesOver: always. An older entry does not keep a newer one from being committed, and is committed with it.
func (Paper) PassesOver(_, _ spec.Term) bool { return true }

// FollowerCommit: as far as the leader has committed, but not past what this message proved to match, and never back.
func (Paper) FollowerCommit(commit, leaderCommit, verified, _ spec.Index) spec.Index {
	return max(commit, min(leaderCommit, verified))
}
