package checker

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// memo holds every distinct server state, message and history once, as a small number, and every local step that was ever
// needed. Node code runs only here, once for each local step. All of it is written between rounds, by one goroutine and in an
// order that does not depend on the number of workers, and only read during a round.
type memo struct {
	config    *cluster.Config
	rules     []*spec.Rule
	examiner  *spec.Examiner
	tried     []int         // how many local steps put each of the rules to the test
	termsStay bool          // that terms do not fall is among the rules
	names     []*renaming   // names[0] is nil: every part is hashed under each of them
	key       []byte        // canonical bytes, as they are written
	again     []byte        // the same of a second node
	taken     uint32        // as bits: kinds of inputs that led to a state within the bounds
	executed  int           // how often node code ran
	inside    time.Duration // the time it took, with what it took to write and show its state

	servers      []server
	own          []span // by server state: its spontaneous steps
	serverOf     map[string]uint32
	serverBytes  int      // of the canonical bytes of all server states
	serverHash   []uint64 // by server state and renaming
	messages     []spec.Message
	messageOf    map[string]uint32
	messageHash  []uint64 // by message and renaming
	histories    []history
	historyOf    map[string]uint32
	historyHash  []uint64 // by history and renaming
	inputs       [][]spec.Input
	hearsClients bool // what clients know is a part of the history
	steps        []localStep
	stepFrom     []stepOrigin
	gates        []string // by number, from 1: see stepOrigin.gate
	stepDelta    []uint64 // by step and renaming: what the step adds to the fingerprint, deliveries not counted
	sends        []uint32
	deliveries   idTable // (server state, message) -> span of steps
	afterHistory idTable // (history, step) -> history, with a bit for a broken promise
	pairs        idTable // (server state, server state) -> 1 when a promise between the two is broken, else 0
	goesOn       bool    // after a breach, so two servers that lead one term must not break the promise again with every step: that is left to the history
	audits       int
	spares       spares
	wholes       wholeSteps
	fills        *[]uint32  // what was made known, as numbers, for a search that goes on with it; nil for others
	reduce       Reductions // what the expander may leave out
	orbits       *orbits    // what states become by renaming, where they cannot be written so; nil else
	noops        *noops     // what can change nothing any more; nil without NoOps
	live         *liveMemo  // what a graph for liveness rules needs besides; nil for a search
}

// server is one distinct state of one server.
type server struct {
	sight    spec.Sight
	slot     uint8
	from     int // the step that led here first; -1 for the state before any step
	twin     int // another step that led to equal bytes, for the audit; -1 if none is known
	node     spec.Node
	twinNode spec.Node
}

// span is a run of consecutive steps.
type span struct{ first, count uint32 }

// unresolved stands for spontaneous steps that are not known yet.
var unresolved = span{first: ^uint32(0)}

// localStep is one step of one server, as the search needs it.
type localStep struct {
	next      uint32 // the server state it leads to
	sends     uint32 // where its messages begin in memo.sends
	sendCount uint8
	slot      uint8
	flags     stepFlags
	goals     uint32 // goals it reaches, as bits
	price     cluster.Spent
	delta     uint64 // what it adds to the fingerprint when nothing is renamed, deliveries not counted
}

type stepFlags uint8

const (
	breaks  stepFlags = 1 << iota // it breaks a promise by itself
	touches                       // it adds to the history
	keeps                         // the message delivered stays in flight
	idle                          // it changes nothing, sends nothing, adds nothing to the history and breaks nothing
	hears                         // it is told of votes and otherwise it is idle
	quiet                         // it sends nothing, costs nothing and adds nothing to the history
)

// stepOrigin says where a step comes from, to do it again.
type stepOrigin struct {
	state   uint32 // server state it starts in
	message uint32 // message delivered; 0 for a spontaneous input
	input   uint16 // which spontaneous input
	cut     uint8
	lossy   bool
	gate    uint16 // number of the gate at which a goroutine is held; 0 is none
}

func newMemo(config *cluster.Config, rules []*spec.Rule, names []*renaming) *memo {
	m := &memo{config: config, rules: spec.Applicable(rules, config.Variants), names: names,
		serverOf: map[string]uint32{}, messageOf: map[string]uint32{}, historyOf: map[string]uint32{}}
	m.examiner, m.tried = spec.NewExaminer(m.rules, config.Variants), make([]int, len(m.rules))
	m.termsStay = judgesTerms(m.rules)
	for k, r := range m.rules {
		if r.Pair != nil && r.Step == nil && r.Agreement == spec.FactNone && r.Elected == nil {
			m.tried[k] = 1 // any two servers put it to the test
		}
	}
	m.messages = make([]spec.Message, 1) // message 0 is an empty place
	m.messageHash = make([]uint64, len(names))
	for _, id := range config.IDs() {
		m.inputs = append(m.inputs, config.Spontaneous(id))
	}
	m.hearsClients = m.readsAreAsked()
	return m
}

// initial interns the servers as they are before anything happened, and the empty history.
func (m *memo) initial() ([]uint32, error) {
	var ids []uint32
	for k := range m.config.IDs() {
		node := m.fresh(uint8(k))
		m.read(uint8(k), node)
		state, _, err := m.internServer(uint8(k), node, -1)
		if err != nil {
			return nil, err
		}
		ids = append(ids, state)
	}
	m.internHistory(history{})
	if m.orbits != nil && m.orbits.images == nil {
		return ids, m.linkFirst(ids)
	}
	return ids, nil
}

// fresh makes a server as it is before anything happened.
func (m *memo) fresh(slot uint8) spec.Node {
	defer m.watch(time.Now())
	return m.config.New(spec.ServerID(slot+1), m.config.IDs())
}

// read writes the canonical bytes of a node's state into m.key.
func (m *memo) read(slot uint8, node spec.Node) {
	defer m.watch(time.Now())
	m.key = node.AppendState(append(m.key[:0], slot))
}

// step gives a node an input.
func (m *memo) step(node spec.Node, in spec.Input) spec.Output {
	defer m.watch(time.Now())
	return cluster.StepOf(node, in)
}

// observe lets a node show itself.
func (m *memo) observe(node spec.Node) spec.Observation {
	defer m.watch(time.Now())
	return node.Observe()
}

// shown returns what a node shows that was just read: in a state that is known, what that state shows.
func (m *memo) shown(node spec.Node) spec.Observation {
	if id, known := m.serverOf[string(m.key)]; known {
		return *m.servers[id].sight.Observation
	}
	return m.observe(node)
}

// watch adds the time since then to the time spent in node code.
func (m *memo) watch(since time.Time) { m.inside += time.Since(since) }

// internServer interns the state of a node that was just read and was reached by a step, and reports whether it is new.
func (m *memo) internServer(slot uint8, node spec.Node, from int) (uint32, bool, error) {
	if id, known := m.serverOf[string(m.key)]; known {
		return id, false, nil
	}
	id := uint32(len(m.servers))
	if id == ^uint32(0)>>1 {
		return 0, false, errors.New("more than two thousand million distinct server states")
	}
	if err := m.noops.met(m.key); err != nil {
		return 0, false, err
	}
	m.serverOf[string(m.key)] = id
	m.serverBytes += len(m.key)
	s := server{slot: slot, from: from, twin: -1}
	s.sight.Server = spec.ServerID(slot + 1)
	observation := node.Observe()
	s.sight.Observation = &observation
	if _, ok := node.(spec.Cloner); ok {
		s.node = node
	}
	m.servers = append(m.servers, s)
	m.own = append(m.own, unresolved)
	m.serverHash = append(m.serverHash, xxh3.HashSeed(m.key, seedServer))
	if m.orbits != nil {
		m.serverHash = append(m.serverHash, make([]uint64, len(m.names)-1)...) // known when its images are
		return id, true, nil
	}
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
	m.noops.sent(m.key)
	m.messageOf[string(m.key)] = id
	m.messages = append(m.messages, *msg)
	m.messageHash = append(m.messageHash, xxh3.HashSeed(m.key, seedMessage))
	for _, p := range m.names[1:] {
		m.messageHash = append(m.messageHash, xxh3.HashSeed(m.appendMessage(m.key[:0], msg, p), seedMessage))
	}
	return id
}

// inputOf rebuilds the input of a step.
func (m *memo) inputOf(step int) spec.Input {
	return m.givenBy(m.stepFrom[step])
}

// givenBy rebuilds the input of a step by where it comes from.
func (m *memo) givenBy(from stepOrigin) spec.Input {
	in := spec.Input{Kind: spec.Deliver}
	if from.message != 0 {
		in.Message = m.messages[from.message]
	} else {
		in = m.inputs[m.servers[from.state].slot][from.input]
	}
	in.Cut = int(from.cut)
	in.Lossy = in.Lossy || from.lossy
	if from.gate > 0 {
		in.Gate = m.gates[from.gate-1]
	}
	return in
}

// nodeIn returns a node in a known server state that did not come to it in the given way: one that was kept, or one that takes
// the way which led there first.
func (m *memo) nodeIn(state uint32, not uint64) (lived, error) {
	if l, kept := m.spares.take(state, not); kept {
		return l, nil
	}
	s := &m.servers[state]
	return m.rebuild(s.slot, s.node, s.from)
}

// rebuild returns a node in a known server state, reached by the given step (or fresh when it is -1): a copy of the one that
// was kept, or a fresh one that is given the whole history of inputs again.
func (m *memo) rebuild(slot uint8, kept spec.Node, step int) (lived, error) {
	if kept != nil {
		return lived{node: kept.(spec.Cloner).Clone()}, nil
	}
	l := lived{node: m.fresh(slot)}
	for _, step := range m.stepsTo(step) {
		if out := m.step(l.node, m.inputOf(step)); out.Fault != nil {
			return lived{}, out.Fault
		}
		l = l.after(step)
	}
	return l, nil
}

// resolve makes the spontaneous steps of a server state known.
func (m *memo) resolve(state uint32) error {
	if m.orbits != nil {
		return m.resolveOrbit(state, 0)
	}
	return m.resolveSteps(state, 0)
}

// resolveDelivery makes the steps known that a message leads to in a server state.
func (m *memo) resolveDelivery(state, message uint32) error {
	if m.orbits != nil {
		return m.resolveOrbit(state, message)
	}
	return m.resolveSteps(state, message)
}

func (m *memo) resolveSteps(state, message uint32) error {
	if message != 0 {
		return m.resolveArrival(state, message)
	}
	first := len(m.steps)
	for k, in := range m.inputs[m.servers[state].slot] {
		if err := m.variants(stepOrigin{state: state, input: uint16(k)}, in); err != nil {
			return err
		}
	}
	m.own[state] = span{uint32(first), uint32(len(m.steps) - first)}
	return nil
}

func (m *memo) resolveArrival(state, message uint32) error {
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
	from.cut, from.lossy = 0, false
	for _, held := range m.config.Held(in, out) {
		from.gate = m.gateOf(held.Gate)
		if _, err := m.execute(from, held); err != nil {
			return err
		}
	}
	return nil
}

// gateOf returns the number of a gate, from 1.
func (m *memo) gateOf(name string) uint16 {
	k := slices.Index(m.gates, name)
	if k < 0 {
		k = len(m.gates)
		m.gates = append(m.gates, name)
	}
	return uint16(k + 1)
}

// execute runs node code for one local step and records what the search needs to know of it.
func (m *memo) execute(from stepOrigin, in spec.Input) (spec.Output, error) {
	fault := func(err error) (spec.Output, error) {
		return spec.Output{}, &Fault{Step: in.String(), Server: m.servers[from.state].sight.Server, Inputs: append(m.way(from.state), in), Err: err}
	}
	l, err := m.nodeIn(from.state, 0)
	if err != nil {
		return fault(err)
	}
	out := m.step(l.node, in)
	m.executed++
	if out.Fault != nil {
		return fault(out.Fault)
	}
	m.read(m.servers[from.state].slot, l.node)
	twin, err := m.audit(from.state, in, &out, l)
	if err != nil {
		return fault(err)
	}
	if out.Refused {
		if is, known := m.serverOf[string(m.key)]; !known || is != from.state {
			return fault(errors.New("it refuses the input and changes its state all the same"))
		}
		m.spares.put(from.state, l)
		m.spares.put(from.state, twin)
		return out, nil
	}
	s := &m.servers[from.state].sight
	step := spec.Step{Server: s.Server, Before: *s.Observation, Input: in, Output: out, After: m.shown(l.node), Declared: m.config.Variants}
	if !m.config.Within(&step.After) {
		m.live.leaves(from)
		return out, nil
	}
	m.taken |= 1 << in.Kind
	number := len(m.steps)
	next, err := m.arrive(from.state, l.node, number)
	if err != nil {
		return fault(err)
	}
	m.record(from, &step, next)
	m.spares.put(next, l.after(number))
	m.spares.put(next, twin.after(number))
	return out, nil
}

// stepsTo lists the local steps of a server since it was made, up to one; none for -1.
func (m *memo) stepsTo(last int) (steps []int) {
	for step := last; step >= 0; step = m.servers[m.stepFrom[step].state].from {
		steps = append(steps, step)
	}
	slices.Reverse(steps)
	return steps
}

// way lists the inputs that led to a server state, from when the server was made.
func (m *memo) way(state uint32) (inputs []spec.Input) {
	for _, step := range m.stepsTo(m.servers[state].from) {
		inputs = append(inputs, m.inputOf(step))
	}
	return inputs
}

// arrive interns the state that a step led to. The second step to lead to a state is remembered for the audit.
func (m *memo) arrive(before uint32, node spec.Node, step int) (uint32, error) {
	next, fresh, err := m.internServer(m.servers[before].slot, node, step)
	if s := &m.servers[next]; err == nil && !fresh && next != before && s.twin < 0 && s.from >= 0 {
		s.twin = step
		if _, ok := node.(spec.Cloner); ok {
			s.twinNode = node
		}
	}
	return next, err
}

func (m *memo) record(from stepOrigin, step *spec.Step, next uint32) {
	local := localStep{next: next, sends: uint32(len(m.sends)), slot: m.servers[next].slot, price: m.config.Price(step.Input)}
	step = step.Judged()
	for _, msg := range step.Output.Sent {
		m.sends = append(m.sends, m.internMessage(msg))
		local.sendCount++
	}
	broken, exercised := m.examiner.Examine(step)
	if broken {
		local.flags |= breaks
	}
	for k, is := range exercised {
		if is {
			m.tried[k]++
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
	if !m.config.NoHistory && m.touchesHistory(step) {
		local.flags |= touches
		m.wholes.put(uint32(len(m.steps)), step)
	}
	if next == from.state && local.sendCount == 0 && local.flags&(touches|breaks) == 0 {
		local.flags |= idle
	}
	if next == from.state && local.sendCount == 0 && local.flags&(touches|breaks) == touches && m.onlyHears(step) {
		local.flags |= hears
	}
	if local.sendCount == 0 && local.price == 0 && local.flags&touches == 0 {
		local.flags |= quiet
	}
	m.stepFrom = append(room(m.stepFrom, 1), from)
	m.live.record(from, m.servers[from.state].slot, step)
	m.stepDelta = room(m.stepDelta, len(m.names))
	for p := range m.names {
		n := len(m.names)
		delta := m.serverHash[int(next)*n+p] - m.serverHash[int(from.state)*n+p] + hashSpent(local.price)
		for _, id := range m.sends[local.sends:] {
			delta += m.messageHash[int(id)*n+p]
		}
		m.stepDelta = append(m.stepDelta, delta)
	}
	local.delta = m.stepDelta[len(m.stepDelta)-len(m.names)]
	m.steps = append(room(m.steps, 1), local)
}

// stepOf returns a whole local step, for rules that look at it together with a history: as it was recorded not long ago, or run again.
func (m *memo) stepOf(step uint32) (*spec.Step, error) {
	if kept := m.wholes.get(step); kept != nil {
		return kept, nil
	}
	from := m.stepFrom[step]
	s := m.servers[from.state]
	l, err := m.nodeIn(from.state, 0)
	if err != nil {
		return nil, err
	}
	in := m.inputOf(int(step))
	out := cluster.StepOf(l.node, in)
	whole := spec.Step{Server: s.sight.Server, Before: *s.sight.Observation, Input: in, Output: out, After: *m.servers[m.steps[step].next].sight.Observation,
		Declared: m.config.Variants}
	if out.Fault == nil {
		m.spares.put(m.steps[step].next, l.after(int(step)))
		m.wholes.put(step, whole.Judged())
	}
	return whole.Judged(), out.Fault
}

// resolvePair judges two server states side by side.
func (m *memo) resolvePair(a, b uint32) {
	broken := uint64(0)
	for _, r := range m.rules {
		if m.goesOn && r.Agreement != spec.FactNone {
			continue
		}
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
		4*len(m.sends) + m.deliveries.bytes() + m.afterHistory.bytes() + m.pairs.bytes() + bytesOfStep*len(m.wholes)
}

// Fault is an error of the implementation under test: it broke, or it is not a function of its state and input.
type Fault struct {
	Server spec.ServerID
	Step   string // the input that showed it
	Err    error
	Inputs []spec.Input // what the server was given since it was made, that input last; nil where that is not known
	Told   string       // Story, of a fault in another program
}

// Story lists what the server was given, and shows the stack of a panic; "" if neither is known.
func (f *Fault) Story() string {
	var b strings.Builder
	b.WriteString(f.Told)
	if len(f.Inputs) > 0 {
		fmt.Fprintf(&b, "what %s was given, since it was made:\n", f.Server)
		for k, in := range f.Inputs {
			fmt.Fprintf(&b, "%3d  %s\n", k+1, in)
		}
	}
	var panicked *cluster.Panicked
	if errors.As(f.Err, &panicked) {
		fmt.Fprintf(&b, "%s\n", strings.TrimSpace(panicked.Stack))
	}
	return strings.TrimRight(b.String(), "\n")
}

// Error says which server broke on which input.
func (f *Fault) Error() string {
	if f.Step == "" { // of another program, which says it in Err
		return f.Err.Error()
	}
	return fmt.Sprintf("%s: %s: %v", f.Server, f.Step, f.Err)
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }
