package spec

// Steps are of few kinds, as far as traits and shown fields tell. For each kind a Judge works out once which rules can be broken by such a step,
// and which are put to the test.

// kindOfStep is what a plan is made for.
type kindOfStep struct {
	traits        traits
	before, after Field // not shown
}

// plan is what to do about the steps of a kind.
type plan struct {
	asked  []asked
	tested []int // of the judge's rules, by number: those that every such step puts to the test, and none can break
	times  int   // how many such steps there were
}

// asked is a rule that has to be asked about steps of a kind.
type asked struct {
	rule   int
	step   bool  // its Step may find something,
	breaks marks // if the step has these
	tests  exercised
	about  *condition // tests is sometimes: whether the rest of it holds,
	marks  marks      // of which these are the marks
}

// exercised says whether steps put a rule to the test.
type exercised uint8

const (
	never exercised = iota
	sometimes
	always
)

// mostPlans bounds the kinds of steps that are remembered. There are a few hundred in the longest executions.
const mostPlans = 4096

// planFor returns the plan for a step's kind.
func (j *Judge) planFor(s *Step, t traits) *plan {
	kind := kindOfStep{t, s.Before.Unknown, s.After.Unknown}
	late := &j.latePlans[kind.place()]
	if late.plan != nil && late.kind == kind {
		return late.plan
	}
	p := j.plans[kind]
	if p == nil {
		if len(j.plans) >= mostPlans {
			for k := range j.checked {
				j.checked[k] += j.planned(k)
			}
			clear(j.plans)
			j.latePlans = [len(j.latePlans)]latePlan{}
		}
		p = j.newPlan(s, t)
		j.plans[kind] = p
	}
	*late = latePlan{kind, p}
	return p
}

// latePlan is a plan that was looked up lately.
type latePlan struct {
	kind kindOfStep
	plan *plan
}

// place returns where the plan for a kind of step is kept when it was looked up lately.
func (k *kindOfStep) place() int {
	h := (uint64(k.traits) ^ uint64(k.before)<<32 ^ uint64(k.after)) * 0x9e3779b97f4a7c15
	return int(h >> 57)
}

func (j *Judge) newPlan(s *Step, t traits) *plan {
	p := &plan{}
	for k, r := range j.rules {
		if r.Step == nil || !r.checkable(s) {
			continue
		}
		j.shown[k] = true
		a := asked{rule: k, step: true, tests: always}
		if c, listed := breakable[r]; listed {
			a.step, a.breaks = c.possible(t), c.marks
		}
		if about, listed := exercises[r]; listed {
			a.about, a.marks = &about, about.marks
			switch {
			case !about.possible(t):
				a.tests = never
			case about.marks != 0 || len(about.also) > 0:
				a.tests = sometimes
			}
		}
		switch {
		case a.step || a.tests == sometimes:
			p.asked = append(p.asked, a)
		case a.tests == always:
			p.tested = append(p.tested, k)
		}
	}
	return p
}

// planned returns how many times plans say that a rule was put to the test.
func (j *Judge) planned(rule int) (times int) {
	for _, p := range j.plans {
		for _, k := range p.tested {
			if k == rule {
				times += p.times
			}
		}
	}
	return times
}

// steps judges a step by itself.
func (j *Judge) steps(s *Step, t traits) (found []*Breach) {
	p := j.planFor(s, t)
	p.times++
	m := s.marks(t)
	for k := range p.asked {
		a := &p.asked[k]
		var b *Breach
		if a.step && m&a.breaks == a.breaks {
			r := j.rules[a.rule]
			if b = r.Step(s); b != nil && !s.certain(r.Step) {
				continue
			}
		}
		if b != nil || a.tests == always || a.tests == sometimes && m&a.marks == a.marks && a.about.rest(s) {
			j.checked[a.rule]++
		}
		if b == nil {
			continue
		}
		if b = j.rules[a.rule].stepBreach(s, b); b != nil {
			found = append(found, b)
		}
	}
	return found
}
