package checker

import (
	"encoding/binary"

	"github.com/zeebo/xxh3"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// What a walker asks of the memo is here. A search makes all steps of a state known at once, because it takes all of them; a walker
// takes one, and so makes only that one known.

// place is what a walker knows of a server state besides the memo.
type place struct {
	hash    uint64 // of its canonical bytes
	outline uint64 // of its role, term, log and commitIndex
	own     uint32 // where its steps begin in Walker.own, one for each input
	role    spec.Role
}

// A step that is written down as a number is its place in the memo plus 1; the others say why there is none.
const (
	notTried    = 0
	notPossible = ^uint32(0) // refused, or out of the bounds
)

// stepNumber and stepAt turn places of steps into such numbers and back, with -1 for no step.
func stepNumber(k int) uint32 {
	if k < 0 {
		return notPossible
	}
	return uint32(k + 1)
}

func stepAt(number uint32) int {
	if number == notPossible {
		return -1
	}
	return int(number) - 1
}

// place returns what is known of a server state.
func (w *Walker) place(state uint32) *place {
	for int(state) >= len(w.places) {
		k := len(w.places)
		s := &w.m.servers[k]
		w.places = append(w.places, place{hash: w.m.serverHash[k], outline: outlineOf(s), own: uint32(len(w.ownSteps)), role: s.sight.Role})
		for range w.m.inputs[s.slot] {
			w.ownSteps = append(w.ownSteps, notTried)
		}
	}
	return &w.places[state]
}

// ownStep returns the step in which a server, counted from 0, is given an input now, or -1.
func (w *Walker) ownStep(slot int, input, cut uint8) (int, error) {
	if int(input) >= len(w.m.inputs[slot]) {
		return -1, nil
	}
	at := w.now[slot].own + uint32(input)
	from := stepOrigin{state: w.servers[slot], input: uint16(input)}
	if w.ownSteps[at] == notTried {
		k, err := w.run(from, w.m.inputs[slot][input])
		if err != nil {
			return -1, err
		}
		w.ownSteps[at] = stepNumber(k)
	}
	return w.cutShort(stepAt(w.ownSteps[at]), from, cut)
}

// arrival returns the step in which a message arrives at a server in a state, or -1.
func (w *Walker) arrival(state, message uint32, cut uint8) (int, error) {
	key := pair(state, message)
	from := stepOrigin{state: state, message: message}
	step, known := w.arrivals.get(key)
	if !known {
		k, err := w.run(from, spec.Input{Kind: spec.Deliver, Message: w.m.messages[message]})
		if err != nil {
			return -1, err
		}
		step = uint64(stepNumber(k))
		w.arrivals.put(key, step)
	}
	return w.cutShort(stepAt(uint32(step)), from, cut)
}

// cutShort returns the step that a crash makes of a whole one, or -1; the whole one if there is no crash.
func (w *Walker) cutShort(whole int, from stepOrigin, cut uint8) (int, error) {
	if cut == 0 || whole < 0 {
		return whole, nil
	}
	lossy := cut&1 != 0
	in := w.m.inputOf(whole)
	if cut>>1 == 0 || cut>>1 > w.points[whole] || w.config.Faults.Crash == cluster.Off || lossy && !w.config.Faults.Lossy ||
		in.Kind == spec.Crash || in.Kind == spec.Restart {
		return -1, nil
	}
	key := pair(uint32(whole+1), uint32(cut))
	step, known := w.cuts.get(key)
	if !known {
		in.Cut, in.Lossy = int(cut>>1), lossy
		from.cut, from.lossy = cut>>1, lossy
		k, err := w.run(from, in)
		if err != nil {
			return -1, err
		}
		step = uint64(stepNumber(k))
		w.cuts.put(key, step)
	}
	return stepAt(uint32(step)), nil
}

// run runs node code for one step, and returns it; -1 when the input was refused or led out of the bounds.
func (w *Walker) run(from stepOrigin, in spec.Input) (int, error) {
	defer w.alone()()
	k := len(w.m.steps)
	out, err := w.m.execute(from, in)
	if err != nil || len(w.m.steps) == k {
		return -1, err
	}
	w.points = append(w.points, uint8(min(out.CrashPoints(), 127)))
	return k, nil
}

// judgePair judges two server states side by side.
func (w *Walker) judgePair(a, b uint32) bool {
	key := pairKey(a, b)
	broken, known := w.m.pairs.get(key)
	if !known {
		first, second := &w.m.servers[a].sight, &w.m.servers[b].sight
		for _, r := range w.pairRules {
			if r.JudgePair(first, second) != nil || r.JudgePair(second, first) != nil {
				broken = 1
			}
		}
		w.m.pairs.put(key, broken)
	}
	return broken != 0
}

// historyAfter returns the history after a step, and whether the step breaks a promise about it.
func (w *Walker) historyAfter(k uint32) (uint32, bool, error) {
	before := w.history
	if w.m.steps[k].flags&touches == 0 && !w.m.histories[before].votes {
		return before, false, nil
	}
	key := pair(before+1, k)
	found, known := w.m.afterHistory.get(key)
	if !known {
		if err := w.resolveHistory(before, k); err != nil {
			return 0, false, err
		}
		found, _ = w.m.afterHistory.get(key)
	}
	return uint32(found), found&brokenBit != 0, nil
}

func (w *Walker) resolveHistory(before, k uint32) error {
	defer w.alone()()
	return w.m.resolveHistory(before, k)
}

// alone keeps other walkers from running node code until what it returns is called.
func (w *Walker) alone() func() {
	if w.Alone == nil {
		return func() {}
	}
	w.Alone.Lock()
	return w.Alone.Unlock
}

func outlineOf(s *server) uint64 {
	o := s.sight.Observation
	b := make([]byte, 0, 64)
	b = append(b, s.slot, byte(o.Role))
	b = binary.AppendUvarint(b, uint64(o.Term))
	b = binary.AppendUvarint(b, uint64(o.CommitIndex))
	b = binary.AppendUvarint(b, uint64(o.Log.Base))
	for k := range o.Log.Entries {
		b = appendEntry(b, &o.Log.Entries[k], nil)
	}
	return xxh3.Hash(b)
}

// Event says what kind of thing happened to a server, as far as rules care: what it was given, and what became of its role, term,
// log and commitIndex. Equal events are equal in every walker.
type Event uint64

// event returns the event of a step.
func (w *Walker) event(k uint32) Event {
	for int(k) >= len(w.events) {
		w.events = append(w.events, 0)
	}
	if w.events[k] == 0 {
		w.events[k] = w.m.eventOf(k)
	}
	return w.events[k]
}

func (m *memo) eventOf(k uint32) Event {
	step, in := &m.steps[k], m.inputOf(int(k))
	before, after := m.servers[m.stepFrom[k].state].sight.Observation, m.servers[step.next].sight.Observation
	common := 0
	for common < min(len(before.Log.Entries), len(after.Log.Entries)) && before.Log.Entries[common] == after.Log.Entries[common] {
		common++
	}
	b := make([]byte, 0, 64)
	b = append(b, byte(in.Kind), bit(in.Cut > 0)|bit(in.Lossy)<<1, byte(in.Message.Kind), byte(before.Role), byte(after.Role),
		compare(uint64(in.Message.Term), uint64(before.Term)), compare(uint64(after.Term), uint64(before.Term)),
		compare(uint64(after.CommitIndex), uint64(before.CommitIndex)),
		bit(common < len(before.Log.Entries))|bit(common < len(after.Log.Entries))<<1|bit(len(in.Message.Entries) > 0)<<2,
		bit(in.Message.Granted)|bit(in.Message.Success)<<1|bit(step.flags&touches != 0)<<2)
	for _, v := range [...]uint64{uint64(after.Term), uint64(after.CommitIndex), uint64(len(after.Log.Entries))} {
		b = binary.AppendUvarint(b, v)
	}
	for _, id := range m.sends[step.sends : step.sends+uint32(step.sendCount)] {
		sent := &m.messages[id]
		b = append(b, byte(sent.Kind), bit(sent.Granted)|bit(sent.Success)<<1)
	}
	return Event(xxh3.Hash(b) | 1)
}

func compare(a, b uint64) byte {
	switch {
	case a < b:
		return 0
	case a > b:
		return 2
	}
	return 1
}
