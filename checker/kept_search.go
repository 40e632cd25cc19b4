package checker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"slices"

	"github.com/raftcheck/raftcheck/checker/external"
	"github.com/raftcheck/raftcheck/spec"
)

// A search in files goes layer by layer as one in memory does (check.go). A layer is a set of files: the candidates that the layer before it was expanded
// into, without those that an earlier layer holds. With the manifest that names it, a layer is finished, and everything before it can be gone on from.

// exhaustKept searches layer by layer as exhaust does, in files.
func (r *run) exhaustKept(ctx context.Context) (*Result, error) {
	defer r.end()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1)) // which share sets
	k := &kept{Keep: *r.options.Keep}
	r.kept = k
	if err := k.open(); err != nil {
		return nil, err
	}
	defer k.close()
	if r.byGroups() {
		return r.exhaustKeptGroups(ctx)
	}
	if err := r.start(ctx); err != nil {
		return r.stopped(ctx, err)
	}
	for {
		layer := &k.manifest.Layers[len(k.manifest.Layers)-1]
		r.stats.Frontier = int(layer.States())
		if layer.States() == 0 {
			r.stats.Complete = true
			return r.ended("")
		}
		depth := len(k.manifest.Layers) - 1
		r.stats.Depth = depth
		if bound := r.config.Bounds.Depth; bound > 0 && depth == bound {
			return r.ended("")
		}
		reason, err := r.expandLayer(ctx, layer)
		switch {
		case err != nil:
			return r.stopped(ctx, err)
		case len(r.found) > 0:
			return r.violatedKept(ctx, depth)
		case reason != "":
			return r.result(reason, nil), nil
		}
		if err := r.turnKept(); err != nil {
			return r.stopped(ctx, err)
		}
	}
}

// violatedKept counts what is new in the layer that a violation was found behind, and tells the violation.
func (r *run) violatedKept(ctx context.Context, depth int) (*Result, error) {
	if _, err := r.nextLayer(); err != nil {
		return r.stopped(ctx, err)
	}
	result, err := r.violated(ctx, depth)
	if err != nil {
		return r.stopped(ctx, err)
	}
	return result, nil
}

// stopped ends a search that an error ends: one that is the machine's leaves all that was finished, and the search can go on.
func (r *run) stopped(ctx context.Context, err error) (*Result, error) {
	var failed *external.Failed
	var damaged *external.Damaged
	switch {
	case ctx.Err() != nil:
		return r.result(timeUsedUp, nil), nil
	case errors.As(err, &failed):
		return r.result(fmt.Sprintf("%v, in %s", err, r.kept.Dir), nil), nil
	case errors.As(err, &damaged):
		return nil, r.kept.unfit(err)
	}
	return nil, err
}

// start files the initial state, or makes all known again that was known when the last layer was finished.
func (r *run) start(ctx context.Context) error {
	k := r.kept
	if err := r.begin(); err != nil {
		return err
	}
	r.fills = &k.fills
	k.room, k.whole = math.MaxInt/2, true
	if k.Resume {
		return r.resume(ctx)
	}
	k.inscribe(r.worldOf())
	first := r.layer[0]
	first.second = append(first.second, r.workers[0].keyOf(first.words, first.prints[0]).B)
	key := external.Key{A: first.prints[0], B: first.second[0]}
	k.filters[key.Partition()].insert(key, k.room)
	if err := k.create(); err != nil {
		return err
	}
	if err := k.append(key.Partition(), first); err != nil {
		return err
	}
	return r.turnKept()
}

// inscribe notes what is searched, and by which program.
func (k *kept) inscribe(world []string) {
	k.state.World, k.state.Note, k.state.Without, k.manifest.Maker = world, k.Note, k.Keep.without, k.Maker
}

// turnKept makes the next layer the one to be expanded, and the manifest say so.
func (r *run) turnKept() error {
	k := r.kept
	layer, err := r.nextLayer()
	if err != nil {
		return err
	}
	if depth := len(k.manifest.Layers); depth > 0 {
		if err := r.takeOut(depth); err != nil {
			return err
		}
	}
	for n := range k.manifest.Layers {
		l := &k.manifest.Layers[n]
		if l.Words = nil; l.Sorted {
			l.Keys = nil
		}
	}
	k.manifest.Layers = append(k.manifest.Layers, layer)
	return r.checkpoint()
}

// checkpoint writes the manifest, with what became known since the last: a layer is finished.
func (r *run) checkpoint() (err error) {
	k := r.kept
	if len(k.fills) > 0 {
		ref, err := external.WriteNumbers(k.folder, external.Memo, k.serial(), k.fills)
		if err != nil {
			return err
		}
		k.manifest.Memo, k.fills = append(k.manifest.Memo, ref), k.fills[:0]
	}
	if k.count(); k.base > 0 {
		r.stats.Distinct = k.base
	}
	k.state.Stats, k.state.Memo = r.statistics(), r.digest()
	k.state.StripsFrom, k.state.StandsFor = r.stripsFrom, r.search.orbits
	k.state.Goals = map[string]int{}
	for n, g := range spec.Goals {
		k.state.Goals[g.Name] = r.search.goals[n]
	}
	if k.manifest.Search, err = json.Marshal(&k.state); err != nil {
		return err
	}
	if err := external.Write(k.folder, &k.manifest); err != nil {
		return err
	}
	return external.Sweep(k.folder, &k.manifest)
}

// count adds up the states of all layers.
func (k *kept) count() {
	k.base = 0
	for n := range k.manifest.Layers {
		k.base += k.manifest.Layers[n].States()
	}
	if k.manifest.Sets != nil {
		for _, states := range k.manifest.Sets.Layers {
			k.base += states
		}
	}
}

// nextLayer makes of the candidates what is new of them.
func (r *run) nextLayer() (external.Layer, error) {
	k := r.kept
	layer, err := k.out.Commit()
	if err != nil {
		return layer, err
	}
	if !k.whole {
		if layer, err = r.merge(layer); err != nil {
			return layer, err
		}
	}
	r.stats.Distinct = k.base + layer.States()
	return layer, nil
}

// merge drops candidates that were seen before.
func (r *run) merge(candidates external.Layer) (external.Layer, error) {
	k := r.kept
	work := r.work()
	runs := k.manifest.Runs
	var pending []external.Ref
	for n := range k.manifest.Layers {
		if l := &k.manifest.Layers[n]; !l.Sorted {
			pending = append(pending, *l.Keys)
			l.Sorted = true
		}
	}
	if len(pending) > 0 {
		sorted, err := external.Sort(k.folder, pending, work)
		if err != nil {
			return candidates, err
		}
		runs = append(slices.Clone(runs), sorted...)
	}
	layer, runs, err := external.Merge(k.folder, external.Found{Main: []external.Layer{candidates}}, runs, work)
	if err != nil {
		return candidates, err
	}
	k.manifest.Runs, err = external.Compact(k.folder, runs, work)
	return layer, err
}

// work is what merging may use.
func (r *run) work() *external.Work {
	return &external.Work{Keys: r.sortedAtOnce(), Serial: r.kept.serial,
		Parallel: func(n int, do func(int)) { r.parallel(n, func(_ *worker, p int) { do(p) }) }}
}

// sortedAtOnce is how many keys each worker sorts at once.
func (r *run) sortedAtOnce() int {
	const itemBytes = 24
	if r.kept.tight > 0 {
		return r.kept.tight
	}
	if r.options.Memory == 0 {
		return 1 << 20
	}
	return min(max(r.options.Memory/16/itemBytes/len(r.workers), external.Rows), 1<<22)
}
