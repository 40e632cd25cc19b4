package checker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// LivenessResult is what liveness rules say of the graph of all states.
type LivenessResult struct {
	States      uint64 // global states; what happened earlier is left out of them, since it changes nothing that servers do
	Transitions uint64 // steps between them
	Depth       int    // steps to the deepest state
	Bytes       int    // memory that the graph held
	Seconds     float64
	Rules       []LivenessVerdict
}

// LivenessVerdict is the verdict on one liveness rule.
type LivenessVerdict struct {
	Rule    *spec.Rule
	Verdict spec.Verdict
	Void    bool // a declared variant makes the rule void, so nothing was judged
	// Waiting is in how many states what is promised is wanting, so that a fair execution must lead on from them. With 0 the
	// rule was not put to the test.
	Waiting uint64
	// Within is from how many states, with room for one more term and one more entry, what is promised is within reach.
	Within uint64
	// Skipped says why it was not judged whether what is promised is within reach; "" if it was, or nothing is promised.
	Skipped string
}

// LivenessWorld is the world in which liveness is judged: the given one with nothing to keep timers from firing, and clients from proposing
// where they propose at all. The error says why liveness cannot be judged in it.
func LivenessWorld(config *cluster.Config) (*cluster.Config, error) {
	switch {
	case config.Network == cluster.EverSent:
		return nil, errors.New("liveness is not judged on an ever-sent network: it must be known what is sent again, and there nothing ever leaves the network")
	case config.Bounds.Ticks > 0:
		return nil, errors.New("liveness is not judged with clocks: they end, and executions without end must not")
	case config.Bounds.Depth > 0:
		return nil, errors.New("liveness is judged on finished searches, and a bound on steps ends them early")
	}
	world := *config
	world.NoHistory = true
	world.Bounds.Campaigns = 0
	world.Bounds.Proposals = min(world.Bounds.Proposals, 0)
	return &world, nil
}

// judgeLiveness builds the graph and judges the rules on it.
func (r *run) judgeLiveness(ctx context.Context) (*LivenessResult, []Finding, string, error) {
	started := time.Now()
	world, err := LivenessWorld(r.config)
	if err != nil {
		return nil, nil, "", err
	}
	g, err := newGraph(world, promisesOf(r.options.Liveness, world))
	if err != nil {
		return nil, nil, "", err
	}
	reason, err := g.build(ctx, r.options.Memory, r.reportGraph)
	result := &LivenessResult{States: uint64(g.count()), Transitions: g.transitions, Bytes: g.bytes()}
	if n := len(g.depth); n > 0 {
		result.Depth = int(g.depth[n-1])
	}
	if err != nil || reason != "" {
		return result, nil, reason, err
	}
	j := newLiveJudge(ctx, g)
	findings, err := j.judge(r.options, result)
	result.Seconds = time.Since(started).Seconds()
	if err == nil && len(findings) == 0 && j.stopped() {
		result.Rules, reason = nil, timeUsedUp
	}
	return result, findings, reason, err
}

func (r *run) reportGraph(g *graph) {
	if r.options.Progress != nil {
		s := Stats{Distinct: uint64(g.count()), Transitions: g.transitions, Depth: int(g.depth[len(g.depth)-1])}
		r.options.Progress(Progress{Stats: s, Memory: g.bytes(), Liveness: true})
	}
}

// liveJudge judges promises on a finished graph.
type liveJudge struct {
	*graph
	ctx     context.Context // when it is done nothing is found any more
	views   []view
	viewOf  []uint32 // by state
	rest    []uint64 // by server state: duties that are met by doing nothing, since the input is refused or changes nothing
	revFrom []uint32
	revAt   []uint32
}

// view is what promises say of all states that look alike to them, a bit for each.
type view struct {
	waits, within uint64
	room          bool // for as many terms as moreTerms says, and one more entry
}

func newLiveJudge(ctx context.Context, g *graph) *liveJudge {
	j := &liveJudge{graph: g, ctx: ctx, viewOf: make([]uint32, g.count()), rest: make([]uint64, len(g.servers))}
	known := map[string]uint32{}
	var key []byte
	for id := range uint32(g.count()) {
		if id%stopAfter == 0 && j.stopped() {
			return j
		}
		key = g.appendView(key[:0], id)
		v, met := known[string(key)]
		if !met {
			v = uint32(len(j.views))
			known[string(key)] = v
			j.views = append(j.views, j.look(id))
		}
		j.viewOf[id] = v
	}
	for s := range j.rest {
		j.rest[s] = j.idleDuties(uint32(s))
	}
	return j
}

func (j *liveJudge) stopped() bool { return j.ctx.Err() != nil }

// look asks every promise about a state.
func (j *liveJudge) look(id uint32) view {
	c := j.cluster(id)
	v := view{room: true}
	for k := range c.Servers {
		o := c.Servers[k].Observation
		v.room = v.room && o.Term+moreTerms(j.config) <= j.config.Bounds.Terms && o.Log.LastIndex() < j.config.Bounds.Log
	}
	for k, p := range j.live.promises {
		if !c.Knows(p.Live.Needs) {
			continue
		}
		if p.Live.Waits(c, p.of) {
			v.waits |= 1 << k
		}
		if p.Live.Within != nil && p.Live.Within(c, p.of) {
			v.within |= 1 << k
		}
	}
	return v
}

// idleDuties returns the duties of a server state that are met by doing nothing: the server refuses the input, or takes it and nothing
// changes. An input that leads out of the bounds is not among them.
func (j *liveJudge) idleDuties(state uint32) (met uint64) {
	slot := j.servers[state].slot
	own := j.own[state]
	if own == unresolved {
		return 0
	}
	for k, bit := range j.live.duties[slot] {
		idles := !j.live.left[stepOrigin{state: state, input: uint16(k)}]
		for n := own.first; n < own.first+own.count; n++ {
			if from := j.stepFrom[n]; int(from.input) == k && from.cut == 0 && j.steps[n].flags&idle == 0 {
				idles = false
			}
		}
		if idles {
			met |= bit
		}
	}
	return met
}

// judge judges rule after rule. The first rule that is broken ends it, and so does being stopped.
func (j *liveJudge) judge(o Options, result *LivenessResult) ([]Finding, error) {
	for _, rule := range o.Liveness {
		v := LivenessVerdict{Rule: rule, Void: true}
		var worst *lasso
		for k, p := range j.live.promises {
			if p.Rule != rule {
				continue
			}
			v.Void = false
			if j.stopped() {
				return nil, nil
			}
			found := j.judgePromise(k, &v)
			if found != nil && (worst == nil || found.better(worst)) {
				worst = found
			}
		}
		if worst != nil {
			v.Verdict = spec.Violated
			result.Rules = append(result.Rules, v)
			f, err := j.tell(worst, o)
			return []Finding{f}, err
		}
		result.Rules = append(result.Rules, v)
	}
	return nil, nil
}

// judgePromise looks for an execution that breaks a promise, and returns the best.
func (j *liveJudge) judgePromise(k int, v *LivenessVerdict) *lasso {
	var waiting []uint32
	for id, view := range j.viewOf {
		if j.views[view].waits>>k&1 != 0 {
			waiting = append(waiting, uint32(id))
		}
	}
	v.Waiting += uint64(len(waiting))
	if found := j.starves(k, waiting); found != nil {
		return found
	}
	return j.outOfReach(k, v)
}

// starves looks for a fair execution without end that always waits: the one that begins to go round soonest, and among those that begin
// as soon the shortest round.
func (j *liveJudge) starves(k int, waiting []uint32) *lasso {
	if len(waiting) == 0 {
		return nil
	}
	a := j.arena(k)
	var best *lasso
	for c := range func(yield func(component) bool) { a.fairComponents(waiting, yield) } {
		for _, from := range c.nodes[:min(len(c.nodes), roundsTried)] {
			if best != nil && int(j.depth[from]) > best.depth+len(best.edges) {
				break // those that come later are as deep or deeper
			}
			l := &lasso{promise: j.live.promises[k], from: from, depth: int(j.depth[from]), edges: a.round(c, from), endless: true}
			if j.stopped() {
				return best
			}
			if best == nil || l.better(best) {
				best = l
			}
		}
	}
	return best
}

// roundsTried is from how many states of a component a short way round is looked for.
const roundsTried = 32

// lasso is an execution that breaks a promise: the way to a state, and a way from it back to it that is gone for ever; or, if it is not
// endless, only the way to a state from which what is promised is out of reach.
type lasso struct {
	promise
	from    uint32
	depth   int
	edges   []uint32
	endless bool
}

// better reports whether an execution shows a breach in fewer steps, or in as many with a shorter way to the round.
func (l *lasso) better(other *lasso) bool {
	a, b := l.depth+len(l.edges), other.depth+len(other.edges)
	return a < b || a == b && (l.depth < other.depth || l.depth == other.depth && l.from < other.from)
}

// arena is the graph in the sight of a promise.
func (j *liveJudge) arena(k int) *arena {
	const againBit = 1 << 63
	p, bit := j.live.promises[k], uint64(1)<<k
	duties := j.live.all
	if p.Live.DiskHangs {
		duties &^= j.live.storage
	}
	if p.Live.Again != nil {
		duties |= againBit
	}
	x := &liveEdges{j, nil}
	return &arena{
		first: j.first, to: j.to, duties: duties, stop: j.stopped,
		barred: func(e uint32) bool {
			v := j.how[e]
			return j.kindOf(v) != goesOn || v.isStep() && j.live.ends[v.step()]&bit != 0
		},
		meets: func(e uint32) uint64 {
			v := j.how[e]
			if !v.isStep() {
				return 0
			}
			met := j.live.meets[v.step()]
			if j.live.again[v.step()]&bit != 0 {
				met |= againBit
			}
			return met
		},
		rests: func(n uint32) (met uint64) {
			for _, s := range j.wordsOf(n)[:j.layout.size] {
				met |= j.rest[s]
			}
			return met
		},
		wants: x.wants,
		loses: x.loses,
		has: func(e uint32) uint32 {
			if v := j.how[e]; v.isStep() {
				return j.stepFrom[v.step()].message
			}
			return 0
		},
	}
}

// isStep reports whether a move is a local step.
func (v move) isStep() bool { return v.kind() == moveStep || v.kind() == moveStay }

// liveEdges tells which messages are in flight and could arrive.
type liveEdges struct {
	*liveJudge
	list []uint32
}

// wants lists the messages in flight in a state that could arrive. The list is overwritten by the next call.
func (x *liveEdges) wants(n uint32) []uint32 {
	state := x.wordsOf(n)
	x.list = x.list[:0]
	for _, id := range state[x.network():] {
		if id == 0 {
			break
		}
		if x.couldArrive(state, id) {
			x.list = append(x.list, id)
		}
	}
	return x.list
}

// loses lists the messages that an edge sends, that could arrive, and that are lost at once for want of room.
func (x *liveEdges) loses(n, e uint32) []uint32 {
	v := x.how[e]
	if v.lost() == 0 || !v.isStep() {
		return nil
	}
	state := x.wordsOf(n)
	step := &x.steps[v.step()]
	var list []uint32
	for k, id := range x.sends[step.sends : step.sends+uint32(step.sendCount)] {
		if v.lost()>>k&1 != 0 && x.couldArrive(state, id) {
			list = append(list, id)
		}
	}
	return list
}

// couldArrive reports whether a message has a receiver that is up, not cut off, and does not refuse it.
func (j *liveJudge) couldArrive(state []uint32, id uint32) bool {
	m := &j.messages[id]
	to := state[m.To-1]
	if cluster.Spent(state[j.spent()]).Cuts(m.From, m.To) || j.servers[to].sight.Role == spec.Crashed {
		return false
	}
	found, known := j.deliveries.get(pair(to, id))
	refused := known && uint32(found) == 0 && !j.live.left[stepOrigin{state: to, message: id}]
	return !refused
}

// outOfReach looks for a state from which what is promised is out of reach although the bounds leave room for it, the one that is reached
// soonest.
func (j *liveJudge) outOfReach(k int, v *LivenessVerdict) *lasso {
	p := j.live.promises[k]
	if p.Live.Within == nil {
		return nil
	}
	switch {
	case j.config.Strict || j.config.Faults.Drop != cluster.Unlimited:
		v.Skipped = "messages cannot be lost without limit, so the bound on messages in flight may be what stops an execution"
		return nil
	case j.config.Bounds.Messages < needed(j.config):
		v.Skipped = fmt.Sprintf("the requests that a candidate must have answered at once do not fit into the network: it takes %d messages in flight", needed(j.config))
		return nil
	case p.Live.Proposes && j.config.Bounds.Proposals < 0:
		v.Skipped = "clients propose nothing"
		return nil
	}
	reached := j.reachable(k)
	for id, view := range j.viewOf {
		if w := j.views[view]; !w.room || w.within>>k&1 == 0 {
			continue
		}
		if !reached[id] && !j.stopped() {
			return &lasso{promise: p, from: uint32(id), depth: int(j.depth[id])}
		}
		v.Within++
	}
	return nil
}

// moreTerms is how many terms may have to pass before the server that can win an election campaigns above all others. Where nobody answers a request of an earlier term
// it hears of a later one only from somebody's candidacy in a still later one.
func moreTerms(config *cluster.Config) spec.Term {
	if config.Variants.Has(spec.SilentOnStale) {
		return 2
	}
	return 1
}

// needed is how many messages must fit into the network for a candidate to ask enough others at once: as many as make a majority with it,
// or all of them where configurations change.
func needed(config *cluster.Config) int {
	if config.Variants.Has(spec.ConfigurationInLog) {
		return max(config.Servers-1, 1)
	}
	return max(config.Servers/2, 1)
}

// reachable returns from which states a moment without the promise's Within, or a step that Ends, is within reach of what servers do by
// themselves and clients propose. It goes backwards from those that are there.
func (j *liveJudge) reachable(k int) []bool {
	if j.revAt == nil {
		j.revAt, j.revFrom = j.reverse(j.stopped)
	}
	bit := uint64(1) << k
	reached := make([]bool, j.count())
	var queue []uint32
	for n := range uint32(j.count()) {
		if n%stopAfter == 0 && j.stopped() {
			return reached
		}
		there := j.views[j.viewOf[n]].within&bit == 0
		for e := j.first[n]; e < j.first[n+1] && !there; e++ {
			there = j.how[e].isStep() && j.live.ends[j.how[e].step()]&bit != 0
		}
		if there {
			reached[n] = true
			queue = append(queue, n)
		}
	}
	for steps := 0; len(queue) > 0; steps++ {
		if steps%stopAfter == stopAfter-1 && j.stopped() {
			return reached
		}
		n := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, from := range j.revFrom[j.revAt[n]:j.revAt[n+1]] {
			if !reached[from] {
				reached[from] = true
				queue = append(queue, from)
			}
		}
	}
	return reached
}
