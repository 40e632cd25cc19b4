package subject

import (
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/internal/nearest"
	"github.com/raftcheck/raftcheck/spec"
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

// Choices lists the choices that may follow "reference:", as in Named("reference:pre-vote,snapshots").
func Choices() []string {
	names := make([]string, len(referenceChoices))
	for k, c := range referenceChoices {
		names[k] = c.name
	}
	return names
}

// reference is the Raft of package impl in a world that reaches every goal and is searched to the end in seconds; in about ten with two entries.
func reference(name string) (*Subject, error) {
	config := cluster.Default(nil)
	var chosen []string
	wide := func(b *cluster.Bounds) { b.Log, b.Proposals = 2, 2 }
	if _, words, any := strings.Cut(name, ":"); any {
		chosen, wide = strings.Split(words, ","), nil
	}
	var options impl.Options
	if err := choose(chosen, &options, &config); err != nil {
		return nil, err
	}
	config.New, config.Variants = impl.New(options), options.Variants()
	return &Subject{Name: name, Takes: ofReference(&options), Config: config, wide: wide}, nil
}

// Choose gives the reference's options what the choices are about, in their order. The error is a choice that there is not.
func Choose(choices []string, o *impl.Options) error { return choose(choices, o, &cluster.Config{}) }

func choose(choices []string, o *impl.Options, world *cluster.Config) error {
	for _, word := range choices {
		k := slices.IndexFunc(referenceChoices, func(c choice) bool { return c.name == word })
		if k < 0 {
			return misasked(nearest.Hint(word, Choices(), "some of "+strings.Join(Choices(), ", ")), "unknown choice %q of the reference", word)
		}
		referenceChoices[k].make(o)
		if change := referenceChoices[k].world; change != nil {
			change(world)
		}
	}
	return nil
}

// ofReference returns what the reference takes with its options.
func ofReference(o *impl.Options) []spec.InputKind {
	all := []spec.InputKind{}
	for _, has := range []struct {
		on   bool
		kind spec.InputKind
	}{{o.Snapshots, spec.Compact}, {o.Transfer, spec.Transfer}, {o.Membership, spec.Reconfigure}, {o.Reads != impl.NoReads, spec.ReadIndex}, {o.ElectionTicks > 0, spec.Tick},
		{!o.AsyncStorage, spec.StorageError}} {
		if has.on {
			all = append(all, has.kind)
		}
	}
	return all
}
