// Package script runs behaviour scripts: what happens to a cluster, one command a line, and below it, indented, what came of it.
// A script is its own golden file. The tests of impl and impl/mutant run theirs, and rewrite them with -update.
//
//	cluster 3 no-op hints max-entries=1    so many servers, with these options, none of which need be given
//	timeout n1                             also heartbeat n1, restart n1, crash n1, compact n1
//	transfer n1 n2                         n1 is asked to hand over to n2
//	reconfigure n1 voters=n1,n2            a client asks n1 for this configuration; "learners=" and "joint" may follow
//	append n1                              n1 appends the oldest command that it has taken on
//	apply n1                               n1's state machine carries out the next entry
//	stored n1                              what n1 has waiting for storage longest is on disk
//	storage-error n1                       n1's disk will refuse the next write
//	read n1                                a client asks n1 to read
//	tick n1                                n1's clock goes on
//	propose n1 x
//	deliver n1->n2 RequestVote             the oldest such message in flight; "newest" and "copy" may follow
//	drop n1->n2 RequestVote                it is lost
//	show n1
//	elect n1 n2 n3                         n1 campaigns until it leads with these votes; only the result is printed
//	replicate n1 n2                        n1 sends a heartbeat and n2 answers; only the result is printed
//
// What else elect and replicate send is lost.
// After what makes a server step, "cut=2" crashes it at that crash point, and "lossy" makes a crash one that loses unsynced
// writes. Lines that begin with # are comments.
package script

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// Runner runs scripts on servers that New makes.
type Runner struct {
	New func(impl.Options) spec.Factory
	// Lenient skips a delivery or loss of a message that is not in flight, for a script written for another implementation.
	Lenient bool
}

// Result is what a script did.
type Result struct {
	Text   string   // the script with its output
	Broken []string // ids of the rules that were broken, each once, in the order in which that happened
	Steps  int      // steps until the first was broken, or in all if none was
}

// Run runs a script. Output that the script already has is ignored. An error names the line, counted from 1.
func (r Runner) Run(script string) (Result, error) {
	run := &run{runner: r}
	for k, line := range strings.Split(strings.TrimSuffix(script, "\n"), "\n") {
		if strings.HasPrefix(line, "  ") {
			continue
		}
		fmt.Fprintln(&run.out, line)
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := run.command(strings.Fields(line)); err != nil {
			return Result{}, fmt.Errorf("line %d: %q: %w", k+1, line, err)
		}
	}
	if len(run.broken) == 0 {
		run.first = run.steps
	}
	return Result{run.out.String(), run.broken, run.first}, nil
}

// run is a script that is being run.
type run struct {
	runner   Runner
	nodes    map[spec.ServerID]spec.Node
	inFlight []spec.Message
	judge    *spec.Judge
	steps    int
	quiet    bool // steps print nothing
	first    int  // the step at which a rule was broken first
	broken   []string
	out      strings.Builder
}

var inputs = map[string]spec.InputKind{
	"timeout": spec.Timeout, "heartbeat": spec.Heartbeat, "propose": spec.Propose, "crash": spec.Crash, "restart": spec.Restart,
	"compact": spec.Compact, "transfer": spec.Transfer, "read": spec.ReadIndex, "tick": spec.Tick, "reconfigure": spec.Reconfigure,
	"stored": spec.Stored, "append": spec.Append, "apply": spec.ApplyNext, "storage-error": spec.StorageError,
}

func (r *run) command(words []string) error {
	name, args := words[0], words[1:]
	if name == "cluster" {
		return r.cluster(args)
	}
	if len(args) == 0 || r.nodes == nil {
		return fmt.Errorf("no server, or no cluster yet")
	}
	switch name {
	case "elect", "replicate":
		return r.shortcut(name, args)
	case "deliver", "drop":
		return r.network(name, args)
	case "show":
		id, err := r.server(args[0])
		if err == nil {
			r.show(id)
		}
		return err
	}
	kind, known := inputs[name]
	if !known {
		return fmt.Errorf("no such command")
	}
	return r.local(kind, args)
}

func (r *run) cluster(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("how many servers?")
	}
	size, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	options, err := optionsOf(args[1:])
	if err != nil {
		return err
	}
	var ids []spec.ServerID
	for id := 1; id <= size; id++ {
		ids = append(ids, spec.ServerID(id))
	}
	r.nodes = map[spec.ServerID]spec.Node{}
	for _, id := range ids {
		r.nodes[id] = r.runner.New(options)(id, ids)
	}
	r.inFlight, r.judge = nil, spec.NewJudge(spec.Rules, options.Variants())
	return nil
}

func optionsOf(words []string) (options impl.Options, err error) {
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "no-op":
			options.NoOp = true
		case "hints":
			options.ConflictHints = true
		case "max-entries":
			options.MaxEntries, err = strconv.Atoi(value)
		case "snapshots":
			options.Snapshots = true
		case "pre-vote":
			options.PreVote = true
		case "check-quorum":
			options.CheckQuorum = true
		case "transfer":
			options.Transfer = true
		case "read-index":
			options.Reads = impl.ReadByRound
		case "lease-reads":
			options.Reads = impl.ReadByLease
		case "election-ticks":
			options.ElectionTicks, err = strconv.Atoi(value)
		case "sessions":
			options.Sessions = true
		case "pipeline":
			options.Pipeline = true
		case "applies-later":
			options.AppliesLater = true
		case "split-proposals":
			options.SplitProposals = true
		case "backups":
			options.Backups = true
		case "async-storage":
			options.AsyncStorage = true
		case "membership":
			options.Membership = true
		case "joint":
			options.Joint = true
		case "voters":
			options.Voters, err = strconv.Atoi(value)
		case "drift":
			options.Drift, err = strconv.Atoi(value)
		default:
			err = fmt.Errorf("no option %q", w)
		}
	}
	return options, err
}

func (r *run) server(name string) (spec.ServerID, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "n"))
	if err != nil || r.nodes[spec.ServerID(n)] == nil {
		return spec.None, fmt.Errorf("no server %q", name)
	}
	return spec.ServerID(n), nil
}

func (r *run) local(kind spec.InputKind, args []string) error {
	id, err := r.server(args[0])
	if err != nil {
		return err
	}
	in := spec.Input{Kind: kind}
	rest := args[1:]
	if kind == spec.Propose && len(rest) > 0 {
		in.Value, rest = rest[0], rest[1:]
	}
	if kind == spec.Transfer && len(rest) > 0 {
		if in.Peer, err = r.server(rest[0]); err != nil {
			return err
		}
		rest = rest[1:]
	}
	if kind == spec.Reconfigure {
		if in.Change, err = spec.ParseChange(strings.Join(rest, " ")); err != nil {
			return err
		}
		rest = nil
	}
	if rest, err = crashWords(&in, rest); err != nil || len(rest) > 0 {
		return fmt.Errorf("not understood: %v %w", rest, err)
	}
	r.step(id, in)
	return nil
}

// crashWords takes "cut=2" and "lossy" out of the words.
func crashWords(in *spec.Input, words []string) (rest []string, err error) {
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "cut":
			in.Cut, err = strconv.Atoi(value)
		case "lossy":
			in.Lossy = true
		default:
			rest = append(rest, w)
		}
	}
	return rest, err
}

// network delivers or drops a message: n1->n2 RequestVote, then "newest" or "copy".
func (r *run) network(name string, args []string) error {
	in := spec.Input{Kind: spec.Deliver}
	words, err := crashWords(&in, args)
	if err != nil || len(words) < 2 {
		return fmt.Errorf("which message?")
	}
	newest, keep := slices.Contains(words[2:], "newest"), slices.Contains(words[2:], "copy")
	at := r.find(words[0], words[1], newest)
	if at < 0 {
		if r.runner.Lenient {
			return nil
		}
		return fmt.Errorf("no such message in flight")
	}
	in.Message = r.inFlight[at]
	if !keep {
		r.inFlight = slices.Delete(slices.Clone(r.inFlight), at, at+1)
	}
	if name == "deliver" {
		r.step(in.Message.To, in)
	}
	return nil
}

func (r *run) find(link, kind string, newest bool) int {
	found := -1
	for k, m := range r.inFlight {
		if fmt.Sprintf("%s->%s", m.From, m.To) == link && m.Kind.String() == kind && (newest || found < 0) {
			found = k
		}
	}
	return found
}
