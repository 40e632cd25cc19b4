package spec

// Unjudged is a requirement that Raft has and no rule judges.
type Unjudged struct {
	ID       string // as rules are numbered
	Name     string
	Sentence string
	Section  string
	Because  string // why it is no rule, and what is judged in its place
}

// NotJudged are the requirements without a rule, in the order of their numbers.
var NotJudged = []Unjudged{
	{
		ID: "R5.2-11", Name: "timer-reset-by-leaders", Section: "Raft paper, 5.2; Figure 2 (followers)",
		Sentence: "A server resets its election timer only when it grants a vote, or hears from the leader of its term.",
		Because: "A server does not show when its election timer is wound again. What a voter owes its leader meanwhile is judged by lease-read-fresh and " +
			"adopt-higher-term, and liveness takes for granted that timers are reset by nothing else.",
	},
	{
		ID: "R5.2-12", Name: "timeouts-randomised", Section: "Raft paper, 5.2 and 9.3",
		Sentence: "Election timeouts are drawn afresh from a range for every election.",
		Because:  "It is a statistical property of many elections, and of no execution. raftcheck simulate measures it, fixed timeouts against random ones.",
	},
	{
		ID: "R7-07", Name: "snapshot-equals-replay", Section: "Raft paper, 7",
		Sentence: "The state after a snapshot and the entries above it is the state after all entries.",
		Because: "The reference has no state machine beside its log: a snapshot is an index, a term and a configuration. apply-in-order, install-raises, install-keeps-suffix " +
			"and sessions-in-log judge what follows from them, and raftcheck linearize what clients see of a state machine.",
	},
	{
		ID: "X-ST-01", Name: "applied-index-with-state", Section: "etcd#13766",
		Sentence: "The index up to which entries were applied is written together with the state they were applied to.",
		Because:  "The reference applies again after a restart and keeps no such index on disk. apply-in-order judges where a server begins.",
	},
}
