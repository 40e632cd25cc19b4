package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spf13/cobra"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/raftcheck/raftcheck/conformance"
	"github.com/raftcheck/raftcheck/conformance/contract"
	"github.com/raftcheck/raftcheck/fold"
	"github.com/raftcheck/raftcheck/gate"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/traces"
)

// conformFlags are the flags of conform.
type conformFlags struct {
	world    worldFlags
	level    string
	profiles []string
	seed     uint64
	against  string
	time     time.Duration
	allow    string
	outputs  outputs
}

// conform puts an implementation through the numbered suite.
func (a *app) conform() *cobra.Command {
	f := &conformFlags{outputs: outputs{formats: report.Formats}}
	cmd := &cobra.Command{
		Use:   "conform",
		Short: "Put a Raft through the numbered suite, and state which requirements it meets",
		Long: `conform puts an implementation through the numbered suite: which of Raft's requirements does it meet, which not, and which could not be
tried? First the adapter is tried; a failure there says "this is the adapter, not your Raft". Then servers go through the suite's worlds and a
campaign of random executions.

Each requirement has an outcome: met, broken (with its story), allowed otherwise (a declared variant makes it void), not applicable (the
implementation has not got what it is about, and how that was seen) or not exercised. Nothing is met that was not exercised.

The statement holds no time: the same version, implementation and flags make the same bytes. -o json is the statement as JSON
(raftcheck explain conformance-schema), which a later run is held --against: what was met and is no longer fails.`,
		Example: `  raftcheck conform
  raftcheck conform --impl etcd@v3.6.0:reads,compaction
  raftcheck conform --exec 'python3 raft.py' --level standard -o json=conformance.json
  raftcheck conform --exec 'python3 raft.py' --against conformance.json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runConform(cmd, f) },
	}
	flags := cmd.Flags()
	f.world.addImpl(flags)
	flags.StringVar(&f.level, "level", conformance.Levels[0], "how much is tried: "+strings.Join(conformance.Levels, ", ")+", about 10 CPU seconds, 2 minutes and an hour")
	flags.StringSliceVar(&f.profiles, "profile", nil, "try only these parts of Raft: some of "+strings.Join(profileNames(), ","))
	flags.Uint64Var(&f.seed, "seed", 1, "where chance begins: the same seed makes the same executions")
	flags.StringVar(&f.against, "against", "", "tell what changed since the statement in `FILE` (JSON), and fail on what was met and is no longer")
	flags.DurationVar(&f.time, "for", 0, "stop after this long with what was covered, as in 30s or 10m")
	addAllow(flags, &f.allow)
	f.outputs.addTo(flags)
	for flag, words := range map[string][]string{"impl": subject.Names(), "level": conformance.Levels, "profile": profileNames(), "variant": spec.EveryVariant.Names()} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}

func profileNames() []string {
	var names []string
	for _, p := range conformance.Profiles() {
		names = append(names, string(p))
	}
	return names
}

func (a *app) runConform(cmd *cobra.Command, f *conformFlags) error {
	s, options, err := f.settings(cmd)
	if err != nil {
		return err
	}
	defer a.end(s)
	allowed, err := allowsInconclusive(f.allow)
	if err != nil {
		return err
	}
	older, err := a.olderStatement(f.against)
	if err != nil {
		return err
	}
	if err := f.world.exec.transcribe(a, s); err != nil {
		return err
	}
	if err := f.outputs.open(a); err != nil {
		return err
	}
	defer f.outputs.abandon()
	ctx := cmd.Context()
	if f.time > 0 {
		limited, cancel := context.WithTimeout(ctx, f.time)
		defer cancel()
		ctx = limited
	}
	if err := a.begin(ctx, s); err != nil {
		return err
	}
	a.term.startProgress(time.Now())
	options.Progress = func(p conformance.Progress) {
		a.term.progress(time.Now(), func() string { return fmt.Sprintf("conform  %d of %d  %s", p.At, p.All, p.Doing) })
	}
	statement, err := s.Conform(ctx, options)
	a.term.endProgress()
	if err != nil {
		return checkFailure(err)
	}
	var changes []conformance.Change
	if older != nil {
		changes = conformance.Compare(older, statement)
	}
	r := statementReport(statement, changes)
	if a.keep != nil {
		a.keep(r)
	}
	if err := f.outputs.write(a.term.out, a.statementIn(statement, r, changes, f.against)); err != nil {
		return err
	}
	return conformOutcome(statement, changes, allowed)
}

// conformOutcome returns how conform ends; nil is exit 0. What was met and is no longer is a violation; an adapter that fails is a fault.
func conformOutcome(s *conformance.Statement, changes []conformance.Change, allowed bool) error {
	lost := slices.ContainsFunc(changes, func(c conformance.Change) bool { return c.Lost })
	switch {
	case s.Verdict == conformance.NotConforming || lost && s.Fault == nil:
		return outcome(exitViolated)
	case s.Fault != nil:
		return outcome(exitFault)
	case s.Verdict == conformance.Inconclusive && !allowed:
		return outcome(exitInconclusive)
	}
	return nil
}

// settings turns flags into a subject and the options of the suite.
func (f *conformFlags) settings(cmd *cobra.Command) (*subject.Subject, conformance.Options, error) {
	o := conformance.Options{Seed: f.seed, Version: suiteVersion()}
	s, err := f.world.subject(cmd.Flags())
	if err != nil {
		return nil, o, err
	}
	if s.RaftTLA {
		return nil, o, usageError("raftcheck check --impl "+s.Name, "%s has no servers of its own: its actions are those of the specification", s.Name)
	}
	level, known := conformance.LevelOf(f.level)
	if !known {
		return nil, o, usageError(didYouMean(f.level, conformance.Levels, "one of "+strings.Join(conformance.Levels, ", ")), "unknown level %q", f.level)
	}
	o.Level = level
	for _, name := range f.profiles {
		if !slices.Contains(profileNames(), name) {
			return nil, o, usageError(didYouMean(name, profileNames(), "some of "+strings.Join(profileNames(), ", ")), "unknown profile %q", name)
		}
		o.Profiles = append(o.Profiles, spec.Profile(name))
	}
	return s, o, nil
}

// suiteVersion is the version in a statement.
func suiteVersion() string { return newReport("", "", spec.Held).Version }

// olderStatement reads the statement of --against; nil if there is none.
func (a *app) olderStatement(path string) (*conformance.Statement, error) {
	if path == "" {
		return nil, nil
	}
	if err := a.reads(path); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		var at *os.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return nil, inputFailure(&traces.InputError{File: path, Message: err.Error(), Cause: err})
	}
	if line, err := validStatement(data); err != nil {
		return nil, a.orAnother(inputFailure(&traces.InputError{File: path, Line: line, Message: "no statement of raftcheck conform: " + err.Error(),
			Hint: "raftcheck conform -o json=FILE writes one"}), path, "conform", "a statement of raftcheck conform")
	}
	s := &conformance.Statement{}
	return s, json.Unmarshal(data, s)
}

// validStatement says what is wrong with a statement first, and at which line.
func validStatement(data []byte) (line int, err error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		at := len(data)
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = int(syntax.Offset)
		}
		return 1 + bytes.Count(data[:at], []byte{'\n'}), err
	}
	shape, err := jsonschema.UnmarshalJSON(bytes.NewReader(conformance.Schema))
	if err != nil {
		return 0, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("statement.json", shape); err != nil {
		return 0, err
	}
	schema, err := c.Compile("statement.json")
	if err != nil {
		return 0, err
	}
	var wrong *jsonschema.ValidationError
	if !errors.As(schema.Validate(value), &wrong) {
		return 0, nil
	}
	line = len(data) + 1
	for _, leaf := range leavesOf(wrong) {
		at := "/" + strings.Join(leaf.InstanceLocation, "/")
		said := fmt.Errorf("%s: %s", at, leaf.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
		if n := gate.Line(data, strings.TrimSuffix(at, "/")); n < line || n == line && said.Error() < err.Error() {
			line, err = n, said
		}
	}
	return line, err
}

func leavesOf(e *jsonschema.ValidationError) (all []*jsonschema.ValidationError) {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	for _, cause := range e.Causes {
		all = append(all, leavesOf(cause)...)
	}
	return all
}

// statementIn writes a statement in a format: text, JSON and Markdown are its own; the others are those of a report.
func (a *app) statementIn(s *conformance.Statement, r *report.Report, changes []conformance.Change, against string) func(io.Writer, string, bool) error {
	return func(w io.Writer, format string, person bool) error {
		switch format {
		case "text":
			width := 0
			if person {
				width = a.term.style.Width
			}
			return tellStatement(w, s, changes, against, width)
		case "json":
			enc := json.NewEncoder(w)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			return enc.Encode(s)
		case "markdown":
			return s.Markdown(w)
		}
		a.place(r)
		return report.Write(w, format, r, report.Style{})
	}
}

// tellStatement writes a statement for people, and what changed since another, no wider than width; 0 is no bound.
func tellStatement(w io.Writer, s *conformance.Statement, changes []conformance.Change, against string, width int) error {
	fitting := *s
	fitting.Requirements = slices.Clone(s.Requirements)
	for k := range fitting.Requirements {
		q := &fitting.Requirements[k]
		if q.Trace == nil || q.Finding == nil || width == 0 {
			continue
		}
		var story strings.Builder
		if err := (traces.Layout{Width: width}).Text(&story, q.Trace, q.Finding); err != nil {
			return err
		}
		q.Story = strings.Split(strings.TrimRight(story.String(), "\n"), "\n")
	}
	var text strings.Builder
	if err := errors.Join(fitting.Text(&text), tellChanges(&text, changes, against)); err != nil {
		return err
	}
	_, err := io.WriteString(w, fold.Text(text.String(), width))
	return err
}

func tellChanges(w io.Writer, changes []conformance.Change, against string) error {
	if against == "" {
		return nil
	}
	if len(changes) == 0 {
		_, err := fmt.Fprintf(w, "\nSince %s: no requirement has another outcome\n", against)
		return err
	}
	fmt.Fprintf(w, "\nSince %s:\n", against)
	for _, c := range changes {
		mark := "       "
		if c.Lost {
			mark = "  lost "
		}
		if _, err := fmt.Fprintf(w, "%s %s\n", mark, c); err != nil {
			return err
		}
	}
	return nil
}

// statementReport is a statement as a report, for formats that know only those, and for gates.
func statementReport(s *conformance.Statement, changes []conformance.Change) *report.Report {
	verdict := map[string]spec.Verdict{conformance.Conforming: spec.Held, conformance.NotConforming: spec.Violated, conformance.Inconclusive: spec.Inconclusive}[s.Verdict]
	r := newReport("conform", s.Implementation, verdict)
	r.Seed, r.Because = s.Seed, s.Because
	for k := range s.Requirements {
		q := &s.Requirements[k]
		words := map[string]string{conformance.Met: spec.Held.String(), conformance.Broken: spec.Violated.String(), conformance.AllowedOtherwise: report.NotApplicable,
			conformance.NotApplicable: report.NotApplicable, conformance.NotExercised: report.NotExercised}
		r.Rules = append(r.Rules, report.RuleResult{ID: q.ID, Name: q.Name, Verdict: words[q.Outcome], Checked: q.Steps})
		if q.Outcome == conformance.Broken {
			r.Findings = append(r.Findings, statementFinding(q))
		}
	}
	for _, c := range changes {
		if c.Lost && c.Is != conformance.Broken && s.Fault == nil {
			r.Verdict = spec.Violated.String()
			r.Findings = append(r.Findings, report.Finding{Rule: c.ID, Name: c.Name, Message: "it was met and is " + c.Is + ": " + c.Because})
		}
	}
	if s.Fault != nil {
		r.Errors = []report.InputProblem{{Message: s.Fault.Error()}}
	}
	return r
}

func statementFinding(q *conformance.Requirement) report.Finding {
	f := report.Finding{Rule: q.ID, Name: q.Name, Sentence: q.Sentence, Message: q.Because, Story: q.Story, Shape: q.Shape, Execution: q.Trace}
	if q.Shape != "" {
		f.Fingerprint = report.Fingerprint(q.ID, q.Shape)
	}
	if q.Finding != nil {
		f.Breach = q.Finding
		f.Section, f.Allowed, f.Hint = q.Finding.Rule.Section, q.Finding.Allowed, q.Finding.Hint
		f.Steps = len(q.Trace.Records)
		for _, c := range q.Finding.Refused {
			f.Refused = append(f.Refused, report.Condition{Text: c.Text, Values: c.Values})
		}
		for _, e := range q.Finding.Evidence {
			f.Evidence = append(f.Evidence, report.Evidence{Step: e.Step, Node: e.Server.String(), Role: e.Role})
		}
	}
	return f
}

// contractTopics are the checks that adapters are held to.
func contractTopics() []topic {
	topics := make([]topic, len(contract.Checks))
	for k, c := range contract.Checks {
		topics[k] = topic{[]string{c.Name}, c.Sentence, func(w io.Writer) {
			fmt.Fprintf(w, "%s\n\n%s\n\n%s\n\nA failure of it is of the adapter, not of the Raft behind it. raftcheck conform tries it before anything else.\n",
				c.Name, c.Sentence, report.Wrapped(c.Why, 100))
		}}
	}
	return topics
}
