package checker

import (
	"math/bits"
	"slices"

	"github.com/raftcheck/raftcheck/cluster"
)

// A global state is a vector of words: one server state for each server, the history, the Spent word, and as many places for
// messages in flight as the bounds allow, empty ones (0) last. Messages are in ascending order, or for FIFO in ascending order of
// queues and within a queue in the order of sending.
type layout struct {
	size     int // servers
	capacity int // places for messages
	fifo     bool
	sticky   bool // EverSent
}

func (l *layout) words() int   { return l.size + 2 + l.capacity }
func (l *layout) history() int { return l.size }
func (l *layout) spent() int   { return l.size + 1 }
func (l *layout) network() int { return l.size + 2 }

// move says how a successor differs from its parent, in 64 bits: what kind of action, which local step, which message in flight
// it takes out, and which of the messages sent, and of those in flight (losses.go), are lost.
type move uint64

const (
	moveStep   = iota // a local step; `place` is the message it takes out, or noPlace
	moveStay          // a local step on a delivered message that stays in flight
	moveDrop          // the message at `place` is lost
	moveCopy          // the message at `place` is duplicated
	moveSplit         // partition number `step`
	moveHeal          // the partition ends
	noPlace    = 63   // above every place
	losable    = 16   // messages of one step among which losses can be told
	placeShift = 32
	lostShift  = 38
	kindShift  = 61
)

func newMove(kind int, step uint32, place int, lost way) move {
	return move(kind)<<kindShift | move(lost)<<lostShift | move(place)<<placeShift | move(step)
}

func (v move) kind() int    { return int(v >> kindShift) }
func (v move) step() uint32 { return uint32(v) }
func (v move) place() int   { return int(v >> placeShift & 63) }
func (v move) lost() uint32 { return uint32(v>>lostShift) & (1<<losable - 1) }

// successor is a state found, not yet known to be new.
type successor struct {
	fingerprint uint64
	move        move
	parent      uint32 // place in its layer
	nth         uint16 // which of its parent's successors
}

// expander makes the successors of one state after another. Each worker has its own.
type expander struct {
	*memo
	layout
	split                []cluster.Spent
	limit                cluster.Limit
	dropPrice, stayPrice cluster.Spent
	base                 []uint64
	missing              []missing
	broken               []uint16                 // successors of the current state that break a promise
	reached              uint32                   // goals reached by the successors of the current state
	whole                bool                     // successors are listed, so none may be left out
	idlers               bool                     // what changes nothing is a successor too
	batches              *[partitions][]successor // where successors go, by partition
	parent               uint32                   // the place of the current state in its layer
	emitted              int
	state                []uint32
	inFlight             int
	recent               [1 << 14]uint64 // fingerprints filed lately
	scratch              []uint32
	all                  []uint64
	less                 []uint64
	sum                  []uint64 // fingerprints of a successor under each renaming
	strips               bool     // no-ops for ever are taken out
	allowed              []bool
	lose                 []way
	ways                 [16][1 << (fewSends + 1)][]uint32 // what cluster.Losses says, by room and by which messages may stay
	delivered            [1 << 11]idSlot                   // deliveries looked up lately
}

// fewSends is how many messages a step may send for the ways in which they are lost to be remembered.
const fewSends = 4

// missing is a piece of the memo that a state needs.
type missing struct {
	kind missingKind
	a, b uint32
}

type missingKind uint8

const (
	missingOwn      missingKind = iota // the spontaneous steps of server state a
	missingDelivery                    // server state a is given message b
	missingHistory                     // history a after step b
	missingNoop                        // whether message b is a no-op for ever in server state a
)

func newExpander(m *memo) *expander {
	c := m.config
	x := &expander{memo: m, base: make([]uint64, len(m.names)), split: c.Partitions(), strips: m.noops != nil}
	x.layout = layout{size: c.Servers, capacity: c.Bounds.Messages, fifo: c.Network == cluster.FIFO, sticky: c.Network == cluster.EverSent}
	x.limit = c.Limit()
	x.dropPrice, x.stayPrice = c.DropPrice(1), c.DuplicatePrice()
	x.scratch, x.all, x.less, x.sum = make([]uint32, x.words()), make([]uint64, len(m.names)), make([]uint64, len(m.names)), make([]uint64, len(m.names))
	return x
}

// expand emits every successor of a state in a fixed order. It returns false, and lists what is missing, when the memo does not
// hold all that the state needs; what was emitted until then must be thrown away, and the state expanded again.
//
// fp is the state's own fingerprint, which saves making it again when there is no renaming.
func (x *expander) expand(state []uint32, fp uint64) bool {
	x.state, x.missing, x.broken, x.reached, x.emitted = state, x.missing[:0], x.broken[:0], 0, 0
	messages := state[x.network():]
	x.inFlight = 0
	for x.inFlight < len(messages) && messages[x.inFlight] != 0 {
		x.inFlight++
	}
	switch {
	case x.fifo:
	case len(x.names) == 1:
		x.base[0] = fp
	default:
		x.fingerprints(state, x.base)
	}
	for _, s := range state[:x.size] {
		own := x.own[s]
		if own == unresolved {
			x.miss(missingOwn, s, 0)
			continue
		}
		for k := own.first; k < own.first+own.count; k++ {
			x.take(k, noPlace, moveStep)
		}
	}
	for place, id := range messages[:x.inFlight] {
		if place > 0 && messages[place-1] == id && !x.fifo {
			continue
		}
		x.message(place, id)
	}
	x.divide()
	return len(x.missing) == 0
}

func (x *expander) miss(kind missingKind, a, b uint32) {
	x.missing = append(x.missing, missing{kind, a, b})
}

// message emits what may become of the message at a place: it arrives, it is lost, it is duplicated.
func (x *expander) message(place int, id uint32) {
	msg := &x.messages[id]
	if x.fifo && place > 0 {
		if before := &x.messages[x.state[x.network()+place-1]]; before.From == msg.From && before.To == msg.To {
			return
		}
	}
	spent := cluster.Spent(x.state[x.spent()])
	if !spent.Partitioned() || !spent.Cuts(msg.From, msg.To) {
		x.deliver(place, id, x.state[msg.To-1])
	}
	if x.config.Faults.Drop != cluster.Off && !x.sticky && x.reduce&Losses == 0 {
		x.drop(place, id)
	}
	if x.config.Duplications && x.inFlight < x.capacity && x.copies(id) < max(x.config.Bounds.Copies, 1) {
		x.other(newMove(moveCopy, 0, place, 0))
	}
}

func (x *expander) deliver(place int, id, to uint32) {
	found, known := x.delivery(pair(to, id))
	if !known {
		x.miss(missingDelivery, to, id)
		return
	}
	first, count := uint32(found>>32), uint32(found)
	for k := first; k < first+count; k++ {
		switch {
		case x.sticky || x.steps[k].flags&keeps != 0:
			x.take(k, noPlace, moveStep)
		default:
			x.take(k, place, moveStep)
			if x.config.Faults.Duplicate != cluster.Off && x.steps[k].flags&idle == 0 {
				x.take(k, place, moveStay)
			}
		}
	}
}

// delivery looks up the steps of a delivery: first among those looked up lately, which are at hand.
func (x *expander) delivery(key uint64) (uint64, bool) {
	slot := &x.delivered[key*0x9e3779b97f4a7c15>>(64-11)]
	if slot.key == key {
		return slot.value, true
	}
	found, known := x.deliveries.get(key)
	if known {
		*slot = idSlot{key, found}
	}
	return found, known
}

// take emits what a local step leads to: one successor, or one for each way in which the network loses what it has no room for.
func (x *expander) take(k uint32, place, kind int) {
	step := &x.steps[k]
	if step.flags&idle != 0 && place == noPlace && !x.idlers {
		x.reached |= step.goals
		return
	}
	if step.price != 0 && !x.limit.Affords(cluster.Spent(x.state[x.spent()])+step.price) {
		return
	}
	if step.flags&quiet != 0 && kind == moveStep && !x.histories[x.state[x.history()]].votes {
		// One server changes, and perhaps a message is gone.
		x.reached |= step.goals
		if step.flags&breaks != 0 {
			x.broken = append(x.broken, uint16(x.emitted))
		}
		if gone, ok := x.stale(step, place); ok {
			x.least(k, place, kind, gone, x.state[x.history()])
		}
		return
	}
	after, broken, ok := x.historyAfter(k)
	if !ok {
		return
	}
	gone, ok := x.stale(step, place)
	if !ok {
		return
	}
	for _, lost := range x.losses(step, place, kind, gone) {
		if !x.affords(step, kind, lost) {
			continue
		}
		x.reached |= step.goals
		if broken || step.flags&breaks != 0 {
			x.broken = append(x.broken, uint16(x.emitted))
		}
		x.least(k, place, kind, lost, after)
	}
}

// historyAfter returns the history after a step, and whether the step breaks a promise about it.
func (x *expander) historyAfter(k uint32) (after uint32, broken, ok bool) {
	before := x.state[x.history()]
	if x.steps[k].flags&touches == 0 && !x.histories[before].votes {
		return before, false, true
	}
	found, known := x.afterHistory.get(pair(before+1, k))
	if !known {
		x.miss(missingHistory, before, k)
		return 0, false, false
	}
	return uint32(found), found&brokenBit != 0, true
}

var nothingLost = []way{0}

// losses returns the ways in which messages that a step sends are lost for want of room; none when the step leaves the model.
// What is gone, because it is a no-op from then on, takes no room.
func (x *expander) losses(step *localStep, place, kind int, gone way) []way {
	switch {
	case x.reduce&Losses != 0:
		return x.evictions(step, place, kind, gone)
	case gone != 0:
		return x.lossesBeside(step, place, kind, gone)
	case step.sendCount == 0:
		return nothingLost
	}
	room := x.capacity - x.inFlight
	taken := uint32(0)
	if place != noPlace && kind == moveStep {
		room++
		taken = x.state[x.network()+place]
	}
	if step.sendCount == 1 && room > 0 && x.copies(x.sends[step.sends]) == 0 {
		return nothingLost
	}
	if room == 0 && x.config.Strict && !x.sticky {
		return nil
	}
	sends := x.sends[step.sends : step.sends+uint32(step.sendCount)]
	x.allowed = x.allowed[:0]
	plain := len(sends) <= room
	for k, id := range sends {
		ok := true
		switch {
		case x.sticky:
			if x.copies(id) > 0 {
				room++ // it is there already and takes no room
			}
		case !x.fifo:
			copies := x.copies(id)
			if id == taken {
				copies--
			}
			for _, earlier := range sends[:k] {
				if earlier == id {
					copies++
				}
			}
			ok = copies < max(x.config.Bounds.Copies, 1)
		}
		plain = plain && ok
		x.allowed = append(x.allowed, ok)
	}
	if plain {
		return nothingLost
	}
	return x.waysToLose(room)
}

// waysToLose asks the world in which ways messages are lost, and remembers what it said.
func (x *expander) waysToLose(room int) []uint32 {
	if len(x.allowed) > fewSends || room >= len(x.ways) {
		return x.config.Losses(room, x.allowed)
	}
	which := 1 // a bit for each message, after a leading one
	for _, ok := range x.allowed {
		which = which<<1 | int(bit(ok))
	}
	known := &x.ways[room][which]
	if *known == nil {
		*known = append([]uint32{}, x.config.Losses(room, x.allowed)...)
	}
	return *known
}

func (x *expander) copies(id uint32) int {
	n := 0
	for _, m := range x.state[x.network() : x.network()+x.inFlight] {
		if m == id {
			n++
		}
	}
	return n
}

// spentAfter returns the Spent word after a step.
func (x *expander) spentAfter(step *localStep, kind int, lost way) cluster.Spent {
	spent := cluster.Spent(x.state[x.spent()]) + step.price + x.dropPrice*cluster.Spent(bits.OnesCount32(lost))
	if kind == moveStay {
		spent += x.stayPrice
	}
	return spent
}

func (x *expander) affords(step *localStep, kind int, lost way) bool {
	after := x.spentAfter(step, kind, lost)
	return after == cluster.Spent(x.state[x.spent()]) || x.limit.Affords(after)
}

// least emits a successor under its least fingerprint: the parent's, plus what the memo says of the step.
func (x *expander) least(k uint32, place, kind int, lost way, after uint32) {
	v := newMove(kind, k, place, lost)
	if x.fifo || x.sticky {
		x.other(v)
		return
	}
	n := len(x.names)
	step := &x.steps[k]
	taken := uint32(0)
	if place != noPlace && kind == moveStep {
		taken = x.state[x.network()+place]
	}
	extra := uint64(0)
	if lost != 0 || kind == moveStay {
		extra = hashSpent(x.spentAfter(step, kind, lost) - step.price - cluster.Spent(x.state[x.spent()]))
	}
	before := x.state[x.history()]
	if n == 1 && after == before && lost == 0 {
		x.out(x.base[0]+step.delta-x.messageHash[taken]+extra, v)
		return
	}
	base, delta, arrived := x.base[:n], x.stepDelta[int(k)*n:][:n], x.messageHash[int(taken)*n:][:n]
	is, was := x.historyHash[int(after)*n:][:n], x.historyHash[int(before)*n:][:n]
	if lost == 0 {
		least := ^uint64(0)
		if after == before && extra == 0 { // mostly
			for p, fp := range base {
				least = min(least, fp+delta[p]-arrived[p])
			}
		} else {
			for p, fp := range base {
				least = min(least, fp+delta[p]-arrived[p]+extra+is[p]-was[p])
			}
		}
		x.out(x.even(least), v)
		return
	}
	sum := x.sum[:n]
	for p, fp := range base {
		sum[p] = fp + delta[p] - arrived[p] + extra + is[p] - was[p]
	}
	for rest := v.lost(); rest != 0; rest &= rest - 1 {
		x.subtract(x.sends[int(step.sends)+bits.TrailingZeros32(rest)])
	}
	for rest := v.evicted(); rest != 0; rest &= rest - 1 {
		x.subtract(x.state[x.network()+bits.TrailingZeros32(rest)])
	}
	x.out(x.even(slices.Min(sum)), v)
}

// subtract takes a message out of the fingerprints under each renaming.
func (x *expander) subtract(message uint32) {
	sum := x.sum
	gone := x.messageHash[int(message)*len(sum):][:len(sum)]
	for p := range sum {
		sum[p] -= gone[p]
	}
}

// drop emits the loss of the message at a place.
func (x *expander) drop(place int, id uint32) {
	price := x.dropPrice
	v := newMove(moveDrop, 0, place, 0)
	switch {
	case price != 0 && !x.limit.Affords(cluster.Spent(x.state[x.spent()])+price):
	case x.fifo:
		x.other(v)
	default:
		least := ^uint64(0)
		for p, fp := range x.base {
			least = min(least, fp-x.messageHash[int(id)*len(x.names)+p]+hashSpent(price))
		}
		x.out(x.even(least), v)
	}
}

// other emits a successor by making it and fingerprinting all of it: the slow, obvious way, with which least and drop must agree.
func (x *expander) other(v move) {
	x.apply(x.scratch, x.state, v)
	x.out(x.fingerprint(x.scratch), v)
}

// out files a successor, unless this worker filed the same state a moment ago. It was then filed before this one in the order of
// the layer too, since a worker takes blocks in that order, so nothing is lost or changed by leaving it out.
func (x *expander) out(fp uint64, v move) {
	if recent := x.recently(fp); *recent != fp || x.whole {
		*recent = fp
		p := partitionOf(fp)
		x.batches[p] = append(room(x.batches[p], 1), successor{fp, v, x.parent, uint16(x.emitted)})
	}
	x.emitted++
}

func (x *expander) recently(fp uint64) *uint64 { return &x.recent[fp%uint64(len(x.recent))] }

// forget takes back that a successor was filed.
func (x *expander) forget(fp uint64) {
	if recent := x.recently(fp); *recent == fp {
		*recent = 0
	}
}

// divide emits the ways in which the servers split, or that the partition heals.
func (x *expander) divide() {
	if x.split == nil {
		return
	}
	spent := cluster.Spent(x.state[x.spent()])
	if spent.Partitioned() {
		x.other(newMove(moveHeal, 0, noPlace, 0))
		return
	}
	for k, s := range x.split {
		if x.limit.Affords(spent + s) {
			x.other(newMove(moveSplit, uint32(k), noPlace, 0))
		}
	}
}
