package fuzz

import (
	"cmp"
	"slices"

	"github.com/raftcheck/raftcheck/checker"
)

// corpus is the beginnings of runs that led to something new. It changes between rounds only.
type corpus struct {
	entries []entry
	born    int
}

// entry is the beginning of a run, up to the last thing in it that was new.
type entry struct {
	way   []checker.Choice
	worth int
	uses  int // runs that went on from here
	born  int // the older comes first among equals
}

// corpusSize is the most entries kept.
const corpusSize = 2048

// energy is what an entry deserves next: what it was worth, less for every run that has gone on from it.
func (e *entry) energy() float64 { return float64(e.worth) / float64(1+e.uses) }

// pick chooses an entry: the one with the most energy among a few. The corpus is not empty.
func (c *corpus) pick(d *dice) int {
	best := d.below(len(c.entries))
	for range 3 {
		if k := d.below(len(c.entries)); c.entries[k].energy() > c.entries[best].energy() {
			best = k
		}
	}
	return best
}

// add keeps the beginning of a run.
func (c *corpus) add(way []checker.Choice, worth int) {
	c.entries = append(c.entries, entry{way: way, worth: worth, born: c.born})
	c.born++
}

// settle leaves the entries with the most energy.
func (c *corpus) settle() {
	if len(c.entries) <= corpusSize {
		return
	}
	slices.SortFunc(c.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.energy(), a.energy()), cmp.Compare(a.born, b.born))
	})
	clear(c.entries[corpusSize*3/4:])
	c.entries = c.entries[:corpusSize*3/4]
}
