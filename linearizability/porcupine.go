package linearizability

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/raftcheck/raftcheck/spec"
)

// askPorcupine decides some operations on some keys. It answers Inconclusive when the time is up or ctx is done.
func askPorcupine(ctx context.Context, h *History, keys []string, ops []int, limit time.Duration) spec.Verdict {
	return askPorcupineWithin(ctx, h, keys, ops, limit, maxPorcupineBytes)
}

// askPorcupineWithin is askPorcupine within some memory, in bytes.
func askPorcupineWithin(ctx context.Context, h *History, keys []string, ops []int, limit time.Duration, bytes int) spec.Verdict {
	if deadline, set := ctx.Deadline(); set {
		limit = min(limit, time.Until(deadline))
	}
	if limit <= 0 || ctx.Err() != nil {
		return spec.Inconclusive
	}
	m := &meter{ctx: ctx, room: bytes / (160 + len(ops)/8)}
	answer := porcupine.CheckOperationsTimeout(modelOf(h, keys, m), porcupineOperations(h, ops), limit)
	switch {
	case m.full.Load() || answer == porcupine.Unknown || ctx.Err() != nil:
		return spec.Inconclusive
	case answer == porcupine.Illegal:
		return spec.Violated
	}
	return spec.Held
}

// meter stops porcupine before it takes more memory than this machine can spare: it keeps every set of operations it has tried.
type meter struct {
	ctx  context.Context
	room int // steps that succeed, and so may be kept
	full atomic.Bool
}

// maxPorcupineBytes is about how much memory porcupine may take for what it has tried.
const maxPorcupineBytes = 1 << 30

// spent counts a step that succeeded. When there is no room left it holds porcupine until the time is up, since nothing else stops it.
func (m *meter) spent(inner context.Context) bool {
	if m.room--; m.room > 0 && m.ctx.Err() == nil {
		return false
	}
	m.full.Store(true)
	select {
	case <-inner.Done():
	case <-m.ctx.Done():
	}
	return true
}

// porcupineOperations makes porcupine's operations: what need not happen may return at the end of time.
func porcupineOperations(h *History, ops []int) []porcupine.Operation {
	all := make([]porcupine.Operation, 0, len(ops))
	for _, k := range ops {
		o := &h.Operations[k]
		if o.silent() {
			continue
		}
		end := int64(math.MaxInt64)
		if o.Outcome == Returned {
			end = o.Return
		}
		all = append(all, porcupine.Operation{ClientId: o.Client, Input: o, Call: o.Call, Return: end})
	}
	return all
}

// modelOf is the store with those keys, as porcupine wants it.
func modelOf(h *History, keys []string, m *meter) porcupine.Model {
	model := porcupine.Model{
		DescribeOperation: func(input, _ any) string { return h.text(input.(*Operation)) },
	}
	if len(keys) == 1 {
		model.Init = func() any { return h.initial(keys[0]) }
		model.StepContext = metered(m, stepRegister)
		model.Hash = func(state any) uint64 { return hashOf(state.(Value)) }
		model.DescribeState = func(state any) string { return state.(Value).String() }
		return model
	}
	slots := make(map[string]int, len(keys))
	for k, key := range keys {
		slots[key] = k
	}
	model.Init = func() any {
		all := make([]Value, len(keys))
		for k, key := range keys {
			all[k] = h.initial(key)
		}
		return all
	}
	model.StepContext = metered(m, func(state any, o *Operation) (bool, any) { return stepStore(slots, state.([]Value), o) })
	model.Equal = func(a, b any) bool { return slices.Equal(a.([]Value), b.([]Value)) }
	model.Hash = func(state any) uint64 { return hashOf(state.([]Value)...) }
	model.DescribeState = func(state any) string {
		var held []string
		for k, v := range state.([]Value) {
			held = append(held, fmt.Sprintf("%s: %s", keyName(keys[k]), v))
		}
		return strings.Join(held, ", ")
	}
	return model
}

func metered(m *meter, next func(state any, o *Operation) (bool, any)) func(context.Context, any, any, any) (bool, any) {
	return func(ctx context.Context, state, input, _ any) (bool, any) {
		ok, after := next(state, input.(*Operation))
		if ok && m != nil && m.spent(ctx) {
			return false, nil
		}
		return ok, after
	}
}

// stepRegister applies an operation to the value of the one key there is. Porcupine wants every operation to happen some time; one of unknown
// outcome that cannot happen changes nothing.
func stepRegister(state any, o *Operation) (bool, any) {
	held, ok := state.(Value), true
	for k := range o.Do {
		if held, ok = o.Do[k].take(held, o.Outcome == Returned); !ok {
			return o.Outcome != Returned, state
		}
	}
	return true, held
}

// stepStore applies an operation to the values of several keys.
func stepStore(slots map[string]int, state []Value, o *Operation) (bool, any) {
	before, shared := state, true
	for k := range o.Do {
		a := &o.Do[k]
		slot := slots[a.Key]
		held, ok := a.take(state[slot], o.Outcome == Returned)
		if !ok {
			return o.Outcome != Returned, before
		}
		if held == state[slot] {
			continue
		}
		if shared {
			state, shared = slices.Clone(state), false
		}
		state[slot] = held
	}
	return true, state
}

// hashOf is FNV-1a over the values and the ends between them.
func hashOf(values ...Value) uint64 {
	h := uint64(14695981039346656037)
	for _, v := range values {
		for k := range len(v) {
			h = (h ^ uint64(v[k])) * 1099511628211
		}
		h = (h ^ 0x100) * 1099511628211
	}
	return h
}

// Picture writes porcupine's picture of some operations, given by their indexes into h.Operations, ascending: the operations as bars,
// with the longest orders that porcupine finds within the time. It is one HTML page without links. It returns only errors of w.
func Picture(w io.Writer, h *History, ops []int, limit time.Duration) error {
	var shown []part
	for _, p := range split(h) {
		p.ops = slices.DeleteFunc(p.ops, func(k int) bool { _, in := slices.BinarySearch(ops, k); return !in })
		if len(p.ops) > 0 {
			shown = append(shown, p)
		}
	}
	model, all := pictured(h, shown)
	_, info := porcupine.CheckOperationsVerbose(model, all, limit)
	for _, orders := range info.PartialLinearizations() { // porcupine lists them in the order of a map
		slices.SortFunc(orders, func(a, b []int) int { return cmp.Or(cmp.Compare(len(b), len(a)), slices.Compare(a, b)) })
	}
	return porcupine.Visualize(model, info, w)
}

// pictured returns the operations of the parts, with a model that keeps the parts apart. What never returned ends at the edge of the picture.
func pictured(h *History, parts []part) (porcupine.Model, []porcupine.Operation) {
	of := map[string]int{}
	var keys []string
	var all []porcupine.Operation
	single := true
	for n, p := range parts {
		for _, key := range p.keys {
			of[key] = n
		}
		keys = append(keys, p.keys...)
		single = single && len(p.keys) == 1
		all = append(all, porcupineOperations(h, p.ops)...)
	}
	edge := int64(0)
	for _, o := range all {
		edge = max(edge, o.Call+1)
		if o.Return != math.MaxInt64 {
			edge = max(edge, o.Return+1)
		}
	}
	for k := range all {
		all[k].Return = min(all[k].Return, edge)
	}
	if single {
		keys = keys[:min(len(keys), 1)] // every part is a register by itself
	}
	model := modelOf(h, keys, nil)
	model.Partition = func(all []porcupine.Operation) [][]porcupine.Operation {
		groups := make([][]porcupine.Operation, len(parts))
		for _, o := range all {
			n := of[o.Input.(*Operation).Do[0].Key]
			groups[n] = append(groups[n], o)
		}
		return groups
	}
	return model, all
}
