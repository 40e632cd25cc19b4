package spec

// Breakable reports whether a step is one of those about which a judge asks the rule.
func Breakable(r *Rule, s *Step) bool {
	c, listed := breakable[r]
	return !listed || c.holds(s, s.traits())
}

// Reachable reports whether a step is one of those in which a judge looks for the goal.
func Reachable(g *Goal, s *Step) bool {
	c := reachable[g.Name]
	return c.holds(s, s.traits())
}

// LastConfiguration is what rules are told of the log after the step, and from the log alone.
func LastConfiguration(s *Step, upTo Index) (fast, slow Configuration, fastAt, slowAt Index, fastFound, slowFound bool) {
	fast, fastAt, fastFound = s.lastConfiguration(&s.After.Log, upTo)
	slow, slowAt, slowFound = s.After.Log.lastConfiguration(upTo)
	return fast, slow, fastAt, slowAt, fastFound, slowFound
}

// RememberScans gives the steps one memory.
func RememberScans(steps ...*Step) {
	var m scanned
	for _, s := range steps {
		s.scanned = &m
	}
}
