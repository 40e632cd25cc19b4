package checker

import (
	"encoding/binary"

	"github.com/raftcheck/raftcheck/cluster"
)

// What the servers of a group do is kept in an arena of words: one for each step, the group that it leads to and its effect on
// the network. They come in bundles, as they became known: a word with where the next bundle is and the words in this one; then for each message that is
// delivered, and for what servers do by themselves (message 0), a word with the message, how many steps do nothing but take it out as a loss does, and
// the number of other steps; and these.
type stepArena struct {
	words []uint64
	used  int
}

// aloneShift is where the number of steps is that only take the message out.
const aloneShift = 16

// effect is what a step does besides changing a server: to the network, and to the search.
type effect struct {
	effectKey
	messages []uint64
}

// effectKey says which effect it is.
type effectKey struct {
	sends     uint32 // where in the memo; the same for the same messages
	sendCount uint8
	stays     bool // the message delivered stays in flight
	nothing   bool // it changes nothing, and only reaches goals
	breaks    bool
	goals     uint32
}

// wanted is a step whose group is looked for.
type wanted struct {
	head   [cluster.MaxServers + 4]uint32
	packed [cluster.MaxServers/2 + 2]uint64
	hash   uint64
	at     int // in the bundle
	slot   int // the server that moves; -1 is none
	step   uint32
	stays  bool
	broken bool
}

// add puts a bundle into the arena and returns where it is.
func (a *stepArena) add(words []uint64) uint32 {
	if a.used == 0 {
		a.used = 1
	}
	at := a.used
	a.used += len(words)
	a.words = atLeast(a.words, a.used)
	copy(a.words[at:], words)
	return uint32(at)
}

// read yields what is in a bundle, and returns where the next is.
func (g *groups) read(at uint32, yield func(m uint32, steps []uint64)) uint32 {
	words := g.book.words[at:]
	next, rest := uint32(words[0]>>32), words[1:1+uint32(words[0])]
	for len(rest) > 0 {
		n := rest[0] & (1<<aloneShift - 1)
		yield(uint32(rest[0]>>32), rest[1:1+n])
		rest = rest[1+n:]
	}
	return next
}

// intern returns the group of a head. When it is new, and a step of one server led to it, that server is judged beside the others.
func (g *groups) intern(w *wanted) uint32 {
	id, known := g.index.find(w.hash, w.packed[:g.index.words], uint32(len(g.all)+len(g.young)))
	if known {
		return id
	}
	head := w.head[:g.size+2]
	g.heads = append(g.heads, head...)
	apart := w.slot >= 0 && g.breaksApart(head, w.slot)
	g.apart = g.apart || apart
	g.young = append(g.young, group{apart: apart, heeds: apart || !g.drops || g.histories[head[g.history()]].votes || cluster.Spent(head[g.spent()]).Partitioned()})
	return id
}

// of returns what is known of a group, an old one or a young one.
func (g *groups) of(id uint32) *group {
	if int(id) < len(g.all) {
		return &g.all[id]
	}
	return &g.young[int(id)-len(g.all)]
}

// pack makes a head ready to be looked for.
func (w *wanted) pack(words int) {
	for k := range words {
		w.packed[k] = uint64(w.head[2*k]) | uint64(w.head[2*k+1])<<32
	}
	w.hash = hashHead(w.packed[:words])
}

// breaksApart reports whether a server and another break a promise side by side.
func (g *groups) breaksApart(head []uint32, slot int) (breaks bool) {
	for i, other := range head[:g.size] {
		if i == slot {
			continue
		}
		broken, known := g.pairs.get(pairKey(head[slot], other))
		if !known {
			g.resolvePair(head[slot], other)
			broken, _ = g.pairs.get(pairKey(head[slot], other))
		}
		breaks = breaks || broken != 0
	}
	return breaks
}

// resolve makes known what the servers of a group do, by themselves and when they are given those messages, and returns where it is; 0 if they do nothing.
func (g *groups) resolve(id uint32, own bool, messages []uint32) (at uint32, err error) {
	state := append(g.x.scratch[:0], g.head(id)...)
	g.x.state, g.x.inFlight = state, 0
	bundle := append(g.bundle[:0], 0)
	g.wanted = g.wanted[:0]
	if own {
		if bundle, err = g.byThemselves(id, bundle); err != nil {
			return 0, err
		}
	}
	for _, m := range messages {
		if bundle, err = g.arrival(id, m, bundle); err != nil {
			return 0, err
		}
	}
	if len(g.messages) > mostInLane {
		return 0, errSpeechless
	}
	g.aim(bundle)
	if g.bundle = bundle; len(bundle) == 1 {
		return 0, nil
	}
	bundle[0] = uint64(g.all[id].steps)<<32 | uint64(len(bundle)-1)
	g.all[id].steps = g.book.add(bundle)
	return g.all[id].steps, nil
}

// aim finds the groups that the steps of a bundle lead to.
func (g *groups) aim(bundle []uint64) {
	g.index.touch(g.wanted)
	for k := range g.wanted {
		w := &g.wanted[k]
		target := g.intern(w)
		e := uint32(0)
		if w.slot < 0 {
			e = g.effect(effectKey{})
		} else {
			e = g.effectOfStep(w.step, w.stays, w.broken || g.apart && g.of(target).apart)
		}
		bundle[w.at] = uint64(target)<<32 | uint64(e)
	}
}

// head returns what the states of a group share.
func (g *groups) head(id uint32) []uint32 {
	n := g.size + 2
	return g.heads[int(id)*n : (int(id)+1)*n]
}

// byThemselves adds what servers do by themselves, and what a partition does.
func (g *groups) byThemselves(id uint32, to []uint64) ([]uint64, error) {
	at := len(to)
	to = append(to, 0)
	var err error
	for _, s := range g.x.state[:g.size] {
		if g.memo.own[s] == unresolved {
			if err := g.fill([]missing{{missingOwn, s, 0}}); err != nil {
				return nil, err
			}
		}
		own := g.memo.own[s]
		for k := own.first; k < own.first+own.count; k++ {
			if to, err = g.step(id, k, moveStep, false, to); err != nil {
				return nil, err
			}
		}
	}
	to = g.divided(to)
	to[at] = uint64(len(to) - at - 1)
	return to, nil
}

// arrival adds what becomes of a message that arrives.
func (g *groups) arrival(id, message uint32, to []uint64) ([]uint64, error) {
	at := len(to)
	to, g.alone = append(to, 0), 0
	msg := &g.messages[message]
	spent := cluster.Spent(g.x.state[g.spent()])
	if !spent.Partitioned() || !spent.Cuts(msg.From, msg.To) {
		receiver := g.x.state[msg.To-1]
		found, known := g.x.delivery(pair(receiver, message))
		if !known {
			if err := g.fill([]missing{{missingDelivery, receiver, message}}); err != nil {
				return nil, err
			}
			found, _ = g.deliveries.get(pair(receiver, message))
		}
		first, count := uint32(found>>32), uint32(found)
		if count == 1 && g.vanishes(&g.memo.steps[first]) {
			g.silence(receiver, message)
			if !g.all[id].heeds {
				return to[:at], nil
			}
		}
		var err error
		for k := first; k < first+count; k++ {
			if to, err = g.step(id, k, moveStep, true, to); err != nil {
				return nil, err
			}
			if flags := g.memo.steps[k].flags; flags&(keeps|idle) == 0 && g.config.Faults.Duplicate != cluster.Off {
				if to, err = g.step(id, k, moveStay, true, to); err != nil {
					return nil, err
				}
			}
		}
	}
	to[at] = uint64(message)<<32 | g.alone<<aloneShift | uint64(len(to)-at-1)
	return to, nil
}

// vanishes reports whether all that a step does on a message is to take it.
func (g *groups) vanishes(step *localStep) bool {
	return step.flags&(idle|keeps) == idle && step.price == 0 && step.goals == 0
}

// silence notes that a message does nothing in a server state but vanish, so that it need not be looked at for each group.
func (g *groups) silence(state, message uint32) {
	for int(state) >= len(g.silent) {
		g.silent = append(g.silent, nil)
	}
	for int(message/64) >= len(g.silent[state]) {
		g.silent[state] = append(g.silent[state], 0)
	}
	g.silent[state][message/64] |= 1 << (message % 64)
}

// silentIn returns the messages that are known to do nothing in a server state but vanish, as bits.
func (g *groups) silentIn(state uint32) []uint64 {
	if int(state) >= len(g.silent) {
		return nil
	}
	return g.silent[state]
}

// holdsBit reports whether a bit is set.
func holdsBit(words []uint64, bit uint32) bool {
	return int(bit/64) < len(words) && words[bit/64]>>(bit%64)&1 != 0
}

// step adds a local step, if the budgets let it happen: a part of expander.take that does not depend on the network.
func (g *groups) step(id, k uint32, kind int, delivered bool, to []uint64) ([]uint64, error) {
	x, step := g.x, &g.memo.steps[k]
	stays := delivered && (kind == moveStay || step.flags&keeps != 0)
	if step.flags&idle != 0 && kind == moveStep && (stays || !delivered) {
		if step.goals != 0 {
			to = append(to, uint64(id)<<32|uint64(g.effect(effectKey{stays: stays, nothing: true, goals: step.goals})))
		}
		return to, nil
	}
	spent := cluster.Spent(x.state[x.spent()])
	if step.price != 0 && !x.limit.Affords(spent+step.price) {
		return to, nil
	}
	x.missing = x.missing[:0]
	after, broken, ok := x.historyAfter(k)
	if !ok {
		if err := g.fill(x.missing); err != nil {
			return nil, err
		}
		after, broken, _ = x.historyAfter(k)
	}
	if !x.affords(step, kind, 0) {
		return to, nil
	}
	spent = x.spentAfter(step, kind, 0)
	if step.next == x.state[step.slot] && after == x.state[g.history()] && uint32(spent) == x.state[g.spent()] {
		broken = broken || g.apart && g.all[id].apart
		if g.drops && delivered && !stays && !broken && step.flags&breaks == 0 && step.sendCount == 0 && step.goals == 0 {
			g.alone++
			return to, nil
		}
		return append(to, uint64(id)<<32|uint64(g.effectOfStep(k, stays, broken))), nil
	}
	w := wanted{at: len(to), slot: int(step.slot), step: k, stays: stays, broken: broken}
	copy(w.head[:], x.state[:g.size+2])
	w.head[step.slot], w.head[g.history()], w.head[g.spent()] = step.next, after, uint32(spent)
	w.pack(g.index.words)
	g.wanted = append(g.wanted, w)
	return append(to, 0), nil
}

// effectOfStep returns the effect of a step.
func (g *groups) effectOfStep(k uint32, stays, broken bool) uint32 {
	if int(k) < len(g.plain) && g.plain[k] != 0 && !stays && !broken {
		return g.plain[k]
	}
	step := &g.memo.steps[k]
	key := effectKey{sends: g.listOf(step), sendCount: step.sendCount, stays: stays, breaks: broken || step.flags&breaks != 0, goals: step.goals}
	if stays || broken {
		return g.effect(key)
	}
	for int(k) >= len(g.plain) {
		g.plain = append(g.plain, 0)
	}
	if g.plain[k] == 0 {
		g.plain[k] = g.effect(key)
	}
	return g.plain[k]
}

// listOf returns where the memo keeps what a step sends: for all steps that send the same, it is the same place.
func (g *groups) listOf(step *localStep) uint32 {
	var key []byte
	for _, m := range g.sends[step.sends : step.sends+uint32(step.sendCount)] {
		key = binary.LittleEndian.AppendUint32(key, m)
	}
	at, known := g.lists[string(key)]
	if !known {
		at = step.sends
		g.lists[string(key)] = at
	}
	return at
}

// effect interns an effect.
func (g *groups) effect(key effectKey) uint32 {
	if id, known := g.effectOf[key]; known {
		return id
	}
	e := effect{effectKey: key}
	for _, m := range g.sends[key.sends : key.sends+uint32(key.sendCount)] {
		e.messages = append(e.messages, uint64(m))
	}
	g.effects = append(g.effects, e)
	g.effectOf[key] = uint32(len(g.effects) - 1)
	return g.effectOf[key]
}

// divided adds the ways in which the servers split, or that the partition heals.
func (g *groups) divided(to []uint64) []uint64 {
	x := g.x
	if x.split == nil {
		return to
	}
	spent := cluster.Spent(x.state[x.spent()])
	lead := func(after cluster.Spent) {
		w := wanted{at: len(to), slot: -1}
		copy(w.head[:], x.state[:g.size+2])
		w.head[g.spent()] = uint32(after)
		w.pack(g.index.words)
		g.wanted, to = append(g.wanted, w), append(to, 0)
	}
	if spent.Partitioned() {
		lead(spent.Heal())
		return to
	}
	for _, s := range x.split {
		if x.limit.Affords(spent + s) {
			lead(spent + s)
		}
	}
	return to
}
