package report

import (
	"cmp"
	"fmt"
	"slices"
)

// United puts the checks of all shards of a gate in the order of the whole. Of a check whose files fell to several shards it makes one,
// whose exit code is the worst of theirs in the order violated, fault, input, inconclusive, held.
func United(shards []*Report) (all []Check) {
	type part struct {
		Check
		shard int
	}
	var parts []part
	for _, s := range shards {
		for _, c := range s.Checks {
			parts = append(parts, part{c, s.Shard.Nth})
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.Nth, b.Nth) })
	for k := 0; k < len(parts); {
		from := k
		for k++; k < len(parts) && parts[k].Nth == parts[from].Nth; k++ {
		}
		if k == from+1 {
			all = append(all, parts[from].Check)
			continue
		}
		one := parts[from].Check
		var reports []*Report
		for _, p := range parts[from:k] {
			if p.Report == nil {
				continue
			}
			r := *p.Report
			r.Because = slices.Clone(r.Because)
			for i, why := range r.Because {
				r.Because[i] = fmt.Sprintf("shard %d: %s", p.shard, why)
			}
			reports = append(reports, &r)
			if Severity(p.Exit) > Severity(one.Exit) {
				one.Exit = p.Exit
			}
		}
		one.Report = unite(reports)
		all = append(all, one)
	}
	return all
}

// Severity orders exit codes by how much they matter, from held, 0, upwards.
func Severity(code int) int { return slices.Index([]int{0, 3, 2, 4, 5, 1}, code) }

// unite makes one report of several on different files by the same verb, rules and settings; nil of none.
func unite(parts []*Report) *Report {
	if len(parts) == 0 {
		return nil
	}
	r := *parts[0]
	r.Files, r.Histories, r.Findings, r.Errors, r.Known = nil, nil, nil, nil, nil
	r.Because, r.Hints, r.NotCovered = nil, nil, nil
	r.Rules, r.Goals = nil, nil
	for _, p := range parts {
		r.Files = append(r.Files, p.Files...)
		r.Histories = append(r.Histories, p.Histories...)
		r.Findings = append(r.Findings, p.Findings...)
		r.Errors = append(r.Errors, p.Errors...)
		r.Rules = unitedRules(r.Rules, p.Rules)
		r.Goals = UniteGoals(r.Goals, p.Goals)
		r.Known = UniteKnown(r.Known, p.Known)
		r.Trace = cmp.Or(r.Trace, p.Trace)
		r.Because = appendNew(r.Because, p.Because)
		r.Hints = appendNew(r.Hints, p.Hints)
		r.NotCovered = appendNew(r.NotCovered, p.NotCovered)
		if graver(verdicts, p.Verdict, r.Verdict) {
			r.Verdict = p.Verdict
		}
	}
	if r.Verdict == "violated" {
		r.Because, r.Hints = nil, nil
	}
	slices.SortStableFunc(r.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	slices.SortStableFunc(r.Histories, func(a, b History) int { return cmp.Compare(a.Path, b.Path) })
	slices.SortStableFunc(r.Errors, func(a, b InputProblem) int { return cmp.Compare(a.File, b.File) })
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(fileIn(&a), fileIn(&b)) })
	return &r
}

// verdicts and statuses in rising order of what they matter.
var (
	verdicts = []string{NotApplicable, NotCheckable, NotExercised, "held", "inconclusive", KnownBroken, "violated"}
	statuses = []string{NotSeen, GoneHere, Gone, Expired, StillOccurs}
)

func graver(order []string, a, than string) bool {
	return slices.Index(order, a) > slices.Index(order, than)
}

// fileIn is the file in which a finding was made; "" for one without a place.
func fileIn(f *Finding) string {
	if len(f.Evidence) == 0 {
		return ""
	}
	return f.Evidence[0].File
}

func unitedRules(all, more []RuleResult) []RuleResult {
	for _, m := range more {
		at := slices.IndexFunc(all, func(r RuleResult) bool { return r.ID == m.ID })
		if at < 0 {
			all = append(all, m)
			continue
		}
		all[at].Checked += m.Checked
		if graver(verdicts, m.Verdict, all[at].Verdict) {
			all[at].Verdict = m.Verdict
		}
	}
	return all
}

// UniteGoals adds what one part says of goals to what others say.
func UniteGoals(all, more []GoalResult) []GoalResult {
	for _, m := range more {
		at := slices.IndexFunc(all, func(g GoalResult) bool { return g.Name == m.Name })
		if at < 0 {
			all = append(all, m)
			continue
		}
		all[at].Reached = all[at].Reached || m.Reached
		all[at].Possible = all[at].Possible || m.Possible
		all[at].Times += m.Times
	}
	return all
}

// UniteKnown adds what one part says of known findings to what others say: each once, as the part says that says the most of it.
func UniteKnown(all, more []Known) []Known {
	for _, m := range more {
		at := slices.IndexFunc(all, m.Same)
		switch {
		case at < 0:
			all = append(all, m)
		case graver(statuses, m.Status, all[at].Status):
			all[at] = m
		}
	}
	return all
}

// appendNew adds what is not there yet.
func appendNew(all, more []string) []string {
	for _, s := range more {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}
