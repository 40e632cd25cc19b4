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
	role    spec.Role
}

// found, in a table, is a step plus 1; 0 says that the step is not possible or leads out of the bounds.
func found(step int) uint64 { return uint64(step + 1) }

// place returns what is known of a server state.
func (w *Walker) place(state uint32) *place {
	for int(state) >= len(w.places) {
		k := len(w.places)
		s := &w.m.servers[k]
		w.places = append(w.places, place{hash: w.m.serverHash[k], outline: outlineOf(s), role: s.sight.Role})
	}
	return &w.places[state]
}

// ownStep returns the step in which a server in a state is given an input, or -1.
func (w *Walker) ownStep(state uint32, input, cut uint8) (int, error) {
	inputs := w.m.inputs[w.m.servers[state].slot]
	if int(input) >= len(inputs) {
		return -1, nil
	}
	key := pair(state+1, uint32(input))
	from := stepOrigin{state: state, input: uint16(input)}
	step, known := w.ownSteps.get(key)
	if !known {
		k, err := w.run(from, inputs[input])
		if err != nil {
			return -1, err
		}
		step = found(k)
		w.ownSteps.put(key, step)
	}
	return w.cutShort(int(step)-1, from, cut)
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
		step = found(k)
		w.arrivals.put(key, step)
	}
	return w.cutShort(int(step)-1, from, cut)
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
		step = found(k)
		w.cuts.put(key, step)
	}
	return int(step) - 1, nil
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
