// Package pipe lets one goroutine fill batches, in order, while another takes those that were filled before.
package pipe

// batches is how many of them there are: filled, being filled and being taken. Their memory is used again.
const batches = 4

// Pipe passes batches to the goroutine that takes them, and back.
type Pipe[B any] struct {
	full, empty chan *filled[B]
	now         *filled[B]
	over        bool
}

type filled[B any] struct {
	batch    B
	last     bool
	panicked any // what filling it ended in
}

// New begins to fill batches, in a goroutine of its own, until fill says that one is the last. A batch is as the taker left it when it is filled again.
func New[B any](fill func(*B) (last bool)) *Pipe[B] {
	p := &Pipe[B]{full: make(chan *filled[B], batches), empty: make(chan *filled[B], batches)}
	for range batches {
		p.empty <- &filled[B]{}
	}
	go func() {
		defer close(p.full)
		for f := range p.empty {
			f.fill(fill)
			p.full <- f // there is room for all of them
			if f.last || f.panicked != nil {
				return
			}
		}
	}()
	return p
}

// fill fills a batch, and keeps what that panics with for the goroutine that takes it.
func (f *filled[B]) fill(fill func(*B) bool) {
	defer func() { f.panicked = recover() }()
	f.last = fill(&f.batch)
}

// Next returns the next batch, the caller's until the next call, or nil after the last. Behind a batch that was not filled to its end for a panic, it panics with the same.
func (p *Pipe[B]) Next() *B {
	if p.now != nil {
		if p.now.panicked != nil {
			panic(p.now.panicked)
		}
		if p.now.last {
			return nil
		}
		p.empty <- p.now
	}
	p.now = <-p.full
	return &p.now.batch
}

// End waits until nothing is filled any more. No batch may be taken afterwards.
func (p *Pipe[B]) End() {
	if p.over {
		return
	}
	p.over = true
	close(p.empty)
	for range p.full {
	}
}
