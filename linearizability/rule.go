package linearizability

// The promise that this package judges, as reports name it. It is about what clients see and not about single steps, so it is not
// one of spec.Rules.
const (
	RuleID   = "R8-02"
	RuleName = "linearizability"
	Sentence = "Every operation of a client takes effect at one moment between its call and its return."
	Section  = "Raft paper, 8; Herlihy and Wing 1990"
	Why      = "Clients of a replicated store must not notice that it is replicated: once a write has returned, every read that is called " +
		"afterwards sees it or something later, and no client sees anything that another one has seen replaced. " +
		"What usually breaks it: reads answered from the state of a leader that was deposed without noticing, or before it knows what is " +
		"committed; retried commands that are applied twice; and definite failures returned for commands that are committed later."
)

// Catches are the documented faults that break the promise.
var Catches = []string{"rd-no-noop", "rd-no-quorum", "rd-ctx-reuse", "rd-startup-stale", "rd-follower-lag", "rd-lease-checkquorum", "rd-lease-clock",
	"rd-phantom-lease", "cl-dup-apply", "cl-wait-by-index", "cl-definite-fail"}
