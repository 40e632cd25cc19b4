package main

import (
	"bytes"
	"strings"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/traces"
)

// fuzzReport turns what a campaign found into a report, and saves the execution of a violation.
func (a *app) fuzzReport(s *subject.Subject, o fuzz.Options, save string, result *fuzz.Result) (*report.Report, error) {
	r := newReport("fuzz", s.Name, result.Verdict)
	r.Bounds, r.Faults, r.Seed = boundsOf(&s.Config, false), faultWords(s.Faults()), o.Seed
	for _, v := range result.Rules {
		r.Rules = append(r.Rules, report.RuleResult{ID: v.Rule.ID, Name: v.Rule.Name, Verdict: ruleWord(v)})
	}
	for _, g := range result.Goals {
		r.Goals = append(r.Goals, report.GoalResult{Name: g.Goal.Name, Reached: g.Reached > 0, Possible: g.Possible, Times: g.Reached})
	}
	r.Campaign, r.Place = campaignOf(o, &result.Stats), sourceOf(s)
	switch result.Verdict {
	case spec.Violated:
		r.Campaign.Found = &report.FoundRun{Run: result.Found.Run, Strategy: result.Found.Strategy.String(), Steps: result.Found.Length}
		return r, a.addExecution(r, save, result.Findings)
	case spec.Inconclusive:
		r.Because, r.Hints = []string{result.Reason}, fuzzHints(result)
	}
	r.NotCovered = notCoveredByRuns(s)
	onlyTested(s, r)
	return r, nil
}

// addExecution tells the execution of a violation, saves it, and puts it into the report whole.
func (a *app) addExecution(r *report.Report, save string, findings []checker.Finding) error {
	if err := a.addFindings(r, save, &checker.Result{Findings: findings}); err != nil {
		return err
	}
	var lines bytes.Buffer
	if err := traces.Write(&lines, findings[0].Trace); err != nil {
		return err
	}
	r.Campaign.Execution = strings.Split(strings.TrimRight(lines.String(), "\n"), "\n")
	return nil
}

func campaignOf(o fuzz.Options, s *fuzz.Stats) *report.Campaign {
	c := &report.Campaign{Shard: o.Shard, Shards: o.Shards, Runs: s.Runs, Steps: s.Steps, Longest: s.Longest, Rounds: s.Rounds, States: s.States.Count(), Vectors: s.Vectors.Count(),
		Events: s.Events, Seconds: s.Seconds,
		Seen: &report.Seen{States: s.States.String(), Vectors: s.Vectors.String()}, Strategies: []report.StrategyResult{}}
	for k, by := range s.ByStrategy {
		if by.Runs > 0 {
			c.Strategies = append(c.Strategies, report.StrategyResult{Name: fuzz.Strategy(k).String(), Runs: by.Runs, Steps: by.Steps, New: by.New})
		}
	}
	return c
}

// notCoveredByRuns lists what a campaign says nothing about: first of all, whatever no run happened to do.
func notCoveredByRuns(s *subject.Subject) []string {
	return append([]string{"executions that no run happened to take"}, notCovered(s)...)
}

// fuzzHints says what would lead to an answer.
func fuzzHints(result *fuzz.Result) []string {
	var reached []string
	for _, g := range result.Goals {
		if g.Reached > 0 {
			reached = append(reached, g.Goal.Name)
		}
	}
	hint := "go on for longer with --for or --runs, raise the bounds or allow more faults until they can happen"
	if len(reached) > 0 {
		hint += ", or ask for less with --goal " + strings.Join(reached, ",")
	}
	return []string{hint}
}
