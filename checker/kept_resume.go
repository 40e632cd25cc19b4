package checker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/raftcheck/raftcheck/checker/external"
	"github.com/raftcheck/raftcheck/spec"
)

// A search goes on only if it is that of the same world by the same program, every file is what it was, and the implementation behaves as it did: what was
// made known to the memo is made known to it again, in the same order, and comes out the same.

// worldOf says what is searched and for what, line by line: a search can go on only where all of it is the same.
func (r *run) worldOf() (lines []string) {
	c := r.config
	add := func(name string, value any) { lines = append(lines, fmt.Sprintf("%s %v", name, value)) }
	add("implementation", r.options.Name)
	add("servers", c.Servers)
	add("bounds", fmt.Sprintf("%+v", c.Bounds))
	add("faults", fmt.Sprintf("%+v", c.Faults))
	add("network", c.Network)
	add("values", c.Values)
	add("variants", c.Variants)
	add("strict", c.Strict)
	add("duplications", c.Duplications)
	add("without history", c.NoHistory)
	for slot, inputs := range r.inputs {
		add("inputs of "+spec.ServerID(slot+1).String(), inputs)
	}
	add("symmetry", r.options.Symmetry)
	add("reductions", r.leaves)
	for _, rule := range r.rules {
		add("rule", rule.ID)
	}
	for _, g := range r.goals {
		add("goal", g.Goal.Name)
	}
	return lines
}

// resume goes on where the manifest says.
func (r *run) resume(ctx context.Context) error {
	k := r.kept
	if err := r.recognize(ctx); err != nil {
		return err
	}
	if r.stats.Distinct = k.state.Stats.Distinct; len(k.manifest.Layers) > 1 {
		if err := r.takeOut(k.state.StripsFrom); err != nil {
			return err
		}
	}
	if err := r.recall(ctx); err != nil {
		return err
	}
	return r.refill()
}

// recognize makes sure that the search is of this world and by this program, and that all files are as they were written.
func (r *run) recognize(ctx context.Context) error {
	k := r.kept
	if k.manifest.Maker != k.Maker {
		return k.unfit(&external.Damaged{File: external.ManifestName, What: fmt.Sprintf("%s made it, and this is %s", k.manifest.Maker, k.Maker)})
	}
	if was, is := difference(k.state.World, r.worldOf()); was != is {
		return k.unfit(&external.Damaged{File: external.ManifestName, What: fmt.Sprintf("the search is of another world: it has %s, and this one %s", was, is)})
	}
	for _, ref := range k.manifest.Files() { // those too that this run may not need
		if err := external.Verify(ctx, k.folder, ref); err != nil {
			return err
		}
	}
	return nil
}

// recall makes known again what was known when the last layer was finished, and goes on counting from there.
func (r *run) recall(ctx context.Context) error {
	k := r.kept
	for _, ref := range k.manifest.Memo {
		numbers, err := external.ReadNumbers(k.folder, ref)
		if err != nil {
			return err
		}
		if err := r.refillMemo(ctx, numbers); err != nil {
			return err
		}
	}
	if r.digest() != k.state.Memo {
		return r.behavesOtherwise()
	}
	for n, g := range spec.Goals {
		r.search.goals[n] = k.state.Goals[g.Name]
	}
	s := k.state.Stats
	r.stats.Transitions, r.stats.Depth, r.search.orbits = s.Transitions, s.Depth, k.state.StandsFor
	r.started = r.started.Add(-time.Duration(s.Seconds * float64(time.Second)))
	k.count()
	r.stats.Distinct = k.base
	return external.Sweep(k.folder, &k.manifest)
}

// refillMemo makes known again what was made known to another memo.
func (r *run) refillMemo(ctx context.Context, numbers []uint32) error {
	for some := range slices.Chunk(numbers, 3) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(some) < 3 || !r.mayFill(missing{missingKind(some[0]), some[1], some[2]}) {
			return r.behavesOtherwise()
		}
		if err := r.fill([]missing{{missingKind(some[0]), some[1], some[2]}}); err != nil {
			return err
		}
	}
	r.kept.fills = r.kept.fills[:0]
	return nil
}

func (r *run) behavesOtherwise() error {
	return r.kept.unfit(errors.New("the implementation does not behave as it did when this search began: it was changed, or is not deterministic"))
}

// difference returns the first lines that differ.
func difference(was, is []string) (string, string) {
	for n := range max(len(was), len(is)) {
		line := func(lines []string) string {
			if n < len(lines) {
				return lines[n]
			}
			return "no more"
		}
		if a, b := line(was), line(is); a != b {
			return a, b
		}
	}
	return "", ""
}

// refill puts the keys of all states into the filters if there is room for them. Otherwise they begin empty.
func (r *run) refill() error {
	k := r.kept
	r.share()
	if k.room < math.MaxInt/2 && int(k.base)*keyWords > partitions*(k.room/4*3) {
		k.whole = k.base == 0
		return nil
	}
	var refs []external.Ref
	for n := range k.manifest.Layers {
		if l := &k.manifest.Layers[n]; !l.Sorted {
			refs = append(refs, *l.Keys)
		}
	}
	for _, ref := range append(refs, k.manifest.Runs...) {
		err := external.Keys(k.folder, ref, func(key external.Key) { k.filters[key.Partition()].insert(key, k.room) })
		if err != nil {
			return err
		}
	}
	return nil
}

// mayFill reports whether what is missing is of things that the memo holds.
func (m *memo) mayFill(w missing) bool {
	a, b := int(w.a), int(w.b)
	switch w.kind {
	case missingOwn:
		return a < len(m.servers)
	case missingDelivery:
		return a < len(m.servers) && b < len(m.messages)
	case missingHistory:
		return a < len(m.histories) && b < len(m.steps)
	case missingNoop:
		return m.noops != nil && a < len(m.servers) && b < len(m.messages)
	}
	return false
}

// digest says in a number all that a search knows of its memo.
func (m *memo) digest() uint64 {
	h := xxh3.New()
	var b []byte
	put := func(numbers ...uint64) {
		for _, n := range numbers {
			b = binary.LittleEndian.AppendUint64(b, n)
		}
		if len(b) > 1<<16 {
			_, _ = h.Write(b) // a hash takes everything
			b = b[:0]
		}
	}
	put(uint64(len(m.servers)), uint64(len(m.messages)), uint64(len(m.histories)), uint64(len(m.steps)), uint64(m.executed), uint64(m.audits))
	put(m.serverHash...)
	put(m.messageHash...)
	put(m.historyHash...)
	for k := range m.steps {
		s := &m.steps[k]
		put(uint64(s.next)|uint64(s.sends)<<32, uint64(s.sendCount)|uint64(s.slot)<<8|uint64(s.flags)<<16|uint64(s.goals)<<32, uint64(s.price), m.stepDelta[k*len(m.names)])
	}
	for _, id := range m.sends {
		put(uint64(id))
	}
	for _, n := range m.tried {
		put(uint64(n))
	}
	_, _ = h.Write(b)
	return h.Sum64()
}
