package main

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/subject"
)

// runFlags are the flags of run.
type runFlags struct {
	server serverFlags
	dir    string
	port   int
	limit  time.Duration

	load           int
	killEvery      time.Duration
	partitionEvery time.Duration
	restartAfter   time.Duration
	judge          bool
}

// serverFlags are what all servers of a cluster are told alike.
type serverFlags struct {
	nodes     int
	impl      string
	features  []string
	election  string
	heartbeat time.Duration
	compact   int
	seed      uint64
}

// runFeatures are the parts of Raft that a cluster has unless flags say otherwise: those that a real one has.
var runFeatures = []string{"no-op", "conflict-hints", "snapshots", "pre-vote", "check-quorum", "read-index"}

// mostRunning is how many servers a cluster has at most.
const mostRunning = 9

func (f *serverFlags) addTo(flags *pflag.FlagSet) {
	flags.IntVar(&f.nodes, "nodes", 3, "servers in the cluster, each a process of its own")
	flags.StringVar(&f.impl, "impl", subject.ReferenceName, "what runs: reference or mutant:`NAME`")
	flags.StringSliceVar(&f.features, "features", runFeatures, "parts of Raft that the reference has: some of "+strings.Join(subject.Choices(), ",")+", or none")
	flags.StringVar(&f.election, "election-timeout", runtime.DefaultTiming.Election.String(), "the `range` that election timeouts are drawn from, afresh for every election")
	flags.DurationVar(&f.heartbeat, "heartbeat", runtime.DefaultTiming.Heartbeat, "from one heartbeat of a leader to the next")
	flags.IntVar(&f.compact, "compact", 256, "committed entries after which a log is compacted, with the feature snapshots")
	flags.Uint64Var(&f.seed, "seed", 1, "where election timeouts, load and chaos begin; what a real cluster does is up to the machine too")
}

// args are the flags as they are typed.
func (f *serverFlags) args() []string {
	features := "none"
	if len(f.features) > 0 {
		features = strings.Join(f.features, ",")
	}
	return []string{"--nodes", strconv.Itoa(f.nodes), "--impl", f.impl, "--features", features, "--election-timeout", f.election, "--heartbeat", f.heartbeat.String(),
		"--compact", strconv.Itoa(f.compact), "--seed", strconv.FormatUint(f.seed, 10)}
}

// mostEntries is how many entries a message of a server that runs carries at most.
const mostEntries = 64

// options returns the node's options and its name, as in --impl.
func (f *serverFlags) options() (impl.Options, string, error) {
	if name, is := strings.CutPrefix(f.impl, subject.MutantPrefix); is {
		s, err := subject.Named(f.impl)
		if err != nil {
			return impl.Options{}, "", err
		}
		m, _ := mutant.ByName(name)
		return m.Options, s.Name, nil
	}
	if f.impl != subject.ReferenceName {
		if _, err := subject.Named(f.impl); err != nil {
			return impl.Options{}, "", err
		}
		return impl.Options{}, "", usageError("--impl reference or mutant:NAME", "%s cannot be run, only searched", f.impl)
	}
	o := impl.Options{MaxEntries: mostEntries}
	if len(f.features) == 0 || len(f.features) == 1 && f.features[0] == "none" {
		return o, subject.ReferenceName, nil
	}
	name := subject.ReferenceName + ":" + strings.Join(f.features, ",")
	if _, err := subject.Named(name); err != nil {
		return impl.Options{}, "", err
	}
	return o, name, subject.Choose(f.features, &o)
}

func (f *serverFlags) timing() (runtime.Timing, error) {
	election, err := runtime.ParseRange(f.election)
	if err != nil {
		return runtime.Timing{}, usageError("as in --election-timeout 150ms-300ms", "--election-timeout: %w", err)
	}
	timing := runtime.Timing{Election: election, Heartbeat: f.heartbeat}
	if err := timing.Validate(); err != nil {
		return timing, usageError("as in --election-timeout 150ms-300ms --heartbeat 50ms", "%w", err)
	}
	return timing, nil
}

// run starts a cluster of real processes.
func (a *app) run() *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run a real cluster, record it, and judge the record",
		Long: `run starts a cluster of the reference Raft, or of a mutant: the very code that check searches, each server a process of its
own with a disk, a clock and a network, and a small key-value store that is served over HTTP on this machine only. It prints how
to talk to it. A server that is killed, by you with kill -9 or by --kill-every, is started again.

Each server records what it does, and run records what every client asks and is told. At the end, by Ctrl-C or --for, the
records are joined and judged as raftcheck verify and raftcheck linearize judge them.`,
		Example: `  raftcheck run
  raftcheck run --for 10s --load 4 --kill-every 1s
  raftcheck run --nodes 5 --load 8 --partition-every 2s --for 30s
  raftcheck run --impl mutant:el-vote-not-durable --load 2 --kill-every 500ms --for 3s`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runCluster(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	f.server.addTo(flags)
	flags.StringVar(&f.dir, "dir", "", "a new `folder` for state and records; raftcheck-run in this one, or with a number, if not given")
	flags.IntVar(&f.port, "port", 0, "n1 serves clients at this port, n2 at the next, and so on; 0 is any that are free")
	flags.DurationVar(&f.limit, "for", 0, "end after this time; 0 is when interrupted")
	flags.IntVar(&f.load, "load", 0, "clients of run's own, which read and write all the time")
	flags.DurationVar(&f.killEvery, "kill-every", 0, "kill a server, as kill -9 does, every so often; 0 is never")
	flags.DurationVar(&f.partitionEvery, "partition-every", 0, "cut a server off from the others every so often, for half of that time; 0 is never")
	flags.DurationVar(&f.restartAfter, "restart-after", 500*time.Millisecond, "how long a server that was killed stays down")
	flags.BoolVar(&f.judge, "judge", true, "judge the records at the end")
	return cmd
}

func (f *runFlags) check() error {
	s := &f.server
	switch {
	case s.nodes < 1 || s.nodes > mostRunning:
		return usageError("", "--nodes %d: it is from 1 to %d", s.nodes, mostRunning)
	case f.port < 0 || f.port+s.nodes > 65536:
		return usageError("", "--port %d: it is from 0 to %d", f.port, 65536-s.nodes)
	case f.load > 1000:
		return usageError("", "--load %d: it is from 0 to 1000", f.load)
	}
	if _, _, err := s.options(); err != nil {
		return err
	}
	_, err := s.timing()
	return err
}

// folder makes the folder of a run.
func (f *runFlags) folder() error {
	if f.dir != "" {
		if entries, err := os.ReadDir(f.dir); err == nil && len(entries) > 0 {
			return usageError("name another --dir, or remove it", "--dir %s: there is something in it", f.dir)
		}
		if err := os.MkdirAll(f.dir, 0o777); err != nil {
			return usageError("", "--dir: %w", err)
		}
		return nil
	}
	for k := 1; ; k++ {
		f.dir = "raftcheck-run"
		if k > 1 {
			f.dir += "-" + strconv.Itoa(k)
		}
		switch err := os.Mkdir(f.dir, 0o777); {
		case err == nil:
			return nil
		case !errors.Is(err, fs.ErrExist):
			return usageError("as in --dir /tmp/run", "no folder for the run: %w", err)
		}
	}
}
