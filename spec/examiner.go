package spec

import "slices"

// Examiner says of single steps what [Rule.JudgeStep] and [Rule.ExercisedBy] say for each of some rules, and works out once for all steps of a kind which of the
// rules there is any use in asking.
type Examiner struct {
	judge *Judge
	by    []bool // whether the step at hand puts each of the rules to the test
}

// NewExaminer returns an examiner for the given rules and an implementation's declared variants, which must not make any of them void.
func NewExaminer(rules []*Rule, declared Variants) *Examiner {
	return &Examiner{judge: NewJudge(rules, declared), by: make([]bool, len(rules))}
}

// Examine reports whether a step breaks one of the rules by itself, whatever it does not show, and which of them it puts to the test, in
// the order of the rules. What it returns is good until the next call.
func (e *Examiner) Examine(s *Step) (breaks bool, exercised []bool) {
	clear(e.by)
	j := e.judge
	if s.Output.Refused {
		k := slices.Index(j.rules, refusedHarmless)
		if k < 0 {
			return false, e.by
		}
		e.by[k] = refusedHarmless.Exercises(s)
		return s.Certain(refusedHarmless.JudgeStep) != nil, e.by
	}
	p := j.planFor(s, s.traits())
	for _, k := range p.tested {
		e.by[k] = true
	}
	for k := range p.asked {
		a := &p.asked[k]
		e.by[a.rule] = a.tests == always || a.tests == sometimes && a.about.rest(s)
		breaks = breaks || a.step && s.Certain(j.rules[a.rule].JudgeStep) != nil
	}
	e.tells(s)
	e.looksBack(s)
	return breaks, e.by
}

// tells notes the rules about facts that the step tells.
func (e *Examiner) tells(s *Step) {
	told := uint64(0)
	Facts(s, e.judge.declared, func(f *Fact) { told |= 1 << f.Kind })
	for kind, rules := range e.judge.agreeing {
		if told>>kind&1 == 0 {
			continue
		}
		for _, k := range rules {
			e.by[k] = true
		}
	}
}

// looksBack notes the rules that compare the step with what came before.
func (e *Examiner) looksBack(s *Step) {
	j, office, answers := e.judge, TookOffice(s), s.Output.answers()
	if !office && !answers {
		return
	}
	for k, r := range j.rules {
		if !e.by[k] && r.checkable(s) {
			e.by[k] = office && (r.Elected != nil || r.Kept != nil) || answers && (r.Told != nil || r.Answered != nil && s.answersAtOnce() != nil)
		}
	}
}
