package checker

import (
	"math/bits"
	"slices"

	"github.com/raftcheck/raftcheck/cluster"
)

// fingerprints writes the fingerprint of a state under each renaming.
func (x *expander) fingerprints(state []uint32, into []uint64) {
	n, spent := len(x.names), hashSpent(cluster.Spent(state[x.spent()]))
	for p, hash := range x.historyHash[int(state[x.history()])*n:][:n] {
		into[p] = hash + spent
	}
	for _, s := range state[:x.size] {
		add(into, x.serverHash[int(s)*n:][:n])
	}
	place, messages := 0, state[x.network():]
	for k, id := range messages {
		if id == 0 {
			break
		}
		hashes := x.messageHash[int(id)*n:][:n]
		if !x.fifo {
			add(into, hashes)
			continue
		}
		place = x.behind(messages, k, place)
		for p, hash := range hashes {
			into[p] += queued(hash, place)
		}
	}
}

func add(into, more []uint64) {
	for p, v := range more {
		into[p] += v
	}
}

// behind returns how many messages the one at a place of the network has before it in its FIFO queue, as that before it has so many.
func (x *expander) behind(messages []uint32, k, before int) int {
	if k > 0 && x.queue(messages[k]) == x.queue(messages[k-1]) {
		return before + 1
	}
	return 0
}

// fingerprint returns the least fingerprint of a state under all renamings.
func (x *expander) fingerprint(state []uint32) uint64 {
	x.fingerprints(state, x.all)
	return x.even(slices.Min(x.all))
}

// even spreads the least of a state's fingerprints over all numbers, one to one: it is nearly always a small one where renamings are many, and places in tables and
// partitions go by its highest bits.
func (m *memo) even(least uint64) uint64 {
	if len(m.names) == 1 {
		return least
	}
	return least * 0x9e3779b97f4a7c15
}

// queue returns the FIFO queue a message travels in.
func (x *expander) queue(id uint32) int {
	m := &x.messages[id]
	return int(m.From)*(cluster.MaxServers+1) + int(m.To)
}

// apply writes the state that a move leads to. The two must not overlap.
func (x *expander) apply(to, from []uint32, v move) {
	for k, word := range from {
		to[k] = word
	}
	switch v.kind() {
	case moveStep, moveStay:
		x.applyStep(to, from, v)
	case moveDrop:
		x.remove(to, v.place())
		to[x.spent()] += uint32(x.dropPrice)
	case moveCopy:
		x.add(to, from[x.network()+v.place()])
	case moveSplit:
		to[x.spent()] += uint32(x.split[v.step()])
	case moveHeal:
		to[x.spent()] = uint32(cluster.Spent(from[x.spent()]).Heal())
	}
}

func (x *expander) applyStep(to, from []uint32, v move) {
	step := &x.steps[v.step()]
	to[step.slot] = step.next
	x.state = from
	to[x.history()], _, _ = x.historyAfter(v.step())
	to[x.spent()] = uint32(x.spentAfter(step, v.kind(), v.lost()))
	gone := v.evicted()
	if v.place() != noPlace && v.kind() == moveStep {
		gone |= 1 << v.place()
	}
	for ; gone != 0; gone &^= 1 << (bits.Len32(gone) - 1) {
		x.remove(to, bits.Len32(gone)-1)
	}
	for k, id := range x.sends[step.sends : step.sends+uint32(step.sendCount)] {
		if v.lost()>>k&1 == 0 {
			x.add(to, id)
		}
	}
}

// remove takes the message at a place out of the network.
func (x *expander) remove(state []uint32, place int) {
	messages := state[x.network():]
	for ; place+1 < len(messages) && messages[place] != 0; place++ {
		messages[place] = messages[place+1]
	}
	messages[place] = 0
}

// add puts a message into the network, which has room for it.
func (x *expander) add(state []uint32, id uint32) {
	messages := state[x.network():]
	at := 0
	for at < len(messages) && messages[at] != 0 && x.order(messages[at], id) <= 0 {
		at++
	}
	if x.sticky && at > 0 && messages[at-1] == id {
		return
	}
	for ; at < len(messages) && id != 0; at++ {
		messages[at], id = id, messages[at]
	}
}

// order compares the places of two messages in the network: by id, or for FIFO by queue.
func (x *expander) order(a, b uint32) int {
	if x.fifo {
		return x.queue(a) - x.queue(b)
	}
	return int(a) - int(b)
}
