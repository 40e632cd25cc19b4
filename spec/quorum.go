package spec

import (
	"fmt"
	"slices"
)

// quorums is how many servers of one half of a configuration elect, and how many commit.
type quorums struct{ elect, commit int }

// quorumsOf returns the sizes that are declared for so many voters: a majority of them unless FlexibleQuorums says otherwise. Of two
// numbers the one that is left out is the least that makes them share a server.
func (vs Variants) quorumsOf(voters int) quorums {
	majority := voters/2 + 1
	numbers := vs.numbers(FlexibleQuorums)
	elect, tells := numbers["elect"]
	commit, told := numbers["commit"]
	switch {
	case !tells && !told:
		return quorums{majority, majority}
	case !tells:
		elect = max(voters+1-commit, majority)
	case !told:
		commit = max(voters+1-elect, 1)
	}
	return quorums{elect, commit}
}

// meet reports whether, of so many voters, any that elect share one with any that commit, and with any others that elect.
func (q quorums) meet(voters int) bool { return q.elect+q.commit > voters && 2*q.elect > voters }

// overlap reports whether any servers that elect in one of two configurations share one with any that commit in the other.
func (vs Variants) overlap(a, b []ServerID) bool {
	if !vs.Has(FlexibleQuorums) {
		return true
	}
	all := len(slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b)))))
	p, q := vs.quorumsOf(len(a)), vs.quorumsOf(len(b))
	return p.elect+q.commit > all && q.elect+p.commit > all && p.elect+q.elect > all
}

// elects reports whether the servers for which in returns true elect a leader of the configuration.
func (s *Step) elects(c *Configuration, in func(ServerID) bool) bool {
	return s.suffices(c, in, electing)
}

// commits reports whether the servers for which in returns true commit an entry, or confirm that nobody else can have been elected.
func (s *Step) commits(c *Configuration, in func(ServerID) bool) bool {
	return s.suffices(c, in, committing)
}

func (s *Step) suffices(c *Configuration, in func(ServerID) bool, size func(quorums) int) bool {
	if !s.Declared.Has(FlexibleQuorums) {
		return c.Majority(in)
	}
	for _, half := range [...][]ServerID{c.Voters, c.Outgoing} {
		q := s.Declared.quorumsOf(len(half))
		if count := countOf(half, in); len(half) > 0 && (count < size(q) || !q.meet(len(half))) {
			return false
		}
	}
	return len(c.Voters) > 0
}

func countOf(servers []ServerID, in func(ServerID) bool) (count int) {
	for _, id := range servers {
		if in(id) {
			count++
		}
	}
	return count
}

// enough says in words what would have sufficed, of the kind that size returns: "a strict majority", or "at least 4".
func (s *Step) enough(c *Configuration, size func(quorums) int) string {
	if !s.Declared.Has(FlexibleQuorums) {
		return "a strict majority"
	}
	for _, half := range [...][]ServerID{c.Voters, c.Outgoing} {
		if q := s.Declared.quorumsOf(len(half)); len(half) > 0 && !q.meet(len(half)) {
			return fmt.Sprintf("enough to meet those of any other quorum (%d of %d elect and %d commit: they need not share a server)", q.elect, len(half), q.commit)
		}
	}
	return fmt.Sprintf("at least %d", size(s.Declared.quorumsOf(len(c.Voters))))
}

func electing(q quorums) int   { return q.elect }
func committing(q quorums) int { return q.commit }
