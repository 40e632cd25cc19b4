package spec

import "slices"

// How one rule is asked about what it is handed: a step, two servers, facts, or what clients know.

// Applicable returns the rules that the declared variants do not make void.
func Applicable(rules []*Rule, declared Variants) []*Rule {
	var kept []*Rule
	for _, r := range rules {
		if !slices.ContainsFunc(r.Unless, declared.Has) && (len(r.Only) == 0 || slices.ContainsFunc(r.Only, declared.Has)) {
			kept = append(kept, r)
		}
	}
	return kept
}

// JudgeStep applies the rule's Step check. It returns nil when the step keeps the promise, shows too little, or the rule has none.
func (r *Rule) JudgeStep(s *Step) *Breach {
	if r.Step == nil || !r.checkable(s) {
		return nil
	}
	return r.stepBreach(s, r.Step(s))
}

// JudgePair applies the rule's Pair check to two servers at one moment.
func (r *Rule) JudgePair(a, b *Sight) *Breach {
	if r.Pair == nil || !a.Knows(r.Needs) || !b.Knows(r.Needs) {
		return nil
	}
	found := r.Pair(a, b)
	if found == nil {
		return nil
	}
	return r.signed(found, r.pairShape(a, b))
}

// JudgeElected applies the checks of the rule that look at all that was committed: Elected if the step makes its server leader, Answered
// if it answers a read as soon as it comes, and Claimed if it tells of more as committed than it has committed.
func (r *Rule) JudgeElected(s *Step, committed []Fact) *Breach {
	look := r.looksBack(s)
	if look == nil {
		return nil
	}
	return r.laterBreach(s, look(s, committed))
}

// JudgeKept applies the rule's Kept check to a step that makes its server leader.
func (r *Rule) JudgeKept(s *Step, acknowledged []Fact) *Breach {
	if r.Kept == nil || !TookOffice(s) || !r.checkable(s) {
		return nil
	}
	return r.laterBreach(s, r.Kept(s, acknowledged))
}

// looksBack returns the check of the rule that compares this step with all that was committed, or nil.
func (r *Rule) looksBack(s *Step) func(*Step, []Fact) *Breach {
	switch {
	case r.Elected == nil && r.Answered == nil && r.Claimed == nil || !r.checkable(s):
		return nil
	case r.Elected != nil && TookOffice(s):
		return r.Elected
	case r.Answered != nil && !TookOffice(s) && s.answersAtOnce() != nil:
		return r.Answered
	case r.Claimed != nil && ClaimsCommit(s):
		return r.Claimed
	}
	return nil
}

// JudgeTold applies the rule's Told check to a step that tells clients something.
func (r *Rule) JudgeTold(before *Clients, s *Step) *Breach {
	if r.Told == nil || !r.checkable(s) || !s.Output.answers() {
		return nil
	}
	return r.laterBreach(s, r.Told(before, s))
}

// answers reports whether a client is told something.
func (o *Output) answers() bool {
	return slices.ContainsFunc(o.Effects, func(e Effect) bool { return e.Kind == Answer })
}

// JudgeFacts returns the breach of the rule that two disagreeing facts are, or nil if the rule is about other facts. The later one is
// told by the step.
func (r *Rule) JudgeFacts(s *Step, earlier, later *Fact) *Breach {
	if r.Agreement == FactNone || r.Agreement != contradicts(earlier, later) {
		return nil
	}
	b := disagreement(r, earlier, later)
	if r.Pair != nil {
		return r.signed(b, disagree)
	}
	return r.laterBreach(s, b)
}

func (r *Rule) checkable(s *Step) bool { return s.show(r.Needs) && s.After.Knows(r.NeedsAfter) }

// stepBreach signs a breach that a step shows; nil stays nil.
func (r *Rule) stepBreach(s *Step, b *Breach) *Breach {
	if b == nil {
		return nil
	}
	return r.signed(b, stepShape(s, b))
}

// laterBreach is stepBreach for what a step shows together with what came before it. It is nil as well if the step breaks the rule by itself
// in a way that is overlooked: that is the same breach, seen from another side.
func (r *Rule) laterBreach(s *Step, b *Breach) *Breach {
	if b == nil || len(r.overlooked) == 0 || r.Step == nil || !r.checkable(s) {
		return r.stepBreach(s, b)
	}
	if alone := r.Step(s); alone != nil && r.Overlooks(stepShape(s, alone)) {
		return nil
	}
	return r.stepBreach(s, b)
}

// signed puts rule and shape on a breach. It returns nil for one that the rule overlooks.
func (r *Rule) signed(b *Breach, shape string) *Breach {
	if r.Overlooks(shape) {
		return nil
	}
	b.Rule, b.Shape = r, shape
	return b
}
