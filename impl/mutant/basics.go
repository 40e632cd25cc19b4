package mutant

import (
	"slices"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// basicMutants break what hardly any implementation gets wrong, so that the rules about it are seen to fail too.
var basicMutants = []Mutant{
	{
		Name:      "el-restart-candidate",
		Mechanism: Election,
		Title:     "a server that was candidate when it crashed comes back as one",
		Source:    "from the literature; Raft paper, 5.2 and Figure 4",
		Story: "A server finds a vote for itself on its disk and goes on with the election of that term. The votes that it was given before the crash are gone, and what was " +
			"decided meanwhile it does not know.",
		Rules:   []string{"R5.2-01"},
		Steps:   2,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: candidateAgain{}},
	},
	{
		Name:      "el-same-term-again",
		Mechanism: Election,
		Title:     "a candidate that did not win asks again in the same term",
		Source:    "from the literature; Raft paper, 5.2",
		Story: "The term is raised when a follower campaigns and not when a candidate does. Whoever has voted for another in that term refuses again and again, and no new term begins " +
			"in which it could vote otherwise.",
		Rules:   []string{"R5.2-04"},
		Steps:   2,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Campaigns: 3, Crashes: 1},
		Options: impl.Options{Decisions: termNotRaised{}},
	},
	{
		Name:      "el-vote-counted-twice",
		Mechanism: Election,
		Title:     "a vote that arrives twice is counted twice",
		Source:    "from the literature; Raft paper, 5.2",
		Story:     "A candidate keeps the number of its votes and not the set of its voters. The network delivers a vote a second time, and two servers of four are taken for three.",
		Rules:     []string{"R5.2-06", "R5.2-07"},
		Steps:     4,
		Bounds:    Bounds{Servers: 4, Terms: 1, Log: 1, Messages: 2, Duplicates: 1, Campaigns: 2, Proposals: 1},
		Options:   impl.Options{Decisions: countsEachVote{}},
	},
	{
		Name:      "el-asks-ahead",
		Mechanism: Election,
		Title:     "a candidate asks for votes in a term that it is not in itself",
		Source:    "from the literature; the invariant MonoTerm of CCF's specification",
		Story:     "The term is raised once more for the message than for the server. Others vote in a term that the candidate has not come to, and it is free to vote for somebody else when it does.",
		Rules:     []string{"R5.1-05", "R5.6-01", "R5.2-03"},
		Steps:     1,
		Bounds:    Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options:   impl.Options{Decisions: asksInTheNextTerm{}},
	},
	{
		Name:      "el-refusal-old-term",
		Mechanism: Election,
		Title:     "a refusal carries the term of the request",
		Source:    "from the literature; Raft paper, Figure 2 (receivers, step 1)",
		Story:     "A deposed leader and a late candidate learn the new term from the servers that refuse them. These answer with the term they were asked in, and whoever asked stays behind.",
		Rules:     []string{"R5.1-04"},
		Steps:     4,
		Bounds:    Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options:   impl.Options{Decisions: echoesTerm{}},
	},
	{
		Name:      "rp-leader-drops-own",
		Mechanism: Replication,
		Title:     "a leader gives up entries that were not committed within a heartbeat",
		Source:    "from the literature; Raft paper, Figure 3 (Leader Append-Only)",
		Story:     "Clients stop waiting, and the leader removes their commands from its log when its heartbeat timer fires. Followers that were sent them keep them, and a new entry takes the same index.",
		Rules:     []string{"R5.3-01", "R5.3-04", "R5.6-08", "R5.3-10"},
		Steps:     5,
		Bounds:    Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options:   impl.Options{Decisions: givesUpEntries{}},
	},
	{
		Name:      "rp-stamps-anew",
		Mechanism: Replication,
		Title:     "a leader sends old entries as entries of its own term",
		Source:    "from the literature; of the family of hashicorp/raft#695",
		Story: "Entries are stamped with the current term when they are sent, not when they are appended. A follower stores an entry of an earlier term as one of this term, and the two logs " +
			"say different things about the same index.",
		Rules:   []string{"R5.3-11", "R5.4.1-04", "R5.4.3-01", "R5.3-20"},
		Steps:   12,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: stampsWhenItSends{}},
	},
}

// candidateAgain goes on with the candidacy that it finds on its disk.
type candidateAgain struct{ impl.Paper }

func (p candidateAgain) RoleAfterRestart(id spec.ServerID, d spec.Durable) spec.Role {
	if d.VotedFor == id {
		return spec.Candidate
	}
	return p.Paper.RoleAfterRestart(id, d)
}

// termNotRaised raises the term when a follower campaigns, and not when a candidate does.
type termNotRaised struct{ impl.Paper }

func (p termNotRaised) CampaignTerm(role spec.Role, current spec.Term) spec.Term {
	if role == spec.Candidate {
		return current
	}
	return p.Paper.CampaignTerm(role, current)
}

// countsEachVote counts votes, not voters.
type countsEachVote struct{ impl.Paper }

func (countsEachVote) Counted(granted []spec.ServerID, from spec.ServerID) []spec.ServerID {
	return slices.Sorted(slices.Values(append(slices.Clone(granted), from)))
}

// asksInTheNextTerm names one term more in its requests for votes than it is in.
type asksInTheNextTerm struct{ impl.Paper }

func (p asksInTheNextTerm) Order(in *spec.Input, durable, sends []spec.Effect) []spec.Effect {
	for k := range sends {
		if m := &sends[k].Message; m.Kind == spec.RequestVote {
			m.Term++
		}
	}
	return p.Paper.Order(in, durable, sends)
}

// echoesTerm answers in the term of the request.
type echoesTerm struct{ impl.Paper }

func (p echoesTerm) Order(in *spec.Input, durable, sends []spec.Effect) []spec.Effect {
	for k := range sends {
		m := &sends[k].Message
		if in.Kind == spec.Deliver && in.Message.Kind.IsRequest() && m.To == in.Message.From && !m.Kind.IsRequest() {
			m.Term = in.Message.Term
		}
	}
	return p.Paper.Order(in, durable, sends)
}

// givesUpEntries removes what is not committed when its heartbeat timer fires.
type givesUpEntries struct{ impl.Paper }

func (givesUpEntries) LogOfLeader(log spec.Log, commit spec.Index) spec.Log {
	log.Entries = log.Entries[:min(int(commit), len(log.Entries))]
	return log
}

// stampsWhenItSends stamps entries with the current term when it sends them.
type stampsWhenItSends struct{ impl.Paper }

func (p stampsWhenItSends) Order(in *spec.Input, durable, sends []spec.Effect) []spec.Effect {
	for k := range sends {
		m := &sends[k].Message
		if m.Kind != spec.AppendEntries {
			continue
		}
		m.Entries = slices.Clone(m.Entries)
		for i := range m.Entries {
			m.Entries[i].Term = m.Term
		}
	}
	return p.Paper.Order(in, durable, sends)
}
