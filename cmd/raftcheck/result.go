package main

import (
	"runtime/debug"
	"strings"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/internal/built"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/traces"
)

// newReport begins the report of a verb.
func newReport(verb, subject string, verdict spec.Verdict) *report.Report {
	return &report.Report{Version: built.Version(debug.ReadBuildInfo()), Command: verb, Subject: subject, Verdict: verdict.String()}
}

// checkReport turns what a search found into a report, and saves the execution of a violation.
func (a *app) checkReport(s *subject.Subject, o checker.Options, verb, save string, result *checker.Result) (*report.Report, error) {
	r := newReport(verb, s.Name, result.Verdict)
	r.Bounds, r.Faults = boundsOf(&s.Config, symmetricIn(o, result)), faultWords(s.Faults())
	for _, v := range result.Rules {
		r.Rules = append(r.Rules, report.RuleResult{ID: v.Rule.ID, Name: v.Rule.Name, Verdict: ruleWord(v)})
	}
	for _, g := range result.Goals {
		r.Goals = append(r.Goals, report.GoalResult{Name: g.Goal.Name, Reached: g.Reached > 0, Possible: g.Possible, Times: g.Reached})
	}
	r.Search, r.Place = searchOf(&result.Search), sourceOf(s)
	r.Search.Reductions = reductionsOf(result)
	r.Liveness = livenessOf(result.Liveness)
	r.Rules = append(r.Rules, liveVerdicts(result)...)
	switch result.Verdict {
	case spec.Held:
		r.NotCovered = notCovered(s)
	case spec.Inconclusive:
		r.Because, r.Hints = []string{result.Reason}, inconclusiveHints(s, result)
		r.NotCovered = notCovered(s)
	case spec.Violated:
		return r, a.addFindings(r, save, result)
	}
	onlyTested(s, r)
	return r, nil
}

func ruleWord(v checker.RuleVerdict) string {
	if v.Void {
		return report.NotApplicable
	}
	if v.Untried && v.Verdict == spec.Held {
		return report.NotExercised
	}
	return v.Verdict.String()
}

func boundsOf(c *cluster.Config, symmetry bool) *report.Bounds {
	b := c.Bounds
	return &report.Bounds{Nodes: c.Servers, Terms: int(b.Terms), Log: int(b.Log), Messages: b.Messages, Duplicates: max(b.Copies, 1), Values: max(c.Values, 1),
		Campaigns: b.Campaigns, Proposals: b.Proposals, Depth: b.Depth,
		Compactions: b.Compactions, Transfers: b.Transfers, Changes: b.Changes, Reads: b.Reads, Preemptions: b.Preemptions, Ticks: b.Ticks, Drift: b.Drift, Network: c.Network.String(), Symmetry: symmetry}
}

func searchOf(s *checker.Stats) *report.Search {
	return &report.Search{Distinct: s.Distinct, Transitions: s.Transitions, Depth: s.Depth, Complete: s.Complete, LocalStates: uint64(s.LocalStates),
		StandsFor: s.StandsFor, Messages: uint64(s.Messages), Executions: uint64(s.Executions), Audits: uint64(s.Audits), Bytes: s.BytesPerState(), Collision: s.CollisionChance(), Bits: s.Bits, Disk: s.Disk, Seconds: s.Seconds, Inside: s.Inside}
}

// notCovered lists what a search says nothing about.
func notCovered(s *subject.Subject) []string {
	world := s.Config
	world.Faults = s.Faults()
	return world.NotCovered()
}

// inconclusiveHints says what would lead to an answer.
func inconclusiveHints(s *subject.Subject, result *checker.Result) []string {
	if !strings.HasPrefix(result.Reason, "goal") {
		return []string{"allow more with --for or --memory, search less with smaller bounds or --symmetry, or take samples with raftcheck fuzz"}
	}
	var reached []string
	for _, g := range result.Goals {
		if g.Reached > 0 {
			reached = append(reached, g.Goal.Name)
		}
	}
	hint := "raise the bounds or allow more faults until they can happen"
	if s.Config.Bounds.Depth > 0 {
		hint = "raise --depth until they can happen"
	}
	if len(reached) > 0 {
		hint += ", or ask for less with --goal " + strings.Join(reached, ",")
	}
	return []string{hint}
}

// addFindings tells the execution of a violation as a story, and saves it.
func (a *app) addFindings(r *report.Report, save string, result *checker.Result) error {
	first := result.Findings[0]
	broken := make([]traces.Finding, len(result.Findings))
	for k, f := range result.Findings {
		broken[k] = f.Finding
	}
	broken = a.known.newFirst(r.Subject, broken)
	if a.known.acceptsAll(r.Subject, broken) {
		save = "none" // it is no news
	}
	path := a.saveTrace(save, broken[0].Rule.Name, first.Trace)
	r.Trace = path
	var err error
	r.Findings, err = storyFindings(first.Trace, broken, path, first.Shortest)
	for k := range r.Findings {
		r.Findings[k].Loop, r.Findings[k].Faults, r.Findings[k].FewestFaults = first.Loop, first.Faults, first.Fewest
	}
	return err
}

// storyFindings tells what the last step of a trace breaks. path is where the trace was saved; "" if it was not.
func storyFindings(t *traces.Trace, broken []traces.Finding, path string, shortest bool) ([]report.Finding, error) {
	var story strings.Builder
	if err := (traces.Layout{Verbose: true}).Text(&story, t, &broken[0]); err != nil {
		return nil, err
	}
	list := make([]report.Finding, len(broken))
	for k := range broken {
		f := findingOf(broken[k].Breach)
		f.Trace, f.Shortest, f.Steps, f.Execution, f.Breach = path, shortest, len(t.Records), t, &broken[k]
		for _, p := range broken[k].Evidence {
			f.Evidence = append(f.Evidence, savedEvidence(p, path))
		}
		list[k] = f
	}
	list[0].Story = strings.Split(strings.TrimRight(story.String(), "\n"), "\n")
	return list, nil
}

func findingOf(b *spec.Breach) report.Finding {
	f := report.Finding{Rule: b.Rule.ID, Name: b.Rule.Name, Sentence: b.Rule.Sentence, Section: b.Rule.Section, Message: b.Message, Allowed: b.Allowed, Hint: b.Hint,
		Shape: b.Shape, Fingerprint: report.Fingerprint(b.Rule.ID, b.Shape)}
	for _, c := range b.Refused {
		f.Refused = append(f.Refused, report.Condition{Text: c.Text, Values: c.Values})
	}
	for _, v := range b.ByDesign {
		f.ByDesign = append(f.ByDesign, string(v))
	}
	return f
}

// savedEvidence places a piece of evidence in a saved trace, where the header is line 1 and step k is line k+1.
func savedEvidence(p traces.Place, path string) report.Evidence {
	e := report.Evidence{File: path, Step: p.Step, Node: nodeName(p.Server), Role: p.Role}
	if path != "" {
		e.Line = p.Step + 1
	}
	return e
}

func nodeName(id spec.ServerID) string {
	if id == spec.None {
		return ""
	}
	return id.String()
}
