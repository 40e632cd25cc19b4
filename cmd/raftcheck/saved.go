package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/traces"
)

// saved is a trace in the native format with the implementation that it was recorded from, ready to run again.
type saved struct {
	path    string
	trace   *traces.Trace
	subject *subject.Subject
	rules   []*spec.Rule
}

func addImpl(flags *pflag.FlagSet, name *string) {
	flags.StringVar(name, "impl", "", "run this implementation, by `name`, in place of the one that the trace names")
}

// load reads a saved trace. The rules are the selected ones, or those that were selected when it was recorded.
// The caller ends the subject.
func (a *app) load(path, impl string, run *execFlags, flags *pflag.FlagSet, selected *selection) (*saved, error) {
	trace, err := a.readTrace(path)
	if err != nil {
		return nil, err
	}
	s, err := subjectOfTrace(path, trace, impl, run, flags)
	if err != nil {
		return nil, err
	}
	if len(selected.rules) == 0 {
		selected = &selection{rules: trace.Header.Rules}
	}
	rules, err := selected.chosen()
	return &saved{path, trace, s, slices.DeleteFunc(slices.Clone(rules), endless)}, err
}

// subjectOfTrace returns what is to run a trace: the program or the implementation that was asked for, or the one it names.
func subjectOfTrace(path string, trace *traces.Trace, impl string, run *execFlags, flags *pflag.FlagSet) (*subject.Subject, error) {
	if flags.Changed("exec") {
		return run.subject(flags)
	}
	if impl == "" {
		impl = trace.Header.Implementation
	}
	if impl == "" {
		return nil, usageError("--impl says which one to run", "%s does not name the implementation it was recorded from", path)
	}
	if command, named := strings.CutPrefix(impl, subject.ProgramPrefix); named {
		return nil, usageError("if you trust it: --exec "+report.Word(command), "%s was recorded from a program, which is not run unasked: %q", path, command)
	}
	return subject.Named(impl)
}

// readTrace reads a whole trace in the native format, and checks its structure.
func (a *app) readTrace(path string) (*traces.Trace, error) {
	source, err := a.open(path, &reading{format: runnable})
	if err != nil {
		return nil, asFailure(err)
	}
	if source.format != "native" {
		source.Close()
		source.done()
		return nil, &failure{exit: exitInput, err: fmt.Errorf("%s: a trace of %s raft can be judged and drawn, but not run again", path, map[string]string{"etcd": "etcd's", "ccf": "CCF's"}[source.format]), bare: true,
			hint: "raftcheck verify " + path}
	}
	trace, err := source.all()
	if err != nil {
		return nil, err
	}
	err = traces.Validate(trace)
	var fault *traces.InputError
	if errors.As(err, &fault) {
		fault.File = cmp.Or(fault.File, path)
		return nil, inputFailure(fault)
	}
	return trace, err
}

// report begins a report about an execution that ends in what it breaks: what became of every rule and goal.
func (s *saved) report(verb string, t *traces.Trace, broken []traces.Finding) *report.Report {
	r := newReport(verb, s.subject.Name, spec.Held)
	all := make([]*traces.Finding, len(broken))
	for k := range broken {
		all[k] = &broken[k]
	}
	judgedInto(r, &traces.Trace{Header: s.trace.Header, Records: t.Records}, s.rules, all)
	r.Execution = t
	return r
}

// judgedInto says in a report what became of every rule and goal in an execution that ends in what it breaks.
func judgedInto(r *report.Report, t *traces.Trace, rules []*spec.Rule, broken []*traces.Finding) {
	judge := spec.NewJudge(rules, t.Header.Variants)
	for k := range t.Records {
		if step := t.Records[k].Step; step != nil {
			judge.Step(spec.Origin(t.Records[k].Number), step)
		}
	}
	for _, f := range t.Header.Faults {
		word := f.Name
		if f.Value != "unlimited" && f.Value != "true" {
			word += "=" + f.Value
		}
		r.Faults = append(r.Faults, word)
	}
	r.Seed = t.Header.Seed
	r.Steps = len(t.Records)
	if len(broken) > 0 {
		r.Verdict = spec.Violated.String()
	}
	applicable := spec.Applicable(rules, t.Header.Variants)
	for _, rule := range rules {
		verdict := spec.Held.String()
		switch {
		case slices.ContainsFunc(broken, func(f *traces.Finding) bool { return f.Rule == rule }):
			verdict = spec.Violated.String()
		case !slices.Contains(applicable, rule):
			verdict = report.NotApplicable
		case judge.Checked(rule.ID) == 0:
			verdict = report.NotExercised
			if !judge.Shown(rule.ID) {
				verdict = report.NotCheckable
			}
		}
		r.Rules = append(r.Rules, report.RuleResult{ID: rule.ID, Name: rule.Name, Verdict: verdict, Checked: judge.Checked(rule.ID)})
	}
	for _, g := range spec.Goals {
		r.Goals = append(r.Goals, report.GoalResult{Name: g.Name, Reached: judge.Reached(g.Name), Possible: true})
	}
}
