package checker

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/raftcheck/raftcheck/checker/external"
)

// A layer is expanded in rounds of as many blocks as fit into one. What a round finds is sifted by the filters, which hold in memory the keys of states
// that were met as far as there is room, and goes to disk as candidates for the next layer.

// expandLayer expands a layer into candidates for the next. A reason says that it was given up.
func (r *run) expandLayer(ctx context.Context, layer *external.Layer) (reason string, err error) {
	from, err := layer.Open(r.kept.folder)
	if err != nil {
		return "", err
	}
	defer from.Close()
	return r.expandBlocks(ctx, from, 0, from.Blocks(), func(int) (string, error) {
		if bound := r.options.States; bound > 0 && r.stats.Distinct > bound {
			return fmt.Sprintf("the bound of %d states was reached", bound), nil
		}
		r.report()
		return "", nil
	})
}

// blocksOf are the blocks of a layer.
type blocksOf interface {
	Blocks() int
	Read(k int, b *external.Block) error
}

// expandBlocks expands the blocks of a layer from one to another, which is not among them, into candidates for the next layer: a function from files to
// files. It begins with a round. After each round in which no promise is broken, next is told the block behind it; a reason to give up ends it.
func (r *run) expandBlocks(ctx context.Context, from blocksOf, at, end int, next func(at int) (reason string, err error)) (reason string, err error) {
	if err := r.kept.create(); err != nil {
		return "", err
	}
	for at < end {
		if at, err = r.load(from, at); err != nil {
			return "", err
		}
		if reason = r.share(); reason != "" {
			return reason, nil
		}
		_, err = r.round(ctx, 0)
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = r.drain(len(r.found) > 0 || at >= end)
		}
		if err != nil || len(r.found) > 0 {
			return "", err
		}
		if reason, err = next(at); reason != "" || err != nil {
			return reason, err
		}
	}
	return "", nil
}

// load makes the next blocks of a layer those of a round.
func (r *run) load(from blocksOf, at int) (int, error) {
	for _, b := range r.layer {
		r.spare.put(b)
	}
	r.layer = r.layer[:0]
	for ; at < from.Blocks() && len(r.layer) < roundBlocks; at++ {
		b := r.spare.get(r.words())
		in := external.Block{Words: b.words, Parent: b.parent, Nth: b.nth}
		if err := from.Read(at, &in); err != nil {
			return at, err
		}
		b.words, b.parent, b.nth, b.first = in.Words, in.Parent, in.Nth, in.First
		for _, key := range in.Keys {
			b.prints, b.second = append(b.prints, key.A), append(b.second, key.B)
		}
		r.layer = append(r.layer, b)
	}
	return at, nil
}

// share gives the filters what memory is left, and empties them if they are full.
func (r *run) share() (reason string) {
	k := r.kept
	memory := r.options.Memory
	if k.tight > 0 {
		k.room = leastRoom
		k.forget()
		return ""
	}
	if memory == 0 {
		return ""
	}
	others := r.memo.bytes() + r.roundBytes() + programBytes
	left := memory - others - memory/8 // the last is for sorting, and for what the runtime holds back
	if left < memory/8 {
		return fmt.Sprintf("the memory bound of %s was reached: %s are taken by the program, what is known of single servers, and what a round takes", sizeOf(memory), sizeOf(others))
	}
	k.room = max(left/8/partitions, leastRoom)
	debug.SetMemoryLimit(int64(memory - programBytes - 8*partitions*k.room)) // filters lie outside what the runtime manages
	for p := range k.filters {
		if k.filters[p].full(k.room) || len(k.filters[p].slots) > k.room+k.room/4 {
			k.forget()
			break
		}
	}
	return ""
}

// forget empties the filters.
func (k *kept) forget() {
	for p := range k.filters {
		k.filters[p].empty()
	}
	k.whole = false
}

// programBytes is about what the program itself takes.
const programBytes = 16 << 20

// leastRoom is how many words a filter may always have.
const leastRoom = 512

// create begins the files of the next layer.
func (k *kept) create() (err error) {
	k.filed = 0
	k.out, err = external.Create(k.folder, k.serial())
	return err
}

// append adds a block to the next layer.
func (k *kept) append(partition int, b *block) error {
	out := external.Block{Partition: partition, Words: b.words, Parent: b.parent, Nth: b.nth}
	for i, a := range b.prints {
		out.Keys = append(out.Keys, external.Key{A: a, B: b.second[i]})
	}
	return k.out.Append(&out)
}

// drain writes the blocks of the next layer that are full, or all of them.
func (r *run) drain(all bool) error {
	var errs [partitions]error
	r.parallel(partitions, func(_ *worker, p int) {
		rest := r.search.next[p][:0]
		for _, b := range r.search.next[p] {
			if len(b.parent) < blockStates && !all {
				rest = append(rest, b)
				continue
			}
			if errs[p] == nil {
				errs[p] = r.kept.append(p, b)
			}
			r.spare.put(b)
		}
		r.search.next[p] = rest
	})
	r.kept.filed, r.made = r.kept.filed+uint64(r.made), 0
	r.stats.Distinct = r.kept.base
	if r.kept.whole {
		r.stats.Distinct += r.kept.filed
	}
	return errors.Join(errs[:]...)
}

// sift adds one partition's successors to the candidates for the next layer, in the order of the blocks, but for those that are known to
// have been met. It does in files what file does in memory.
func (w *worker) sift(s *search, blocks []*block, p int) {
	s.doubts[p] = s.doubts[p][:0]
	for k := range len(blocks) + 1 {
		if k == len(blocks) {
			k = roundBlocks // deferred states come last
		}
		w.siftBatch(s, blocks, p, s.batches[k][p])
	}
}

// siftBatch adds some successors, in their order.
func (w *worker) siftBatch(s *search, blocks []*block, p int, all []successor) {
	const some = 16
	set, words := &s.kept.filters[p], w.words()
	if len(w.sifted) == 0 {
		w.sifted = make([]uint32, some*words)
	}
	var keys [some]external.Key
	for batch := range slices.Chunk(all, some) {
		for i := range batch {
			n := &batch[i]
			state := w.sifted[i*words : (i+1)*words]
			w.apply(state, parentOf(blocks, n.parent, words), n.move)
			keys[i] = w.keyOf(state, n.fingerprint)
		}
		set.touch(keys[:len(batch)])
		for i := range batch {
			if !set.insert(keys[i], s.kept.room) {
				continue
			}
			b := w.room(s, p)
			state := w.sifted[i*words : (i+1)*words]
			b.words, b.second = append(b.words, state...), append(b.second, keys[i].B)
			w.enter(s, b, p, state, &batch[i])
		}
	}
}
