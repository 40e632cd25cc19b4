package conformance

import (
	"context"
	"slices"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance/contract"
	"github.com/raftcheck/raftcheck/spec"
)

// Subject is an implementation that is put through the suite.
type Subject struct {
	Name string // "reference", "etcd@v3.6.0:reads", a test's name
	// World holds what is the implementation's own: New, Variants, Inputs, Changes, OutOfReach, the number of servers and how far clocks go.
	// Other bounds, and faults, are the suite's.
	World cluster.Config
	// Again makes servers in processes of their own, if World.New does not; nil is World.New.
	Again spec.Factory
	// Search searches a world; nil is checker.Check.
	Search func(context.Context, *cluster.Config, checker.Options) (*checker.Result, error)
	// Alone says that servers must not run on several goroutines at once.
	Alone bool
	// Slow says that a step costs much more than one in memory: a hundredth of the states and steps is searched.
	Slow bool
}

// Options says how much is tried. The zero value is level quick, of all profiles.
type Options struct {
	Level    Level
	Profiles []spec.Profile // nil is all
	Seed     uint64         // of the campaign
	Version  string         // of the suite, for the statement
	Progress func(Progress)
}

// Progress is how far a run has come.
type Progress struct {
	Doing string // "contract", the name of a world, "campaign"
	At    int    // how many of All were done before
	All   int
}

// Run puts a subject through the suite. When ctx ends first, the statement says what was covered, and is not conforming. The error says what is
// wrong with the subject's world.
func Run(ctx context.Context, s *Subject, o Options) (*Statement, error) {
	if err := s.World.Validate(); err != nil {
		return nil, err
	}
	r := &run{Subject: s, Options: o, ctx: ctx, exercised: map[string]int{}, in: map[string][]string{}, broken: map[string]*checker.Finding{}, where: map[string]string{}}
	r.profiles = slices.Clone(o.Profiles)
	if len(r.profiles) == 0 {
		r.profiles = Profiles()
	}
	r.tried = contract.Try(ctx, &s.World, contract.Options{Steps: o.Level.contractSteps(s.Slow), Again: s.Again, Pause: pause, Seed: o.Seed})
	if r.tried.Failure == nil {
		r.direct()
		r.searchAll()
	}
	return r.statement(), nil
}

// Profiles lists the parts of Raft that the suite has requirements of.
func Profiles() []spec.Profile {
	return []spec.Profile{spec.Core, spec.Storage, spec.Membership, spec.Snapshot, spec.Read, spec.PreVoting}
}
