package checker

import "slices"

// Covered: a state in which the same servers, history and budgets stand as in one met before, and only messages of those in flight there, can do nothing
// that the other cannot (losses.go). It is not searched. To know it again, the fingerprints of all states that a state covers are
// put into the set of those seen: every part of what is in flight, of which there are few.
//
// What was met before is in the same layer or an earlier one, so that no step of a server is met later than without this. States
// of one round do not cover each other, so that nothing depends on the number of workers.
//
// The set then holds every state that the states searched stand for, each once; with all their renamings they are as many as a search without
// Losses, Covered and Renaming finds.

// covering is what covers in a round.
type covering struct {
	below  [partitions][partitions][]below // by the partition that found and the one that holds
	stands uint64                          // states that those searched stand for, themselves included
	spared uint64                          // fingerprints of covered states
}

// below is a state that another covers.
type below struct {
	fingerprint uint64
	renamings   uint16 // different states that it becomes by renaming
}

// cover lists what a new state covers. Two renamings that leave a state as it is are one, so states with few different fingerprints are few states.
func (w *worker) cover(s *search, p int, state []uint32) {
	if s.kept != nil {
		return // candidates are counted when they are expanded, as they need not be new
	}
	w.fingerprints(state, w.all)
	w.standsFor += uint64(different(w.all))
	if s.reduce&Covered == 0 {
		return
	}
	messages := state[w.network():]
	inFlight := 0
	for inFlight < len(messages) && messages[inFlight] != 0 {
		inFlight++
	}
	n := len(w.names)
	for lost := 1; lost < 1<<inFlight; lost++ {
		for k := range w.all {
			w.less[k] = w.all[k]
			for i, id := range messages[:inFlight] {
				if lost>>i&1 != 0 {
					w.less[k] -= w.messageHash[int(id)*n+k]
				}
			}
		}
		fp := w.even(slices.Min(w.less))
		to := &s.covering.below[p][partitionOf(fp)]
		*to = append(room(*to, 1), below{fp, different(w.less)})
	}
}

// different counts different fingerprints: those that are the same are equally many each, since what leaves a state as it is does so to every image of it, under another name.
func different(all []uint64) uint16 {
	same := 0
	for _, fp := range all {
		if fp == all[0] {
			same++
		}
	}
	return uint16(len(all) / same)
}

// spread puts what the states of a round cover into the set of states seen.
func (s *search) spread() {
	if s.reduce&Covered == 0 {
		return
	}
	var spared, stands [partitions]uint64
	s.parallel(partitions, func(_ *worker, p int) {
		var found, all uint64
		for from := range s.covering.below {
			list := s.covering.below[from][p]
			for rest := list; len(rest) > 0; {
				some := rest[:min(len(rest), 16)]
				s.seen[p].touchBelow(some)
				for _, b := range some {
					if s.seen[p].insert(b.fingerprint) {
						found++
						all += uint64(b.renamings)
					}
				}
				rest = rest[len(some):]
			}
			s.covering.below[from][p] = list[:0]
		}
		spared[p], stands[p] = found, all
	})
	for p := range spared {
		s.covering.spared += spared[p]
		s.covering.stands += stands[p]
	}
}

// touchBelow reads the home slots of some fingerprints, as touch does.
func (s *seen) touchBelow(some []below) {
	if len(s.slots) == 0 {
		return
	}
	var sum uint64
	for _, b := range some {
		sum += s.slots[s.home(b.fingerprint)]
	}
	s.touched = sum
}

// standsFor returns how many states those searched stand for; 0 where that is not counted.
func (s *search) standsFor() uint64 {
	if s.reduce&(Covered|Renaming) == 0 || s.kept != nil && !s.stats.Complete {
		return 0
	}
	return s.covering.stands + s.orbits
}
