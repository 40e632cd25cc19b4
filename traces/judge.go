package traces

import "github.com/raftcheck/raftcheck/spec"

// Broken judges a trace in memory and returns the findings of the first record that breaks a rule, in the order of the rules,
// with the index of that record; nothing and -1 when none does.
func Broken(t *Trace, rules []*spec.Rule, variants spec.Variants) ([]Finding, int) {
	judge := spec.NewJudge(rules, variants)
	for k := range t.Records {
		r := &t.Records[k]
		if r.Step == nil {
			continue
		}
		if breaches := judge.Step(spec.Origin(r.Number), r.Step); len(breaches) > 0 {
			findings := make([]Finding, len(breaches))
			for i, b := range breaches {
				findings[i] = FindingOf(b)
			}
			return findings, k
		}
	}
	return nil, -1
}

// FindingOf places a breach whose evidence's origins are numbers of records.
func FindingOf(b *spec.Breach) Finding {
	f := Finding{Breach: b}
	for _, e := range b.Evidence {
		f.Evidence = append(f.Evidence, Place{Step: int(e.Origin), Server: e.Server, Role: e.Role})
	}
	return f
}
