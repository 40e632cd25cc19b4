package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/linearizability"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// linearizeFlags are the flags of linearize.
type linearizeFlags struct {
	format    string
	limit     time.Duration
	whole     time.Duration // how long all work on a history may take
	keepGoing bool
	failedCAS string
	initial   []string
	nilReads  string
	model     string
	memory    size
	allow     string
	known     known
	outputs   outputs
}

// wholeLimit is how long all work on a history may take where --for does not say: enough for a million transactions.
const wholeLimit = 3 * time.Minute

// newLinearizeFlags are the flags as they are when none is given.
func newLinearizeFlags() *linearizeFlags {
	return &linearizeFlags{format: linearizability.Auto, limit: linearizability.DefaultLimit, whole: wholeLimit, failedCAS: "auto", model: linearizability.StrictSerializable.String(), nilReads: nilReadNames[0], outputs: outputs{formats: append(slices.Clone(report.Formats), "porcupine", "witness")}}
}

// linearize judges histories of clients.
func (a *app) linearize() *cobra.Command {
	f := newLinearizeFlags()
	cmd := &cobra.Command{
		Use:   "linearize HISTORY...",
		Short: "Judge what clients of a key-value store saw",
		Long: `linearize reads histories of clients and decides whether they are linearizable: whether every operation, or transaction
of several, can have taken effect at one moment between its call and its return. A finding shows the fewest operations
that no order explains, each with its lines, and says why. Of transactions it also says which weaker promise holds;
--model judges by that.

It reads its own format, Jepsen's and Maelstrom's history.edn, history.txt and jepsen.log, the same in JSON, Maelstrom's
messages, porcupine's test data, the clients of etcd's robustness tests, and raftcheck's traces, whose clients propose and
read. The format is told by the content. Of a folder the best file is read, and named. A history may be compressed with
gzip or zstd; "-" is standard input. One that is missing, empty, cut off or malformed is an error
(exit code 4), never a pass; one that is not decided in time is inconclusive (3).

-o porcupine=FILE draws porcupine's picture of the first wrong history, or else of the first; -o witness=FILE writes
the operations of the first finding as a history of their own.`,
		Example: `  raftcheck linearize history.edn
  raftcheck linearize store/lin-kv/latest
  raftcheck linearize --initial x=0 history.edn
  raftcheck linearize -o porcupine=picture.html --for 5m history.ndjson.gz`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("raftcheck linearize HISTORY..., or - for standard input", "linearize needs a history")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("for") {
				f.whole = f.limit
			}
			return a.runLinearize(cmd.Context(), f, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", linearizability.Auto, "the histories' `format`: "+strings.Join(linearizability.Formats, ", "))
	flags.DurationVar(&f.limit, "for", linearizability.DefaultLimit, "how long it may take to judge each history")
	flags.BoolVar(&f.keepGoing, "keep-going", false, "explain every key that is wrong, not only the first of each history")
	flags.StringVar(&f.failedCAS, "failed-cas", "auto", "what a failed compare-and-set `tells`: nothing, mismatch (the value was another), or auto (mismatch in Jepsen's logs of 2014)")
	flags.StringArrayVar(&f.initial, "initial", nil, "the `value` that every key holds at first: a number, a word, or a text in quotes; nil if not given. KEY=VALUE is of one key; unknown takes what is first seen of a key. May be repeated")
	flags.StringVar(&f.nilReads, "nil-reads", nilReadNames[0], "what a read of Jepsen's that returned nil `saw`: nothing, or unknown where the client does not say")
	f.known.addTo(flags)
	flags.StringVar(&f.model, "model", linearizability.StrictSerializable.String(), "what the store `promises`: "+strings.Join(linearizability.ModelNames, ", "))
	flags.Var(&f.memory, "memory", "what takes more memory than this is inconclusive, as in 2GiB; without it, three quarters of what the machine has")
	addAllow(flags, &f.allow)
	a.addTrust(flags)
	f.outputs.addTo(flags)
	_ = cmd.RegisterFlagCompletionFunc("model", cobra.FixedCompletions(linearizability.ModelNames, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(linearizability.Formats, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("failed-cas", cobra.FixedCompletions(failedCASNames, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// failedCASNames are the values of --failed-cas, in the order of linearizability.FailedCAS.
var failedCASNames = []string{"auto", "mismatch", "nothing"}

// readOptions are the flags that say how to read.
func (f *linearizeFlags) readOptions() (o linearizability.ReadOptions, err error) {
	if !slices.Contains(linearizability.Formats, f.format) {
		return o, usageError(didYouMean(f.format, linearizability.Formats, "one of "+strings.Join(linearizability.Formats, ", ")), "unknown history format %q", f.format)
	}
	o.Format = f.format
	reading := slices.Index(failedCASNames, f.failedCAS)
	if reading < 0 {
		return o, usageError(didYouMean(f.failedCAS, failedCASNames, "one of "+strings.Join(failedCASNames, ", ")), "invalid value %q for --failed-cas", f.failedCAS)
	}
	o.FailedCAS = linearizability.FailedCAS(reading)
	if !slices.Contains(nilReadNames, f.nilReads) {
		return o, usageError(didYouMean(f.nilReads, nilReadNames, "one of "+strings.Join(nilReadNames, ", ")), "invalid value %q for --nil-reads", f.nilReads)
	}
	o.NilUnseen = f.nilReads == nilReadNames[1]
	for _, initial := range f.initial {
		if err := beginWith(&o, initial); err != nil {
			return o, usageError("as in --initial 0, --initial x=0, --initial '\"text\"' or --initial unknown", "invalid value %q for --initial: %w", initial, err)
		}
	}
	return o, nil
}

// nilReadNames are the values of --nil-reads.
var nilReadNames = []string{"nothing", "unknown"}

// beginWith takes one --initial: VALUE, KEY=VALUE or unknown.
func beginWith(o *linearizability.ReadOptions, initial string) error {
	if initial == "unknown" {
		o.InitialUnknown = true
		return nil
	}
	key, text, ofKey := strings.Cut(initial, "=")
	if !ofKey || strings.ContainsAny(initial[:1], `"[({#`) {
		text, ofKey = initial, false
	}
	v, err := linearizability.ParseValue(text)
	if err != nil {
		return err
	}
	if !ofKey {
		o.Initial = &v
		return nil
	}
	if o.InitialOf == nil {
		o.InitialOf = map[string]linearizability.Value{}
	}
	o.InitialOf[key] = v
	return nil
}

// verifyOptions are the flags that say how to judge. Memory that is asked for also bounds what garbage may be left lying about.
func (f *linearizeFlags) verifyOptions() (o linearizability.Options, err error) {
	model, err := linearizability.ParseModel(f.model)
	if err != nil {
		return o, usageError(didYouMean(f.model, linearizability.ModelNames, "one of "+strings.Join(linearizability.ModelNames, ", ")), "invalid value %q for --model", f.model)
	}
	memory := f.memory
	if memory == 0 {
		memory = machineMemory() / 4 * 3
	} else {
		debug.SetMemoryLimit(int64(memory))
	}
	return linearizability.Options{Limit: f.limit, Whole: f.whole, All: f.keepGoing || f.known.any(), Model: model, Memory: int(memory)}, nil
}

func (a *app) runLinearize(ctx context.Context, f *linearizeFlags, args []string) error {
	options, err := f.readOptions()
	if err != nil {
		return err
	}
	judging, err := f.verifyOptions()
	if err != nil {
		return err
	}
	if f.limit <= 0 {
		return usageError("as in --for 30s", "--for %s leaves no time", f.limit)
	}
	allowed, err := allowsInconclusive(f.allow)
	if err != nil {
		return err
	}
	if err := f.known.read(a); err != nil {
		return err
	}
	paths := expand(args)
	if err := a.reads(paths...); err != nil {
		return err
	}
	if err := f.outputs.open(a); err != nil {
		return err
	}
	defer f.outputs.abandon()
	j := &judgement{app: a, flags: f, options: options, judging: judging, report: newReport("linearize", "history", spec.Held)}
	a.term.startProgress(time.Now())
	for _, path := range paths {
		if err := j.file(ctx, path); err != nil {
			return err
		}
		if j.interrupted != "" {
			break
		}
	}
	a.term.endProgress()
	told := f.known.take(j.report, nil)
	j.conclude()
	f.known.tell(j.report, told)
	if err := f.outputs.write(a.term.out, j.render); err != nil {
		return err
	}
	if j.report.Verdict != spec.Violated.String() && len(j.report.Errors) > 0 {
		return outcome(exitInput)
	}
	return verdictOutcome(j.report, allowed)
}

// judgement is one run over several histories.
type judgement struct {
	*app
	flags   *linearizeFlags
	options linearizability.ReadOptions
	judging linearizability.Options
	report  *report.Report
	checked int // operations that were judged

	pictured *linearizability.History // the first that is wrong, or else the first
	found    *linearizability.Finding // the first

	wrong atomic.Pointer[linearizability.Result] // what is known of the history that is being judged, if it is wrong; nil otherwise

	interrupted string // the history that was being judged; "" if the run was not interrupted
	exhausted   string // what was used up then; "" if the user interrupted it
}

// file judges one history. A file that cannot be read is told and noted, and the others go on.
func (j *judgement) file(ctx context.Context, path string) error {
	type read struct {
		h   *linearizability.History
		err error
	}
	in, err := bounded(ctx, 0, j.judging.Memory, func(context.Context) read {
		h, err := j.read(path)
		return read{h, err}
	})
	if j.gaveUp(path, errors.Join(err, in.err)) {
		return nil
	}
	h, err := in.h, in.err
	var fault *traces.InputError
	if errors.As(err, &fault) {
		j.term.complain(inputFailure(fault))
		j.report.Errors = append(j.report.Errors, report.InputProblem{File: cmp.Or(fault.File, path), Line: fault.Line, Column: fault.Column,
			Message: fault.Message, Hint: fault.Hint})
		return nil
	}
	if err != nil {
		return asFailure(err)
	}
	type verified struct {
		result *linearizability.Result
		err    error
	}
	v, err := bounded(ctx, j.flags.whole, j.judging.Memory, func(ctx context.Context) verified {
		result, err := j.verify(ctx, path, h)
		return verified{result, err}
	})
	switch {
	case j.gaveUp(path, errors.Join(err, v.err)):
		if known := j.wrong.Load(); known != nil { // it was only to be shown
			j.note(h, known)
		}
		return nil
	case v.err != nil:
		return &failure{exit: exitFault, err: fmt.Errorf("%s: %w", path, v.err)}
	}
	j.note(h, v.result)
	return nil
}

// gaveUp notes that a history was not judged to its end: because the user wants the run to end, or because time or memory are used up. The
// run ends there, since what was given up may still be at work.
func (j *judgement) gaveUp(path string, err error) bool {
	var reached *exhausted
	switch {
	case errors.As(err, &reached):
		j.interrupted, j.exhausted = path, reached.what
	case wasInterrupted(err):
		j.interrupted = path
	}
	return j.interrupted != ""
}

func (j *judgement) verify(ctx context.Context, path string, h *linearizability.History) (*linearizability.Result, error) {
	judging := j.judging
	j.wrong.Store(nil)
	judging.Wrong = func(r *linearizability.Result) { j.wrong.Store(r) }
	judging.Progress = func(decided, parts int) {
		if ctx.Err() != nil {
			return // somebody else writes to the terminal now
		}
		j.term.progress(time.Now(), func() string { return fmt.Sprintf("linearize %s: %d of %s", path, decided, report.Some(parts, "key")) })
	}
	return linearizability.Verify(ctx, h, judging)
}

func (j *judgement) read(path string) (*linearizability.History, error) {
	options := j.options
	options.Open = j.openLines
	return linearizability.ReadFile(path, options)
}

// note puts the result on a history into the report.
func (j *judgement) note(h *linearizability.History, r *linearizability.Result) {
	path := h.File // of a folder the file that was read
	j.report.Histories = append(j.report.Histories, historyOf(path, h, r))
	j.checked += r.Operations
	for _, why := range r.Because {
		j.report.Because = append(j.report.Because, path+": "+why)
	}
	for k := range r.Findings {
		f := &r.Findings[k]
		j.report.Findings = append(j.report.Findings, historyFinding(path, f))
		if j.found == nil {
			j.found, j.pictured = f, h
		}
	}
	if j.pictured == nil {
		j.pictured = h
	}
}

func historyOf(path string, h *linearizability.History, r *linearizability.Result) report.History {
	out := report.History{Path: path, Format: h.Format, Verdict: r.Verdict.String(), Operations: r.Operations, Clients: r.Clients, Keys: r.Keys,
		Returned: r.Returned, Unknown: r.Unknown, Pending: r.Pending, Failed: r.Failed, Concurrent: r.Concurrent, Methods: []report.Method{}, Notes: h.Notes, Anomalies: r.Anomalies}
	if r.Model != linearizability.StrictSerializable {
		out.Model = r.Model.String()
	}
	if len(r.Anomalies) > 0 || r.Model != linearizability.StrictSerializable {
		out.Strongest, out.Sure = r.Strongest, r.Sure
	}
	for _, name := range linearizability.Methods {
		m := report.Method{Name: name}
		for _, p := range r.Parts {
			if p.Method != name {
				continue
			}
			m.Keys += len(p.Keys)
			m.Operations += p.Operations
			if p.Verdict == spec.Inconclusive {
				m.Undecided += len(p.Keys)
			}
		}
		if m.Keys > 0 {
			out.Methods = append(out.Methods, m)
		}
	}
	for _, keys := range r.AlsoWrong {
		out.AlsoWrong = append(out.AlsoWrong, fmt.Sprintf("%q", strings.Join(keys, " ")))
	}
	return out
}

// historyFinding is what a report says of a violation: the guilty operation's return first, then the other operations.
func historyFinding(path string, f *linearizability.Finding) report.Finding {
	rule := clientRule()
	out := report.Finding{Rule: rule.ID, Name: rule.Name, Sentence: rule.Sentence, Section: rule.Section, Message: f.Message, Story: f.Lines(path)}
	w := &report.Witness{Keys: f.Keys, Hints: f.Hints, Of: f.Of, Minimal: f.Minimal, ConfirmedBy: f.ConfirmedBy, Why: f.Why, Anomaly: f.Anomaly}
	if f.Anomaly != "" {
		w.Model = f.Model.String()
	}
	for _, s := range f.Cycle {
		w.Cycle = append(w.Cycle, report.Step{Before: s.Before + 1, After: s.After + 1, Kind: s.Kind, Key: s.Key, Why: s.Why})
	}
	spans, _ := f.Spans()
	for n := range f.Operations {
		o := &f.Operations[n]
		w.Operations = append(w.Operations, report.Operation{Number: n + 1, Client: o.Client, Text: o.Text, Outcome: o.Outcome.String(), File: cmp.Or(o.File, path),
			CallLine: o.CallLine, ReturnLine: o.ReturnLine, From: spans[n][0], To: spans[n][1]})
		e := report.Evidence{File: cmp.Or(o.File, path), Line: cmp.Or(o.ReturnLine, o.CallLine), Role: fmt.Sprintf("operation %d: %s", n+1, o.Text)}
		if n == f.Guilty {
			out.Evidence = slices.Insert(out.Evidence, 0, e)
			continue
		}
		e.Line = o.CallLine
		out.Evidence = append(out.Evidence, e)
	}
	for _, m := range f.Steps {
		w.Cluster = append(w.Cluster, report.Moment{Step: m.Step, Line: m.Line, Text: m.Text, After: f.Place(m.Step)})
	}
	for _, order := range f.Orders() {
		for k := range order {
			order[k]++
		}
		w.Orders = append(w.Orders, order)
	}
	out.Witness = w
	out.Shape = historyShape(f)
	out.Fingerprint = report.Fingerprint(rule.ID, out.Shape)
	return out
}

// historyShape says in what way a history is wrong, whatever its keys, values and clients are: how many operations of which kinds, and what
// became of them, no order explains.
func historyShape(f *linearizability.Finding) string {
	count := map[string]int{}
	for k := range f.Operations {
		o := &f.Operations[k]
		var kinds []string
		for _, a := range o.Do {
			if kind := kindWord(a.Kind); !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
		slices.Sort(kinds)
		count[strings.Join(kinds, "+")+" "+o.Outcome.String()]++
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		parts = append(parts, fmt.Sprintf("%d %s", count[kind], kind))
	}
	return strings.Join(parts, ", ")
}

// kindWord names a kind of action in shapes, where it must stay the same.
func kindWord(k linearizability.Kind) string {
	words := []string{"read", "write", "cas", "append", "add", "expect"}
	if int(k) < len(words) {
		return words[k]
	}
	return fmt.Sprintf("kind %d", k)
}

// clientRule is what histories are judged by.
func clientRule() *spec.Rule {
	rule, known := spec.RuleByName("linearizability")
	if !known {
		panic("the rulebook has linearizability")
	}
	return rule
}

// conclude gives the verdict over all histories.
func (j *judgement) conclude() {
	r := j.report
	rule := report.RuleResult{ID: clientRule().ID, Name: clientRule().Name, Checked: j.checked}
	defer func() {
		rule.Verdict = r.Verdict
		r.Rules = append(r.Rules, rule)
	}()
	if len(r.Findings) > 0 {
		r.Verdict, r.Because = spec.Violated.String(), nil
		return
	}
	switch {
	case j.exhausted != "":
		r.Because = append(r.Because, fmt.Sprintf("%s in %q, of which nothing is judged, nor of what comes after it", j.exhausted, j.interrupted))
		r.Hints = []string{"--for and --memory grant more"}
	case j.interrupted != "":
		r.Because = append(r.Because, interruptedIn(j.interrupted))
	}
	if n := len(r.Errors); n > 0 {
		r.Because = append(r.Because, historiesNotRead(n, n+len(r.Histories)))
	}
	if len(r.Because) > 0 {
		r.Verdict = spec.Inconclusive.String()
		if slices.ContainsFunc(r.Because, func(s string) bool { return strings.Contains(s, "limit of") }) {
			r.Hints = []string{"give porcupine more time with --for, or record fewer operations at once; unknown outcomes cost most"}
		}
		return
	}
	r.NotCovered = []string{"orders that these clients did not happen to see", "what became of operations that never returned or failed"}
}

func historiesNotRead(n, all int) string {
	if all == 1 {
		return "the history could not be read"
	}
	return fmt.Sprintf("%s of %s could not be read", report.Count(n), report.Some(all, "history"))
}

// render writes the result in one of the formats.
func (j *judgement) render(w io.Writer, format string, person bool) error {
	switch format {
	case "porcupine":
		return j.picture(w)
	case "witness":
		if j.found == nil {
			j.term.note("raftcheck: nothing is wrong, so there is no witness to write")
			return errNothing
		}
		return linearizability.WriteTo(w, j.found.History)
	}
	return j.app.render(j.report)(w, format, person)
}

// mostPictured is how many operations a picture can show and still be of use.
const mostPictured = 10_000

// picture draws the keys of the first finding, or all of the first history.
func (j *judgement) picture(w io.Writer) error {
	h := j.pictured
	if h == nil {
		j.term.note("raftcheck: no history was read, so there is no picture to draw")
		return errNothing
	}
	var ops []int
	for k := range h.Operations {
		if j.found == nil || slices.ContainsFunc(h.Operations[k].Do, func(a linearizability.Action) bool { return slices.Contains(j.found.Keys, a.Key) }) {
			ops = append(ops, k)
		}
	}
	if len(ops) > mostPictured && j.found != nil {
		ops = ops[:0]
		for _, o := range j.found.Operations {
			ops = append(ops, o.Index)
		}
		j.term.note("raftcheck: too many operations for a picture; it shows those of the finding")
	}
	if len(ops) > mostPictured {
		ops = ops[:mostPictured]
		j.term.note("raftcheck: too many operations for a picture; it shows the first %s", report.Count(mostPictured))
	}
	return linearizability.Picture(w, h, ops, min(j.flags.limit, 10*time.Second))
}
