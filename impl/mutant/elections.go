package mutant

import (
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// asking is a small world with pre-votes.
var asking = Bounds{Servers: 3, Terms: 2, Log: 0, Messages: 1, Campaigns: 3}

// prevoteMutants are of PreVote, CheckQuorum and the transfer of leadership.
var prevoteMutants = []Mutant{
	{
		Name:      "el-prevote-lower-term",
		Mechanism: Election,
		Title:     "a request for a pre-vote in a lower term is dropped without an answer",
		Source:    "etcd#8243",
		Story: "One server has been cut off and has the lower term and the longer log; another has the higher term. Each needs the other to elect a leader. The first " +
			"one's requests are dropped because their term is low, the other one's refused because its log is short, and no leader is ever elected.",
		Rules:   []string{"D9.6-02"},
		Steps:   6,
		Bounds:  asking,
		Options: impl.Options{PreVote: true, Decisions: preVoteDropped{}},
	},
	{
		Name:      "el-prevote-once",
		Mechanism: Election,
		Title:     "a candidate that did not win campaigns again without asking",
		Source:    "canonical/raft#196",
		Story: "A server wins its pre-votes and is cut off before the election. At every timeout it starts another, and its term rises; when it comes " +
			"back it deposes the leader.",
		Rules:   []string{"D9.6-03"},
		Steps:   4,
		Bounds:  asking,
		Options: impl.Options{PreVote: true, Decisions: asksOnce{}},
	},
	{
		Name:      "el-prevote-raises-term",
		Mechanism: Election,
		Title:     "the term that a request for a pre-vote proposes is taken over",
		Source:    "from the literature; dissertation, 9.6",
		Story: "A server that was cut off asks whether it could win. It could not, but everybody that it asks is in its new term now, and the leader that worked " +
			"is leader no more.",
		Rules:   []string{"D9.6-01", "R5.1-09"},
		Steps:   2,
		Bounds:  asking,
		Options: impl.Options{PreVote: true, Decisions: preVoteAdopted{}},
	},
	{
		Name:      "el-partial-partition",
		Mechanism: Election,
		Title:     "a leader that no majority answers goes on leading",
		Source:    "the Cloudflare outage of November 2020; Howard and Abraham 2020; Jensen et al. 2021",
		Story: "A leader can still reach some of the others, but no majority. It commits nothing, and as long as it sends heartbeats those that hear it " +
			"elect nobody else.",
		Rules:   []string{"X-CQ-01"},
		Steps:   6,
		Bounds:  Bounds{Servers: 4, Terms: 1, Log: 0, Messages: 2, Campaigns: 2},
		Options: impl.Options{CheckQuorum: true, Decisions: leadsAlone{}},
	},
	{
		Name:      "el-timeoutnow-bypass",
		Mechanism: Election,
		Title:     "a request to take over leadership is obeyed whatever its term",
		Source:    "tikv/raft-rs#221; a case study of hashicorp/raft (timeoutNow without a guard)",
		Story: "A leader hands over, and the message is late. Meanwhile another leader was elected. The message is handled without the checks that every other " +
			"request goes through, and deposes the leader that works.",
		Rules:   []string{"R5.1-03", "D3.10-01"},
		Steps:   7,
		Bounds:  Bounds{Servers: 3, Terms: 3, Log: 0, Messages: 2, Campaigns: 2, Transfers: 1},
		Options: impl.Options{Transfer: true, Decisions: obeysLateTransfer{}},
	},
}

// preVoteDropped answers no pre-vote of a lower term.
type preVoteDropped struct{ impl.Paper }

func (preVoteDropped) AnswersPreVote(current spec.Term, m *spec.Message) bool {
	return m.Term > current
}

// asksOnce does not ask again once it is a candidate.
type asksOnce struct{ impl.Paper }

func (asksOnce) AsksFirst(role spec.Role) bool { return role != spec.Candidate }

// preVoteAdopted takes over the term of pre-votes too.
type preVoteAdopted struct{ impl.Paper }

func (preVoteAdopted) Adopts(current spec.Term, m *spec.Message) bool { return m.Term > current }

// leadsAlone never gives up leadership by itself.
type leadsAlone struct{ impl.Paper }

func (leadsAlone) KeepsOffice(bool) bool { return true }

// obeysLateTransfer does not look at the term of TimeoutNow.
type obeysLateTransfer struct{ impl.Paper }

func (obeysLateTransfer) TakesOver(role spec.Role, _ spec.Term, _ *spec.Message) bool {
	return role != spec.Leader
}
