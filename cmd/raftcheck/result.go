package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// newReport begins the report of a verb.
func newReport(verb, subject string, verdict spec.Verdict) *report.Report {
	return &report.Report{Version: versionOf(debug.ReadBuildInfo()), Command: verb, Subject: subject, Verdict: verdict.String()}
}

// checkReport turns what a search found into a report, and saves the execution of a violation.
func (a *app) checkReport(s *subject, o checker.Options, verb, save string, result *checker.Result) (*report.Report, error) {
	r := newReport(verb, s.name, result.Verdict)
	r.Bounds, r.Faults = boundsOf(&s.config, o.Symmetry), faultWords(s.faults())
	if o.Walks > 0 {
		r.Seed = o.Seed
	}
	for _, v := range result.Rules {
		r.Rules = append(r.Rules, report.RuleResult{ID: v.Rule.ID, Name: v.Rule.Name, Verdict: ruleWord(v)})
	}
	for _, g := range result.Goals {
		r.Goals = append(r.Goals, report.GoalResult{Name: g.Goal.Name, Reached: g.Reached > 0, Possible: g.Possible, Times: g.Reached})
	}
	r.Search = searchOf(&result.Search)
	switch result.Verdict {
	case spec.Held:
		r.NotCovered = notCovered(s, o, &result.Search)
	case spec.Inconclusive:
		r.Because, r.Hints = []string{result.Reason}, inconclusiveHints(result)
		r.NotCovered = notCovered(s, o, &result.Search)
	case spec.Violated:
		return r, a.addFindings(r, o, save, result)
	}
	return r, nil
}

func ruleWord(v checker.RuleVerdict) string {
	if v.Void {
		return report.NotApplicable
	}
	return v.Verdict.String()
}

func boundsOf(c *cluster.Config, symmetry bool) *report.Bounds {
	b := c.Bounds
	return &report.Bounds{Nodes: c.Servers, Terms: int(b.Terms), Log: int(b.Log), Messages: b.Messages, Duplicates: max(b.Copies, 1), Values: max(c.Values, 1),
		Campaigns: b.Campaigns, Proposals: b.Proposals, Depth: b.Depth, Network: c.Network.String(), Symmetry: symmetry}
}

func searchOf(s *checker.Stats) *report.Search {
	return &report.Search{Distinct: s.Distinct, Transitions: s.Transitions, Depth: s.Depth, Complete: s.Complete, LocalStates: uint64(s.LocalStates),
		Messages: uint64(s.Messages), Executions: uint64(s.Executions), Walks: uint64(s.Walks), Collision: s.CollisionChance(), Seconds: s.Seconds}
}

// notCovered lists what a search says nothing about.
func notCovered(s *subject, o checker.Options, done *checker.Stats) []string {
	c := &s.config
	b := c.Bounds
	f := s.faults()
	list := []string{fmt.Sprintf("more than %s", report.Some(c.Servers, "node")), fmt.Sprintf("terms above %d", b.Terms),
		fmt.Sprintf("logs longer than %s", report.Some(b.Log, "entry")), fmt.Sprintf("more than %s in flight", report.Some(b.Messages, "message"))}
	for _, limit := range []struct {
		what  string
		bound int
	}{{"campaign", b.Campaigns}, {"proposal", b.Proposals}, {"crash", int(f.Crash)}, {"step", b.Depth}} {
		if limit.bound > 0 {
			list = append(list, fmt.Sprintf("more than %s in one execution", report.Some(limit.bound, limit.what)))
		}
	}
	for _, off := range []struct {
		what    string
		covered bool
	}{
		{"message loss", f.Drop != cluster.Off || c.Network == cluster.EverSent},
		{"message duplication", f.Duplicate != cluster.Off || c.Network == cluster.EverSent || c.Duplications},
		{"crashes", f.Crash != cluster.Off}, {"loss of unsynced writes", f.Lossy}, {"partitions", f.Partition != cluster.Off || f.Drop != cluster.Off},
	} {
		if !off.covered {
			list = append(list, off.what)
		}
	}
	if o.Walks > 0 {
		list = append(list, "executions that no walk happened to take")
	}
	return append(list, "membership changes, snapshots, reads")
}

// inconclusiveHints says what would lead to an answer.
func inconclusiveHints(result *checker.Result) []string {
	if !result.Search.Complete && result.Search.Frontier > 0 && !strings.HasPrefix(result.Reason, "goal ") {
		return []string{"allow more with --for or --memory, search less with smaller bounds or --symmetry, or take samples with --random"}
	}
	var missed []string
	var reached []string
	for _, g := range result.Goals {
		switch {
		case g.Reached > 0:
			reached = append(reached, g.Goal.Name)
		case g.Possible:
			missed = append(missed, g.Goal.Name)
		}
	}
	hint := fmt.Sprintf("raise the bounds or allow more faults until %s can happen", strings.Join(missed, " and "))
	if len(reached) > 0 {
		hint += ", or ask for less with --goal " + strings.Join(reached, ",")
	}
	return []string{hint}
}

// addFindings tells the execution of a violation as a story, and saves it.
func (a *app) addFindings(r *report.Report, o checker.Options, save string, result *checker.Result) error {
	first := result.Findings[0]
	told := tellStory(first.Trace, first.Breach, result.Findings, o.Rules)
	path, err := a.saveTrace(save, first.Rule.Name, told.trace)
	if err != nil {
		return err
	}
	r.Trace = path
	story, err := told.text()
	if err != nil {
		return err
	}
	for k, b := range told.breaches {
		f := findingOf(b)
		f.Trace, f.Shortest, f.Steps = path, first.Shortest, len(told.trace.Records)
		if k == 0 {
			f.Story = story
		}
		for _, e := range b.Evidence {
			f.Evidence = append(f.Evidence, evidenceOf(e, path))
		}
		r.Findings = append(r.Findings, f)
	}
	return nil
}

func findingOf(b *spec.Breach) report.Finding {
	f := report.Finding{Rule: b.Rule.ID, Name: b.Rule.Name, Sentence: b.Rule.Sentence, Section: b.Rule.Section, Message: b.Message, Allowed: b.Allowed, Hint: b.Hint}
	for _, c := range b.Refused {
		f.Refused = append(f.Refused, report.Condition{Text: c.Text, Values: c.Values})
	}
	return f
}

// evidenceOf places a piece of evidence in a saved trace, where the header is line 1 and step k line k+1.
func evidenceOf(e spec.Evidence, path string) report.Evidence {
	out := report.Evidence{File: path, Step: int(e.Origin), Node: nodeName(e.Server), Role: e.Role}
	if path != "" {
		out.Line = out.Step + 1
	}
	return out
}

func nodeName(id spec.ServerID) string {
	if id == spec.None {
		return ""
	}
	return id.String()
}

// told is an execution in the order in which it reads best, with what is broken at its end.
type told struct {
	trace    *traces.Trace
	breaches []*spec.Breach // the one to tell first
}

// tellStory puts an execution that ends in a violation into story order, and judges it again in that order.
func tellStory(trace *traces.Trace, first *spec.Breach, findings []checker.Finding, rules []*spec.Rule) told {
	story := traces.Story(trace, rules, trace.Header.Variants)
	breaches := lastBreaches(story, rules)
	for k, b := range breaches {
		if b.Rule == first.Rule {
			breaches[0], breaches[k] = breaches[k], breaches[0]
			return told{story, breaches}
		}
	}
	for _, f := range findings { // the story is not the same: tell it in the order of the search
		breaches = append(breaches, f.Breach)
	}
	return told{trace, breaches}
}

// lastBreaches judges a trace and returns what its last record breaks, or nothing if an earlier one breaks something.
func lastBreaches(t *traces.Trace, rules []*spec.Rule) []*spec.Breach {
	judge := spec.NewJudge(rules, t.Header.Variants)
	for k := range t.Records {
		if t.Records[k].Step == nil {
			continue
		}
		breaches := judge.Step(spec.Origin(t.Records[k].Number), t.Records[k].Step)
		if len(breaches) > 0 {
			if k < len(t.Records)-1 {
				return nil
			}
			return breaches
		}
	}
	return nil
}

// text draws the story.
func (t told) text() ([]string, error) {
	var b strings.Builder
	finding := &traces.Finding{Breach: t.breaches[0]}
	for _, e := range t.breaches[0].Evidence {
		finding.Evidence = append(finding.Evidence, traces.Place{Step: int(e.Origin), Server: e.Server, Role: e.Role})
	}
	err := traces.Text(&b, t.trace, finding)
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n"), err
}
