// Code generated from ../recorder.go by go generate; DO NOT EDIT.

package hashicorp

import (
	"cmp"
	"runtime"
	"slices"
	"sync"

	"github.com/raftcheck/raftcheck/spec"
)

// recorder notes what a step does to the world, in order, and is where a crash in the middle of it happens.
type recorder struct {
	mu      sync.Mutex
	effects []spec.Effect
	writes  int
	cut     int           // crash just before this write; 0 is no crash
	over    bool          // the server is dead: nothing that its goroutines still do happens
	first   chan struct{} // closed by the first thing that happens in the step
}

// begin starts a step.
func (r *recorder) begin(cut int) {
	r.effects, r.writes, r.cut, r.first = nil, 0, cut, make(chan struct{})
}

// happens closes first. The caller holds mu.
func (r *recorder) happens() {
	select {
	case <-r.first:
	default:
		close(r.first)
	}
}

// dead reports whether the server is dead.
func (r *recorder) dead() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over
}

// die makes the server dead.
func (r *recorder) die() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
}

// write makes a write happen, or crashes the server instead: the goroutine that asked for it ends, and with it all that would
// have come after the write.
func (r *recorder) write(d *disk, do func()) {
	r.mu.Lock()
	if !r.over && r.writes+1 == r.cut {
		r.over = true
		r.happens()
	}
	if r.over {
		r.mu.Unlock()
		runtime.Goexit()
	}
	defer r.mu.Unlock()
	do()
	r.happens()
	r.writes++
	r.effects = append(r.effects, spec.Effect{Kind: spec.Write, Durable: d.durable()})
}

// note notes a message or an answer, unless the server is dead.
func (r *recorder) note(e spec.Effect) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.over {
		r.happens()
		r.effects = append(r.effects, e)
	}
}

// done returns what happened. Which goroutine came first between two writes is not the server's choice, so what was sent between
// them is put in order.
func (r *recorder) done() []spec.Effect {
	for from := 0; from < len(r.effects); {
		to := from
		for to < len(r.effects) && r.effects[to].Kind != spec.Write {
			to++
		}
		slices.SortStableFunc(r.effects[from:to], compareEffects)
		from = to + 1
	}
	return r.effects
}

// untilLastWrite drops what happened after the last write.
func (r *recorder) untilLastWrite() {
	for len(r.effects) > 0 && r.effects[len(r.effects)-1].Kind != spec.Write {
		r.effects = r.effects[:len(r.effects)-1]
	}
}

func compareEffects(a, b spec.Effect) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Message.To, b.Message.To), cmp.Compare(a.Message.Kind, b.Message.Kind),
		cmp.Compare(a.Message.PrevLogIndex, b.Message.PrevLogIndex), cmp.Compare(a.Message.Payload, b.Message.Payload),
		cmp.Compare(a.Reply.Value, b.Reply.Value))
}
