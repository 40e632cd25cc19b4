package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/traces"
)

const livenessUsage = "judge too that what Raft promises to reach is reached at last; on for --rule with such a rule, and for mutants that only such rules catch"

// livenessRules returns the rules about executions without end that check is to judge: all of them with --liveness, those that --rule
// names and that have no other half, and all for a mutant that only they catch.
func (f *checkFlags) livenessRules(flags *pflag.FlagSet, s *subject.Subject) ([]*spec.Rule, error) {
	chosen, err := f.selection.chosen()
	if err != nil {
		return nil, err
	}
	wanted := f.liveness
	if !flags.Changed("liveness") {
		wanted = slices.ContainsFunc(chosen, endless) || f.selection.onlyExcludes() && starving(s.Name)
	}
	if !wanted {
		return nil, nil
	}
	if f.selection.onlyExcludes() {
		chosen = slices.DeleteFunc(slices.Clone(spec.LivenessRules), f.selection.excludes)
	}
	live := slices.DeleteFunc(slices.Clone(spec.LivenessRules), func(r *spec.Rule) bool { return !slices.Contains(chosen, r) })
	return live, orFailure(s.Live())
}

// endless reports whether a rule can be broken only by executions without end.
func endless(r *spec.Rule) bool {
	return r.Live != nil && !slices.ContainsFunc(spec.Rules, func(other *spec.Rule) bool { return other.ID == r.ID })
}

// starving reports whether a subject is a mutant that only liveness rules catch.
func starving(name string) bool {
	return slices.ContainsFunc(mutant.Starving, func(m mutant.Mutant) bool { return subject.MutantPrefix+m.Name == name })
}

// liveVerdicts returns the verdicts on rules that are not among those judged on steps.
func liveVerdicts(result *checker.Result) (all []report.RuleResult) {
	if result.Liveness == nil {
		return nil
	}
	for _, v := range result.Liveness.Rules {
		if judged := slices.ContainsFunc(result.Rules, func(r checker.RuleVerdict) bool { return r.Rule == v.Rule }); !judged || v.Verdict == spec.Violated {
			all = append(all, report.RuleResult{ID: v.Rule.ID, Name: v.Rule.Name, Verdict: liveWord(&v)})
		}
	}
	return all
}

func liveWord(v *checker.LivenessVerdict) string {
	if v.Void {
		return report.NotApplicable
	}
	return v.Verdict.String()
}

// livenessOf turns what liveness rules said into the report's words.
func livenessOf(l *checker.LivenessResult) *report.Liveness {
	if l == nil {
		return nil
	}
	out := &report.Liveness{States: l.States, Transitions: l.Transitions, Depth: l.Depth, Bytes: uint64(l.Bytes), Seconds: l.Seconds, Fairness: spec.Fairness}
	for _, v := range l.Rules {
		r := report.LivenessRule{ID: v.Rule.ID, Name: v.Rule.Name, Verdict: liveWord(&v), Waiting: v.Waiting, Within: v.Within, Skipped: v.Skipped,
			Avoids: v.Rule.Live.Avoids, Reaches: v.Rule.Live.Reaches}
		out.Rules = append(out.Rules, r)
	}
	return out
}

// endless runs a trace that goes on for ever again, what is repeated twice, and returns what it breaks: the liveness rules that it names.
// The error says why it does not go on as it did.
func (s *saved) endless(ctx context.Context, t *traces.Trace) (broken []traces.Finding, err error) {
	for _, id := range t.Header.Breaks {
		rule, known := spec.RuleByName(id)
		if !known || rule.Live == nil {
			continue
		}
		if err := s.subject.Repeats(ctx, t, rule); err != nil {
			return nil, err
		}
		last := t.Records[len(t.Records)-1].Number
		b := &spec.Breach{Rule: rule, Message: fmt.Sprintf("what is promised never happens: after step %d everything is as it was before step %d", last, t.Header.Loop),
			Refused: []spec.Condition{{Text: "what is promised happens at last", Values: "it is wanting in every state that is repeated"}}}
		broken = append(broken, traces.Finding{Breach: b, Evidence: []traces.Place{{Step: t.Header.Loop, Role: "from here on it repeats"}}})
		s.rules = append(s.rules, rule)
	}
	return broken, nil
}
