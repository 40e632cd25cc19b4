package mutant

import (
	"slices"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// erasesAfterPrev removes everything after the previous entry of an AppendEntries, and appends what it carries.
type erasesAfterPrev struct{ impl.Paper }

func (erasesAfterPrev) Merge(log spec.Log, prev spec.Index, entries []spec.Entry) spec.Log {
	log.Entries = append(slices.Clip(log.Entries[:prev]), entries...)
	return log
}

// rollsBackEarly removes what an AppendEntries overlaps, and all after it, before it compares terms.
type rollsBackEarly struct{ impl.Paper }

func (p rollsBackEarly) Merge(log spec.Log, prev spec.Index, entries []spec.Entry) spec.Log {
	if len(entries) > 0 {
		log.Entries = log.Entries[:prev]
	}
	return p.Paper.Merge(log, prev, entries)
}

// matchesByIndex does not compare the term of the previous entry.
type matchesByIndex struct{ impl.Paper }

func (matchesByIndex) Matches(log spec.Log, prev spec.Index, _ spec.Term) bool {
	return prev <= log.LastIndex()
}

// prevTermForgotten names no term for the previous entry when no entry follows it.
type prevTermForgotten struct{ impl.Paper }

func (p prevTermForgotten) PrevTerm(log spec.Log, prev spec.Index) spec.Term {
	if prev == log.LastIndex() {
		return 0
	}
	return p.Paper.PrevTerm(log, prev)
}

// acksWholeLog reports its own last index to match.
type acksWholeLog struct{ impl.Paper }

func (acksWholeLog) AckIndex(_ *spec.Message, log spec.Log) spec.Index { return log.LastIndex() }

// matchGoesBack believes the acknowledgement that arrived last.
type matchGoesBack struct{ impl.Paper }

func (matchGoesBack) Acknowledged(p spec.Progress, match spec.Index) spec.Progress {
	p.MatchIndex, p.NextIndex = match, match+1
	return p
}

// nextStaysBehind raises matchIndex but not nextIndex.
type nextStaysBehind struct{ impl.Paper }

func (nextStaysBehind) Acknowledged(p spec.Progress, match spec.Index) spec.Progress {
	p.MatchIndex = max(p.MatchIndex, match)
	return p
}

// matchFromRefusal takes the place where to try again for one that matches.
type matchFromRefusal struct{ impl.Paper }

func (m matchFromRefusal) Rejected(p spec.Progress, next spec.Index) spec.Progress {
	return m.Acknowledged(p, next)
}

// stopsAtSnapshot leaves out whoever comes after a follower that needs a snapshot.
type stopsAtSnapshot struct{ impl.Paper }

func (stopsAtSnapshot) SendsToAll() bool { return false }
