package spec

// Steps are of few kinds, as far as traits, marks and shown fields tell. For each kind a Judge works out once which rules can be broken by such a step,
// which are put to the test, and which goals it may reach.

// kindOfStep is what a plan is made for.
type kindOfStep struct {
	traits        traits
	marks         marks
	before, after Field // not shown
}

// plan is what to do about the steps of a kind.
type plan struct {
	kind   kindOfStep
	asked  []asked
	tested []int // of the judge's rules, by number: those that every such step puts to the test, and none can break
	goals  []int // of Goals, by number: those that such a step may reach
	times  int   // how many such steps there were, besides those that are counted already
}

// asked is a rule that has to be asked about steps of a kind.
type asked struct {
	rule  int
	step  bool // its Step may find something
	tests exercised
	about *condition // tests is sometimes: whether the rest of it holds
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
	kind := kindOfStep{t, s.marks(t), s.Before.Unknown, s.After.Unknown}
	late := &j.latePlans[kind.place()]
	if *late != nil && (*late).kind == kind {
		return *late
	}
	p := j.plans[kind]
	if p == nil {
		if len(j.plans) >= mostPlans {
			j.countPlanned()
			clear(j.plans)
			clear(j.latePlans[:])
		}
		p = j.newPlan(s, kind)
		j.plans[kind] = p
	}
	*late = p
	return p
}

// place returns where the plan for a kind of step is kept when it was looked up lately, of 512 places.
func (k *kindOfStep) place() int {
	h := (uint64(k.traits) ^ uint64(k.before)<<32 ^ uint64(k.after)) * 0x9e3779b97f4a7c15
	return int((h ^ uint64(k.marks)) * 0xd6e8feb86659fd93 >> 55)
}

func (j *Judge) newPlan(s *Step, kind kindOfStep) *plan {
	p := &plan{kind: kind}
	for k, r := range j.rules {
		if r.Step == nil || !r.checkable(s) {
			continue
		}
		j.shown[k] = true
		a := asked{rule: k, step: true, tests: always}
		if c, listed := breakable[r]; listed {
			a.step = c.of(&kind)
		}
		if about, listed := exercises[r]; listed {
			switch {
			case !about.of(&kind):
				a.tests = never
			case len(about.also) > 0:
				a.tests, a.about = sometimes, &about
			}
		}
		switch {
		case a.step || a.tests == sometimes:
			p.asked = append(p.asked, a)
		case a.tests == always:
			p.tested = append(p.tested, k)
		}
	}
	if s.Input.Message.Complete() {
		for k, g := range Goals {
			if c := reachable[g.Name]; s.show(g.Shows) && c.of(&kind) {
				p.goals = append(p.goals, k)
			}
		}
	}
	return p
}

// of reports whether a step of a kind fulfils the condition, as far as traits and marks tell.
func (c *condition) of(kind *kindOfStep) bool {
	return c.possible(kind.traits) && kind.marks&c.marks == c.marks
}

// countPlanned adds to how often rules were put to the test what plans say of it.
func (j *Judge) countPlanned() {
	for _, p := range j.plans {
		if p.times == 0 {
			continue
		}
		for _, k := range p.tested {
			j.checked[k] += p.times
		}
		p.times = 0
	}
}

// goals notes the goals that a step reaches.
func (j *Judge) goals(s *Step, p *plan) {
	for _, k := range p.goals {
		if !j.reached[k] && Goals[k].Reached(s) {
			j.reached[k] = true
		}
	}
}

// steps judges a step by itself.
func (j *Judge) steps(s *Step, p *plan) (found []*Breach) {
	p.times++
	for k := range p.asked {
		a := &p.asked[k]
		var b *Breach
		if a.step {
			r := j.rules[a.rule]
			if b = r.Step(s); b != nil && !s.certain(r.Step) {
				continue
			}
		}
		if b != nil || a.tests == always || a.tests == sometimes && a.about.rest(s) {
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
