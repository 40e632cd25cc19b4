package checker

import (
	"errors"
	"fmt"

	"github.com/zeebo/xxh3"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// memo holds every distinct server state, message and history once, as a small number, and every local step that was ever
// needed. Node code runs only here, once for each local step. All of it is written between rounds, by one goroutine and in an
// order that does not depend on the number of workers, and only read during a round.
type memo struct {
	config   *cluster.Config
	rules    []*spec.Rule
	names    []*renaming // names[0] is nil: every part is hashed under each of them
	key      []byte      // scratch
	executed int         // how often node code ran

	servers      []server
	serverOf     map[string]uint32
	serverHash   []uint64 // by server state and renaming
	messages     []spec.Message
	messageOf    map[string]uint32
	messageHash  []uint64 // by message and renaming
	histories    []history
	historyOf    map[string]uint32
	historyHash  []uint64 // by history and renaming
	inputs       [][]spec.Input
	steps        []localStep
	stepFrom     []stepOrigin
	stepDelta    []uint64 // by step and renaming: what the step adds to the fingerprint, deliveries not counted
	sends        []uint32
	deliveries   idTable // (server state, message) -> span of steps
	afterHistory idTable // (history, step) -> history, with a bit for a broken promise
	pairs        idTable // (server state, server state) -> 1 when a promise between the two is broken, else 0
	audits       int
}

// server is one distinct state of one server.
type server struct {
	sight    spec.Sight
	slot     uint8
	resolved bool // its spontaneous steps are known
	own      span // those steps
	from     int  // the step that led here first; -1 for the state before any step
	twin     int  // another step that led to equal bytes, for the audit; -1 if none is known
	node     spec.Node
	twinNode spec.Node
}

// span is a run of consecutive steps.
type span struct{ first, count uint32 }

// localStep is one step of one server, as the search needs it.
type localStep struct {
	next      uint32 // the server state it leads to
	sends     uint32 // where its messages begin in memo.sends
	sendCount uint8
	slot      uint8
	flags     stepFlags
	goals     uint16 // goals it reaches, as bits
	price     cluster.Spent
}

type stepFlags uint8

const (
	breaks  stepFlags = 1 << iota // it breaks a promise by itself
	touches                       // it adds to the history
	keeps                         // the message delivered stays in flight
	idle                          // it changes nothing and sends nothing
)

// stepOrigin says where a step comes from, to do it again.
type stepOrigin struct {
	state   uint32 // server state it starts in
	message uint32 // message delivered; 0 for a spontaneous input
	input   uint16 // which spontaneous input
	cut     uint8
	lossy   bool
}

func newMemo(config *cluster.Config, rules []*spec.Rule, names []*renaming) *memo {
	m := &memo{config: config, rules: spec.Applicable(rules, config.Variants), names: names,
		serverOf: map[string]uint32{}, messageOf: map[string]uint32{}, historyOf: map[string]uint32{}}
	m.messages = make([]spec.Message, 1) // message 0 is an empty place
	m.messageHash = make([]uint64, len(names))
	for _, id := range config.IDs() {
		m.inputs = append(m.inputs, config.Spontaneous(id))
	}
	return m
}

// initial interns the servers as they are before anything happened, and the empty history.
func (m *memo) initial() ([]uint32, error) {
	var ids []uint32
	for k, id := range m.config.IDs() {
		node := m.config.New(id, m.config.IDs())
		state, _, err := m.internServer(uint8(k), node, -1)
		if err != nil {
			return nil, err
		}
		ids = append(ids, state)
	}
	m.internHistory(history{})
	return ids, nil
}

// internServer interns the state of a node that was reached by a step, and reports whether it is new.
func (m *memo) internServer(slot uint8, node spec.Node, from int) (uint32, bool, error) {
	m.key = node.AppendState(append(m.key[:0], slot))
	if id, known := m.serverOf[string(m.key)]; known {
		return id, false, nil
	}
	id := uint32(len(m.servers))
	if id == ^uint32(0)>>1 {
		return 0, false, errors.New("more than two thousand million distinct server states")
	}
	m.serverOf[string(m.key)] = id
	s := server{slot: slot, from: from, twin: -1}
	s.sight.Server = spec.ServerID(slot + 1)
	observation := node.Observe()
	s.sight.Observation = &observation
	if _, ok := node.(spec.Cloner); ok {
		s.node = node
	}
	m.servers = append(m.servers, s)
	m.serverHash = append(m.serverHash, xxh3.HashSeed(m.key, seedServer))
	for _, p := range m.names[1:] {
		m.key = append(m.key[:0], byte(p.server(s.sight.Server)-1))
		m.key = node.(spec.Permuter).AppendPermuted(m.key, p.server, p.value)
		m.serverHash = append(m.serverHash, xxh3.HashSeed(m.key, seedServer))
	}
	return id, true, nil
}

// internMessage interns a message.
func (m *memo) internMessage(msg *spec.Message) uint32 {
	m.key = appendMessage(m.key[:0], msg, nil)
	if id, known := m.messageOf[string(m.key)]; known {
		return id
	}
	id := uint32(len(m.messages))
	m.messageOf[string(m.key)] = id
	m.messages = append(m.messages, *msg)
	m.messageHash = append(m.messageHash, xxh3.HashSeed(m.key, seedMessage))
	for _, p := range m.names[1:] {
		m.messageHash = append(m.messageHash, xxh3.HashSeed(appendMessage(m.key[:0], msg, p), seedMessage))
	}
	return id
}

// inputOf rebuilds the input of a step.
func (m *memo) inputOf(step int) spec.Input {
	from := m.stepFrom[step]
	in := spec.Input{Kind: spec.Deliver}
	if from.message != 0 {
		in.Message = m.messages[from.message]
	} else {
		in = m.inputs[m.servers[from.state].slot][from.input]
	}
	in.Cut = int(from.cut)
	in.Lossy = in.Lossy || from.lossy
	return in
}

// rebuild returns a node in a known server state, reached by the given step (or fresh when it is -1): a copy of the one that
// was kept, or a fresh one that is given the whole history of inputs again.
func (m *memo) rebuild(slot uint8, kept spec.Node, step int) (spec.Node, error) {
	if kept != nil {
		return kept.(spec.Cloner).Clone(), nil
	}
	var inputs []spec.Input
	for ; step >= 0; step = m.servers[m.stepFrom[step].state].from {
		inputs = append(inputs, m.inputOf(step))
	}
	node := m.config.New(spec.ServerID(slot+1), m.config.IDs())
	for k := len(inputs) - 1; k >= 0; k-- {
		if out := cluster.StepOf(node, inputs[k]); out.Fault != nil {
			return nil, out.Fault
		}
	}
	return node, nil
}

// resolve makes the spontaneous steps of a server state known.
func (m *memo) resolve(state uint32) error {
	s := &m.servers[state]
	first := len(m.steps)
	for k, in := range m.inputs[s.slot] {
		if err := m.variants(stepOrigin{state: state, input: uint16(k)}, in); err != nil {
			return err
		}
	}
	s = &m.servers[state]
	s.own, s.resolved = span{uint32(first), uint32(len(m.steps) - first)}, true
	return nil
}

// resolveDelivery makes the steps known that a message leads to in a server state.
func (m *memo) resolveDelivery(state, message uint32) error {
	first := len(m.steps)
	err := m.variants(stepOrigin{state: state, message: message}, spec.Input{Kind: spec.Deliver, Message: m.messages[message]})
	m.deliveries.put(pair(state, message), uint64(pair(uint32(first), uint32(len(m.steps)-first))))
	return err
}

// variants runs an input whole, and then once for each crash in the middle of it that faults allow.
func (m *memo) variants(from stepOrigin, in spec.Input) error {
	out, err := m.execute(from, in)
	if err != nil || out.Refused {
		return err
	}
	for _, cut := range m.config.Cuts(in, out) {
		from.cut, from.lossy = uint8(cut.Cut), cut.Lossy
		if _, err := m.execute(from, cut); err != nil {
			return err
		}
	}
	return nil
}

// execute runs node code for one local step and records what the search needs to know of it.
func (m *memo) execute(from stepOrigin, in spec.Input) (spec.Output, error) {
	s := m.servers[from.state]
	node, err := m.rebuild(s.slot, s.node, s.from)
	if err != nil {
		return spec.Output{}, &Fault{Step: in.String(), Server: s.sight.Server, Err: err}
	}
	out := cluster.StepOf(node, in)
	m.executed++
	if out.Fault != nil {
		return out, &Fault{Step: in.String(), Server: s.sight.Server, Err: out.Fault}
	}
	if err := m.audit(&s, in, out, node); err != nil {
		return out, err
	}
	if out.Refused {
		return out, nil
	}
	step := spec.Step{Server: s.sight.Server, Before: *s.sight.Observation, Input: in, Output: out, After: node.Observe()}
	if !m.config.Within(&step.After) {
		return out, nil
	}
	next, fresh, err := m.internServer(s.slot, node, len(m.steps))
	if err != nil {
		return out, err
	}
	if !fresh && m.servers[next].twin < 0 && next != from.state && m.servers[next].from >= 0 {
		m.servers[next].twin = len(m.steps)
		if _, ok := node.(spec.Cloner); ok {
			m.servers[next].twinNode = node
		}
	}
	m.record(from, &step, next)
	return out, nil
}

func (m *memo) record(from stepOrigin, step *spec.Step, next uint32) {
	local := localStep{next: next, sends: uint32(len(m.sends)), slot: m.servers[next].slot, price: m.config.Price(step.Input)}
	for _, msg := range step.Output.Sent {
		m.sends = append(m.sends, m.internMessage(msg))
		local.sendCount++
	}
	for _, r := range m.rules {
		if r.JudgeStep(step) != nil {
			local.flags |= breaks
		}
	}
	for k, g := range spec.Goals {
		if step.Before.Knows(g.Shows) && step.After.Knows(g.Shows) && g.Reached(step) {
			local.goals |= 1 << k
		}
	}
	if step.Output.Keep {
		local.flags |= keeps
	}
	if next == from.state && local.sendCount == 0 {
		local.flags |= idle
	}
	if !m.config.NoHistory && m.touchesHistory(step) {
		local.flags |= touches
	}
	m.steps = append(m.steps, local)
	m.stepFrom = append(m.stepFrom, from)
	for p := range m.names {
		n := len(m.names)
		delta := m.serverHash[int(next)*n+p] - m.serverHash[int(from.state)*n+p] + hashSpent(local.price)
		for _, id := range m.sends[local.sends:] {
			delta += m.messageHash[int(id)*n+p]
		}
		m.stepDelta = append(m.stepDelta, delta)
	}
}

// stepOf rebuilds a whole local step by running it again, for rules that look at it together with a history.
func (m *memo) stepOf(step uint32) (*spec.Step, error) {
	from := m.stepFrom[step]
	s := m.servers[from.state]
	node, err := m.rebuild(s.slot, s.node, s.from)
	if err != nil {
		return nil, err
	}
	in := m.inputOf(int(step))
	out := cluster.StepOf(node, in)
	return &spec.Step{Server: s.sight.Server, Before: *s.sight.Observation, Input: in, Output: out, After: *m.servers[m.steps[step].next].sight.Observation}, out.Fault
}

// resolvePair judges two server states side by side.
func (m *memo) resolvePair(a, b uint32) {
	broken := uint64(0)
	for _, r := range m.rules {
		if r.JudgePair(&m.servers[a].sight, &m.servers[b].sight) != nil || r.JudgePair(&m.servers[b].sight, &m.servers[a].sight) != nil {
			broken = 1
		}
	}
	m.pairs.put(pairKey(a, b), broken)
}

// pairKey names two server states regardless of their order; no state is paired with itself.
func pairKey(a, b uint32) uint64 { return pair(max(a, b), min(a, b)) }

// bytes estimates what the memo holds.
func (m *memo) bytes() int {
	const perServer = 1500 // the node, what it shows, its canonical bytes twice, and the map entry
	return perServer*len(m.servers) + 400*len(m.messages) + 400*len(m.histories) + len(m.steps)*(40+8*len(m.names)) +
		4*len(m.sends) + m.deliveries.bytes() + m.afterHistory.bytes() + m.pairs.bytes()
}

// Fault is an error of the implementation under test: it broke, or it is not a function of its state and input.
type Fault struct {
	Server spec.ServerID
	Step   string // the input that showed it
	Err    error
}

// Error says which server broke on which input.
func (f *Fault) Error() string { return fmt.Sprintf("%s: %s: %v", f.Server, f.Step, f.Err) }

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }
