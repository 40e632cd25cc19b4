package scenario

import (
	"context"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Scenario is a directed test of one server.
type Scenario struct {
	Name        string    // of all scenarios unique: "R5.3-04/repeats-what-it-has"
	Requirement string    // the id of the requirement that it tests: "R5.3-04"
	Title       string    // what the server must do, one sentence with a period
	Paper       string    // where that is written: "Figure 2 (AppendEntries, step 3)"
	Faults      []string  // slugs of the documented faults that it is there for; may be none
	Needs       []Feature // what a server must have for it, in the order in which they are looked for
	Servers     int       // how many servers the cluster has; the tested one is the first
	Crashes     bool      // the server crashes in it
	Text        string    // the script, as it is written
	File        string    // where: "scripts/R5.3-04.txt"
	Line        int       // and at which line it begins

	steps []statement
}

// usualServers is how many servers the cluster has where a script says nothing.
const usualServers = 3

// Feature is a part of Raft that not every implementation has: the name of a variant, which is declared, or of a feature of scripts/features.txt,
// which is looked for.
type Feature string

// Subject is an implementation that is put through scenarios.
type Subject struct {
	Name     string // for stories
	New      spec.Factory
	Variants spec.Variants // how it declares to differ from the paper, and what it promises besides
}

// All lists every scenario, ascending by the requirement in the rulebook's order and then as they are written. It must not be changed.
func All() []*Scenario { return book().scenarios }

// Of lists the scenarios of a requirement.
func Of(requirement string) []*Scenario {
	var found []*Scenario
	for _, s := range All() {
		if s.Requirement == requirement {
			found = append(found, s)
		}
	}
	return found
}

// ByName returns the scenario of that name, and whether there is one.
func ByName(name string) (*Scenario, bool) {
	k := slices.IndexFunc(All(), func(s *Scenario) bool { return s.Name == name })
	if k < 0 {
		return nil, false
	}
	return All()[k], true
}

// Why is a requirement that has no scenario, and the reason, as a sentence with a period.
type Why struct{ Requirement, Because string }

// Unscripted lists the requirements of the rulebook without a scenario, in its order: no single server can break them, or none shows it.
func Unscripted() []Why { return book().unscripted }

// Run puts a subject through a scenario. An error of ctx ends it early; the result is then [NotExercised].
func Run(ctx context.Context, subject Subject, s *Scenario) Result {
	return NewRunner(subject).Run(ctx, s)
}
