package checker

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// graph is every state of a world and how one leads to another. It keeps states, where a search keeps fingerprints: 4 bytes for each
// word of a state, about 50 for finding it and the way to it, and 16 for each transition that is no fault and no request of a client.
type graph struct {
	*memo
	*expander
	live   *liveMemo
	states []uint32 // one state after another; those that are met earlier come first, so the numbers of states are in order of depth
	prints idTable  // fingerprint, 0 as 1 -> state + 1
	parent []uint32 // by state: the state that led to it first
	nth    []uint16 // and which of its successors it is
	depth  []uint16
	first  []uint32 // by state: where its edges begin; one more at the end
	to     []uint32 // by edge: the state it leads to
	how    []move   // by edge

	transitions uint64
	goals       []int
}

// edgeKind says which edges of the graph a local step makes.
type edgeKind uint8

const (
	noEdge   edgeKind = iota // faults, and what clients ask for
	goesOn                   // what servers do by themselves
	proposes                 // a client proposes a command
)

// liveMemo is what is known of local steps in the sight of liveness rules.
type liveMemo struct {
	promises []promise
	duties   []map[int]uint64    // by server and number of the spontaneous input: the bit of the duty to give it again and again
	timeout  []uint64            // by server: the bit of its election timer
	storage  uint64              // the bits of storage
	all      uint64              // all bits
	left     map[stepOrigin]bool // whole inputs that lead out of the bounds
	kind     []edgeKind          // by step
	meets    []uint64            // by step: the duties it meets
	ends     []uint64            // by step: the promises it keeps, as bits
	again    []uint64            // by step: the promises for which it is what must happen again and again
}

// promise is a liveness rule as it is asked of one server, or of the whole cluster.
type promise struct {
	*spec.Rule
	of spec.ServerID
}

// promisesOf lists what liveness rules ask in a world, in the order of the rules.
func promisesOf(rules []*spec.Rule, config *cluster.Config) (all []promise) {
	for _, r := range spec.Applicable(rules, config.Variants) {
		if !r.Live.Each {
			all = append(all, promise{r, spec.None})
			continue
		}
		for _, id := range config.IDs() {
			all = append(all, promise{r, id})
		}
	}
	return all
}

// goesOnBy reports whether servers are given inputs of that kind whatever clients and faults do.
func goesOnBy(kind spec.InputKind) bool {
	switch kind {
	case spec.Timeout, spec.Heartbeat, spec.Stored, spec.Deliver, spec.SendRequestVote, spec.BecomeLeader, spec.AdvanceCommit, spec.SendAppendEntries, spec.Append, spec.ApplyNext:
		return true
	}
	return false
}

func newLiveMemo(m *memo, promises []promise) (*liveMemo, error) {
	l := &liveMemo{promises: promises, left: map[stepOrigin]bool{}}
	n := 0
	for _, inputs := range m.inputs {
		bits, timeout := map[int]uint64{}, uint64(0)
		for k, in := range inputs {
			if goesOnBy(in.Kind) {
				bits[k] = 1 << n
				switch in.Kind {
				case spec.Timeout:
					timeout = 1 << n
				case spec.Stored:
					l.storage |= 1 << n
				}
				n++
			}
		}
		l.duties, l.timeout = append(l.duties, bits), append(l.timeout, timeout)
	}
	if n > 63 || len(promises) > 64 {
		return nil, fmt.Errorf("%d timers and %d promises: liveness can be judged of at most 63 and 64", n, len(promises))
	}
	l.all = 1<<n - 1
	return l, nil
}

// leaves notes that an input leads out of the bounds.
func (l *liveMemo) leaves(from stepOrigin) {
	if l != nil && from.cut == 0 {
		l.left[from] = true
	}
}

// record notes what a local step, the next to be numbered, means to liveness rules.
func (l *liveMemo) record(from stepOrigin, slot uint8, s *spec.Step) {
	if l == nil {
		return
	}
	kind, meets := noEdge, uint64(0)
	switch {
	case from.cut > 0:
	case s.Input.Kind == spec.Propose:
		kind = proposes
	case goesOnBy(s.Input.Kind):
		kind = goesOn
		if from.message == 0 {
			meets = l.duties[slot][int(from.input)]
		} else if resetsTimer(s) {
			meets = l.timeout[slot]
		}
	}
	ends, again := uint64(0), uint64(0)
	for k, p := range l.promises {
		if p.Live.Ends != nil && p.Live.Ends(s, p.of) {
			ends |= 1 << k
		}
		if p.Live.Again != nil && p.Live.Again(s, p.of) {
			again |= 1 << k
		}
	}
	l.kind, l.meets = append(l.kind, kind), append(l.meets, meets)
	l.ends, l.again = append(l.ends, ends), append(l.again, again)
}

// resetsTimer reports whether a message resets the election timer of the server that it is delivered to: it is from the leader of the
// server's term, or the server votes for its sender (Raft paper, 5.2).
func resetsTimer(s *spec.Step) bool {
	m := &s.Input.Message
	if m.Kind == spec.AppendEntries || m.Kind == spec.InstallSnapshot {
		return s.After.Role == spec.Follower && s.After.Term == m.Term
	}
	for _, reply := range s.Output.Sent {
		if m.Kind == spec.RequestVote && reply.Kind == spec.RequestVoteReply && reply.Granted {
			return true
		}
	}
	return false
}

// newGraph prepares the graph of a world.
func newGraph(config *cluster.Config, promises []promise) (*graph, error) {
	m := newMemo(config, nil, []*renaming{nil})
	live, err := newLiveMemo(m, promises)
	if err != nil {
		return nil, err
	}
	m.live = live
	g := &graph{memo: m, expander: newExpander(m), live: live, goals: make([]int, len(spec.Goals))}
	g.expander.whole = true
	return g, nil
}

// wordsOf returns the words of a state.
func (g *graph) wordsOf(id uint32) []uint32 {
	n := g.words()
	return g.states[int(id)*n : (int(id)+1)*n]
}

// count returns how many states there are.
func (g *graph) count() int { return len(g.parent) }

// build expands state after state until there is none left. The reason says why it did not; "" is that it did.
func (g *graph) build(ctx context.Context, memory int, progress func(*graph)) (reason string, err error) {
	servers, err := g.initial()
	if err != nil {
		return "", err
	}
	first := append(servers, make([]uint32, g.words()-len(servers))...)
	g.add(first, g.fingerprint(first), 0, 0)
	var batches [partitions][]successor
	var ordered []successor
	for id := 0; id < g.count(); id++ {
		if id%4096 == 0 {
			switch {
			case ctx.Err() != nil:
				return timeUsedUp, nil
			case memory > 0 && g.bytes() > memory:
				return fmt.Sprintf("the memory bound of %s was reached", sizeOf(memory)), nil
			case len(g.to) > math.MaxInt32:
				return "more than two thousand million transitions", nil
			}
			progress(g)
		}
		if ordered, err = g.successorsOf(uint32(id), &batches, ordered); err != nil {
			if ctx.Err() != nil {
				return timeUsedUp, nil
			}
			return "", err
		}
		g.file(uint32(id), ordered)
	}
	g.first = append(g.first, uint32(len(g.to)))
	return "", nil
}

// successorsOf lists the successors of a state, number k of them at k.
func (g *graph) successorsOf(id uint32, batches *[partitions][]successor, into []successor) ([]successor, error) {
	g.expander.batches = batches
	for {
		for p := range batches {
			batches[p] = batches[p][:0]
		}
		state := g.wordsOf(id)
		if g.expand(state, g.fingerprint(state)) {
			break
		}
		if err := g.fill(slices.Clone(g.missing)); err != nil {
			return nil, err
		}
	}
	into = slices.Grow(into[:0], g.emitted)[:g.emitted]
	for p := range batches {
		for k := range batches[p] {
			into[batches[p][k].nth] = batches[p][k]
		}
	}
	for k, reached := 0, g.reached; reached != 0; k, reached = k+1, reached>>1 {
		g.goals[k] += int(reached & 1)
	}
	g.transitions += uint64(g.emitted)
	return into, nil
}

// file adds the edges of a state, and the states that are new.
func (g *graph) file(id uint32, successors []successor) {
	g.first = append(g.first, uint32(len(g.to)))
	next := make([]uint32, g.words())
	for k := range successors {
		s := &successors[k]
		to, known := g.find(s.fingerprint)
		if !known {
			g.apply(next, g.wordsOf(id), s.move)
			to = g.add(next, s.fingerprint, id, s.nth)
		}
		if g.kindOf(s.move) != noEdge {
			g.to, g.how = append(g.to, to), append(g.how, s.move)
		}
	}
}

func (g *graph) kindOf(v move) edgeKind {
	switch v.kind() {
	case moveStep, moveStay:
		return g.live.kind[v.step()]
	case moveDrop, moveCopy:
		return goesOn
	}
	return noEdge
}

func (g *graph) find(fp uint64) (uint32, bool) {
	id, known := g.prints.get(max(fp, 1))
	return uint32(id), known
}

func (g *graph) add(state []uint32, fp uint64, parent uint32, nth uint16) uint32 {
	id := uint32(len(g.parent))
	g.prints.put(max(fp, 1), uint64(id))
	g.states = append(g.states, state...)
	depth := uint16(0)
	if id > 0 {
		depth = g.depth[parent] + 1
	}
	g.parent, g.nth, g.depth = append(g.parent, parent), append(g.nth, nth), append(g.depth, depth)
	return id
}

// bytes estimates what the graph holds.
func (g *graph) bytes() int {
	return 4*cap(g.states) + g.prints.bytes() + 8*cap(g.parent) + 4*cap(g.first) + 16*cap(g.to) + g.memo.bytes()
}

// wayTo returns the actions that lead from the start to a state, shortest way.
func (g *graph) wayTo(id uint32) ([]cluster.Action, error) {
	var ids []uint32
	for ; id != 0; id = g.parent[id] {
		ids = append(ids, id)
	}
	var actions []cluster.Action
	var batches [partitions][]successor
	for _, id := range slices.Backward(ids) {
		from := g.parent[id]
		all, err := g.successorsOf(from, &batches, nil)
		if err != nil {
			return nil, err
		}
		actions = append(actions, g.action(g.wordsOf(from), all[g.nth[id]].move))
	}
	return actions, nil
}

// along returns the actions that edges are, from a state on.
func (g *graph) along(from uint32, edges []uint32) (actions []cluster.Action) {
	for _, e := range edges {
		actions = append(actions, g.action(g.wordsOf(from), g.how[e]))
		from = g.to[e]
	}
	return actions
}

// reverse returns the edges backwards: by state where its sources begin in from, one more at the end.
func (g *graph) reverse(stopped func() bool) (first, from []uint32) {
	first = make([]uint32, g.count()+1)
	for _, to := range g.to {
		first[to+1]++
	}
	for k := range g.count() {
		first[k+1] += first[k]
	}
	at := slices.Clone(first[:g.count()])
	from = make([]uint32, len(g.to))
	for n := range uint32(g.count()) {
		if n%stopAfter == 0 && stopped() {
			break
		}
		for e := g.first[n]; e < g.first[n+1]; e++ {
			from[at[g.to[e]]] = n
			at[g.to[e]]++
		}
	}
	return first, from
}

// cluster returns what all servers show in a state.
func (g *graph) cluster(id uint32) *spec.Cluster {
	state := g.wordsOf(id)
	c := &spec.Cluster{}
	for _, s := range state[:g.layout.size] {
		c.Servers = append(c.Servers, g.servers[s].sight)
	}
	if spent := cluster.Spent(state[g.spent()]); spent.Partitioned() {
		c.Cuts = spent.Cuts
	}
	return c
}

// appendView appends what a liveness rule can see of a state, so that states with equal views need not be looked at twice.
func (g *graph) appendView(b []byte, id uint32) []byte {
	state := g.wordsOf(id)
	for _, s := range state[:g.layout.size] {
		b = binary.LittleEndian.AppendUint32(b, s)
	}
	spent := cluster.Spent(state[g.spent()])
	return binary.LittleEndian.AppendUint32(b, uint32(spent)-uint32(spent.Heal()))
}
