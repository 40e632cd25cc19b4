package fuzz

import (
	"slices"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
)

// guided goes on from a beginning of the corpus, at times changed a little. Without a corpus it is swarm.
type guided struct {
	*swarm
	corpus *corpus
	way    []checker.Choice
	at     int
	used   int // the entry that the run goes on from; -1 for none
}

func newGuided(c *cluster.Config, all *corpus) *guided {
	return &guided{swarm: newSwarm(c), corpus: all}
}

func (g *guided) begin(w *checker.Walker, d *dice) int {
	g.at, g.used, g.way = 0, -1, g.way[:0]
	length := g.swarm.begin(w, d)
	if len(g.corpus.entries) == 0 {
		return length
	}
	g.used = g.corpus.pick(d)
	g.way = append(g.way, g.corpus.entries[g.used].way...)
	g.change(d)
	return len(g.way) + min(length, 64)
}

// change leaves out a choice or the end of the beginning, in half of the runs.
func (g *guided) change(d *dice) {
	if len(g.way) < 2 {
		return
	}
	switch d.below(8) {
	case 0, 1:
		k := d.below(len(g.way))
		g.way = slices.Delete(g.way, k, k+1)
	case 2:
		g.way = g.way[:d.between(1, len(g.way))]
	case 3:
		g.way[d.below(len(g.way))].Lost = uint16(d.next())
	}
}

func (g *guided) next(w *checker.Walker, d *dice) (checker.Choice, bool) {
	if g.at < len(g.way) {
		return g.way[g.at], true
	}
	return g.swarm.next(w, d)
}

func (g *guided) did(w *checker.Walker, c checker.Choice, h checker.Happened) {
	if g.at < len(g.way) {
		g.at++
		return
	}
	g.swarm.did(w, c, h)
}
