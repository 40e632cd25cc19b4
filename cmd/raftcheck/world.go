package main

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// worldFlags are the flags that say what is searched, how far, and what goes wrong. A flag that was not given leaves the
// subject's own world as it is.
type worldFlags struct {
	impl                                                                         string
	features                                                                     []string
	nodes, terms, log, messages, duplicates, values, depth, campaigns, proposals int
	compactions, transfers, changes, reads, ticks, drift                         int
	to, network                                                                  string
	faults                                                                       faultList
	exec                                                                         execFlags
	declared                                                                     declared
	// larger, unless nil, makes of a subject's own world the one that it has unless flags say otherwise.
	larger func(cluster.Config) cluster.Config
	// own, unless nil, is what is searched if flags name no implementation.
	own func() (*subject.Subject, error)
}

func (w *worldFlags) addTo(flags *pflag.FlagSet) {
	w.addImpl(flags)
	w.addBounds(flags)
}

func (w *worldFlags) addImpl(flags *pflag.FlagSet) {
	w.impl = subject.ReferenceName
	flags.Var(names{&w.impl}, "impl", "what to search: reference, spec (raft.tla), mutant:`NAME`, published:NAME, etcd[@VERSION], hashicorp[@VERSION] or nats[@VERSION]; again as n1=hashicorp@VERSION for a server of another release")
	flags.StringSliceVar(&w.features, "features", nil, "parts of Raft that the reference has: some of "+strings.Join(subject.Choices(), ","))
	w.exec.addTo(flags)
	w.declared.addTo(flags)
}

func (w *worldFlags) addBounds(flags *pflag.FlagSet) {
	flags.IntVar(&w.nodes, "nodes", 0, "servers in the cluster")
	flags.IntVar(&w.terms, "terms", 0, "highest term of any server")
	flags.IntVar(&w.log, "log", 0, "most entries in any log")
	flags.IntVar(&w.messages, "messages", 0, "most messages in flight at once")
	flags.IntVar(&w.duplicates, "duplicates", 0, "most copies of one message in flight at once")
	flags.IntVar(&w.values, "values", 0, "different commands that clients propose")
	flags.IntVar(&w.depth, "depth", 0, "most steps in one execution; 0 is no bound")
	flags.IntVar(&w.campaigns, "campaigns", 0, "most election timeouts in one execution; 0 is no bound")
	flags.IntVar(&w.proposals, "proposals", 0, "most client commands in one execution; 0 is no bound")
	flags.IntVar(&w.compactions, "compactions", 0, "most logs compacted in one execution")
	flags.IntVar(&w.transfers, "transfers", 0, "most requests in one execution that the leader hand over to another server")
	flags.IntVar(&w.changes, "changes", 0, "most changes of the configuration that are asked for in one execution")
	flags.IntVar(&w.reads, "reads", 0, "most reads in one execution")
	flags.StringVar(&w.to, "change-to", "", "the changes that may be asked for, as in 'voters=n1,n2 learners=n3; voters=n1 joint'; every set of voters if not given")
	flags.IntVar(&w.ticks, "ticks", 0, "how far any server's clock goes; 0 is no clocks")
	flags.IntVar(&w.drift, "drift", 0, "how far any two clocks differ at most")
	flags.StringVar(&w.network, "network", "", "how messages travel, a `model`: "+strings.Join(cluster.Networks, ", "))
	flags.Var(&w.faults, "faults", "what may go wrong: none, or some of "+strings.Join(faultNames, ",")+", each with an optional budget for one execution as in crash=1")
}

// names is --impl, which may be given several times.
type names struct{ to *string }

// String returns all names, with spaces between.
func (n names) String() string {
	if n.to == nil {
		return ""
	}
	return *n.to
}

// Type is what help calls the value.
func (names) Type() string { return "NAME" }

// Set adds a name; the default is none.
func (n names) Set(name string) error {
	if *n.to != subject.ReferenceName {
		name = *n.to + " " + name
	}
	*n.to = name
	return nil
}

// subject returns the implementation in the world that the flags describe.
func (w *worldFlags) subject(flags *pflag.FlagSet) (*subject.Subject, error) {
	s, err := w.base(flags)
	if err != nil {
		return nil, err
	}
	if w.larger != nil && !s.Fixed {
		s.Config = w.larger(s.Config)
	}
	c := &s.Config
	for name, set := range w.bounds(c) {
		if flags.Changed(name) {
			set()
		}
	}
	if err := w.setNetwork(c); err != nil {
		return nil, err
	}
	besides, err := w.declared.variants()
	if err != nil {
		return nil, err
	}
	c.Variants = append(slices.Clip(c.Variants), besides...)
	if c.Changes, err = w.changesTo(c.Changes); err != nil {
		return nil, err
	}
	if err := w.check(flags, s); err != nil {
		return nil, err
	}
	if err := w.refused(flags, s); err != nil {
		return nil, err
	}
	s.Settle()
	if err := s.Absent(); err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, usageError("raftcheck check --help says what each bound means", "%w", err)
	}
	return s, nil
}

// bounds returns, by the name of its flag, what sets each bound of a world, and its faults, as flags say.
func (w *worldFlags) bounds(c *cluster.Config) map[string]func() {
	return map[string]func(){
		"nodes":       func() { c.Servers = w.nodes },
		"terms":       func() { c.Bounds.Terms = spec.Term(max(w.terms, 0)) },
		"log":         func() { c.Bounds.Log = spec.Index(max(w.log, 0)) },
		"messages":    func() { c.Bounds.Messages = w.messages },
		"duplicates":  func() { c.Bounds.Copies = w.duplicates },
		"values":      func() { c.Values = w.values },
		"depth":       func() { c.Bounds.Depth = w.depth },
		"campaigns":   func() { c.Bounds.Campaigns = w.campaigns },
		"proposals":   func() { c.Bounds.Proposals = w.proposals },
		"compactions": func() { c.Bounds.Compactions = w.compactions },
		"transfers":   func() { c.Bounds.Transfers = w.transfers },
		"changes":     func() { c.Bounds.Changes = w.changes },
		"reads":       func() { c.Bounds.Reads = w.reads },
		"ticks":       func() { c.Bounds.Ticks = w.ticks },
		"drift":       func() { c.Bounds.Drift = w.drift },
		"faults":      func() { c.Faults = w.faults.Faults },
	}
}

// says reports whether flags say anything of the world but who is in it.
func (w *worldFlags) says(flags *pflag.FlagSet) bool {
	says := flags.Changed("network") || flags.Changed("change-to")
	for name := range w.bounds(new(cluster.Config)) {
		says = says || flags.Changed(name)
	}
	return says
}

// base returns the implementation in its own world.
func (w *worldFlags) base(flags *pflag.FlagSet) (*subject.Subject, error) {
	if flags.Changed("exec") {
		if len(w.features) > 0 {
			return nil, usageError("leave --features out", "--features are of the reference, not of --exec")
		}
		return w.exec.subject(flags)
	}
	if w.own != nil && len(w.features) == 0 && !flags.Changed("impl") {
		return w.own()
	}
	if len(w.features) == 0 {
		return subject.Named(w.impl)
	}
	if w.impl != subject.ReferenceName {
		return nil, usageError("--impl "+subject.ReferenceName, "--features are of the reference, not of %q", w.impl)
	}
	return subject.Named(subject.ReferenceName + ":" + strings.Join(w.features, ","))
}

// changesTo reads --change-to.
func (w *worldFlags) changesTo(own []spec.Change) ([]spec.Change, error) {
	if w.to == "" {
		return own, nil
	}
	changes, err := cluster.ParseChanges(w.to)
	if err != nil {
		return nil, usageError("as in 'voters=n1,n2 learners=n3'", "--change-to: %w", err)
	}
	return changes, nil
}

func (w *worldFlags) setNetwork(c *cluster.Config) error {
	if w.network == "" {
		return nil
	}
	k := slices.Index(cluster.Networks, w.network)
	if k < 0 {
		return usageError(didYouMean(w.network, cluster.Networks, "one of "+strings.Join(cluster.Networks, ", ")), "unknown network %q", w.network)
	}
	c.Network = cluster.Network(k)
	return nil
}

// check refuses what would be misunderstood: numbers below zero, no term at all, and faults that raft.tla does not have.
func (w *worldFlags) check(flags *pflag.FlagSet, s *subject.Subject) error {
	for _, n := range []struct {
		flag         string
		given, least int
	}{{"terms", w.terms, 1}, {"log", w.log, 0}, {"duplicates", w.duplicates, 1}, {"values", w.values, 1},
		{"depth", w.depth, 0}, {"campaigns", w.campaigns, 0}, {"proposals", w.proposals, 0},
		{"compactions", w.compactions, 0}, {"transfers", w.transfers, 0}, {"changes", w.changes, 0}, {"reads", w.reads, 0}, {"ticks", w.ticks, 0}, {"drift", w.drift, 0}} {
		if flags.Changed(n.flag) && n.given < n.least {
			return usageError("", "--%s %d: it is at least %d", n.flag, n.given, n.least)
		}
	}
	if !s.RaftTLA {
		return nil
	}
	f := &s.Config.Faults
	if f.Duplicate != cluster.Off || f.Partition != cluster.Off || f.Lossy || f.Crash > 0 || f.Drop > 0 {
		return usageError("--duplicates 2 lets messages arrive twice", "--impl spec knows the faults drop, which is always on, and crash, both without a number")
	}
	if s.Config.Network != cluster.Unordered {
		return usageError("leave --network out", "--impl spec has the network of raft.tla: unordered")
	}
	f.Drop = cluster.Unlimited
	return nil
}
