package spec

import (
	"fmt"
	"slices"
)

// designs returns the variants that would explain a breach in a step: the step is judged again with each declared.
func (j *Judge) designs(b *Breach, s *Step) (varied []Variant) {
	var void []Variant
	for _, h := range Habits {
		switch {
		case j.declared.Has(h.Variant):
		case slices.Contains(b.Rule.Varies, h.Variant):
			if v := s.declarationOf(h); b.Rule.Step != nil && j.explains(v, b, s) {
				varied = append(varied, v)
			}
		case slices.Contains(b.Rule.Unless, h.Variant) && j.explains(h.Variant, b, s):
			void = append(void, h.Variant)
		}
	}
	if len(varied) > 0 {
		return varied
	}
	return void
}

// explains reports whether a step breaks a rule no more with a variant declared besides, nor any other that the variant puts in force or changes.
func (j *Judge) explains(v Variant, b *Breach, s *Step) bool {
	again := *s
	again.Declared = append(slices.Clip(j.declared), v)
	void := slices.Contains(b.Rule.Unless, v)
	if !void && (b.Rule.JudgeStep(s) == nil || b.Rule.JudgeStep(&again) != nil) {
		return false // it is not the step by itself that breaks the rule
	}
	for _, r := range Applicable(j.all, again.Declared) {
		concerned := slices.Contains(r.Varies, v.Name()) || slices.Contains(r.Only, v)
		if concerned && r != b.Rule && r.JudgeStep(&again) != nil && r.JudgeStep(s) == nil {
			return false
		}
	}
	return true
}

// declarationOf returns how a variant is to be declared to explain the step: of flexible quorums, with the numbers that it shows.
func (s *Step) declarationOf(h *Habit) Variant {
	if h.Variant != FlexibleQuorums {
		return h.Variant
	}
	c := &s.Before.Config
	if len(c.Voters) == 0 {
		c = &s.After.Config
	}
	voters := len(c.Voters)
	var q quorums
	switch {
	case TookOffice(s):
		q.elect = countOf(c.Voters, s.voted)
		q.commit = max(voters+1-q.elect, 1)
	default:
		q.commit = max(countOf(c.Voters, s.stores), 1)
		q.elect = max(voters+1-q.commit, voters/2+1)
	}
	return Variant(fmt.Sprintf("%s:elect=%d,commit=%d", FlexibleQuorums, q.elect, q.commit))
}
