package checker

import "math/bits"

// Losses: where any message may be lost at any time and at no cost, a state with more messages in flight can do whatever one with
// fewer can, but for room: it loses the others first. So a loss by itself is not worth a step, nor a state. It is put off until a
// server sends what the network has no room for; there, of what is in flight and what is sent, any messages may be lost, as many as
// need be and no more.
//
// Why nothing is missed. Let a be reached with losses as steps. Then a state b is reached without them that has the same
// servers, history and budgets, and at least the messages of a in flight; and in as many steps as a takes beside losses. A loss
// changes a and leaves b. A message that arrives in a is in flight in b too, and leaves both. What is sent goes into both,
// and if there is no room for it in b, then there is a choice of what to lose that leaves what a has in flight, which fits. Nothing is
// added either: a loss is what it was, only later.
//
// So every step of a server from every state of servers, history and budgets is met by both, and the rules and goals look at nothing else.
// It holds for an unordered network without a bound on losses or on steps, whatever the other faults are: what arrives, is
// duplicated, is cut off or meets a server that is down is the same for both.

// mostEvicted is how many messages in flight there may be for losses among them to be told in a move.
const mostEvicted = 7

// way is how messages are lost in a step, as bits: those it sends, and above them those in flight, by place.
type way = uint32

func (v move) evicted() uint32 { return uint32(v>>(lostShift+losable)) & (1<<mostEvicted - 1) }

// evictions returns the ways in which messages in flight and messages sent are lost for want of room, beside what is gone anyway.
func (x *expander) evictions(step *localStep, place, kind int, gone way) []way {
	if step.sendCount == 0 && gone == 0 {
		return nothingLost
	}
	var lose [mostEvicted + losable]way // what may be lost for want of room, each as its bit
	n, room, taken := 0, x.capacity, uint32(0)
	for k, id := range x.state[x.network() : x.network()+x.inFlight] {
		switch {
		case k == place && kind == moveStep:
			taken = id
		case k == place: // it arrives and stays
			room--
		case gone>>(losable+k)&1 == 0:
			lose[n] = 1 << (losable + k)
			n++
		}
	}
	gone, n = x.sending(step, taken, gone, &lose, n)
	return x.choose(gone, &lose, n, room)
}

// lossesBeside returns the ways in which messages sent are lost for want of room, beside what is gone anyway.
func (x *expander) lossesBeside(step *localStep, place, kind int, gone way) []way {
	var lose [mostEvicted + losable]way
	room, taken := x.capacity-x.inFlight+bits.OnesCount32(gone>>losable), uint32(0)
	if place != noPlace && kind == moveStep {
		room++
		taken = x.state[x.network()+place]
	}
	gone, n := x.sending(step, taken, gone, &lose, 0)
	return x.choose(gone, &lose, n, room)
}

// sending adds the messages that a step sends to those that may be lost, or to what is gone if no more copies of them may be in flight.
func (x *expander) sending(step *localStep, taken uint32, gone way, lose *[mostEvicted + losable]way, n int) (way, int) {
	sends := x.sends[step.sends : step.sends+uint32(step.sendCount)]
	for k, id := range sends {
		switch {
		case gone>>k&1 != 0:
		case !x.takesCopy(sends[:k], id, taken):
			gone |= 1 << k
		default:
			lose[n] = 1 << k
			n++
		}
	}
	return gone, n
}

// choose lists the ways to lose as many of n messages as there is no room for.
func (x *expander) choose(gone way, lose *[mostEvicted + losable]way, n, room int) []way {
	x.lose = x.lose[:0]
	if n <= room {
		x.lose = append(x.lose, gone)
		return x.lose
	}
	for set := uint32(0); set < 1<<n; set++ {
		if bits.OnesCount32(set) == n-room {
			x.lose = append(x.lose, gone|x.together(set, lose))
		}
	}
	return x.lose
}

// together returns the ways in a set of them as one.
func (x *expander) together(set uint32, of *[mostEvicted + losable]way) (all way) {
	for ; set != 0; set &= set - 1 {
		all |= of[bits.TrailingZeros32(set)]
	}
	return all
}

// takesCopy reports whether one more copy of a message that is sent may be in flight.
func (x *expander) takesCopy(before []uint32, id, taken uint32) bool {
	copies := x.copies(id)
	if id == taken {
		copies--
	}
	for _, earlier := range before {
		if earlier == id {
			copies++
		}
	}
	return copies < max(x.config.Bounds.Copies, 1)
}
