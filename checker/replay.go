package checker

import (
	"bytes"
	"context"
	"fmt"
	"math/bits"
	"slices"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// violated finds the way to the first violation of a layer, runs it again from fresh nodes and returns what is broken there.
func (r *run) violated(ctx context.Context, depth int) (*Result, error) {
	first := r.found[0]
	for _, v := range r.found {
		if v.before(first) {
			first = v
		}
	}
	back := wayBack(r.paths, first)
	if r.kept != nil {
		var err error
		if back, err = r.kept.wayBack(depth, first); err != nil {
			return nil, err
		}
	}
	actions, moves, faults, err := r.take(back)
	if err != nil {
		return nil, err
	}
	var way []uint16
	sure := false
	if r.options.Reduce == 0 || r.leftNothingOut() { // else it is searched for again (retell)
		way, sure, err = r.fewest(ctx, depth, faults)
	}
	if way != nil && err == nil {
		actions, moves, faults, err = r.take(way)
	}
	if err != nil {
		return nil, err
	}
	findings, err := r.confirm(actions)
	if err != nil {
		if fault := r.retrace(moves); fault != nil {
			return nil, fault
		}
		return nil, err
	}
	for k := range findings {
		findings[k].Shortest, findings[k].Faults, findings[k].Fewest = len(findings[k].Trace.Records) == len(actions), faults, sure
	}
	r.stats.Depth = depth + 1
	result := r.result("", findings)
	result.Way = actions
	return result, nil
}

// retrace goes through the local steps of a violation that was not there when it ran again, and says which of them ends in a state
// whose bytes two histories share although they are not alike. It returns nil if it finds none.
func (m *memo) retrace(moves []move) error {
	for _, v := range moves {
		if v.kind() != moveStep && v.kind() != moveStay {
			continue
		}
		number := int(v.step())
		next := &m.servers[m.steps[number].next]
		for _, way := range [...]int{number, next.twin} {
			if err := m.alike(next, way); err != nil {
				return &Fault{Server: next.sight.Server, Step: m.inputOf(number).String(), Err: err}
			}
		}
	}
	return nil
}

// alike compares what the first way to a server state led to with what another way leads to.
func (m *memo) alike(s *server, way int) error {
	if way < 0 {
		return nil
	}
	one, err := m.rebuild(s.slot, nil, s.from)
	if err != nil {
		return err
	}
	other, err := m.rebuild(s.slot, nil, way)
	if err != nil {
		return err
	}
	if !bytes.Equal(one.node.AppendState(nil), other.node.AppendState(nil)) {
		return unsound("the states they end in differ: " + compareNodes(one.node, other.node))
	}
	if difference := compareObservations(one.node.Observe(), other.node.Observe()); difference != alikeObservations {
		return unsound(difference)
	}
	return nil
}

// wayBack returns which successor to take in each state to come to a violation in the last of the layers.
func wayBack(paths []path, last violation) []uint16 {
	way := []uint16{last.nth}
	place := last.parent
	for depth := len(paths) - 1; depth > 0; depth-- {
		way = append(way, paths[depth].nth[place])
		place = paths[depth].parent[place]
	}
	slices.Reverse(way)
	return way
}

// take returns the actions, and the moves that they are, of taking those successors one after another from the initial state on, and
// how many faults that takes.
func (s *search) take(way []uint16) (actions []cluster.Action, moves []move, faults int, err error) {
	x := newExpander(s.memo)
	state, err := x.after(s.past)
	if err != nil {
		return nil, nil, 0, err
	}
	for depth, nth := range way {
		x.strips = s.noops != nil && depth >= s.stripsFrom
		all := x.successors(state)
		if int(nth) >= len(all) {
			return nil, nil, 0, fmt.Errorf("raftcheck is wrong: a state has %d successors and not number %d", len(all), nth)
		}
		actions, moves = x.actions(actions, state, all[nth].move), append(moves, all[nth].move)
		faults += x.faultsOf(all[nth].move)
		next := make([]uint32, len(state))
		x.apply(next, state, all[nth].move)
		state = next
	}
	return actions, moves, faults, nil
}

// wayBack does so from the files of the layers up to that depth.
func (k *kept) wayBack(depth int, last violation) ([]uint16, error) {
	way := []uint16{last.nth}
	for place := last.parent; depth > 0; depth-- {
		parent, nth, err := k.step(depth, place)
		if err != nil {
			return nil, err
		}
		way, place = append(way, nth), parent
	}
	slices.Reverse(way)
	return way, nil
}

// step returns the parent of a state of a layer, and which of its successors it is.
func (k *kept) step(depth int, place uint32) (parent uint32, nth uint16, err error) {
	if k.stand == nil {
		return k.manifest.Layers[depth].Step(k.folder, place)
	}
	return k.stand.step(k.folder, depth, place)
}

// firstState returns the state in which nothing has happened.
func (x *expander) firstState() ([]uint32, error) {
	servers, err := x.initial()
	return append(servers, make([]uint32, x.words()-len(servers))...), err
}

// successors lists the successors of a state whose needs the memo holds: number k of them is at k.
func (x *expander) successors(state []uint32) []successor {
	var batches [partitions][]successor
	x.batches, x.parent = &batches, 0
	x.whole = true
	x.expand(state, x.fingerprint(state))
	all := slices.Concat(batches[:]...)
	slices.SortFunc(all, func(a, b successor) int { return int(a.nth) - int(b.nth) })
	return all
}

// actions adds what a move does in a state: first it loses messages in flight.
func (x *expander) actions(to []cluster.Action, state []uint32, v move) []cluster.Action {
	for gone := v.evicted(); gone != 0; gone &= gone - 1 {
		to = append(to, cluster.Action{Kind: cluster.Drop, Message: x.messages[state[x.network()+bits.TrailingZeros32(gone)]]})
	}
	return append(to, x.action(state, v))
}

// action says in the world's words what a move does in a state.
func (x *expander) action(state []uint32, v move) cluster.Action {
	switch v.kind() {
	case moveDrop:
		return cluster.Action{Kind: cluster.Drop, Message: x.messages[state[x.network()+v.place()]]}
	case moveCopy:
		return cluster.Action{Kind: cluster.Copy, Message: x.messages[state[x.network()+v.place()]]}
	case moveSplit:
		return cluster.Action{Kind: cluster.Partition, Split: x.split[v.step()]}
	case moveHeal:
		return cluster.Action{Kind: cluster.Heal}
	}
	step := int(v.step())
	a := cluster.Action{Kind: cluster.Give, Server: spec.ServerID(x.steps[step].slot + 1), Input: x.inputOf(step), Stays: v.kind() == moveStay}
	for k := range int(x.steps[step].sendCount) {
		if v.lost()>>k&1 != 0 {
			a.Lost = append(a.Lost, k)
		}
	}
	return a
}

// confirm runs actions on fresh nodes, without the memo, under the eyes of a judge, and returns what is broken at the end.
func (r *run) confirm(actions []cluster.Action) ([]Finding, error) {
	trace, broken, err := r.runAgain(actions)
	if err != nil {
		return nil, err
	}
	if len(broken) == 0 {
		return nil, &Fault{Step: actions[len(actions)-1].String(), Server: actions[len(actions)-1].Server,
			Err: fmt.Errorf("a violation found by the search is not there when its %d steps run again from fresh nodes: the node is not deterministic, or raftcheck is wrong", len(actions))}
	}
	trace.Header.Origin, trace.Header.Implementation = "check", r.options.Name
	for _, f := range broken {
		trace.Header.Breaks = append(trace.Header.Breaks, f.Rule.ID)
	}
	if len(r.past) == 0 {
		// The story may order independent steps anew, and then the same promises are broken at the same last step.
		trace = traces.Story(trace, r.options.Rules, r.config.Variants)
		broken, _ = traces.Broken(trace, r.options.Rules, r.config.Variants)
	}
	var findings []Finding
	for _, f := range broken {
		findings = append(findings, Finding{Finding: f, Trace: trace})
	}
	return findings, nil
}

// runAgain makes actions happen after what happened before the search began, which may have broken promises too, and returns what is
// broken at the end.
func (r *run) runAgain(actions []cluster.Action) (*traces.Trace, []traces.Finding, error) {
	if len(r.past) == 0 {
		return Run(r.config, actions, r.options.Rules)
	}
	trace, err := happen(r.config, slices.Concat(r.past, actions), r.options.Rules)
	if err != nil {
		return nil, nil, err
	}
	judge := spec.NewJudge(r.options.Rules, r.config.Variants)
	var last []*spec.Breach
	for k := range trace.Records {
		if step := trace.Records[k].Step; step != nil {
			last = judge.Step(spec.Origin(k+1), step)
		}
	}
	var broken []traces.Finding
	for _, b := range last {
		broken = append(broken, traces.FindingOf(b))
	}
	return trace, broken, nil
}

// Run makes actions happen in a fresh world and returns the trace, up to the first step that breaks a rule, and what it breaks.
func Run(config *cluster.Config, actions []cluster.Action, rules []*spec.Rule) (*traces.Trace, []traces.Finding, error) {
	trace, err := happen(config, actions, rules)
	if err != nil {
		return nil, nil, err
	}
	broken, at := traces.Broken(trace, rules, config.Variants)
	if at >= 0 {
		trace.Records = trace.Records[:at+1]
	}
	trace.Header.Records = len(trace.Records)
	return trace, broken, nil
}

// happen makes actions happen in a fresh world and returns the trace.
func happen(config *cluster.Config, actions []cluster.Action, rules []*spec.Rule) (*traces.Trace, error) {
	world, err := cluster.New(config)
	if err != nil {
		return nil, err
	}
	trace := &traces.Trace{Header: headerOf(config, rules)}
	for k, a := range actions {
		outcome, err := world.Apply(a)
		if err != nil {
			return nil, fmt.Errorf("step %d: %w", k+1, err)
		}
		trace.Records = append(trace.Records, recordOf(k+1, a, outcome.Step))
	}
	trace.Header.Records = len(trace.Records)
	return trace, nil
}

func headerOf(config *cluster.Config, rules []*spec.Rule) traces.Header {
	h := traces.Header{Servers: config.IDs(), Variants: config.Variants, Network: config.Network.String()}
	if len(rules) < len(spec.Rules) {
		for _, r := range rules {
			h.Rules = append(h.Rules, r.ID)
		}
	}
	for _, s := range config.Settings() {
		h.Bounds = append(h.Bounds, traces.Setting{Name: s.Name, Value: s.Value})
	}
	for _, s := range config.Faults.Settings() {
		h.Faults = append(h.Faults, traces.Setting{Name: s.Name, Value: s.Value})
	}
	return h
}

// recordOf writes down one action of a world.
func recordOf(number int, a cluster.Action, step *spec.Step) traces.Record {
	switch a.Kind {
	case cluster.Drop:
		return traces.Record{Number: number, Event: traces.EventDrop, Message: a.Message}
	case cluster.Copy:
		return traces.Record{Number: number, Event: traces.EventDuplicate, Message: a.Message}
	case cluster.Partition:
		return traces.Record{Number: number, Event: traces.EventPartition, Groups: [][]spec.ServerID{a.Split.FarSide()}}
	case cluster.Heal:
		return traces.Record{Number: number, Event: traces.EventHeal}
	}
	r := traces.RecordOf(number, step)
	r.Stays = a.Stays
	sent := 0
	for k := range step.Output.Sent {
		if slices.Contains(a.Lost, sent) {
			r.Lost = append(r.Lost, k)
		}
		sent++
	}
	return r
}
