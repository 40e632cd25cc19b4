package traces

import "github.com/raftcheck/raftcheck/spec"

// Story returns an equivalent trace whose records are in the order that reads best: what belongs together stays together.
// Every server still does the same things in the same order and every message is sent before it arrives, so that the story
// replays step by step to the same states; the record that breaks a rule stays last. rules and variants say which breach must
// remain; a trace that breaks none of them is returned as it is.
func Story(t *Trace, rules []*spec.Rule, variants spec.Variants) *Trace {
	order := tell(t.Records, t.Header.Network)
	story := &Trace{Header: t.Header, Records: make([]Record, len(order))}
	for k, i := range order {
		story.Records[k] = t.Records[i]
		story.Records[k].Number = k + 1
	}
	if Validate(story) != nil || !sameEnding(t.Records, story.Records, rules, variants) {
		return t
	}
	return story
}

// sameEnding reports whether both orders first break the same rule at the last record.
func sameEnding(a, b []Record, rules []*spec.Rule, variants spec.Variants) bool {
	x, atX := firstBreach(a, rules, variants)
	y, atY := firstBreach(b, rules, variants)
	if x == nil || y == nil {
		return x == y
	}
	return x.Rule == y.Rule && (atX == len(a)-1) == (atY == len(b)-1)
}

// firstBreach judges records and returns the first breach and the index of its record.
func firstBreach(records []Record, rules []*spec.Rule, variants spec.Variants) (*spec.Breach, int) {
	judge := spec.NewJudge(rules, variants)
	for k := range records {
		if records[k].Step == nil {
			continue
		}
		if found := judge.Step(spec.Origin(records[k].Number), records[k].Step); len(found) > 0 {
			return found[0], k
		}
	}
	return nil, 0
}
