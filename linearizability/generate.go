package linearizability

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Load says what histories [Generate] makes: those of clients of a store that is strictly serializable, but for what is planted.
type Load struct {
	Operations int     // transactions, at least 1, without those of the anomaly
	Clients    int     // that take turns at random, at least 1; one that lost an operation goes on under another name, as Jepsen's do
	Keys       int     // in use at once, at least 1
	PerKey     int     // changes of a key after which another takes its place, as in Jepsen's workloads; 0 is never
	Actions    int     // of a transaction, at most; 1 makes single operations
	Registers  bool    // keys hold single values, each written once; otherwise lists
	Values     int     // registers take so many values, and half of their changes compare first; 0 is that no value is written twice
	Readers    float64 // share of actions that read
	Unknown    float64 // share of operations whose clients do not know what became of them, of which half took effect
	Plant      string  // one of [Plants] or [RegisterPlants], in the middle; "" for nothing
	Seed       uint64  // decides all that the others leave open
}

// Generate makes a history. The same load always gives the same one. Its error says what the load may not be.
func Generate(w Load) (*History, error) {
	if err := w.validate(); err != nil {
		return nil, err
	}
	m := &maker{Load: w, Rand: rand.New(rand.NewPCG(w.Seed, 1)), h: &History{Operations: make([]Operation, 0, w.Operations)}, index: map[string]*made{}}
	for range w.Keys {
		m.slots = append(m.slots, m.fresh())
	}
	busy := make([]turn, w.Clients)
	for c := range busy {
		busy[c] = turn{client: m.h.newClient(strconv.Itoa(c)), name: c}
	}
	for open := 0; len(m.h.Operations) < w.Operations || open > 0; {
		switch t := &busy[m.IntN(w.Clients)]; {
		case !t.called && len(m.h.Operations) >= w.Operations:
		case !t.called:
			if w.Plant != "" && !m.planted && len(m.h.Operations) >= w.Operations/2 {
				m.planted = true
				planters[w.Plant](m)
			}
			t.operation, t.called, t.applied = m.callOf(t.client, m.body()), true, false
			open++
		case !t.applied:
			t.applied = true
			if m.lose(t) {
				open--
			}
		default:
			m.h.end(t.operation, Returned)
			t.called = false
			open--
		}
	}
	return m.h, nil
}

// Plants are the names of the anomalies that can be planted in lists, sorted.
func Plants() []string { return slices.Sorted(maps.Keys(planters)) }

// RegisterPlants are those that can be planted in registers, where what is wrong must show without the order that lists tell.
func RegisterPlants() []string {
	return []string{SingleRead, SingleRead + realtime}
}

func (w *Load) validate() error {
	plants := Plants()
	if w.Registers || w.Values > 0 {
		plants = RegisterPlants()
	}
	switch {
	case w.Operations < 1 || w.Clients < 1 || w.Keys < 1 || w.Actions < 1:
		return errors.New("operations, clients, keys and actions are at least 1 each")
	case w.PerKey < 0 || w.Values < 0:
		return errors.New("values, and the changes of a key, are at least 0")
	case !(w.Readers >= 0 && w.Readers <= 1 && w.Unknown >= 0 && w.Unknown < 1):
		return errors.New("the shares of reads and of unknown outcomes lie between 0 and 1")
	case w.Plant != "" && !slices.Contains(plants, w.Plant):
		return fmt.Errorf("%q cannot be planted: one of %s", w.Plant, strings.Join(plants, ", "))
	case w.Plant != "" && w.Keys < 3:
		return errors.New("what is planted needs 3 keys")
	case w.Plant != "" && w.Plant != SingleRead+realtime && w.Actions < 2:
		return fmt.Errorf("%s needs transactions of 2 actions", w.Plant)
	}
	return nil
}

// turn is what a client is doing.
type turn struct {
	client, name    int // its number, and the number that is its name
	operation       int
	called, applied bool
}

// lose lets an operation take effect, or be given up by a client that cannot know; it reports that.
func (m *maker) lose(t *turn) bool {
	lost := m.Float64() < m.Unknown
	if !lost || m.IntN(2) == 0 {
		m.apply(t.operation)
	}
	if lost {
		m.forget(t.operation)
		m.h.Lose(t.operation)
		t.name += m.Clients
		t.client, t.called = m.h.newClient(strconv.Itoa(t.name)), false
	}
	return lost
}

// maker makes a history.
type maker struct {
	Load
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
	return Literal(strconv.Itoa(m.Values + m.values))
}

// body is what a transaction does; which key takes the place of another is decided when it is called.
func (m *maker) body() []Action {
	do := make([]Action, 1+m.IntN(m.Actions))
	for k := range do {
		at := m.IntN(len(m.slots))
		key := m.slots[at]
		if m.Float64() < m.Readers {
			do[k] = ReadOf(key.name)
			continue
		}
		if do[k] = m.change(key); m.Values > 0 {
			do[k] = m.again(key)
		}
		if key.writes++; m.PerKey > 0 && key.writes >= m.PerKey {
			m.slots[at] = m.fresh()
		}
	}
	return do
}

func (m *maker) change(key *made) Action {
	if m.Registers || m.Values > 0 {
		return WriteOf(key.name, m.value())
	}
	return AppendOf(key.name, List(m.value()))
}

// again is a change that sets a value which others set, too; half of them compare first, half of those with what the key holds.
func (m *maker) again(key *made) Action {
	v := Literal(strconv.Itoa(m.IntN(m.Values)))
	switch m.IntN(4) {
	case 0:
		return CompareAndSetOf(key.name, key.held, v)
	case 1:
		return CompareAndSetOf(key.name, Literal(strconv.Itoa(m.IntN(m.Values))), v)
	}
	return WriteOf(key.name, v)
}

func (m *maker) callOf(client int, do []Action) int {
	m.h.now++
	m.h.Operations = append(m.h.Operations, Operation{Client: client, Call: m.h.now, Outcome: Pending, Do: do, CallLine: int(m.h.now)})
	return len(m.h.Operations) - 1
}

func (m *maker) call(client string, do ...Action) int {
	return m.callOf(m.h.client(client), do)
}

// newClient adds a client, whose name nobody has.
func (h *History) newClient(name string) int {
	h.Clients = append(h.Clients, name)
	return len(h.Clients) - 1
}

// key finds a key by its name.
func (m *maker) key(name string) *made {
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
	case CompareAndSet:
		if a.Differs = key.held != a.Expected; !a.Differs {
			key.held = a.Value
		}
	case Append:
		if key.list.Len() == 0 {
			key.list.WriteByte(kindList)
		}
		key.list.WriteString(string(a.Value[1:]))
	}
}

// forget takes out what an operation saw whose client never learned it.
func (m *maker) forget(k int) {
	for n := range m.h.Operations[k].Do {
		a := &m.h.Operations[k].Do[n]
		if a.Differs = false; a.Kind == Read {
			a.Value, a.Shown = Absent, false
		}
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
		s.whole("T0", s.change(a), s.change(b))
		s.begin("T1", ReadOf(a.name), ReadOf(b.name))
		s.begin("T2", ReadOf(a.name), ReadOf(b.name), s.change(a), s.change(b)) // who reads first tells a register's order
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
		s.whole("T0", s.change(a))
		stale := ReadOf(a.name)
		s.do(&stale)
		if change := s.change(a); m.Actions > 1 {
			s.whole("T1", ReadOf(a.name), change) // which tells a register's order
		} else {
			s.whole("T1", change)
		}
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
