package fuzz

import (
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/spec"
)

// Result is what a campaign found, and what it covered.
type Result struct {
	Verdict  spec.Verdict
	Reason   string // why the verdict is inconclusive; "" otherwise
	Rules    []checker.RuleVerdict
	Goals    []checker.GoalVerdict // Reached counts runs
	Stats    Stats
	Findings []checker.Finding // the promises broken by the last step of the shortened execution, in the rulebook's order
	Found    Found
}

// Found says where in the campaign the findings come from.
type Found struct {
	Run      uint64 // number of the run in the campaign, from 0
	Strategy Strategy
	Length   int // steps of the run before it was shortened
	Tried    int // executions that were tried to shorten it
}

// Stats says how much was covered.
type Stats struct {
	Runs       uint64 // executions; where a promise was broken, up to that one
	Steps      uint64 // actions in all of them
	Longest    int    // steps of the longest
	Rounds     int
	ByStrategy [4]StrategyStats // by number of the strategy
	States     *Sketch          // different states of one server
	Vectors    *Sketch          // different states of all servers together, not counting what was in flight
	Events     int              // different kinds of steps, as far as rules care: what was given, and what became of role, term, log and commitIndex
	Corpus     int              // beginnings that runs may go on from
	Executions int              // how often node code ran for the memos
	Dropped    int              // memos dropped because of the memory bound
	Seconds    float64          // wall-clock time

	reached [64]uint64 // runs that reached a goal, in the order of spec.Goals
}

// StrategyStats is what one strategy did.
type StrategyStats struct {
	Runs, Steps uint64
	New         uint64 // runs that showed something new
}
