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
	if Validate(story) != nil || !sameEnding(t, story, rules, variants) {
		return t
	}
	return story
}

// sameEnding reports whether both orders first break the same rule at the last record.
func sameEnding(a, b *Trace, rules []*spec.Rule, variants spec.Variants) bool {
	x, atX := Broken(a, rules, variants)
	y, atY := Broken(b, rules, variants)
	if x == nil || y == nil {
		return len(x) == len(y)
	}
	return x[0].Rule == y[0].Rule && (atX == len(a.Records)-1) == (atY == len(b.Records)-1)
}
