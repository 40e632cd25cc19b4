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

// Tested tells of each record which of the rules it puts to the test, as indexes of rules, ascending. What is counted is what a verdict on the
// trace counts; a record that breaks a rule puts it to the test too.
func Tested(t *Trace, rules []*spec.Rule) [][]int {
	judge := spec.NewJudge(rules, t.Header.Variants)
	judge.Recorded()
	if t.Header.Joined {
		judge.Causal()
	}
	tested, before, index := make([][]int, len(t.Records)), make([]int, len(rules)), map[*spec.Rule]int{}
	for k, r := range rules {
		index[r] = k
	}
	for i := range t.Records {
		if t.Records[i].Step == nil {
			continue
		}
		step := *t.Records[i].Step // a judge adds to it what it knows
		judge.Step(spec.Origin(t.Records[i].Number), &step)
		judge.Tests(func(r *spec.Rule, times int) {
			if k := index[r]; times > before[k] {
				before[k] = times
				tested[i] = append(tested[i], k)
			}
		})
	}
	return tested
}
