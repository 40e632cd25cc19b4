// Package subject names the implementations of Raft that can be put to the test, as --impl and --exec do, with the world of each.
//
//   - In a test: [World] is what checker.Test, conformance.Test and fuzz.Check are given.
//   - For all else that raftcheck does: [Named] and [Program], and the methods of [Subject]. Between Begin and End it can be searched, put through the
//     suite, fuzzed, learnt, explored, and traces of it can be run again and shrunk.
//   - What there is: [Names], [Libraries], [Choices] of the reference, [PublishedFaults].
//
// The reference, its mutants and raft.tla live in this process, a program (--exec) in processes of its own. A library is not part of raftcheck: a test
// program is made of its adapter and the release that was asked for, built with the Go toolchain at hand, and given orders (package adapters/order).
package subject

import (
	"fmt"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/internal/nearest"
	"github.com/raftcheck/raftcheck/spec"
)

// Subject is an implementation, and the world it is searched in. Whoever changes the world does so before anything else.
type Subject struct {
	Name    string           // as in --impl and in the header of a trace
	Config  cluster.Config   // the world: what it is unless flags or options say otherwise
	RaftTLA bool             // it is raft.tla, whose actions are no steps of a server
	Fixed   bool             // a campaign makes its world no larger
	Takes   []spec.InputKind // the inputs, of those that not every implementation takes, that its servers take; nil when only a run shows it

	wide     func(*cluster.Bounds) // makes the world the one of a search of which nothing else is said; nil where that is no other
	restarts bool                  // raft.tla: Restart is on
	program  *program              // a program of the user's
	goTest   *goTest               // a library
	mixed    *mixed                // several releases of one
	parts    *parts                // of a search that several programs make together
}

// The names of implementations. What follows a prefix is the name of a mutant, of a fault or a command; choices of the reference follow a colon.
const (
	ReferenceName   = "reference"
	SpecName        = "spec"
	MutantPrefix    = "mutant:"
	PublishedPrefix = "published:"
	ProgramPrefix   = "exec:" // in traces and reports only: a program is never run because something names it
)

// Named returns the implementation of that name in its own world: "reference:pre-vote", "mutant:NAME", "etcd@v3.6.0:reads", and of several releases
// of a library in one cluster "n1=etcd@v3.5.35 etcd@v3.7.0". The error is an [*Error].
func Named(name string) (*Subject, error) {
	switch {
	case isMixed(name):
		return mixedSubject(name)
	case name == SpecName:
		return specification(), nil
	case name == ReferenceName || strings.HasPrefix(name, ReferenceName+":"):
		return reference(name)
	case published(name) != nil:
		return published(name), nil
	case libraryOf(name) != nil:
		return libraryOf(name).subject(name)
	case name == MutantPrefix || name+":" == MutantPrefix:
		return nil, misasked("raftcheck explain mutants lists them", "mutant has no name, as in --impl mutant:el-stale-vote-resp")
	case strings.HasPrefix(name, MutantPrefix):
		m, known := mutant.ByName(strings.TrimPrefix(name, MutantPrefix))
		if !known {
			return nil, misasked(nearest.Hint(name, Names(), "raftcheck explain mutants lists them"), "unknown mutant %q", strings.TrimPrefix(name, MutantPrefix))
		}
		return Mutant(m), nil
	}
	if _, known := mutant.ByName(name); known {
		return nil, misasked("--impl "+MutantPrefix+name, "unknown implementation %q", name)
	}
	if program := Command(name); program != "" {
		return nil, misasked("--exec '"+program+"'", "%q is a file, and --impl takes a name", name)
	}
	return nil, misasked(nearest.Hint(name, Names(), "one of reference, spec, mutant:NAME, published:NAME, etcd, hashicorp, nats"), "unknown implementation %q", name)
}

// Names lists every name that [Named] knows, but for combinations of choices.
func Names() []string {
	names := []string{ReferenceName, SpecName}
	for _, l := range libraries {
		names = append(names, l.name)
	}
	for _, c := range referenceChoices {
		names = append(names, ReferenceName+":"+c.name)
	}
	for _, m := range mutant.Every() {
		names = append(names, MutantPrefix+m.Name)
	}
	for _, f := range PublishedFaults {
		names = append(names, PublishedPrefix+f.Name)
	}
	return names
}

// Faults returns what may go wrong, as reports print it.
func (s *Subject) Faults() cluster.Faults {
	f := s.Config.Faults
	if s.restarts {
		f.Crash = cluster.Unlimited
	}
	return f
}

// Widen makes the world the one in which the subject is searched unless more is said of it: whatever is added to a world multiplies its states, so
// what is added to begins with a smaller one.
func (s *Subject) Widen() {
	if s.wide != nil {
		s.wide(&s.Config.Bounds)
	}
}

// Absent complains about a server that the subject's name, its choices or the changes of its world name, and that its world has not.
func (s *Subject) Absent() error {
	var named []spec.ServerID
	if s.mixed != nil {
		named = s.mixed.named()
	}
	for _, g := range s.libraries() {
		if g.family.learner > 0 && slices.Contains(g.choices, "learner") {
			named = append(named, spec.ServerID(g.family.learner))
		}
	}
	if err := spec.Absent(s.Config.IDs(), named...); err != nil {
		return absent(fmt.Errorf("%s: %w", s.Name, err))
	}
	if err := s.Config.Absent(); err != nil {
		return absent(err)
	}
	return nil
}

// absent is the error of a server that is named and that there is not.
func absent(err error) error { return misasked("--nodes says how many there are", "%w", err) }

// Symmetric reports why states of the subject cannot be counted as one that differ only in names. A program says in Begin whether they can.
func (s *Subject) Symmetric() error {
	const hint = "leave --symmetry out"
	if s.goTest != nil && s.goTest.family.renames || s.program != nil && (s.program.can.Rename || !s.program.begun) {
		if err := checker.Renameable(&s.Config, s.goTest != nil); err != nil {
			return misasked(hint, "--symmetry: %w", err)
		}
		return nil
	}
	if s.program != nil || s.goTest != nil || s.mixed != nil {
		return misasked(hint, "--symmetry needs servers that can be renamed, and those of %s cannot", s.Name)
	}
	if err := checker.Symmetric(&s.Config); err != nil {
		return misasked(hint, "--symmetry: %w", err)
	}
	return nil
}
