package checker

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/raftcheck/raftcheck/checker/external"
)

// A search in files goes by groups where one in memory does (groups.go). A layer is a file of sets: of each group, by its number, the networks. The
// numbers of groups, and what their states share, stay in memory. What may be forgotten is which networks were seen, and what the servers of a group do:
// then candidates for the next layer are compared with the files of all layers before it.

// byGroups says whether a search in files goes by groups: one that goes on does as it began.
func (r *run) byGroups() bool {
	if r.kept.Resume {
		return r.kept.manifest.Sets != nil
	}
	return !r.kept.states && r.groupable()
}

// Why a search by groups is made again state by state.
var (
	errBroken  = errors.New("a search by groups finds a promise broken")
	errCrowded = errors.New("more groups than there is memory for")
)

// exhaustKeptGroups searches by groups. What it finds wrong is searched for again state by state in the same folder, and so is a world that groups
// cannot search after all.
func (r *run) exhaustKeptGroups(ctx context.Context) (*Result, error) {
	if r.kept.Resume {
		if err := r.recognize(ctx); err != nil {
			return r.stopped(ctx, err)
		}
	}
	g := newGroups(r.search)
	r.groups, r.kept.memory = g, r.options.Memory
	defer g.end()
	if err := r.startGroups(ctx, g); err != nil {
		return r.stopped(ctx, err)
	}
	result, err := r.keptGroupByGroup(ctx, g)
	var unfit *Unfit
	if err == nil || errors.As(err, &unfit) {
		return result, err
	}
	g.end()
	r.kept.close()
	plain, failed := r.stateByState(ctx)
	switch {
	case failed != nil || len(plain.Findings) > 0 || !plain.Search.Complete || errors.Is(err, errSpeechless) || errors.Is(err, errCrowded):
		return plain, failed
	case errors.Is(err, errBroken):
		return nil, fmt.Errorf("raftcheck is wrong: %w, and one state by state does not", err)
	}
	return nil, err // servers that are not deterministic may do no wrong this time
}

// startGroups files the initial state, or makes all known again that was known when the last layer was finished.
func (r *run) startGroups(ctx context.Context, g *groups) error {
	k := r.kept
	k.whole = true
	if err := g.begin(); err != nil {
		return err
	}
	r.fills = &k.fills
	if k.Resume {
		if err := r.recall(ctx); err != nil {
			return err
		}
		return g.recall()
	}
	k.inscribe(r.worldOf())
	k.manifest.Sets = &external.Sets{}
	g.fileFirst()
	return r.turnGroups(g)
}

// keptGroupByGroup searches layer by layer as groupByGroup does, in files.
func (r *run) keptGroupByGroup(ctx context.Context, g *groups) (*Result, error) {
	for {
		layers := r.kept.manifest.Sets.Layers
		depth := len(layers) - 1
		r.stats.Frontier = int(layers[depth])
		if r.stats.Frontier == 0 {
			r.stats.Complete = true
			return r.result("", nil), nil
		}
		r.stats.Depth = depth
		if bound := r.config.Bounds.Depth; bound > 0 && depth == bound {
			return r.result("", nil), nil
		}
		reason, err := r.expandGroups(ctx, g)
		if err == nil && reason == "" {
			err = r.turnGroups(g)
		}
		switch {
		case err != nil:
			return r.stopped(ctx, err)
		case reason != "":
			return r.result(reason, nil), nil
		}
	}
}

// expandGroups expands the last layer into pieces of the next. A reason says that it was given up.
func (r *run) expandGroups(ctx context.Context, g *groups) (reason string, err error) {
	k := r.kept
	from, err := external.OpenSets(k.folder, k.manifest.Sets.Last)
	if err != nil {
		return "", err
	}
	defer from.Close()
	for {
		if !g.share() {
			return "", errCrowded
		}
		if more, err := g.load(from); !more || err != nil {
			return "", err
		}
		_, err := g.round(ctx, 0)
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && g.breach != nowhere {
			err = errBroken
		}
		if err == nil {
			err = g.drain(g.full())
		}
		if err != nil {
			return "", err
		}
		if bound := r.options.States; bound > 0 && r.stats.Distinct > bound {
			return fmt.Sprintf("the bound of %d states was reached", bound), nil
		}
		r.report()
	}
}

// load makes the next groups of a layer those of a round. It returns false if there are none.
func (g *groups) load(from *external.SetReader) (more bool, err error) {
	g.now, g.networks, g.blocks, g.ready = g.now[:0], g.networks[:0], g.blocks[:0], 0
	rows, most := blockStates, roundBlocks
	switch k := g.kept; {
	case k.tight > 0:
		rows, most = k.tight, 2
	case k.memory > 0:
		most = min(max(k.memory/16/batchBytes, 2), roundBlocks)
	}
	for len(g.blocks) < most {
		first, begin := len(g.now), len(g.networks)
		for len(g.networks)-begin < rows {
			if more, err = from.Next(); err != nil {
				return false, err
			}
			if !more {
				break
			}
			at := len(g.networks)
			if g.networks, err = from.Members(g.networks); err != nil {
				return false, err
			}
			if int(from.ID()) >= len(g.all) {
				return false, &external.Damaged{File: g.kept.manifest.Sets.Last.File, What: "it has a group that is not known"}
			}
			g.now = append(g.now, entry{from.ID(), uint32(at), uint32(len(g.networks) - at)})
		}
		if len(g.now) == first {
			break
		}
		g.blocks = append(g.blocks, span{uint32(first), uint32(len(g.now) - first)})
	}
	return len(g.blocks) > 0, nil
}

// batchBytes is about what the batches of one block take.
const batchBytes = 5 << 18

// full reports whether it is time to write what was found.
func (g *groups) full() bool {
	bytes, states := 0, 0
	for p := range g.found {
		f := &g.found[p]
		bytes, states = bytes+8*len(f.runs)+4*len(f.groups), states+f.states
	}
	if g.kept.tight > 0 {
		return states > 3*g.kept.tight
	}
	return g.kept.memory > 0 && bytes > g.kept.memory/16
}

// drain writes what was found as a piece of the next layer, if it is time.
func (g *groups) drain(now bool) error {
	k := g.kept
	found := uint64(0)
	for p := range g.found {
		found += uint64(g.found[p].states)
	}
	if now && found > 0 {
		out, err := external.CreateSets(k.folder, k.serial())
		if err != nil {
			return err
		}
		defer out.Abandon()
		var errs [partitions]error
		g.each(partitions, func(w *groupWorker, p int) { errs[p] = w.drain(out, p) })
		if err := errors.Join(errs[:]...); err != nil {
			return err
		}
		piece, err := out.Commit()
		if err != nil {
			return err
		}
		k.pieces, k.filed, found = append(k.pieces, piece), k.filed+piece.Rows, 0
	}
	if g.stats.Distinct = k.base; k.whole {
		g.stats.Distinct += k.filed + found
	}
	return nil
}

func (w *groupWorker) drain(out *external.SetWriter, p int) error {
	f := &w.found[p]
	w.written = slices.Grow(w.written[:0], len(f.groups))[:len(f.groups)]
	w.gathered = slices.Grow(w.gathered[:0], f.states)[:f.states]
	f.gather(w.groups, w.written, w.gathered, 0)
	for _, e := range w.written {
		networks := w.gathered[e.first : e.first+e.count]
		slices.Sort(networks)
		if err := out.Add(p, e.group, slices.Compact(networks)); err != nil { // what was forgotten may have been found again
			return err
		}
	}
	return nil
}

// turnGroups makes of the pieces the layer that is to be expanded, and the manifest say so.
func (r *run) turnGroups(g *groups) error {
	k := r.kept
	if err := g.drain(true); err != nil {
		return err
	}
	sets, work := *k.manifest.Sets, r.work()
	if k.whole && len(k.pieces) == 1 {
		sets.Last = k.pieces[0]
	} else {
		var seen []external.Ref
		if !k.whole {
			seen = sets.Runs
		}
		var err error
		if sets.Last, err = external.MergeSets(k.folder, k.pieces, seen, work); err != nil {
			return err
		}
	}
	sets.Layers, sets.Runs = append(slices.Clone(sets.Layers), sets.Last.Rows), append(slices.Clone(sets.Runs), sets.Last)
	if !k.whole || len(sets.Runs) > mostRuns {
		var err error
		if sets.Runs, err = external.CompactSets(k.folder, sets.Runs, work); err != nil {
			return err
		}
	}
	k.pieces, k.filed = nil, 0
	if err := g.writeHeads(&sets); err != nil {
		return err
	}
	k.manifest.Sets = &sets
	return r.checkpoint()
}

// mostRuns is how many files there may be that nothing is compared with.
const mostRuns = 100

// writeHeads writes what groups are that became known.
func (g *groups) writeHeads(sets *external.Sets) error {
	k := g.kept
	var numbers []uint32
	for id := k.headed; id < len(g.all); id++ {
		numbers = append(append(numbers, g.head(uint32(id))...), uint32(bit(g.all[id].apart)))
	}
	if k.headed = len(g.all); len(numbers) == 0 {
		return nil
	}
	ref, err := external.WriteNumbers(k.folder, external.Heads, k.serial(), numbers)
	sets.Heads = append(slices.Clone(sets.Heads), ref)
	return err
}

// recall makes the groups known again, and the states as far as there is room.
func (g *groups) recall() error {
	k := g.kept
	row := uint32(0)
	for _, ref := range k.manifest.Sets.Heads {
		numbers, err := external.ReadNumbers(k.folder, ref)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(numbers, g.size+3) {
			if !g.readHead(some, row) {
				return &external.Damaged{File: ref.File, What: fmt.Sprintf("its group %d is none", row)}
			}
			row++
		}
	}
	g.grownUp()
	k.headed = len(g.all)
	for _, ref := range k.manifest.Sets.Runs {
		if err := g.readStates(ref); err != nil || !k.whole {
			return err
		}
	}
	return nil
}

// readHead makes the group of a number known. It returns false if it is none, or another.
func (g *groups) readHead(numbers []uint32, id uint32) bool {
	if len(numbers) != g.size+3 || int(numbers[g.history()]) >= len(g.histories) || slices.Max(numbers[:g.size]) >= uint32(len(g.servers)) {
		return false
	}
	w := wanted{slot: -1}
	copy(w.head[:], numbers[:g.size+2])
	w.pack(g.index.words)
	if g.intern(&w) != id {
		return false
	}
	g.of(id).apart = numbers[g.size+2] != 0
	g.apart = g.apart || g.of(id).apart
	return true
}

// readStates notes that the states of a file were seen, until all is forgotten for want of room.
func (g *groups) readStates(ref external.Ref) error {
	from, err := external.OpenSets(g.kept.folder, ref)
	if err != nil {
		return err
	}
	defer from.Close()
	for g.kept.whole {
		if more, err := g.load(from); !more || err != nil {
			return err
		}
		for _, e := range g.now {
			g.sets[partitionOfGroup(e.group)].insert(&g.all[e.group].seen, g.networks[e.first:e.first+e.count], nil)
		}
		g.share()
	}
	return nil
}

// share forgets which states were seen, or what the servers of groups do, where that has come to take more than its part of the memory. It returns
// false if nothing is left to share.
func (g *groups) share() bool {
	memory := g.kept.memory
	switch {
	case g.kept.crowd > 0 && len(g.all) > g.kept.crowd:
		return false
	case g.kept.tight > 0:
		g.forgetStates()
		g.forgetSteps()
		return true
	case memory == 0:
		return true
	}
	stored, all := g.bytes()
	taken := programBytes + g.memo.bytes() + 4*cap(g.heads) + 24*cap(g.all) + g.index.bytes() + all - stored
	left := memory - memory/8 - taken // an eighth is for merging, and for what the runtime holds back
	if left < memory/8 {
		return false
	}
	outside := g.index.bytes() // what the runtime does not manage
	if left/partitions/3 > 8*large {
		outside += left * 7 / 8
	}
	debug.SetMemoryLimit(int64(memory - programBytes - outside))
	states := 0
	for p := range g.sets {
		states += 12 * g.sets[p].used
	}
	if states > left*5/8 {
		g.forgetStates()
	}
	if 8*g.book.used > left/8 {
		g.forgetSteps()
	}
	return true
}

func (g *groups) forgetStates() {
	for p := range g.sets {
		g.sets[p].release()
	}
	for k := range g.all {
		g.all[k].seen = networkSet{}
	}
	g.kept.whole = false
}

func (g *groups) forgetSteps() {
	release(g.book.words)
	g.book = stepArena{}
	for k := range g.all {
		g.all[k].steps = 0
	}
}
