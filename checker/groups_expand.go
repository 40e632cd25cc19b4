package checker

import (
	"context"
	"math/bits"
	"slices"

	"github.com/raftcheck/raftcheck/cluster"
)

// groupWorker is what one goroutine needs to expand groups and to file what they lead to.
type groupWorker struct {
	*groups
	x           *expander // for the ways in which messages are lost
	batch       *batch
	where       []carried // by message: the networks that it is in
	inFlight    []uint32  // the messages of some network
	reached     []uint32  // by network: goals reached from there, as bits
	kept        []network // networks in which the message delivered stays
	tried       []uint64
	done        []uint32 // by message, and 0 for what servers do by themselves: the epoch in which it was
	met         []uint32 // by message: the epoch in which it was met
	receiver    []uint8  // by message: the place of the server that it goes to
	epoch       uint32   // the number of the current group
	lone        []uint32 // by message, and 0 for none: the epoch in which it was what a loss leaves
	rest        []uint32 // messages that are not done
	transitions uint64
	deaf        [cluster.MaxServers][]uint64 // by server of the current group: messages that do nothing there but vanish
	vanished    uint64                       // of the current group: transitions that take out a message which does nothing else
	breach      uint32                       // as in groups
	breaks      bool                         // a step of the current group breaks a promise
	goals       []int
	ahead       uint64 // keeps the reads of lookAhead alive
	chains      chains
	most        int // copies of a message in flight
	written     []entry
	gathered    []network // what is written to files
}

// carried is the networks that a message is in: what each is without that message, and where it is.
type carried struct {
	rests []network
	at    []uint32
}

func newGroupWorker(g *groups) *groupWorker {
	return &groupWorker{groups: g, x: newExpander(g.memo), breach: nowhere, goals: make([]int, len(g.goals)),
		most: max(g.config.Bounds.Copies, 1)}
}

// expandBlock expands the groups of a block into its batch.
func (w *groupWorker) expandBlock(ctx context.Context, b span, k int) error {
	w.batch = &w.groups.batches[k]
	w.batch.empty()
	for at := b.first; at < b.first+b.count; at++ {
		e := &w.now[at]
		if (at-b.first)%touched == 0 {
			w.lookAhead(w.now[at:min(at+touched, b.first+b.count)])
		}
		w.breaks = false
		if err := w.expand(ctx, e.group, w.networks[e.first:e.first+e.count]); err != nil {
			return err
		}
		if w.breaks {
			w.breach = min(w.breach, at)
		}
	}
	return nil
}

// touched is of how many groups what is needed is read ahead, so that the processor fetches it all at once.
const touched = 16

// lookAhead reads where what is known of some groups begins.
func (w *groupWorker) lookAhead(some []entry) {
	var at [touched]uint32
	for k, e := range some {
		at[k] = w.groups.all[e.group].steps
	}
	sum := uint64(0)
	for _, at := range at[:len(some)] {
		if at != 0 {
			sum += w.book.words[at]
		}
	}
	w.ahead = sum
}

// lacks lists of which groups of a block something is not known.
func (w *groupWorker) lacks(b span, to []uint32) []uint32 {
	for at := b.first; at < b.first+b.count; at++ {
		e := &w.now[at]
		w.messagesOf(w.networks[e.first : e.first+e.count])
		for at := w.groups.all[e.group].steps; at != 0; {
			at = w.read(at, func(m uint32, _ []uint64) { w.done[m] = w.epoch })
		}
		own, wanted := w.undone(e.group)
		if own || len(wanted) > 0 {
			to = append(append(to, e.group, uint32(bit(own)), uint32(len(wanted))), wanted...)
		}
	}
	return to
}

// undone says whether it is not done yet what the servers of a group do by themselves, and lists the messages in flight that are not done, in
// ascending order: in which order things become known does not depend on that of the networks. Messages that do nothing but vanish lead to what
// losses lead to, and are counted.
func (w *groupWorker) undone(id uint32) (own bool, messages []uint32) {
	w.rest = w.rest[:0]
	heeds := w.groups.all[id].heeds
	for k, s := range w.head(id)[:w.size] {
		w.deaf[k] = w.silentIn(s)
	}
	for _, m := range w.inFlight {
		switch {
		case w.done[m] == w.epoch:
		case !heeds && holdsBit(w.deaf[w.receiver[m]], m):
			w.done[m] = w.epoch
			w.vanished += uint64(len(w.where[m].rests))
		default:
			w.rest = append(w.rest, m)
		}
	}
	slices.Sort(w.rest)
	return w.done[0] != w.epoch, w.rest
}

// forget forgets what is in flight.
func (w *groupWorker) forget() {
	for _, m := range w.inFlight {
		w.where[m].rests, w.where[m].at = w.where[m].rests[:0], w.where[m].at[:0]
	}
	w.inFlight, w.vanished = w.inFlight[:0], 0
	for len(w.where) < len(w.messages) {
		to := w.messages[len(w.where)].To
		w.where, w.done, w.receiver = append(w.where, carried{}), append(w.done, 0), append(w.receiver, uint8(max(to, 1)-1))
		w.met = append(w.met, 0)
	}
	w.epoch++
}

// messagesOf makes a list of the messages of some networks.
func (w *groupWorker) messagesOf(networks []network) {
	w.forget()
	for _, n := range networks {
		for ; n != 0; n >>= laneBits {
			if m := n & lane; w.met[m] != w.epoch {
				w.met[m] = w.epoch
				w.inFlight = append(w.inFlight, uint32(m))
			}
		}
	}
}

// inFlightOf makes a list of the messages of some networks, and of each where it is.
func (w *groupWorker) inFlightOf(networks []network) {
	w.forget()
	for at, n := range networks {
		last := uint64(0)
		for shift, rest := 0, n; rest != 0; shift, rest = shift+laneBits, rest>>laneBits {
			m := rest & lane
			if m == last {
				continue
			}
			last = m
			list := &w.where[m]
			if len(list.rests) == 0 {
				w.inFlight = append(w.inFlight, uint32(m))
			}
			list.rests, list.at = append(list.rests, without(n, shift)), append(list.at, uint32(at))
		}
	}
}

// expand emits what the networks of a group lead to.
func (w *groupWorker) expand(ctx context.Context, id uint32, networks []network) error {
	w.inFlightOf(networks)
	w.change(id, networks)
	w.reached = w.reached[:0]
	for at := w.groups.all[id].steps; at != 0; {
		at = w.take(at, networks)
	}
	if own, wanted := w.undone(id); own || len(wanted) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		at, err := w.resolve(id, own, wanted)
		if err != nil {
			return err
		}
		if at != 0 {
			w.take(at, networks)
		}
		w.undone(id)
	}
	w.transitions += w.vanished
	for _, goals := range w.reached {
		for ; goals != 0; goals &= goals - 1 {
			w.goals[bits.TrailingZeros32(goals)]++
		}
	}
	return nil
}

// take emits what the steps in a bundle lead to, and returns where the next is.
func (w *groupWorker) take(at uint32, networks []network) uint32 {
	words := w.book.words[at:]
	next, rest := uint32(words[0]>>32), words[1:1+uint32(words[0])]
	for len(rest) > 0 {
		m, alone, n := rest[0]>>32, rest[0]<<32>>(32+aloneShift), rest[0]&(1<<aloneShift-1)
		steps := rest[1 : 1+n]
		rest = rest[1+n:]
		w.done[m] = w.epoch
		switch {
		case m == 0:
			for _, s := range steps {
				w.happens(uint32(s>>32), &w.effects[uint32(s)], networks)
			}
		case len(w.where[m].rests) > 0:
			w.transitions += alone * uint64(len(w.where[m].rests)) // the states are those that losses lead to
			for _, s := range steps {
				w.arrives(uint32(s>>32), &w.effects[uint32(s)], &w.where[m], networks)
			}
		}
	}
	return next
}

// change emits what the network does by itself: it loses messages, and duplicates them.
func (w *groupWorker) change(id uint32, networks []network) {
	copies := w.config.Duplications
	if !w.drops && !copies {
		return
	}
	room := 0
	for _, m := range w.inFlight {
		room += len(w.where[m].rests)
	}
	if w.drops && copies {
		room *= 2
	}
	at, to := w.batch.open(room)
	for len(w.lone) < len(w.messages) {
		w.lone = append(w.lone, 0)
	}
	twice := 0
	for _, m := range w.inFlight {
		where := &w.where[m]
		if w.drops {
			for _, n := range where.rests {
				if n <= lane { // the same message is left by many, or none is
					if w.lone[n] == w.epoch {
						twice++
						continue
					}
					w.lone[n] = w.epoch
				}
				to = append(to, n)
			}
		}
		if !copies {
			continue
		}
		for _, at := range where.at {
			if n := networks[at]; lanesIn(n) < w.capacity && copiesIn(n, uint64(m)) < w.most {
				to = append(to, with(n, uint64(m)))
			}
		}
	}
	w.transitions += uint64(w.batch.close(id, at, to) + twice)
}

// happens emits what a step leads to that takes no message, or that leaves the one delivered in flight.
func (w *groupWorker) happens(target uint32, e *effect, networks []network) {
	if e.goals != 0 {
		for at, n := range networks {
			if e.nothing || w.possible(e, n) {
				w.reach(uint32(at), e.goals, len(networks))
			}
		}
	}
	w.emit(target, e, networks)
}

// arrives emits what a step leads to that a message is delivered for.
func (w *groupWorker) arrives(target uint32, e *effect, where *carried, networks []network) {
	rests := where.rests
	if e.stays {
		w.kept = w.kept[:0]
		for _, at := range where.at {
			w.kept = append(w.kept, networks[at])
		}
		rests = w.kept
	}
	if e.goals != 0 {
		for k, n := range rests {
			if e.nothing || w.possible(e, n) {
				w.reach(where.at[k], e.goals, len(networks))
			}
		}
	}
	w.emit(target, e, rests)
}

// possible reports whether a step can happen in a network.
func (w *groupWorker) possible(e *effect, n network) bool {
	w.tried = w.send(w.tried[:0], e, n)
	return len(w.tried) > 0
}

// reach notes that goals are reached from a network.
func (w *groupWorker) reach(at, goals uint32, networks int) {
	if len(w.reached) == 0 {
		w.reached = append(w.reached, make([]uint32, networks)...)
	}
	w.reached[at] |= goals
}

// emit emits what becomes of networks by what a step sends.
func (w *groupWorker) emit(target uint32, e *effect, from []network) {
	if e.nothing {
		return
	}
	at, to := w.batch.open(len(from))
	switch len(e.messages) {
	case 0:
		to = append(to, from...)
	case 1:
		m := e.messages[0]
		full := network(1) << (laneBits * (w.capacity - 1))
		for _, n := range from {
			switch {
			case n < full && !holds(n, m):
				to = append(to, with(n, m))
			case n < full || !w.config.Strict:
				to = w.send(to, e, n)
			}
		}
	default:
		for _, n := range from {
			to = w.send(to, e, n)
		}
	}
	count := w.batch.close(target, at, to)
	w.transitions += uint64(count)
	w.breaks = w.breaks || count > 0 && e.breaks
}

// send appends what a network may become when messages are sent: one network, or one for each way in which it loses what it has no room for.
func (w *groupWorker) send(to []uint64, e *effect, n network) []uint64 {
	room := w.capacity - lanesIn(n)
	if len(e.messages) == 0 {
		return append(to, n)
	}
	if len(e.messages) == 1 && room > 0 && !holds(n, e.messages[0]) {
		return append(to, with(n, e.messages[0]))
	}
	if room == 0 && w.config.Strict {
		return to
	}
	w.x.allowed = w.x.allowed[:0]
	plain := len(e.messages) <= room
	for k, m := range e.messages {
		copies := copiesIn(n, m)
		for _, earlier := range e.messages[:k] {
			if earlier == m {
				copies++
			}
		}
		w.x.allowed = append(w.x.allowed, copies < w.most)
		plain = plain && copies < w.most
	}
	if plain {
		for _, m := range e.messages {
			n = with(n, m)
		}
		return append(to, n)
	}
	for _, lost := range w.x.waysToLose(room) {
		after := n
		for k, m := range e.messages {
			if lost>>k&1 == 0 {
				after = with(after, m)
			}
		}
		to = append(to, after)
	}
	return to
}

// chains are the runs that are filed together, group by group, so that what is known of a group is fetched once: those of a group in their order, and the groups
// in that of their first runs.
type chains struct {
	links []link
	first []uint64 // by group: it, and its first link
	last  []uint64 // by group: the time at which it was chained, and its last link
	time  uint64
}

// link is a run, and the next of the same group, as a link; 0 if there is none.
type link struct {
	at, next uint32
	block    uint16
}

// chain chains the runs of one partition.
func (c *chains) chain(batches []batch, p, groups int) {
	c.links, c.first, c.time = append(c.links[:0], link{}), c.first[:0], c.time+1
	for len(c.last) < groups {
		c.last = append(c.last, 0)
	}
	for k := range batches {
		for _, run := range batches[k].runs[p] {
			id, n := run>>32, uint32(len(c.links))
			if last := c.last[id]; last>>32 == c.time {
				c.links[uint32(last)].next = n
			} else {
				c.first = append(c.first, id<<32|uint64(n))
			}
			c.last[id] = c.time<<32 | uint64(n)
			c.links = append(c.links, link{at: uint32(run), block: uint16(k)})
		}
	}
}

// file adds what the blocks lead to in one partition to the states seen.
func (w *groupWorker) file(blocks, p int) {
	batches := w.groups.batches[:blocks]
	w.chains.chain(batches, p, len(w.groups.all))
	for some := range slices.Chunk(w.chains.first, touched) {
		w.touch(&w.sets[p], some)
		for _, first := range some {
			w.fileChain(batches, p, uint32(first>>32), uint32(first))
		}
	}
}

// touch reads where the networks of some groups will be filed, so that the processor fetches it all at once.
func (w *groupWorker) touch(sets *networkSets, some []uint64) {
	sum := uint64(0)
	for _, first := range some {
		if g := &w.groups.all[first>>32]; g.seen.log != 0 {
			sum += sets.keys[g.seen.at>>1] + sets.words[g.seen.at]
		}
	}
	sets.touched = sum
}

// fileChain adds the networks of a group's runs to those seen, and keeps those that are new.
func (w *groupWorker) fileChain(batches []batch, p int, id, n uint32) {
	of, f := &w.groups.all[id], &w.found[p]
	from := f.open(id)
	for n != 0 {
		l := &w.chains.links[n]
		f.runs = w.sets[p].insert(&of.seen, batches[l.block].run(l.at), f.runs)
		n = l.next
	}
	f.close(of, id, from)
}

// add adds networks of a group to those seen, and keeps those that are new.
func (f *arrivals) add(g *groups, id uint32, networks []network, sets *networkSets) {
	of := &g.all[id]
	from := f.open(id)
	f.runs = sets.insert(&of.seen, networks, f.runs)
	f.close(of, id, from)
}

// open begins a run of networks found, and returns where it is.
func (f *arrivals) open(id uint32) (from int) {
	from = len(f.runs)
	f.runs = append(f.runs, uint64(id)<<32)
	return from
}

// close ends a run, which is forgotten if it is empty.
func (f *arrivals) close(of *group, id uint32, from int) {
	fresh := len(f.runs) - from - 1
	if fresh == 0 {
		f.runs = f.runs[:from]
		return
	}
	f.runs[from] |= uint64(fresh)
	if of.fresh == 0 {
		f.groups = append(f.groups, id)
	}
	of.fresh += uint32(fresh)
	f.states += fresh
}
