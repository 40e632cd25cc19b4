package spec

import "slices"

// Facts known so far form a History, the one mechanism behind every promise about the past: at most one leader in a term,
// one vote in a term, one entry at an index and term, one committed entry at an index.

// History is the facts established so far, by key. The zero value knows nothing.
type History struct {
	facts     map[Key]Fact
	committed []Fact // committed facts in ascending index order
}

// Agree adds a fact, or returns the earlier fact it contradicts. An equal fact keeps its first origin.
func (h *History) Agree(f *Fact) *Fact {
	if earlier, known := h.facts[f.Key]; known {
		if earlier.Same(f) {
			return nil
		}
		return &earlier
	}
	if h.facts == nil {
		h.facts = map[Key]Fact{}
	}
	h.facts[f.Key] = *f
	if f.Kind == FactCommitted {
		at, _ := slices.BinarySearchFunc(h.committed, f.Index, func(g Fact, i Index) int { return int(g.Index) - int(i) })
		h.committed = slices.Insert(h.committed, at, *f)
	}
	return nil
}

// Committed returns every committed fact, by ascending index. The caller must not change it.
func (h *History) Committed() []Fact { return h.committed }

// Judge watches an execution step by step and says which promises are broken. It is the slow, obvious way to judge, and the
// way every finding is confirmed; the checker memoises the very same rules.
type Judge struct {
	rules    []*Rule
	declared Variants
	history  History
	now      map[ServerID]Observation
	order    []ServerID
	checked  map[string]int
	reached  map[string]bool
}

// NewJudge returns a judge for the given rules and an implementation's declared variants.
func NewJudge(rules []*Rule, declared Variants) *Judge {
	return &Judge{rules: Applicable(rules, declared), declared: declared, now: map[ServerID]Observation{},
		checked: map[string]int{}, reached: map[string]bool{}}
}

// Applicable returns the rules that a declared variant does not make void.
func Applicable(rules []*Rule, declared Variants) []*Rule {
	var kept []*Rule
	for _, r := range rules {
		if !slices.ContainsFunc(r.Unless, declared.Has) {
			kept = append(kept, r)
		}
	}
	return kept
}

// Step judges the next step, seen at origin, and returns the promises it breaks in the order of the rules.
func (j *Judge) Step(origin Origin, s *Step) []*Breach {
	return j.StepAt(func(Part, int) Origin { return origin }, s)
}

// StepAt is Step for a record whose parts were seen at different places: where tells the place of each part, and for
// PartEffect of the effect with that index.
func (j *Judge) StepAt(where func(Part, int) Origin, s *Step) []*Breach {
	for _, g := range Goals {
		if !j.reached[g.Name] && g.Reached(s) {
			j.reached[g.Name] = true
		}
	}
	var found []*Breach
	for _, r := range j.rules {
		if b := r.JudgeStep(s); b != nil {
			found = append(found, b)
		}
		if r.Step != nil && r.checkable(s) {
			j.checked[r.ID]++
		}
	}
	found = append(found, j.agree(where, s)...)
	found = append(found, j.pairs(s)...)
	found = append(found, j.elected(s)...)
	for _, b := range found {
		b.placeAt(where)
	}
	return firstOfEach(found)
}

// JudgeStep applies the rule's Step check. It returns nil when the step keeps the promise, shows too little, or the rule has none.
func (r *Rule) JudgeStep(s *Step) *Breach {
	if r.Step == nil || !r.checkable(s) {
		return nil
	}
	return r.signed(r.Step(s))
}

// JudgePair applies the rule's Pair check to two servers at one moment.
func (r *Rule) JudgePair(a, b *Sight) *Breach {
	if r.Pair == nil || !a.Knows(r.Needs) || !b.Knows(r.Needs) {
		return nil
	}
	return r.signed(r.Pair(a, b))
}

// JudgeElected applies the rule's Elected check if the step makes its server leader.
func (r *Rule) JudgeElected(s *Step, committed []Fact) *Breach {
	if r.Elected == nil || !r.checkable(s) || !TookOffice(s) {
		return nil
	}
	return r.signed(r.Elected(s, committed))
}

// TookOffice reports whether the step made its server leader of a term it did not lead before.
func TookOffice(s *Step) bool {
	return s.After.Role == Leader && (s.Before.Role != Leader || s.Before.Term != s.After.Term)
}

// JudgeFacts returns the breach of the rule that two disagreeing facts are, or nil if the rule is about other facts.
func (r *Rule) JudgeFacts(earlier, later *Fact) *Breach {
	if r.Agreement == FactNone || r.Agreement != later.Kind {
		return nil
	}
	return disagreement(r, earlier, later)
}

func (r *Rule) checkable(s *Step) bool { return s.Before.Knows(r.Needs) && s.After.Knows(r.Needs) }

func (r *Rule) signed(b *Breach) *Breach {
	if b != nil {
		b.Rule = r
	}
	return b
}

func (j *Judge) agree(where func(Part, int) Origin, s *Step) (found []*Breach) {
	Facts(s, j.declared, func(f *Fact) {
		f.Origin = where(f.Part, f.Effect)
		earlier := j.history.Agree(f)
		for _, r := range j.rules {
			if r.Agreement != f.Kind {
				continue
			}
			j.checked[r.ID]++
			if earlier != nil {
				found = append(found, r.JudgeFacts(earlier, f))
			}
		}
	})
	return found
}

func (j *Judge) pairs(s *Step) (found []*Breach) {
	if _, seen := j.now[s.Server]; !seen {
		j.order = append(j.order, s.Server)
	}
	j.now[s.Server] = s.After
	here := &Sight{s.Server, &s.After}
	for _, id := range j.order {
		if id == s.Server {
			continue
		}
		other := j.now[id]
		there := &Sight{id, &other}
		for _, r := range j.rules {
			if r.Pair == nil {
				continue
			}
			if !here.Knows(r.Needs) || !there.Knows(r.Needs) {
				continue
			}
			j.checked[r.ID]++
			if b := r.JudgePair(here, there); b != nil {
				found = append(found, b)
			} else if b := r.JudgePair(there, here); b != nil {
				found = append(found, b)
			}
		}
	}
	return found
}

func (j *Judge) elected(s *Step) (found []*Breach) {
	for _, r := range j.rules {
		if r.Elected == nil || !r.checkable(s) || !TookOffice(s) {
			continue
		}
		j.checked[r.ID]++
		if b := r.JudgeElected(s, j.history.Committed()); b != nil {
			found = append(found, b)
		}
	}
	return found
}

// Checked returns how many times the rule was put to the test: 0 says that nothing was shown about it.
func (j *Judge) Checked(id string) int { return j.checked[id] }

// Reached reports whether the goal of that name was reached.
func (j *Judge) Reached(goal string) bool { return j.reached[goal] }

func (b *Breach) placeAt(where func(Part, int) Origin) {
	for k := range b.Evidence {
		if e := &b.Evidence[k]; e.Part != PartFact {
			e.Origin = where(e.Part, e.Effect)
		}
	}
}

// firstOfEach keeps the first breach of every rule.
func firstOfEach(found []*Breach) []*Breach {
	var kept []*Breach
	for _, b := range found {
		if !slices.ContainsFunc(kept, func(k *Breach) bool { return k.Rule == b.Rule }) {
			kept = append(kept, b)
		}
	}
	return kept
}
