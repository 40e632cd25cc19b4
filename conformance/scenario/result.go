package scenario

import (
	"fmt"

	"github.com/raftcheck/raftcheck/spec"
)

// Outcome is what came of a scenario for the requirement that it tests.
type Outcome uint8

// The outcomes.
const (
	NotExercised     Outcome = iota // the server did not come to where the scenario looks; Because says what was needed
	Met                             // it did, and did what the requirement asks
	Broken                          // it broke the requirement; Because says how
	AllowedOtherwise                // it declares Variant, which makes the requirement void, or another one of it
	NotApplicable                   // it has not got what the requirement is about; Because says how that was seen
	Faulty                          // the node itself broke: a panic, an answer that is none; Because says how
)

var outcomeNames = [...]string{"not exercised", "met", "broken", "allowed otherwise", "not applicable", "faulty"}

// String returns the outcome in words.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return fmt.Sprintf("unknown(%d)", o)
}

// Result is what came of a scenario.
type Result struct {
	Scenario    *Scenario
	Requirement string // Scenario.Requirement
	Outcome     Outcome
	Variant     spec.Variant // AllowedOtherwise: the one that was declared
	Because     string       // one line, no period; "" when Met
	Line        int          // of the script, where Because is about a line of it; else 0

	// Breaches are the rules that were broken in the course of it, the scenario's own among them, in the order in which they were; each rule once. Others than the
	// scenario's own are failures of their own requirements.
	Breaches []*spec.Breach

	Story  string      // what happened, line by line: of the execution that Outcome is about
	Record []spec.Step // the same as steps; inputs that were refused are left out
	Runs   int         // how often it was gone through: once, and once more for every place where the script lets it crash
	Steps  int         // steps of the server, in all of them
}

// Breaks reports whether the result shows the requirement of that id to be broken: by what the script expects, or by a rule.
func (r *Result) Breaks(requirement string) bool {
	if r.Outcome == Broken && r.Requirement == requirement {
		return true
	}
	for _, b := range r.Breaches {
		if b.Rule.ID == requirement {
			return true
		}
	}
	return false
}
