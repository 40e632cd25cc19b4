// Command raftcheck-beam makes the exhaustive search of raftcheck check on Apache Beam: docs/scale.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx" // all runners

	"github.com/raftcheck/raftcheck/distributed"
)

// The exit codes are raftcheck's.
const (
	exitUsage = 2
	exitFault = 5
)

const usage = `raftcheck-beam searches every execution of a Raft up to a bound, as raftcheck check does, on Apache Beam.

Usage:
  raftcheck-beam --dir FOLDER [--runner RUNNER] [flags of raftcheck check] [flags of Beam]

Examples:
  raftcheck-beam --dir /shared/search --impl mutant:el-stale-vote-resp
  raftcheck-beam --dir /shared/search --runner flink --endpoint flink-jobmanager:8099 \
      --environment_config registry.example/raftcheck-beam:latest --partitions 16 --impl spec --log 1 --messages 2

Flags:
`

// flags are those that are neither raftcheck's nor Beam's.
type flags struct {
	search  distributed.Search
	options distributed.Options
	binary  string
	pool    int // start workers for who asks at this port
}

func (f *flags) set() *flag.FlagSet {
	set := flag.NewFlagSet("raftcheck-beam", flag.ContinueOnError)
	set.Usage = func() {}
	set.StringVar(&f.search.Folder, "dir", "", "the `folder` of the search, as all workers see it: new, empty, or with a search to go on with")
	set.StringVar(&f.options.Runner, "runner", "prism", "what runs it: prism on this machine, flink, dataflow, spark, or universal")
	set.IntVar(&f.search.Shares, "partitions", 16, "into how many parts keys are divided, 1 to 16: so many workers merge at a time")
	set.IntVar(&f.search.Rounds, "rounds-per-task", 8, "how many times 65,536 states a worker expands in one go")
	set.IntVar(&f.options.Layers, "layers-per-job", 8, "how many layers one job does")
	set.IntVar(&f.options.Retries, "retries", 3, "how many jobs in a row may fail without having finished a layer")
	set.DurationVar(&f.options.Patient, "patience", time.Hour, "give a job up that has made no file for so long, and give its layers again; 0 is never")
	set.DurationVar(&f.options.Limit, "for", 0, "give no job after this long, as in 10m, and tell what was covered")
	set.StringVar(&f.binary, "raftcheck", "raftcheck", "the program raftcheck, on the workers' machines and here")
	set.IntVar(&f.pool, "serve", 0, "start workers, each a process of its own, for runners that ask at this `port` of localhost, as --environment_type EXTERNAL does; takes no other flag")
	return set
}

func main() {
	log.SetupLogging("warn", "text")
	_ = flag.CommandLine.Parse(beams(os.Args[1:])) // a worker that a runner has begun takes these
	beam.Init()
	f := &flags{}
	code, err := f.run(os.Args[1:])
	var refused *distributed.Refused
	if errors.As(err, &refused) {
		code = refused.Exit
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "raftcheck-beam: %v\n", err)
		if code == 0 {
			code = exitFault
		}
	}
	os.Exit(code)
}

func (f *flags) run(args []string) (int, error) {
	if slices.Contains(args, "--help") || slices.Contains(args, "-h") || len(args) == 0 {
		fmt.Print(usage)
		set := f.set()
		set.SetOutput(os.Stdout)
		set.PrintDefaults()
		return 0, nil
	}
	set := f.set()
	own, rest, err := divide(args, set)
	if err != nil {
		return exitUsage, err
	}
	if err := set.Parse(own); err != nil {
		return exitUsage, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if f.pool > 0 {
		return 0, serve(ctx, f.pool)
	}
	if err := f.check(rest); err != nil {
		return exitUsage, err
	}
	f.search.Command = append([]string{f.binary, "check"}, rest...)
	f.options.Note, f.options.Out = os.Stderr, os.Stdout
	return distributed.Run(ctx, f.search, f.options)
}

// check looks whether the flags make sense, and completes them.
func (f *flags) check(rest []string) error {
	for _, word := range rest {
		if why := senseless[nameOf(word)]; why != "" {
			return fmt.Errorf("--%s: %s", nameOf(word), why)
		}
	}
	switch {
	case f.search.Folder == "":
		return errors.New("--dir is missing: a folder that all workers see, as in --dir /shared/search")
	case f.search.Shares < 1 || f.search.Shares > 16:
		return fmt.Errorf("--partitions %d: there are 1 to 16", f.search.Shares)
	case f.search.Rounds < 1 || f.options.Layers < 1 || f.options.Retries < 0 || f.options.Limit < 0 || f.options.Patient < 0:
		return errors.New("--rounds-per-task and --layers-per-job are at least 1, --retries, --for and --patience at least 0")
	}
	var err error
	if *jobopts.WorkerBinary == "" {
		if *jobopts.WorkerBinary, err = os.Executable(); err != nil { // else Beam's SDK compiles one, and asks for a Go toolchain and the source
			return err
		}
	}
	if f.search.Folder, err = filepath.Abs(f.search.Folder); err != nil {
		return err
	}
	if f.binary, err = exec.LookPath(f.binary); err != nil {
		return fmt.Errorf("--raftcheck: %w", err)
	}
	if f.binary, err = filepath.Abs(f.binary); err != nil {
		return err
	}
	return distributed.Fresh(f.search.Folder)
}

// senseless are flags of check that make no sense here, and why.
var senseless = map[string]string{
	"resume":   "raftcheck-beam goes on with the search that it finds in --dir",
	"share":    "raftcheck-beam has it done by its workers, in --dir",
	"liveness": "it takes a graph of all states in the memory of one machine: raftcheck check --liveness",
	"known":    "each known finding that is met makes another search: raftcheck check --known",
	"on":       "it is for --known",
	"progress": "each job is told when it ends",
	"help":     "raftcheck check --help, or raftcheck-beam --help",
}

// nameOf returns the name of the flag that a word begins with, or "".
func nameOf(word string) string {
	name, is := strings.CutPrefix(word, "--")
	if !is {
		return ""
	}
	name, _, _ = strings.Cut(name, "=")
	return name
}

// divide takes out of the arguments those that are this program's, and drops those that are Beam's, which are parsed already. The rest is for raftcheck check.
func divide(args []string, set *flag.FlagSet) (own, rest []string, err error) {
	for k := 0; k < len(args); k++ {
		name := nameOf(args[k])
		is, beams := set.Lookup(name), flag.CommandLine.Lookup(name)
		if name == "" || is == nil && beams == nil {
			rest = append(rest, args[k])
			continue
		}
		words := args[k : k+1]
		if !strings.Contains(args[k], "=") && !isBool(is) && !isBool(beams) {
			if k++; k == len(args) {
				return nil, nil, fmt.Errorf("--%s needs a value", name)
			}
			words = args[k-1 : k+1]
		}
		if is != nil {
			own = append(own, words...)
		}
	}
	return own, rest, nil
}

// beams returns the arguments that are Beam's.
func beams(args []string) (own []string) {
	set := (&flags{}).set()
	for k := 0; k < len(args); k++ {
		name := nameOf(args[k])
		is := flag.CommandLine.Lookup(name)
		if name == "" || is == nil || set.Lookup(name) != nil {
			continue
		}
		own = append(own, args[k])
		if !strings.Contains(args[k], "=") && !isBool(is) && k+1 < len(args) {
			k++
			own = append(own, args[k])
		}
	}
	return own
}

func isBool(f *flag.Flag) bool {
	if f == nil {
		return false
	}
	b, is := f.Value.(interface{ IsBoolFlag() bool })
	return is && b.IsBoolFlag()
}

// serve starts workers for runners that are told where to ask for them, each a process of this program.
func serve(ctx context.Context, port int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	at, err := net.Listen("tcp", fmt.Sprintf("localhost:%d", port))
	if err != nil {
		return err
	}
	return distributed.ServePool(ctx, at, self)
}
