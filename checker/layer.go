package checker

import (
	"context"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/raftcheck/raftcheck/cluster"
)

// The search goes layer by layer: all states that are d steps away, then all that are d+1 away. A layer is kept in blocks; a
// round takes some blocks of the layer, expands them in parallel into batches of successors, one for each block and partition
// of fingerprints, and then files each partition's batches, again in parallel, in the order of the blocks. Nothing depends on
// which worker did what: the same states get the same places, the same parents and the same counterexample, whatever their number.

// blockStates is the most states in a block; roundBlocks the most blocks in a round.
const (
	blockStates = 2048
	roundBlocks = 32
)

// block is a run of states of one layer.
type block struct {
	words  []uint32 // the states, one after another
	prints []uint64 // their fingerprints
	second []uint64 // the second halves of their keys, in a search that is kept in files
	parent []uint32 // place of each state's parent in the layer before
	nth    []uint16 // which successor of its parent it is
	first  uint32   // place of its first state in its layer
}

// path remembers, for each state of a layer, its parent in the layer before and which of its successors it is: six bytes a state,
// from which a counterexample is found again.
type path struct {
	parent []uint32
	nth    []uint16
}

// violation is a successor that breaks a promise.
type violation struct {
	parent uint32
	nth    uint16
}

func (v violation) before(w violation) bool {
	return v.parent < w.parent || v.parent == w.parent && v.nth < w.nth
}

// search is one exhaustive search.
type search struct {
	*memo
	layout
	workers    []*worker
	seen       [partitions]seen
	past       []cluster.Action // what happens before the search begins
	layer      []*block         // what is to be expanded
	next       [partitions][]*block
	made       int // states in next
	spare      blockPool
	paths      []path  // by layer
	groups     *groups // nil for a search state by state
	kept       *kept   // a search in files keeps states, keys and paths there; nil for one in memory
	doubts     [partitions][]doubt
	stats      Stats
	covering   covering
	stripsFrom int    // the first layer from whose states no-ops are taken out
	orbits     uint64 // states found, with those that they become by renaming
	goals      []int
	found      []violation
	batches    [][partitions][]successor // by block of the round; the last is for deferred states
	deferred   [][]uint32                // by block of the round: places in the block of states the memo could not expand
}

// doubt is a new state with two servers that were never judged side by side.
type doubt struct {
	a, b uint32
	violation
}

// worker is what one goroutine needs to expand and file states.
type worker struct {
	*expander
	number      int
	transitions uint64
	made        int    // states put into the next layer
	standsFor   uint64 // states that those become by renaming; in a search that is kept in files, those expanded
	goals       []int
	found       []violation
	fine        [1 << 12]uint64 // pairs of servers looked up lately that break nothing
	sifted      []uint32        // states that may be new, in a search that is kept in files
}

type blockPool struct {
	sync.Mutex
	free []*block
}

func (p *blockPool) get(words int) *block {
	p.Lock()
	defer p.Unlock()
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		return b
	}
	return &block{words: make([]uint32, 0, blockStates*words), prints: make([]uint64, 0, blockStates), parent: make([]uint32, 0, blockStates), nth: make([]uint16, 0, blockStates)}
}

func (p *blockPool) put(b *block) {
	b.words, b.prints, b.second, b.parent, b.nth = b.words[:0], b.prints[:0], b.second[:0], b.parent[:0], b.nth[:0]
	p.Lock()
	defer p.Unlock()
	p.free = append(p.free, b)
}

func newSearch(m *memo, workers int, goals int) *search {
	widenHeap()
	s := &search{memo: m, goals: make([]int, goals)}
	for k := range workers {
		s.workers = append(s.workers, &worker{expander: newExpander(m), number: k, goals: make([]int, goals)})
	}
	s.layout = s.workers[0].layout
	s.batches = make([][partitions][]successor, roundBlocks+1)
	s.deferred = make([][]uint32, roundBlocks)
	return s
}

// begin files the state in which the search begins.
func (s *search) begin() error {
	first, err := s.workers[0].after(s.past)
	if err != nil {
		return err
	}
	b := s.spare.get(s.words())
	b.words = append(b.words, first...)
	servers := first[:s.size]
	fp := s.workers[0].fingerprint(b.words)
	p := partitionOf(fp)
	s.seen[p].insert(fp)
	b.prints, b.parent, b.nth = append(b.prints, fp), append(b.parent, 0), append(b.nth, 0)
	s.next[p] = append(s.next[p], b)
	s.made++
	for i, a := range servers {
		for _, b := range servers[:i] {
			s.resolvePair(a, b)
		}
	}
	s.stats.Distinct = 1
	s.workers[0].cover(s, p, b.words)
	s.settle()
	s.turn()
	return nil
}

// turn makes the next layer the one to be expanded, and keeps the paths to its states.
func (s *search) turn() {
	for _, b := range s.layer {
		s.spare.put(b)
	}
	s.layer = s.layer[:0]
	kept := path{parent: make([]uint32, 0, s.made), nth: make([]uint16, 0, s.made)}
	for p := range s.next {
		for _, b := range s.next[p] {
			b.first = uint32(len(kept.parent))
			kept.parent = append(kept.parent, b.parent...)
			kept.nth = append(kept.nth, b.nth...)
			s.layer = append(s.layer, b)
		}
		s.next[p] = s.next[p][:0]
	}
	s.paths = append(s.paths, kept)
	s.stats.Frontier, s.made = s.made, 0
}

// round expands some blocks of the layer, from the given one on, and files what they lead to. It returns how many it took.
func (s *search) round(ctx context.Context, from int) (int, error) {
	blocks := s.layer[from:min(from+roundBlocks, len(s.layer))]
	s.parallel(len(blocks), func(w *worker, k int) {
		if ctx.Err() == nil { // where servers are many and renamed, a round takes minutes
			w.expandBlock(s, blocks[k], k)
		}
	})
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if s.kept != nil && s.kept.putsOff {
		s.batches[roundBlocks] = [partitions][]successor{}
	} else if err := s.expandDeferred(ctx, blocks); err != nil {
		return 0, err
	}
	if s.kept != nil {
		s.parallel(partitions, func(w *worker, p int) { w.sift(s, blocks, p) })
	} else {
		s.parallel(partitions, func(w *worker, p int) { w.file(s, blocks, p) })
	}
	s.spread()
	s.settle()
	widenHeap()
	return len(blocks), nil
}

// parallel calls do for every k below n, each on one of the workers.
func (s *search) parallel(n int, do func(w *worker, k int)) {
	if n == 1 || len(s.workers) == 1 {
		for k := range n {
			do(s.workers[0], k)
		}
		return
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	work := func(w *worker) {
		for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
			do(w, k)
		}
	}
	for _, w := range s.workers[1:] {
		wait.Go(func() { work(w) })
	}
	work(s.workers[0])
	wait.Wait()
}

// expandBlock expands a block into its batches. States that need what the memo does not hold are put off.
func (w *worker) expandBlock(s *search, b *block, k int) {
	batches := &s.batches[k]
	for p := range batches {
		batches[p] = batches[p][:0]
	}
	s.deferred[k] = s.deferred[k][:0]
	for i := range b.parent {
		if !w.expandInto(batches, b, i) {
			s.deferred[k] = append(s.deferred[k], uint32(i))
		}
	}
	w.weigh(s, b)
}

// expandInto expands one state of a block. When the memo does not hold all it needs, the batches are left as they were.
func (w *worker) expandInto(batches *[partitions][]successor, b *block, i int) bool {
	parent := b.first + uint32(i)
	w.batches, w.parent = batches, parent
	complete := w.expand(b.words[i*w.words():(i+1)*w.words()], b.prints[i])
	if !complete {
		for p := range batches {
			n := len(batches[p])
			for ; n > 0 && batches[p][n-1].parent == parent; n-- {
				w.forget(batches[p][n-1].fingerprint)
			}
			batches[p] = batches[p][:n]
		}
		return false
	}
	w.transitions += uint64(w.emitted)
	for _, nth := range w.broken {
		w.found = append(w.found, violation{parent, nth})
	}
	for rest := w.reached; rest != 0; rest &= rest - 1 {
		w.goals[bits.TrailingZeros32(rest)]++
	}
	return true
}

// weigh counts what the states of a block stand for, in a search that is kept in files: there a state that is found need not be new, and one that is expanded is.
func (w *worker) weigh(s *search, b *block) {
	if s.kept == nil || s.reduce == 0 {
		return
	}
	for at := 0; at < len(b.words); at += w.words() {
		w.fingerprints(b.words[at:at+w.words()], w.all)
		w.standsFor += uint64(different(w.all))
	}
}

// expandDeferred runs node code for what the memo lacks, state by state in the order of the layer, and expands those states.
func (s *search) expandDeferred(ctx context.Context, blocks []*block) error {
	batches := &s.batches[roundBlocks]
	for p := range batches {
		batches[p] = batches[p][:0]
	}
	w := s.workers[0]
	for k, b := range blocks {
		for _, i := range s.deferred[k] {
			for !w.expandInto(batches, b, int(i)) {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := s.fill(w.missing); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// fill makes known what was missing.
func (m *memo) fill(wanted []missing) error {
	for _, w := range wanted {
		var err error
		switch w.kind {
		case missingOwn:
			if m.own[w.a] == unresolved {
				err = m.resolve(w.a)
			}
		case missingDelivery:
			if _, known := m.deliveries.get(pair(w.a, w.b)); !known {
				err = m.resolveDelivery(w.a, w.b)
			}
		case missingHistory:
			if _, known := m.afterHistory.get(pair(w.a+1, w.b)); !known {
				err = m.resolveHistory(w.a, w.b)
			}
		case missingNoop:
			if m.noops.isNoop(w.a, w.b) == noopUnknown {
				err = m.resolveNoop(w.a, w.b)
			}
		}
		if err != nil {
			return err
		}
		if m.fills != nil {
			*m.fills = append(*m.fills, uint32(w.kind), w.a, w.b)
		}
	}
	return nil
}

// file adds one partition's successors to the set of states seen, in the order of the blocks, and makes the states that are new.
func (w *worker) file(s *search, blocks []*block, p int) {
	set := &s.seen[p]
	s.doubts[p] = s.doubts[p][:0]
	for k := range len(blocks) + 1 {
		if k == len(blocks) {
			k = roundBlocks // deferred states come last
		}
		batch := s.batches[k][p]
		for len(batch) > 0 {
			some := batch[:min(len(batch), 16)]
			set.touch(some)
			for i := range some {
				if set.insert(some[i].fingerprint) {
					w.keep(s, blocks, p, &some[i])
				}
			}
			batch = batch[len(some):]
		}
	}
}

// keep makes a new state and puts it into the next layer.
func (w *worker) keep(s *search, blocks []*block, p int, n *successor) {
	b := w.room(s, p)
	words := w.words()
	at := len(b.words)
	b.words = b.words[:at+words]
	state := b.words[at:]
	w.apply(state, parentOf(blocks, n.parent, words), n.move)
	w.enter(s, b, p, state, n)
}

// enter notes of a new state in its block how it was found, and looks whether its servers were judged side by side before.
func (w *worker) enter(s *search, b *block, p int, state []uint32, n *successor) {
	b.prints, b.parent, b.nth = append(b.prints, n.fingerprint), append(b.parent, n.parent), append(b.nth, n.nth)
	w.made++
	if s.reduce != 0 {
		w.cover(s, p, state)
	}
	if kind := n.move.kind(); kind != moveStep && kind != moveStay {
		return
	}
	slot := int(w.steps[n.move.step()].slot)
	for i, other := range state[:w.size] {
		if i == slot {
			continue
		}
		key := pairKey(state[slot], other)
		fine := &w.fine[key*0x9e3779b97f4a7c15>>(64-12)]
		if *fine == key {
			continue
		}
		broken, known := w.pairs.get(key)
		switch {
		case !known:
			s.doubts[p] = append(s.doubts[p], doubt{state[slot], other, violation{n.parent, n.nth}})
		case broken != 0:
			w.found = append(w.found, violation{n.parent, n.nth})
		default:
			*fine = key
		}
	}
}

// room returns the block of the next layer to which partition p adds its next state.
func (w *worker) room(s *search, p int) *block {
	if n := len(s.next[p]); n > 0 && len(s.next[p][n-1].parent) < blockStates {
		return s.next[p][n-1]
	}
	b := s.spare.get(w.words())
	s.next[p] = append(s.next[p], b)
	return b
}

// parentOf finds a state of the layer by its place. Blocks are in ascending order of places.
func parentOf(blocks []*block, place uint32, words int) []uint32 {
	low, high := 0, len(blocks)
	for high-low > 1 {
		if middle := (low + high) / 2; blocks[middle].first <= place {
			low = middle
		} else {
			high = middle
		}
	}
	i := int(place - blocks[low].first)
	return blocks[low].words[i*words : (i+1)*words]
}

// settle gathers what the workers counted and found in a round, and judges the pairs of servers that were new.
func (s *search) settle() {
	for p := range s.doubts {
		for _, d := range s.doubts[p] {
			broken, known := s.pairs.get(pairKey(d.a, d.b))
			if !known {
				s.resolvePair(d.a, d.b)
				broken, _ = s.pairs.get(pairKey(d.a, d.b))
			}
			if broken != 0 {
				s.found = append(s.found, d.violation)
			}
		}
	}
	for _, w := range s.workers {
		s.stats.Transitions += w.transitions
		s.made += w.made
		s.orbits += w.standsFor
		s.found = append(s.found, w.found...)
		for k, n := range w.goals {
			s.goals[k] += n
			w.goals[k] = 0
		}
		w.transitions, w.made, w.standsFor, w.found = 0, 0, 0, w.found[:0]
	}
	if s.kept != nil {
		return
	}
	s.stats.Distinct = 0
	for p := range s.seen {
		s.stats.Distinct += uint64(s.seen[p].count)
	}
	s.stats.Distinct -= s.covering.spared
}

// bytes returns the memory held by fingerprints and paths, and by everything.
func (s *search) bytes() (stored, all int) {
	if s.groups != nil {
		stored, all = s.groups.bytes()
		return stored, all + s.memo.bytes()
	}
	for p := range s.seen {
		stored += s.seen[p].bytes()
	}
	for _, p := range s.paths {
		stored += 6 * len(p.parent)
	}
	if s.kept != nil {
		for p := range s.kept.filters {
			stored += s.kept.filters[p].bytes()
		}
	}
	return stored, stored + s.memo.bytes() + s.roundBytes()
}

// roundBytes returns the memory held by blocks and batches.
func (s *search) roundBytes() (all int) {
	blockBytes := blockStates * (4*s.words() + 14)
	blocks := len(s.layer) + len(s.spare.free)
	for p := range s.next {
		blocks += len(s.next[p])
	}
	for k := range s.batches {
		for p := range s.batches[k] {
			all += 24 * cap(s.batches[k][p])
		}
	}
	return all + blocks*blockBytes
}

// end gives the memory back that the Go heap does not manage.
func (s *search) end() {
	for p := range s.seen {
		release(s.seen[p].slots)
		s.seen[p] = seen{}
	}
}

// fewest is the room that there is at first.
const fewest = 32

// room returns the values with room for more: twice as many, where there was none. The runtime lets a large slice grow by a quarter at a time, and so copies each
// value four times on its way.
func room[T any](s []T, more int) []T {
	if len(s)+more <= cap(s) {
		return s
	}
	return slices.Grow(s, max(len(s), more, fewest))
}
