package linearizability

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// load says what generated histories of transactions look like.
type load struct {
	transactions, clients, keys int
	perKey                      int     // writes to a key after which another takes its place; 0 for never
	registers                   bool    // keys hold single values; otherwise lists
	unknown                     float64 // share of transactions whose clients do not know what became of them
	readers                     float64 // share of actions that read
	actions                     int     // of a transaction, at most
	plant                       string  // one anomaly, by its name, or "" for none
	seed                        uint64
}

// generated makes a history of a store that is strictly serializable, but for what is planted in the middle.
func generated(w load) *History {
	m := &maker{load: w, Rand: rand.New(rand.NewPCG(w.seed, 1)), h: &History{Operations: make([]Operation, 0, w.transactions)}}
	for c := range w.clients {
		m.h.Clients = append(m.h.Clients, strconv.Itoa(c))
	}
	for range w.keys {
		m.slots = append(m.slots, m.fresh())
	}
	type open struct {
		operation int
		applied   bool
	}
	busy := make([]*open, w.clients)
	for len(m.h.Operations) < w.transactions || slices.ContainsFunc(busy, func(o *open) bool { return o != nil }) {
		c := m.IntN(w.clients)
		switch o := busy[c]; {
		case o == nil && len(m.h.Operations) >= w.transactions:
		case o == nil:
			if w.plant != "" && !m.planted && len(m.h.Operations) >= w.transactions/2 {
				m.planted = true
				planters[w.plant](m)
			}
			busy[c] = &open{operation: m.call(strconv.Itoa(c), m.body()...)}
		case !o.applied:
			o.applied = true
			if m.Float64() < w.unknown {
				if m.IntN(2) == 0 {
					m.apply(o.operation)
				}
				m.h.Lose(o.operation)
				busy[c] = nil
				continue
			}
			m.apply(o.operation)
		default:
			m.h.end(o.operation, Returned)
			busy[c] = nil
		}
	}
	return m.h
}

// maker makes a history.
type maker struct {
	load
	*rand.Rand
	h       *History
	slots   []*made // the keys in use
	used    int     // keys so far
	values  int
	planted bool
	index   map[string]*made // of a name
}

// made is a key: what it holds, in memory that all reads of a list share.
type made struct {
	name   string
	list   *strings.Builder
	held   Value
	writes int
}

func (m *maker) fresh() *made {
	m.used++
	return m.key("k" + strconv.Itoa(m.used))
}

func (m *maker) value() Value {
	m.values++
	return Literal(strconv.Itoa(m.values))
}

// body is what a transaction does; which key takes the place of another is decided when it is called.
func (m *maker) body() []Action {
	do := make([]Action, 1+m.IntN(m.actions))
	for k := range do {
		at := m.IntN(len(m.slots))
		key := m.slots[at]
		if m.Float64() < m.readers {
			do[k] = ReadOf(key.name)
			continue
		}
		do[k] = m.change(key)
		if key.writes++; m.perKey > 0 && key.writes >= m.perKey {
			m.slots[at] = m.fresh()
		}
	}
	return do
}

func (m *maker) change(key *made) Action {
	if m.registers {
		return WriteOf(key.name, m.value())
	}
	return AppendOf(key.name, List(m.value()))
}

func (m *maker) call(client string, do ...Action) int {
	k := m.h.Call(client, do...)
	m.h.Operations[k].CallLine = int(m.h.now)
	return k
}

// key finds a key by its name.
func (m *maker) key(name string) *made {
	if m.index == nil {
		m.index = map[string]*made{}
	}
	key := m.index[name]
	if key == nil {
		key = &made{name: name, list: &strings.Builder{}}
		m.index[name] = key
	}
	return key
}

// apply lets an operation take effect now.
func (m *maker) apply(k int) {
	for n := range m.h.Operations[k].Do {
		m.do(&m.h.Operations[k].Do[n])
	}
}

func (m *maker) do(a *Action) {
	key := m.key(a.Key)
	switch a.Kind {
	case Read:
		a.Value, a.Shown = key.value(), true
	case Write:
		key.held = a.Value
	case Append:
		if key.list.Len() == 0 {
			key.list.WriteByte(kindList)
		}
		key.list.WriteString(string(a.Value[1:]))
	}
}

func (key *made) value() Value {
	if key.list.Len() > 0 {
		return Value(key.list.String())
	}
	return key.held
}

// script runs the transactions of an anomaly: what they do, in the order in which their actions take effect.
type script struct {
	*maker
	ops map[string]int
}

func (m *maker) script() *script { return &script{m, map[string]int{}} }

// begin calls a transaction by a client of its own.
func (s *script) begin(name string, do ...Action) {
	s.ops[name] = s.call("planted "+name, do...)
}

// act lets one action of a transaction take effect.
func (s *script) act(name string, action int) { s.do(&s.h.Operations[s.ops[name]].Do[action]) }

func (s *script) end(names ...string) {
	for _, name := range names {
		s.h.end(s.ops[name], Returned)
	}
}

// whole runs a transaction from its call to its return.
func (s *script) whole(name string, do ...Action) {
	s.begin(name, do...)
	s.apply(s.ops[name])
	s.end(name)
}

// twist changes what a transaction read.
func (s *script) twist(name string, action int, f func([]Value) []Value) {
	a := &s.h.Operations[s.ops[name]].Do[action]
	a.Value = List(f(slices.Collect(a.Value.Elements))...)
}

func (s *script) two() (a, b *made) { return s.slots[0], s.slots[1] }

// read reads both keys at the end, so that all see what was planted.
func (s *script) read(keys ...*made) {
	var do []Action
	for _, k := range keys {
		do = append(do, ReadOf(k.name))
	}
	s.whole("reader", do...)
}

// planters plant one anomaly each.
var planters = map[string]func(*maker){
	AbortedRead: func(m *maker) {
		s := m.script()
		a, _ := s.two()
		s.begin("T1", s.change(a))
		s.act("T1", 0)
		s.h.Fail(s.ops["T1"])
		s.read(a)
	},
	IntermediateRead: func(m *maker) {
		s := m.script()
		a, _ := s.two()
		s.begin("T1", s.change(a), s.change(a))
		s.begin("T2", ReadOf(a.name))
		s.act("T1", 0)
		s.act("T2", 0)
		s.act("T1", 1)
		s.end("T1", "T2")
		s.read(a)
	},
	Internal: func(m *maker) {
		s := m.script()
		a, _ := s.two()
		s.begin("T1", s.change(a), ReadOf(a.name))
		s.act("T1", 1)
		s.act("T1", 0)
		s.end("T1")
		s.read(a)
	},
	UnwrittenRead: func(m *maker) {
		s := m.script()
		a, _ := s.two()
		s.whole("T1", ReadOf(a.name))
		s.twist("T1", 0, func(v []Value) []Value { return append(v, Literal("666")+"666") })
	},
	Duplicate: func(m *maker) {
		s := m.script()
		a, _ := s.two()
		s.whole("T1", s.change(a))
		s.whole("T2", ReadOf(a.name))
		s.twist("T2", 0, func(v []Value) []Value { return append(v, v[len(v)-1]) })
	},
	Incompatible: func(m *maker) {
		s := m.script()
		a, _ := s.two()
		s.begin("T1", s.change(a))
		s.begin("T2", s.change(a))
		s.act("T1", 0)
		s.act("T2", 0)
		s.end("T1", "T2")
		s.whole("T3", ReadOf(a.name))
		s.twist("T3", 0, func(v []Value) []Value {
			n := len(v)
			v[n-1], v[n-2] = v[n-2], v[n-1]
			return v
		})
		s.read(a)
	},
	DirtyWrite: func(m *maker) {
		s := m.script()
		a, b := s.two()
		s.begin("T1", s.change(a), s.change(b))
		s.begin("T2", s.change(a), s.change(b))
		s.act("T1", 0)
		s.act("T2", 0)
		s.act("T2", 1)
		s.act("T1", 1)
		s.end("T1", "T2")
		s.read(a, b)
	},
	CircularFlow: func(m *maker) {
		s := m.script()
		a, b := s.two()
		s.begin("T1", s.change(a), ReadOf(b.name))
		s.begin("T2", s.change(b), ReadOf(a.name))
		s.act("T1", 0)
		s.act("T2", 0)
		s.act("T1", 1)
		s.act("T2", 1)
		s.end("T1", "T2")
		s.read(a, b)
	},
	SingleRead: func(m *maker) {
		s := m.script()
		a, b := s.two()
		s.begin("T1", ReadOf(a.name), ReadOf(b.name))
		s.begin("T2", s.change(a), s.change(b))
		s.act("T1", 0)
		s.apply(s.ops["T2"])
		s.act("T1", 1)
		s.end("T1", "T2")
		s.read(a, b)
	},
	NonadjacentReads: func(m *maker) {
		s := m.script()
		a, b := s.two()
		s.begin("T1", s.change(a))
		s.begin("T2", s.change(b))
		s.begin("T3", ReadOf(a.name), ReadOf(b.name))
		s.begin("T4", ReadOf(b.name), ReadOf(a.name))
		s.act("T3", 1)
		s.act("T4", 1)
		s.act("T1", 0)
		s.act("T2", 0)
		s.act("T3", 0)
		s.act("T4", 0)
		s.end("T1", "T2", "T3", "T4")
		s.read(a, b)
	},
	AntiDependency: func(m *maker) {
		s := m.script()
		a, b := s.two()
		s.begin("T1", ReadOf(a.name), s.change(b))
		s.begin("T2", ReadOf(b.name), s.change(a))
		s.act("T1", 0)
		s.act("T2", 0)
		s.act("T1", 1)
		s.act("T2", 1)
		s.end("T1", "T2")
		s.read(a, b)
	},
	DirtyWrite + realtime: func(m *maker) {
		s := m.script()
		a, _ := s.two()
		s.begin("T1", s.change(a))
		s.end("T1")
		s.whole("T2", s.change(a))
		s.act("T1", 0)
		s.read(a)
	},
	CircularFlow + realtime: func(m *maker) {
		s := m.script()
		a, _ := s.two()
		change := s.change(a)
		s.do(&change)
		s.read(a)
		s.begin("T1", change)
		s.end("T1")
	},
	SingleRead + realtime: func(m *maker) {
		s := m.script()
		a, _ := s.two()
		stale := ReadOf(a.name)
		s.do(&stale)
		s.whole("T1", s.change(a))
		s.begin("T2", stale)
		s.end("T2")
		s.read(a)
	},
	NonadjacentReads + realtime: func(m *maker) {
		s := m.script()
		a, b := s.two()
		c := s.slots[2]
		s.begin("T4", ReadOf(c.name), ReadOf(b.name))
		s.act("T4", 0)
		s.begin("T2", s.change(b))
		s.whole("T1", s.change(c))
		s.begin("T3", ReadOf(b.name), ReadOf(a.name))
		s.act("T3", 0)
		s.act("T2", 0)
		s.act("T4", 1)
		s.act("T3", 1)
		s.end("T2", "T3", "T4")
		s.read(b, c)
	},
	AntiDependency + realtime: func(m *maker) {
		s := m.script()
		a, b := s.two()
		s.begin("T2", ReadOf(b.name), s.change(a))
		s.act("T2", 0)
		s.whole("T3", s.change(b))
		s.whole("T1", ReadOf(a.name))
		s.act("T2", 1)
		s.end("T2")
		s.read(a, b)
	},
}

// plants are the anomalies that can be planted, in an order that does not change.
func plants() (names []string) {
	for name := range planters {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (w load) String() string {
	return fmt.Sprintf("transactions=%d/clients=%d/keys=%d/registers=%t/plant=%s", w.transactions, w.clients, w.keys, w.registers, w.plant)
}
