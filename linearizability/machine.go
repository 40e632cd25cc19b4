package linearizability

import "encoding/binary"

// machine is the store of one part with everything in it numbered: values and states are small integers, so that a search can
// remember where it has been. It is an implementation of its own beside Action.take, and tests hold them equal.
type machine struct {
	values  []Value
	ids     map[Value]int32    // nil while there are few values
	appends map[[2]int32]int32 // of two values: the one appended to the other
	sums    map[[2]int32]int32 // of two values: their sum; -1 if they are no numbers

	keys    int // of a part with one key, a state is the value's number
	tuples  []int32
	tupleOf map[string]int32 // of the packed values of all keys: the state
	scratch []int32
	packed  []byte
}

// few is how many values are looked through one by one.
const few = 16

func (m *machine) reset(keys int) {
	m.values = m.values[:0]
	m.ids = nil
	m.appends = nil
	m.sums = nil
	m.keys = keys
	m.tuples = m.tuples[:0]
	m.tupleOf = nil
}

// value returns a value's number.
func (m *machine) value(v Value) int32 {
	if m.ids != nil {
		if id, known := m.ids[v]; known {
			return id
		}
		m.ids[v] = int32(len(m.values))
		m.values = append(m.values, v)
		return int32(len(m.values) - 1)
	}
	for k := range m.values {
		if m.values[k] == v {
			return int32(k)
		}
	}
	m.values = append(m.values, v)
	if len(m.values) > few {
		m.ids = make(map[Value]int32, 2*few)
		for k, w := range m.values {
			m.ids[w] = int32(k)
		}
	}
	return int32(len(m.values) - 1)
}

// initial returns the state in which every key holds what it holds at first.
func (m *machine) initial(h *History, keys []string) int32 {
	if m.keys == 1 {
		return m.value(h.initial(keys[0]))
	}
	m.scratch = m.scratch[:0]
	for _, key := range keys {
		m.scratch = append(m.scratch, m.value(h.initial(key)))
	}
	return m.tuple()
}

// step is an action on numbered keys and values.
type step struct {
	kind            Kind
	shown, differs  bool
	slot            int32 // number of the key
	value, expected int32
}

// take applies steps to a state, all at once. It returns the state afterwards, and false if the client cannot have seen what it saw.
func (m *machine) take(steps []step, state int32, certain bool) (int32, bool) {
	if m.keys == 1 && len(steps) == 1 {
		return m.one(&steps[0], state, certain)
	}
	if m.keys == 1 {
		ok := true
		for k := range steps {
			if state, ok = m.one(&steps[k], state, certain); !ok {
				return 0, false
			}
		}
		return state, true
	}
	m.scratch = append(m.scratch[:0], m.tuples[int(state)*m.keys:(int(state)+1)*m.keys]...)
	changed := false
	for k := range steps {
		s := &steps[k]
		held := m.scratch[s.slot]
		next, ok := m.one(s, held, certain)
		if !ok {
			return 0, false
		}
		changed = changed || next != held
		m.scratch[s.slot] = next
	}
	if !changed {
		return state, true
	}
	return m.tuple(), true
}

func (m *machine) one(s *step, held int32, certain bool) (int32, bool) {
	switch s.kind {
	case Read:
		return held, !certain || !s.shown || s.value == held
	case Write:
		return s.value, true
	case Append:
		return m.joined(held, s.value), true
	case Add:
		return m.sum(held, s.value)
	case Expect:
		return held, (held == s.value) != s.differs
	}
	if certain && s.differs {
		return held, held != s.expected
	}
	if held == s.expected {
		return s.value, true
	}
	return held, !certain
}

func (m *machine) joined(a, b int32) int32 {
	pair := [2]int32{a, b}
	if id, known := m.appends[pair]; known {
		return id
	}
	if m.appends == nil {
		m.appends = map[[2]int32]int32{}
	}
	id := m.value(m.values[a].Append(m.values[b]))
	m.appends[pair] = id
	return id
}

// sum adds two values; false if they are no numbers.
func (m *machine) sum(a, b int32) (int32, bool) {
	pair := [2]int32{a, b}
	id, known := m.sums[pair]
	if !known {
		if m.sums == nil {
			m.sums = map[[2]int32]int32{}
		}
		id = -1
		if v, ok := m.values[a].plus(m.values[b]); ok {
			id = m.value(v)
		}
		m.sums[pair] = id
	}
	return max(id, 0), id >= 0
}

// tuple returns the state in which the keys hold what is in scratch.
func (m *machine) tuple() int32 {
	m.packed = m.packed[:0]
	for _, id := range m.scratch {
		m.packed = binary.LittleEndian.AppendUint32(m.packed, uint32(id))
	}
	if id, known := m.tupleOf[string(m.packed)]; known {
		return id
	}
	if m.tupleOf == nil {
		m.tupleOf = map[string]int32{}
	}
	id := int32(len(m.tuples) / m.keys)
	m.tupleOf[string(m.packed)] = id
	m.tuples = append(m.tuples, m.scratch...)
	return id
}
