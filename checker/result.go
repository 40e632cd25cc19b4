package checker

import (
	"math"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Result is what a search found, and what it covered.
type Result struct {
	Verdict  spec.Verdict
	Reason   string // why the verdict is inconclusive; "" otherwise
	Rules    []RuleVerdict
	Goals    []GoalVerdict
	Search   Stats
	Reduced  []Reduced        // what became of the reductions that were asked for; nil when none was, or the findings are of a search without any
	Liveness *LivenessResult  // nil when it was not asked for, or the search did not come to its end
	Way      []cluster.Action // of a violation: the actions after Options.Past that lead to it, in the order in which the search made them
	Findings []Finding        // the promises broken by the last step of the shortest violating execution, in the rulebook's order
}

// RuleVerdict is the verdict on one rule.
type RuleVerdict struct {
	Rule    *spec.Rule
	Verdict spec.Verdict
	Void    bool // a declared variant makes the rule void, so nothing was judged
	Untried bool // nothing happened that the rule is about
	// Exercised counts different local steps that put the rule to the test.
	Exercised int
}

// GoalVerdict says whether a goal was reached.
type GoalVerdict struct {
	Goal     *spec.Goal
	Reached  int  // how many transitions reached it
	Possible bool // the bounds and faults let it happen, so that missing it makes a pass vacuous
}

// Finding is one broken promise and the execution that breaks it at its last step, in story order: every step is where it reads
// best. It was confirmed by running it from fresh nodes. The places of the evidence are numbers of the trace's records.
type Finding struct {
	traces.Finding
	Trace    *traces.Trace
	Loop     int  // the execution goes on for ever as it does from this record of the trace on; 0 is that it ends
	Shortest bool // every shorter execution within the bounds was tried and breaks no promise
	Faults   int  // of a shortest execution: crashes, disk errors, partitions, and messages lost or duplicated
	Fewest   bool // no execution as short breaks a promise with fewer of them
}

// Stats says how much was searched.
type Stats struct {
	Distinct    uint64  // global states found, the initial one included
	StandsFor   uint64  // states that those found stand for: as many as a search without reductions finds, or fewer with NoOps; 0 is not counted
	Transitions uint64  // steps between states inside the bounds
	Depth       int     // steps to the deepest state; the initial state has depth 0
	Complete    bool    // every state within the bounds was expanded
	LocalStates int     // distinct states of single servers
	Messages    int     // distinct messages
	Histories   int     // distinct histories: what happened earlier and still matters
	Executions  int     // how often node code ran for the memo
	Audits      int     // how often node code ran to audit that equal bytes mean equal behaviour
	Seconds     float64 // wall-clock time
	Inside      float64 // seconds of it in the implementation's own code: making servers, steps, and writing and showing their state
	Bytes       int     // memory held by fingerprints and paths
	Frontier    int     // states found and not expanded
	Bits        int     // by so many bits states are told apart: 64, or 128 in a search that is kept in files
	Disk        int64   // bytes of the files that it is kept in
}

// CollisionChance bounds the chance that any two of the distinct states shared a fingerprint, so that one was taken for the other.
func (s *Stats) CollisionChance() float64 {
	n, parts := float64(s.Distinct), float64(s.LocalStates+s.Messages+s.Histories)
	if s.Bits > 64 { // of parts whose 64-bit hashes differ
		return n*n/math.Exp2(float64(s.Bits)+1) + parts*parts/math.Exp2(65)
	}
	return n * n / math.Exp2(65)
}

// BytesPerState is the memory that fingerprints and paths cost, for each distinct state.
func (s *Stats) BytesPerState() float64 {
	if s.Distinct == 0 {
		return 0
	}
	return float64(s.Bytes) / float64(s.Distinct)
}
