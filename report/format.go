package report

import (
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/traces"
)

// Formats are the names of the formats that every report can be written in. text is for people, the others for programs: json is all of it,
// sarif is for code scanning, junit for test reports, github are annotations of a GitHub workflow, markdown is a summary of a job. html is a page for a browser.
var Formats = []string{"text", "json", "sarif", "junit", "github", "markdown", "html"}

// Write writes the report in a format of that name. It returns errors of w only, and panics for a name that is not among [Formats].
func Write(w io.Writer, format string, r *Report, s Style) error {
	switch format {
	case "text":
		return Text(w, r, s)
	case "json":
		return JSON(w, r)
	case "sarif":
		return SARIF(w, r)
	case "junit":
		return JUnit(w, r)
	case "github":
		return GitHub(w, r)
	case "markdown":
		return Markdown(w, r)
	case "html":
		return HTML(w, r)
	}
	panic("a report has no format " + format)
}

// part is a report, or that of one of the checks of a gate: what a format shows as one.
type part struct {
	*Report
	name string // "raftcheck check: mutant:NAME", or the check's name
}

// parts returns the reports that a format goes through, in order.
func (r *Report) parts() []part {
	if r.Checks == nil {
		return []part{{r, "raftcheck " + r.Command + ": " + r.Subject}}
	}
	var all []part
	for _, c := range r.Checks {
		if c.Report != nil {
			all = append(all, part{c.Report, c.Name})
		}
	}
	return all
}

// place is where a reader looks for a finding: its guilty line, or else the trace that was saved, or else what stands for the subject. It
// always names a file, since a finding without one is not shown by those who read it.
func (r *Report) place(f *Finding) Evidence {
	for _, e := range f.Evidence {
		if e.File != "" && e.File != "-" && e.Line > 0 {
			return e
		}
	}
	switch {
	case f.Trace != "":
		return Evidence{File: f.Trace, Line: 1}
	case r.Place.File != "":
		return Evidence{File: r.Place.File, Line: max(1, r.Place.Line)}
	}
	return Evidence{File: GateFile, Line: 1}
}

// GateFile is the name of the file that says what a gate checks.
const GateFile = "raftcheck.yaml"

// fromRoot is a path as it is seen from the root of the repository, with slashes.
func (r *Report) fromRoot(file string) string {
	file = filepath.ToSlash(file)
	if filepath.IsAbs(file) || strings.HasPrefix(file, "/") {
		return path.Clean(file)
	}
	return path.Join(r.Root, file)
}

// moment is one step of what a finding tells, or one of the places that it rests on.
type moment struct {
	Place
	node   string
	text   string
	guilty bool
}

// moments tells a finding in the order in which things happened: the steps of its execution, the operations of its witness, or the lines that it
// rests on.
func (f *Finding) moments() []moment {
	switch {
	case f.Execution != nil:
		return f.steps()
	case f.Witness != nil:
		return f.Witness.moments(f.Evidence)
	}
	var all []moment
	for k, e := range f.Evidence {
		all = append(all, moment{Place{e.File, e.Line}, e.Node, e.says(), k == 0})
	}
	return inOrder(all)
}

func (f *Finding) steps() []moment {
	var all []moment
	for k := range f.Execution.Records {
		rec := &f.Execution.Records[k]
		m := moment{Place: Place{f.Trace, 0}, node: nodeOf(rec), text: fmt.Sprintf("step %d: %s", rec.Number, traces.Sentence(rec)),
			guilty: len(f.Evidence) > 0 && f.Evidence[0].Step == rec.Number}
		if f.Trace != "" {
			m.Line = rec.Number + 1 // the header is line 1
		}
		all = append(all, m)
	}
	return all
}

func nodeOf(rec *traces.Record) string {
	if rec.Step == nil {
		return ""
	}
	return rec.Step.Server.String()
}

// moments tells the operations in the order of their calls.
func (w *Witness) moments(evidence []Evidence) []moment {
	var all []moment
	for k := range w.Operations {
		o := &w.Operations[k]
		guilty := len(evidence) > 0 && strings.HasPrefix(evidence[0].Role, fmt.Sprintf("operation %d:", o.Number))
		all = append(all, moment{Place{o.File, o.CallLine}, "client " + o.Client, fmt.Sprintf("operation %d: %s", o.Number, o.Text), guilty})
	}
	return inOrder(all)
}

// inOrder puts moments that are all in one file in the order of its lines.
func inOrder(all []moment) []moment {
	if !slices.ContainsFunc(all, func(m moment) bool { return m.File != all[0].File }) {
		slices.SortStableFunc(all, func(a, b moment) int { return a.Line - b.Line })
	}
	return all
}

// Summary says in a few words what a report says.
func (r *Report) Summary() string {
	switch {
	case r.Comparison != nil:
		return "they differ in " + Some(r.Comparison.Differing, "local step")
	case len(r.Findings) > 0:
		f := &r.Findings[0]
		s := f.Name + ": " + f.Message
		if more := len(r.Findings) - 1; more > 0 {
			s += fmt.Sprintf(" (and %s)", Some(more, "more finding"))
		}
		return s
	case len(r.Errors) > 0:
		return r.Errors[0].Message
	case len(r.Because) > 0:
		return strings.Join(r.Because, "; ")
	}
	return r.covered()
}

// covered says in a few words how much a pass rests on.
func (r *Report) covered() string {
	t := &text{r: r}
	held := Some(t.rulesThat("held"), "rule") + " held in "
	switch {
	case r.DebugGoal != nil:
		return "debug goal " + r.DebugGoal.Name + " reached"
	case r.Campaign != nil:
		held += fmt.Sprintf("%s of %s", Some(r.Campaign.Runs, "random execution"), r.Subject)
	case r.Search != nil:
		held += fmt.Sprintf("%s of %s", Some(r.Search.Distinct, "state"), r.Subject)
	case len(r.Files) > 0:
		held += Some(len(r.Files), "trace")
	case len(r.Histories) > 0:
		operations := 0
		for _, h := range r.Histories {
			operations += h.Operations
		}
		held += fmt.Sprintf("%s of %s", Some(operations, "operation"), Some(len(r.Histories), "history"))
	default:
		held += fmt.Sprintf("%s of %s", Some(r.Steps, "step"), r.Subject)
	}
	if n := len(r.Known); n > 0 {
		held += fmt.Sprintf(", %s", Some(n, "known finding"))
	}
	return held
}
