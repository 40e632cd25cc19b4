package main

import (
	"context"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/spec/abstract"
)

// subject is an implementation that raftcheck has at hand, and the world it is searched in unless flags say otherwise.
type subject struct {
	name     string // as in --impl and in the header of a trace
	config   cluster.Config
	raftTLA  bool     // it is raft.tla, whose actions are no steps of a server
	restarts bool     // raft.tla: Restart is on
	asIs     bool     // fuzz makes its world no larger
	takes    takes    // of what flags can ask for
	program  *program // --exec
	goTest   *goTest  // --impl etcd, hashicorp
	mixed    *mixed   // --impl of several releases

	// shared does parts of the search as others ask for them, in place of all of it; nil for a search of one program.
	shared func(context.Context, *cluster.Config, checker.Options) (*checker.Result, error)
}

// faults returns what may go wrong, as reports print it.
func (s *subject) faults() cluster.Faults {
	f := s.config.Faults
	if s.restarts {
		f.Crash = cluster.Unlimited
	}
	return f
}

// The names of --impl. Choices of the reference follow a colon, as does the name of a mutant.
const (
	referenceName = "reference"
	specName      = "spec"
	mutantPrefix  = "mutant:"
)

// choice is something that Raft leaves open to an implementation, or a part of Raft that it may have.
type choice struct {
	name  string
	make  func(*impl.Options)
	world func(*cluster.Config) // what the world needs for it, or nil
}

// referenceChoices are the options of the reference that --features CHOICE,… turns on, and --impl reference:CHOICE,… too.
var referenceChoices = []choice{
	{"no-op", func(o *impl.Options) { o.NoOp = true }, nil},
	{"conflict-hints", func(o *impl.Options) { o.ConflictHints = true }, nil},
	{"one-entry", func(o *impl.Options) { o.MaxEntries = 1 }, nil},
	{"flexible-quorums", func(o *impl.Options) { o.Elect, o.Commit = 3, 2 }, func(c *cluster.Config) {
		c.Servers, c.Bounds.Campaigns, c.Bounds.Proposals, c.Faults.Crash = 4, 2, 2, cluster.Off
	}},
	{"term-jumps", func(o *impl.Options) { o.TermJumps = true }, func(c *cluster.Config) { c.Bounds.Terms = 4 }},
	{"heartbeats-at-commit", func(o *impl.Options) { o.HeartbeatsAtCommit = true }, nil},
	{"drops-vote", func(o *impl.Options) { o.DropsVote = true }, nil},
	{"drops-unacknowledged", func(o *impl.Options) { o.DropsUnacknowledged = true }, nil},
	{"snapshots", func(o *impl.Options) { o.Snapshots = true }, func(c *cluster.Config) { c.Bounds.Compactions, c.Bounds.Messages = 1, 1 }},
	{"pre-vote", func(o *impl.Options) { o.PreVote = true }, func(c *cluster.Config) { c.Bounds.Messages = 1 }},
	{"pre-vote-by-some", func(o *impl.Options) { o.PreVote, o.PreVoters = true, 1 }, func(c *cluster.Config) { c.Bounds.Messages = 1 }},
	{"check-quorum", func(o *impl.Options) { o.CheckQuorum = true }, func(c *cluster.Config) { c.Bounds.Messages = 1 }},
	{"transfer", func(o *impl.Options) { o.Transfer = true }, func(c *cluster.Config) { c.Bounds.Transfers, c.Bounds.Messages = 1, 1 }},
	{"membership", func(o *impl.Options) { o.Membership, o.NoOp, o.Voters = true, true, 3 }, func(c *cluster.Config) {
		c.Servers, c.Bounds.Changes, c.Bounds.Messages, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals = 4, 1, 1, 3, 2, -1
		c.Faults.Crash = cluster.Off
	}},
	{"joint", func(o *impl.Options) { o.Membership, o.Joint, o.NoOp, o.Voters = true, true, true, 3 }, func(c *cluster.Config) {
		c.Servers, c.Bounds.Changes, c.Bounds.Messages, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals = 4, 1, 1, 4, 2, -1
		c.Faults.Crash = cluster.Off
	}},
	{"sessions", func(o *impl.Options) { o.Sessions = true }, func(c *cluster.Config) {
		c.Bounds.Messages, c.Bounds.Campaigns, c.Bounds.Proposals, c.Bounds.Log = 1, 2, 2, 2
	}},
	{"async-storage", func(o *impl.Options) { o.AsyncStorage = true }, func(c *cluster.Config) {
		c.Bounds.Messages, c.Bounds.Campaigns, c.Bounds.Proposals = 1, 2, 2
	}},
	{"read-index", func(o *impl.Options) { o.Reads, o.NoOp = impl.ReadByRound, true }, func(c *cluster.Config) {
		c.Bounds.Reads, c.Bounds.Messages, c.Bounds.Log, c.Bounds.Proposals = 1, 1, 2, 1
	}},
	{"lease-reads", func(o *impl.Options) { o.Reads, o.NoOp, o.ElectionTicks, o.Drift = impl.ReadByLease, true, 3, 1 }, func(c *cluster.Config) {
		c.Bounds.Reads, c.Bounds.Messages, c.Bounds.Log, c.Bounds.Proposals, c.Bounds.Ticks, c.Bounds.Drift, c.Bounds.Campaigns = 1, 1, 2, -1, 3, 1, 2
		c.Faults.Crash = cluster.Off
	}},
}

func choiceNames() []string {
	names := make([]string, len(referenceChoices))
	for k, c := range referenceChoices {
		names[k] = c.name
	}
	return names
}

// subjectOf returns the implementation of that name.
func subjectOf(name string) (*subject, error) {
	switch {
	case isMixed(name):
		return mixedSubject(name)
	case name == specName:
		return specification(), nil
	case name == referenceName || strings.HasPrefix(name, referenceName+":"):
		return reference(name)
	case published(name) != nil:
		return published(name), nil
	case libraryOf(name) != nil:
		return libraryOf(name).subject(name)
	case name == mutantPrefix || name+":" == mutantPrefix:
		return nil, usageError("raftcheck explain mutants lists them", "mutant has no name, as in --impl mutant:el-stale-vote-resp")
	case strings.HasPrefix(name, mutantPrefix):
		m, known := mutant.ByName(strings.TrimPrefix(name, mutantPrefix))
		if !known {
			return nil, usageError(didYouMean(name, subjectNames(), "raftcheck explain mutants lists them"), "unknown mutant %q", strings.TrimPrefix(name, mutantPrefix))
		}
		return mutated(m), nil
	}
	if _, known := mutant.ByName(name); known {
		return nil, usageError("--impl "+mutantPrefix+name, "unknown implementation %q", name)
	}
	if program := running(name); program != "" {
		return nil, usageError("--exec '"+program+"'", "%q is a file, and --impl takes a name", name)
	}
	return nil, usageError(didYouMean(name, subjectNames(), "one of reference, spec, mutant:NAME, published:NAME, etcd, hashicorp"), "unknown implementation %q", name)
}

// subjectNames lists every name that subjectOf knows, but for combinations of choices.
func subjectNames() []string {
	names := []string{referenceName, specName}
	for _, l := range libraries {
		names = append(names, l.name)
	}
	for _, c := range referenceChoices {
		names = append(names, referenceName+":"+c.name)
	}
	for _, m := range mutant.Every() {
		names = append(names, mutantPrefix+m.Name)
	}
	for _, f := range publishedFaults {
		names = append(names, publishedPrefix+f.name)
	}
	return names
}

// specification is raft.tla in the bounds in which TLC's counts are known, with one entry in the log and one message in flight.
func specification() *subject {
	return &subject{name: specName, raftTLA: true, takes: takes{}, config: cluster.Config{
		Servers: 3, New: abstract.New, Variants: abstract.Variants, NoHistory: true, Strict: true,
		Faults: cluster.Faults{Drop: cluster.Unlimited},
		Bounds: cluster.Bounds{Terms: 2, Log: 1, Messages: 1},
		// In raft.tla clients know the leader, a candidate times out whether it was refused or not, and a crash is no state.
		OutOfReach: []string{"client-redirected", "crash-recovered"},
	}}
}

// reference is the Raft of package impl in a world that reaches every goal and is searched to the end in about ten seconds.
func reference(name string) (*subject, error) {
	var options impl.Options
	config := cluster.Default(nil)
	if _, chosen, any := strings.Cut(name, ":"); any {
		for word := range strings.SplitSeq(chosen, ",") {
			k := slices.IndexFunc(referenceChoices, func(c choice) bool { return c.name == word })
			if k < 0 {
				return nil, usageError(didYouMean(word, choiceNames(), "some of "+strings.Join(choiceNames(), ", ")), "unknown choice %q of the reference", word)
			}
			referenceChoices[k].make(&options)
			if world := referenceChoices[k].world; world != nil {
				world(&config)
			}
		}
	}
	config.New, config.Variants = impl.New(options), options.Variants()
	return &subject{name: name, takes: ofReference(&options), config: config}, nil
}

// mutated is a mutant in the world in which it is known to be caught.
func mutated(m mutant.Mutant) *subject {
	b := m.Bounds
	changes, err := cluster.ParseChanges(b.To)
	if err != nil {
		panic("the world of mutant " + m.Name + ": " + err.Error())
	}
	network := cluster.Unordered
	if b.FIFO {
		network = cluster.FIFO
	}
	return &subject{name: mutantPrefix + m.Name, takes: ofReference(&m.Options), config: cluster.Config{
		Network: network,
		Servers: b.Servers, New: m.Factory(), Variants: m.Variants(), Changes: changes, Values: b.Values,
		Faults: cluster.Faults{Drop: cluster.Unlimited, Duplicate: cluster.Budget(b.Duplicates), Crash: cluster.Budget(b.Crashes), Lossy: b.Lossy, Storage: cluster.Budget(b.StorageErrors)},
		Bounds: cluster.Bounds{Terms: b.Terms, Log: b.Log, Messages: b.Messages, Campaigns: b.Campaigns, Proposals: b.Proposals, Depth: b.Depth,
			Compactions: b.Compactions, Transfers: b.Transfers, Changes: b.Changes, Reads: b.Reads, Ticks: b.Ticks, Drift: b.Drift},
	}}
}

// symmetric reports why states of the subject cannot be counted as one that differ only in names.
func (s *subject) symmetric() error {
	const hint = "leave --symmetry out"
	if s.goTest != nil && s.goTest.family.renames {
		if err := checker.Renameable(&s.config); err != nil {
			return usageError(hint, "--symmetry: %w", err)
		}
		return nil
	}
	if s.program != nil || s.goTest != nil || s.mixed != nil {
		return usageError(hint, "--symmetry needs servers that can be renamed, and those of %s cannot", s.name)
	}
	if err := checker.Symmetric(&s.config); err != nil {
		return usageError(hint, "--symmetry: %w", err)
	}
	return nil
}

// settle fills in what follows from the other settings, after flags have had their say.
func (s *subject) settle() {
	if !s.raftTLA {
		return
	}
	c := &s.config
	c.Duplications = c.Bounds.Copies > 1
	s.restarts = c.Faults.Crash != cluster.Off
	c.Faults.Crash = cluster.Off // raft.tla crashes and restarts a server in one step, which is an input of its own
	inputs := abstract.Inputs(c.IDs(), c.ValueNames(), s.restarts)
	c.Inputs = func(spec.ServerID) []spec.Input { return inputs }
}
