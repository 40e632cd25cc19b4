package spec

import "slices"

// DebugGoal is a property that looks like a promise of Raft and is none: right executions break it. To judge an implementation by it
// would be wrong. To see it broken shows that bounds are wide enough for what sets Raft apart from what one expects of it.
type DebugGoal struct {
	Invariant *Rule  // what one expects; judged as rules are, and never one of Rules
	False     string // why it does not hold in Raft, in a few plain sentences
	Source    string // who took it for an invariant, and who found that it is not
}

// DebugGoals lists every debug goal.
var DebugGoals = []*DebugGoal{oneLeaderAtATime, committedEntriesTerms, committedIsDurable, votesGranted, moreUpToDate}

// DebugGoalByName returns the debug goal whose invariant has that id or name, and whether there is one.
func DebugGoalByName(name string) (*DebugGoal, bool) {
	k := slices.IndexFunc(DebugGoals, func(g *DebugGoal) bool { return g.Invariant.Name == name || g.Invariant.ID == name })
	if k < 0 {
		return nil, false
	}
	return DebugGoals[k], true
}

var oneLeaderAtATime = &DebugGoal{
	Invariant: &Rule{
		ID: "X-DG-01", Name: "one-leader-at-a-time",
		Sentence: "No two servers are leaders at the same moment.",
		Why:      "It is what people expect of a leader.",
		Section:  "Raft paper, 5.2, where it is one leader a term", Profile: Core,
		Needs: FieldRole | FieldTerm,
		Pair: func(a, b *Sight) *Breach {
			if a.Role != Leader || b.Role != Leader || a.Term == b.Term {
				return nil
			}
			return pairBreach(a, b, "%s leads term %d while %s leads term %d", a.Server, a.Term, b.Server, b.Term)
		},
	},
	False: "Raft promises one leader a term, not one leader a moment. A leader that is cut off does not know that a majority has gone on to the next term, " +
		"and leads until somebody tells it. It commits nothing meanwhile, because a majority would have to answer it.",
	Source: "Raft paper, 5.2 and 5.4; the reason why reads need a round of heartbeats (8)",
}

var committedEntriesTerms = &DebugGoal{
	Invariant: &Rule{
		ID: "X-DG-02", Name: "no-higher-term-beside-committed",
		Sentence: "Where a server has committed an entry, no server holds an entry of a higher term at that index.",
		Why:      "It holds in Multi-Paxos, where a leader proposes again in its own term what earlier leaders left.",
		Section:  "CCF's specification (DebugCommittedEntriesTermsInv)", Profile: Core,
		Needs: FieldLog | FieldCommit,
		Pair: func(a, b *Sight) *Breach {
			for i := max(a.Log.Base, b.Log.Base) + 1; i <= min(a.CommitIndex, a.Log.LastIndex(), b.Log.LastIndex()); i++ {
				committed, _ := a.Log.At(i)
				other, _ := b.Log.At(i)
				if other.Term > committed.Term {
					return pairBreach(a, b, "%s has committed %s at index %d, and %s holds %s there", a.Server, committed, i, b.Server, other)
				}
			}
			return nil
		},
	},
	False: "A leader keeps the terms of entries that earlier leaders left, and commits them together with the first entry of its own. " +
		"A server that led in between, and reached nobody, holds an entry of a higher term at the same index. It can never be elected with it, because the majority " +
		"now holds an entry of a yet higher term.",
	Source: "CCF (tla/consensus), which has it as a debug invariant; Howard and Mortier, Paxos vs Raft (2020)",
}

var committedIsDurable = &DebugGoal{
	Invariant: &Rule{
		ID: "X-DG-03", Name: "leader-commits-what-it-stored",
		Sentence: "What a leader has committed is on its own disk.",
		Why:      "A leader that stores what it appends before it sends it keeps to this.",
		Section:  "etcd's specification (CommittedIsDurableInv)", Profile: Storage,
		Needs: FieldRole | FieldLog | FieldCommit | FieldDurable,
		Step: func(s *Step) *Breach {
			if s.After.Role != Leader || s.After.CommitIndex <= s.After.Durable.Log.LastIndex() {
				return nil
			}
			return s.breachAfter("%s, leader of term %d, has committed index %d, and its disk ends with index %d", s.Server, s.After.Term, s.After.CommitIndex, s.After.Durable.Log.LastIndex())
		},
	},
	False: "A leader may write its entries while others do (dissertation, 10.2.1). Once a majority of the others has them on disk they are committed, whether the leader's own disk is done or not: " +
		"it need only not count itself.",
	Source: "etcd-io/raft (tla/etcdraft.tla), where the invariant was dropped",
}

var votesGranted = &DebugGoal{
	Invariant: &Rule{
		ID: "X-DG-04", Name: "vote-goes-with-committed",
		Sentence: "Whoever a server voted for holds all that the server has committed.",
		Why:      "It is true at the moment of the vote: the candidate's log was at least as up to date.",
		Section:  "etcd's specification (VotesGrantedInv)", Profile: Core,
		Needs: FieldVotedFor | FieldLog | FieldCommit,
		Pair: func(a, b *Sight) *Breach {
			if a.VotedFor != b.Server || b.holdsCommittedOf(a.Observation) {
				return nil
			}
			return pairBreach(a, b, "%s voted for %s, has committed up to index %d, and %s holds entries up to index %d", a.Server, b.Server, a.CommitIndex, b.Server, b.Log.LastIndex())
		},
	},
	False: "A vote is kept for as long as its term lasts, also when another candidate wins that term. The server then follows the winner and commits with it, " +
		"and the one it voted for, which lost, need not hear of that. In raft.tla three servers are enough, since a candidate there may still vote for another; in the paper's Raft it takes five.",
	Source: "etcd-io/raft (tla/etcdraft.tla), which tells this story in a comment and left the invariant out",
}

var moreUpToDate = &DebugGoal{
	Invariant: &Rule{
		ID: "X-DG-05", Name: "more-up-to-date-has-committed",
		Sentence: "A server whose log is at least as up to date as another's holds all that the other has committed.",
		Why:      "Voters compare logs, so it looks as if a vote could be given only to who has all that the voter has committed.",
		Section:  "CCF's and etcd's specifications (MoreUpToDateCorrectInv)", Profile: Core,
		Needs: FieldLog | FieldCommit,
		Pair: func(a, b *Sight) *Breach {
			at, bt := a.Log.LastTerm(), b.Log.LastTerm()
			if at < bt || at == bt && a.Log.LastIndex() < b.Log.LastIndex() || a.holdsCommittedOf(b.Observation) {
				return nil
			}
			return pairBreach(a, b, "the log of %s ends with index %d of term %d, that of %s with index %d of term %d, and %s lacks what %s has committed up to index %d",
				a.Server, a.Log.LastIndex(), at, b.Server, b.Log.LastIndex(), bt, a.Server, b.Server, b.CommitIndex)
		},
	},
	False: "A leader commits an old entry together with a new one, but a follower may learn of it with a message that brings only the old one. Its log then ends with an old term, and a server that led " +
		"in between, and reached nobody, has a log of a later term without the entry. It would get that follower's vote, and no majority: the others hold the new entry.",
	Source: "etcd-io/raft#515, with a counterexample of five servers",
}

// holdsCommittedOf reports whether a server holds every entry that another one has committed, as far as both show them.
func (o *Observation) holdsCommittedOf(other *Observation) bool {
	upTo := min(other.CommitIndex, other.Log.LastIndex())
	if upTo > o.Log.LastIndex() {
		return false
	}
	for i := max(o.Log.Base, other.Log.Base) + 1; i <= upTo; i++ {
		mine, _ := o.Log.At(i)
		theirs, _ := other.Log.At(i)
		if !mine.agrees(theirs) {
			return false
		}
	}
	return true
}
