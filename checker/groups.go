package checker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/cluster"
)

// What servers may do does not depend on what else is in flight. So states that share the servers, what happened earlier and the budgets spent, and
// differ only by the messages in flight, form a group: a group is expanded once for all of its states that are in the same layer, and
// what a step leads to is one group, whatever else is in flight. A state is then its group and its network, and the set of states seen is a
// set of networks for each group: exact, and three bytes a state in place of ten.
//
// It finds the same states in the same layers by the same transitions as the search state by state (layer.go), which is used
// where groups do not pay, and to tell a violation: what is told is the same.
type groups struct {
	*search
	heads    []uint32 // what the states of each group share: servers, history, Spent
	index    headIndex
	all      []group
	young    []group // found lately: their numbers follow those of all, which others may be reading
	book     stepArena
	effects  []effect
	effectOf map[effectKey]uint32
	lists    map[string]uint32
	plain    []uint32   // by step: its effect, where it keeps no message and breaks nothing
	silent   [][]uint64 // by server state: messages that do nothing there but vanish, as bits
	sets     [partitions]networkSets
	found    [partitions]arrivals

	now      []entry
	networks []network // of the layer that is being expanded
	blocks   []span    // of entries, that are expanded together
	ready    int       // blocks of whose groups all is known, where several goroutines expand
	batches  []batch
	lacking  [][]uint32 // by block: groups of which something is not known, whether it is what servers do by themselves, how many messages, and these
	hands    []*groupWorker
	layers   []groupLayer
	distinct uint64
	breach   uint32    // the first entry of the layer from which a promise is broken; nowhere if there is none
	apart    bool      // there is a group whose servers break a promise side by side
	x        *expander // for what the memo lacks
	drops    bool      // messages are lost
	alone    uint64    // steps of the message that arrives which only take it out
	bundle   []uint64
	wanted   []wanted
}

// group is what is known of the states that share servers, history and budgets.
type group struct {
	seen  networkSet
	steps uint32 // where what servers do begins in the arena; 0 is not known
	fresh uint32 // states of the next layer
	apart bool   // two of the servers break a promise side by side
	heeds bool   // a message that does nothing to its receiver may still do something
}

// entry is a group in a layer, with its networks.
type entry struct {
	group, first, count uint32
}

// batch is what a block leads to: runs of networks of one group, each behind a word with their number; and the runs of each partition, in their order.
type batch struct {
	words []uint64
	runs  [partitions][]uint64 // the group of a run, and where it begins
}

func (b *batch) empty() {
	b.words = b.words[:0]
	for p := range b.runs {
		b.runs[p] = b.runs[p][:0]
	}
}

// open begins a run, which has room for so many networks, and returns where it is and the words to which they are appended.
func (b *batch) open(room int) (at int, to []uint64) {
	at = len(b.words)
	return at, append(slices.Grow(b.words, 1+room), 0)
}

// close ends a run of a group, which is forgotten if it is empty, and returns how many networks are in it.
func (b *batch) close(id uint32, at int, words []uint64) (count int) {
	if count = len(words) - at - 1; count == 0 {
		b.words = words[:at]
		return 0
	}
	words[at], b.words = uint64(count), words
	p := partitionOfGroup(id)
	b.runs[p] = append(b.runs[p], uint64(id)<<32|uint64(at))
	return count
}

// run returns the networks of the run that begins there.
func (b *batch) run(at uint32) []network { return b.words[at+1 : uint64(at)+1+b.words[at]] }

// arrivals are the states of the next layer in one partition, as they were found: runs of one group each.
type arrivals struct {
	runs   []uint64
	groups []uint32
	states int
	_      padding
}

// nowhere is above every place.
const nowhere = ^uint32(0)

// partitionOfGroup says which partition a group belongs to.
func partitionOfGroup(id uint32) int { return int(id >> 6 % partitions) }

// groupable reports whether a search can and should go by groups: they pay where several messages are in flight.
func (r *run) groupable() bool {
	c := r.config
	return len(r.names) == 1 && r.memo.orbits == nil && r.reduce == 0 && r.wants == 0 && r.options.States == 0 && len(r.past) == 0 &&
		c.Network == cluster.Unordered && c.Bounds.Messages >= 2 && c.Bounds.Messages <= mostLanes &&
		(c.Faults.Drop == cluster.Off || c.Faults.Drop == cluster.Unlimited)
}

func newGroups(s *search) *groups {
	g := &groups{search: s, effectOf: map[effectKey]uint32{}, lists: map[string]uint32{}, effects: make([]effect, 1), x: newExpander(s.memo), breach: nowhere}
	g.index.words, g.drops = (g.size+4)/2, g.config.Faults.Drop != cluster.Off
	g.batches = make([]batch, roundBlocks)
	g.lacking = make([][]uint32, roundBlocks)
	for range s.workers {
		g.hands = append(g.hands, newGroupWorker(g))
	}
	return g
}

// begin makes the initial state known: its group is number 0.
func (g *groups) begin() error {
	servers, err := g.initial()
	if err != nil {
		return err
	}
	for i, a := range servers {
		for _, b := range servers[:i] {
			g.resolvePair(a, b)
		}
	}
	w := wanted{slot: -1}
	copy(w.head[:], servers)
	w.pack(g.index.words)
	g.intern(&w)
	g.grownUp()
	return nil
}

// grownUp puts the young groups with the others.
func (g *groups) grownUp() { g.all, g.young = append(g.all, g.young...), g.young[:0] }

// fileFirst files the initial state.
func (g *groups) fileFirst() {
	p := partitionOfGroup(0)
	g.found[p].add(g, 0, []uint64{0}, &g.sets[p])
}

// turn makes the states found the layer to be expanded.
func (g *groups) turn() {
	var from [partitions]struct{ group, network int } // where those of a partition begin
	groups, total := 0, 0
	for p := range g.found {
		from[p].group, from[p].network = groups, total
		groups, total = groups+len(g.found[p].groups), total+g.found[p].states
	}
	if cap(g.networks) < total {
		g.networks = make([]network, total+total/4)
	}
	g.now, g.networks, g.blocks = slices.Grow(g.now[:0], groups)[:groups], g.networks[:total], g.blocks[:0]
	g.ready = 0
	g.each(partitions, func(_ *groupWorker, p int) {
		g.found[p].gather(g, g.now[from[p].group:], g.networks, uint32(from[p].network))
	})
	for first := 0; first < len(g.now); {
		n, states := 0, uint32(0)
		for first+n < len(g.now) && states < blockStates {
			states += g.now[first+n].count
			n++
		}
		g.blocks = append(g.blocks, span{uint32(first), uint32(n)})
		first += n
	}
	g.layers = append(g.layers, newGroupLayer(g))
	g.distinct += uint64(total)
	g.stats.Frontier, g.stats.Distinct = total, g.distinct
}

// gather writes what was found, group by group in the order of their numbers, with the networks from the given place on, and forgets it.
func (f *arrivals) gather(g *groups, now []entry, networks []network, from uint32) {
	slices.Sort(f.groups)
	for k, id := range f.groups {
		of := &g.all[id]
		now[k] = entry{id, from, of.fresh}
		of.fresh, from = from, from+of.fresh // from here on where its next network goes
	}
	for at := 0; at < len(f.runs); {
		id, n := uint32(f.runs[at]>>32), int(uint32(f.runs[at]))
		to := &g.all[id].fresh
		copy(networks[*to:], f.runs[at+1:at+1+n])
		*to += uint32(n)
		at += 1 + n
	}
	for _, id := range f.groups {
		g.all[id].fresh = 0
	}
	f.runs, f.groups, f.states = f.runs[:0], f.groups[:0], 0
}

// round expands some blocks of the layer, from the given one on, and files what they lead to. It returns how many it took.
//
// What is not known of a group is made known by one goroutine, in the order of the layer: on the way if there is only one, and else for the blocks of
// the next round while the others file what those of this one lead to.
func (g *groups) round(ctx context.Context, from int) (int, error) {
	blocks, next := g.some(from), []span(nil)
	if len(g.hands) > 1 {
		if g.ready == from {
			g.each(len(blocks), func(w *groupWorker, k int) { g.lacking[k] = w.lacks(blocks[k], g.lacking[k][:0]) })
			if err := g.learn(ctx, len(blocks)); err != nil {
				return 0, err
			}
		}
		next = g.some(from + len(blocks))
		g.ready = from + len(blocks) + len(next)
	}
	errs := make([]error, len(blocks))
	g.each(len(blocks)+len(next), func(w *groupWorker, k int) {
		if k < len(blocks) {
			errs[k] = w.expandBlock(ctx, blocks[k], k)
			return
		}
		k -= len(blocks)
		g.lacking[k] = w.lacks(next[k], g.lacking[k][:0])
	})
	if err := errors.Join(errs...); err != nil {
		return 0, err
	}
	g.grownUp()
	g.each(partitions+1, func(w *groupWorker, k int) {
		if k == 0 {
			errs[0] = g.learn(ctx, len(next))
			return
		}
		w.file(len(blocks), k-1)
	})
	g.grownUp()
	if errs[0] != nil {
		return 0, errs[0]
	}
	for _, w := range g.hands {
		g.stats.Transitions += w.transitions
		g.breach = min(g.breach, w.breach)
		for k, n := range w.goals {
			g.goals[k] += n
			w.goals[k] = 0
		}
		w.transitions, w.breach = 0, nowhere
	}
	widenHeap()
	return len(blocks), nil
}

// some returns the blocks of a round.
func (g *groups) some(from int) []span { return g.blocks[from:min(from+roundBlocks, len(g.blocks))] }

// learn makes known what some blocks lack.
func (g *groups) learn(ctx context.Context, blocks int) error {
	for _, list := range g.lacking[:blocks] {
		for ; len(list) > 0; list = list[3+list[2]:] {
			if err := ctx.Err(); err != nil {
				return err
			}
			if _, err := g.resolve(list[0], list[1] != 0, list[3:3+list[2]]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *groups) each(n int, do func(w *groupWorker, k int)) {
	g.search.parallel(n, func(w *worker, k int) { do(g.hands[w.number], k) })
}

// errSpeechless is that groups cannot search a world after all.
var errSpeechless = errors.New("more messages than groups can tell apart")

// exhaustGroups searches layer by layer and group by group. What it finds wrong is searched for again state by state, so that what is told is the same;
// if that does not come to its end, it is told as it was found.
func (r *run) exhaustGroups(ctx context.Context) (*Result, error) {
	result, err := r.groupByGroup(ctx)
	if err == nil && len(result.Findings) == 0 {
		return result, nil
	}
	plain, failed := r.stateByState(ctx)
	switch {
	case failed != nil || errors.Is(err, errSpeechless) || len(plain.Findings) > 0:
		return plain, failed
	case err != nil:
		return nil, err // servers that are not deterministic may do no wrong this time
	case plain.Search.Complete:
		return nil, fmt.Errorf("raftcheck is wrong: a search by groups finds %s broken, and one state by state does not", result.Findings[0].Rule.Name)
	}
	return result, nil
}

// stateByState makes the search again without groups, in the same folder if it is kept in one.
func (r *run) stateByState(ctx context.Context) (*Result, error) {
	config, o, started, reduced := r.config, r.options, r.started, r.reduced
	if o.Keep != nil {
		keep := *o.Keep
		keep.Resume, keep.again, keep.states = false, true, true
		o.Keep = &keep
	}
	*r = run{} // gives the memory back
	again, err := newRun(config, o)
	if err != nil {
		return nil, err
	}
	*r = *again
	r.started, r.reduced = started, reduced
	if o.Keep != nil {
		return r.exhaustKept(ctx)
	}
	return r.exhaust(ctx)
}

func (r *run) groupByGroup(ctx context.Context) (*Result, error) {
	g := newGroups(r.search)
	r.groups = g
	defer func() {
		g.end()
		r.groups = nil
	}()
	switch err := g.begin(); {
	case err != nil && ctx.Err() != nil:
		return r.result(timeUsedUp, nil), nil
	case err != nil:
		return nil, err
	}
	g.fileFirst()
	g.turn()
	for depth := 0; len(g.now) > 0; depth++ {
		r.stats.Depth = depth
		if bound := r.config.Bounds.Depth; bound > 0 && depth == bound {
			return r.result("", nil), nil
		}
		for from := 0; from < len(g.blocks); {
			n, err := g.round(ctx, from)
			if err == nil {
				err = ctx.Err()
			}
			switch {
			case err != nil && ctx.Err() != nil: // whatever it is: a program that is ended meanwhile gives no answer
				return r.result(timeUsedUp, nil), nil
			case err != nil:
				return nil, err
			case g.breach != nowhere:
				return r.violatedBy(g, depth)
			}
			from += n
			if reason := r.outgrown(); reason != "" {
				return r.result(reason, nil), nil
			}
			r.report()
		}
		g.turn()
	}
	r.stats.Complete = true
	return r.result("", nil), nil
}

// bytes returns what groups hold for good, and with the layers that are being expanded.
func (g *groups) bytes() (stored, all int) {
	stored = 4*cap(g.heads) + g.index.bytes() + 24*cap(g.all) + 8*len(g.book.words)
	for p := range g.sets {
		stored += g.sets[p].bytes()
		all += 8*cap(g.found[p].runs) + 4*cap(g.found[p].groups)
	}
	for k := range g.layers {
		stored += g.layers[k].bytes()
	}
	for k := range g.batches {
		all += 8 * cap(g.batches[k].words)
		for p := range g.batches[k].runs {
			all += 8 * cap(g.batches[k].runs[p])
		}
	}
	for s := range g.silent {
		all += 24 + 8*len(g.silent[s])
	}
	return stored, stored + all + 12*cap(g.now) + 8*cap(g.networks)
}

// end gives the memory back that the Go heap does not manage.
func (g *groups) end() {
	g.index.release()
	release(g.book.words)
	g.book.words = nil
	for p := range g.sets {
		g.sets[p].release()
	}
}
