package subject

import (
	"slices"

	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// findingsOf reads what the other program found. All findings are as that one says, but for what they break.
func findingsOf(out *order.Outcome, s *Subject, rules []*spec.Rule, trace string, like checker.Finding) ([]checker.Finding, error) {
	if out.Verdict != spec.Violated {
		return nil, nil
	}
	t, err := traces.ReadFile(trace)
	if err != nil {
		return nil, err
	}
	var findings []checker.Finding
	broken, _ := traces.Broken(t, rules, s.Config.Variants)
	for _, f := range broken {
		like.Finding, like.Trace = f, t
		findings = append(findings, like)
	}
	return findings, nil
}

func goalsOf(out *order.Outcome) (goals []checker.GoalVerdict) {
	for _, g := range spec.Goals {
		if reached, known := out.Goals[g.Name]; known {
			goals = append(goals, checker.GoalVerdict{Goal: g, Reached: reached, Possible: out.Possible[g.Name]})
		}
	}
	return goals
}

func rulesOf(out *order.Outcome, rules []*spec.Rule, findings []checker.Finding) (verdicts []checker.RuleVerdict) {
	for _, rule := range rules {
		v := checker.RuleVerdict{Rule: rule, Void: slices.Contains(out.Void, rule.ID), Untried: slices.Contains(out.Untried, rule.ID)}
		switch {
		case slices.ContainsFunc(findings, func(f checker.Finding) bool { return f.Rule == rule }):
			v.Verdict = spec.Violated
		case out.Verdict == spec.Inconclusive && !v.Void:
			v.Verdict = spec.Inconclusive
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}
