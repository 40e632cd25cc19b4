package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/legible"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/report/page"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// showFlags are the flags of show.
type showFlags struct {
	reading reading
	around  int
	context int
	outputs outputs
}

// show draws a trace.
func (a *app) show() *cobra.Command {
	f := &showFlags{outputs: outputs{formats: []string{"text", "mermaid", "json", "html", "svg"}}}
	cmd := &cobra.Command{
		Use:   "show TRACE [OTHER]",
		Short: "Draw a trace, or two beside each other, as text, as a page or as a diagram",
		Long: `show draws a trace: one row a step, one column a server, showing only what changed. The first step that breaks a rule is
marked, and below it stands why.

-o html=FILE is a page to go through in a browser, which holds the trace. -o svg is the diagram as an image. -o mermaid is a diagram
that GitHub draws in Markdown. -o json is the trace in the native format as one JSON document.

Two traces are compared, as text, html or svg: what both begin with, where they part, what is different there, and how each goes on.`,
		Example: `  raftcheck show testdata/raftcheck/election-safety-5f1c09.trace
  raftcheck show -o html=story.html testdata/raftcheck/election-safety-5f1c09.trace
  raftcheck show --around 1234 cluster.ndjson.gz
  raftcheck show -o mermaid=story.mmd cluster.ndjson
  raftcheck show -o html=compared.html before.trace after.trace`,
		Args: oneTraceOrTwo,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 2 {
				return a.runCompare(f, args[0], args[1])
			}
			return a.runShow(f, args[0])
		},
	}
	flags := cmd.Flags()
	f.reading.addTo(cmd)
	flags.IntVar(&f.around, "around", 0, "show only the steps around this line of the file")
	flags.IntVar(&f.context, "context", 10, "how many steps around it, on each side")
	a.addTrust(flags)
	f.outputs.addTo(flags)
	return cmd
}

func (a *app) runShow(f *showFlags, path string) error {
	if err := f.reading.begin(a); err != nil {
		return err
	}
	if err := a.reads(path); err != nil {
		return err
	}
	if err := f.outputs.open(a); err != nil {
		return err
	}
	defer f.outputs.abandon()
	trace, original, err := a.readAny(path, &f.reading)
	if err != nil {
		return err
	}
	broken := brokenBy(trace)
	var finding *traces.Finding
	if len(broken) > 0 {
		finding = broken[0]
	}
	r := shownReport(path, trace, broken, original)
	if f.around > 0 {
		if trace.Records, err = aroundLine(trace.Records, path, f.around, f.context); err != nil {
			return err
		}
	}
	return f.outputs.write(a.term.out, func(w io.Writer, format string, person bool) error {
		switch format {
		case "mermaid":
			return traces.Mermaid(w, trace, finding)
		case "json":
			return traceJSON(w, trace)
		case "html":
			return report.HTML(w, r)
		case "svg":
			return (&page.Execution{Trace: trace, Findings: broken}).SVG(w)
		}
		layout := traces.Layout{Verbose: a.term.style.Verbose}
		if person {
			layout.Width = a.term.style.Width
		}
		return layout.Text(w, trace, finding)
	})
}

// readAny reads a whole trace of any format, and its lines if they are of another than the native.
func (a *app) readAny(path string, how *reading) (*traces.Trace, []string, error) {
	source, err := a.open(path, how)
	if err != nil {
		return nil, nil, asFailure(err)
	}
	defer source.done()
	source.done = func() {} // only when its lines were read too
	t, err := source.all()
	if err != nil {
		return nil, nil, err
	}
	nameServers(t)
	return t, source.original(), nil
}

// all reads a whole trace, and closes it.
func (source *opened) all() (*traces.Trace, error) {
	defer source.done()
	defer source.Close()
	t := &traces.Trace{Header: source.Header()}
	for {
		r, err := source.Next()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, asFailure(err)
		}
		t.Records = append(t.Records, keep(r))
	}
}

// nameServers lists the servers of a trace whose header does not, so that a part of it has the columns of the whole.
func nameServers(t *traces.Trace) {
	if len(t.Header.Servers) > 0 {
		return
	}
	for k := range t.Records {
		if id := t.Records[k].Server(); id != spec.None && !slices.Contains(t.Header.Servers, id) {
			t.Header.Servers = append(t.Header.Servers, id)
		}
	}
	slices.Sort(t.Header.Servers)
}

// keep copies what a source may use again for its next record.
func keep(r *traces.Record) traces.Record {
	kept := *r
	if r.Step != nil {
		step := *r.Step
		step.Before, step.After = keepObservation(step.Before), keepObservation(step.After)
		step.Input.Message.Entries = slices.Clone(step.Input.Message.Entries)
		step.Output.Effects = slices.Clone(step.Output.Effects)
		kept.Step = &step
	}
	if r.Where != nil {
		where := *r.Where
		where.Effects = slices.Clone(where.Effects)
		kept.Where = &where
	}
	kept.Lost, kept.Found, kept.Groups = slices.Clone(r.Lost), slices.Clone(r.Found), slices.Clone(r.Groups)
	return kept
}

func keepObservation(o spec.Observation) spec.Observation {
	o.Granted, o.Refused, o.Progress = slices.Clone(o.Granted), slices.Clone(o.Refused), slices.Clone(o.Progress)
	o.Log.Entries, o.Durable.Log.Entries = slices.Clone(o.Log.Entries), slices.Clone(o.Durable.Log.Entries)
	o.Config.Voters, o.Config.Outgoing = slices.Clone(o.Config.Voters), slices.Clone(o.Config.Outgoing)
	return o
}

// asFailure gives an error its exit code.
func asFailure(err error) error {
	var fault *traces.InputError
	known := failureOf(err)
	switch {
	case known != nil:
		return known
	case wasInterrupted(err):
		return interrupted("before all was read")
	case errors.As(err, &fault):
		return inputFailure(fault)
	}
	return &failure{exit: exitFault, err: err}
}

// recordedRules are the rules that a trace was recorded with.
func recordedRules(t *traces.Trace) []*spec.Rule {
	chosen := &selection{rules: t.Header.Rules}
	rules, err := chosen.chosenRules()
	if err != nil {
		return spec.Rules
	}
	return rules
}

// brokenBy judges a trace by the rules that it was recorded with, and returns what its first guilty step breaks.
func brokenBy(t *traces.Trace) (all []*traces.Finding) {
	broken, _ := traces.Broken(t, recordedRules(t), t.Header.Variants)
	for k := range broken {
		all = append(all, &broken[k])
	}
	return all
}

// shownReport is what the page of a trace says of it.
func shownReport(path string, t *traces.Trace, broken []*traces.Finding, original []string) *report.Report {
	r := newReport("show", path, spec.Held)
	judgedInto(r, t, recordedRules(t), broken)
	r.Files = []report.File{{Path: path, Verdict: r.Verdict, Execution: t, Broken: broken, Original: original}}
	for _, f := range broken {
		found := lineFinding(f)
		found.Steps, found.Execution, found.Breach = len(t.Records), t, f
		r.Findings = append(r.Findings, found)
	}
	return r
}

// aroundLine keeps the records near a line.
func aroundLine(records []traces.Record, path string, line, context int) ([]traces.Record, error) {
	for k := range records {
		if records[k].Line >= line {
			return records[max(0, k-context):min(len(records), k+context+1)], nil
		}
	}
	return nil, usageError("", "%s has no step at line %d or after it", path, line)
}

// traceJSON writes a trace as one JSON document: its header, and its records in the native format.
func traceJSON(w io.Writer, t *traces.Trace) error {
	var lines bytes.Buffer
	out, err := traces.NewWriter(&lines, t.Header)
	if err != nil {
		return err
	}
	for k := range t.Records {
		if err := out.Record(&t.Records[k]); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	header, rest, _ := bytes.Cut(bytes.TrimSpace(lines.Bytes()), []byte("\n"))
	var doc bytes.Buffer
	fmt.Fprintf(&doc, `{"header":%s,"records":[%s]}`, header, bytes.ReplaceAll(rest, []byte("\n"), []byte(",")))
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, doc.Bytes(), "", "  "); err != nil {
		return err
	}
	pretty.WriteByte('\n')
	_, err = w.Write(legible.JSON(pretty.Bytes()))
	return err
}
