package checker

import (
	"context"

	"github.com/raftcheck/raftcheck/checker/external"
)

// sharedFill is what Fill says of a layer.
type sharedFill struct {
	Found       external.Found
	Memo        *external.Ref // what was made known; nil for nothing
	Digest      uint64        // of all that is known since
	Transitions uint64
	Goals       []int
	Broken      *brokenPromise
}

// Fill runs node code for what the memo lacks of a layer, and expands the states that were put off for it, round by round as a search that is not shared
// does. expanded are the files of all rounds, in their order. It returns the name of the file that says what was found.
func (s *Sharing) Fill(ctx context.Context, layer string, expanded []string) (string, error) {
	l, err := s.Layer(layer)
	if err != nil {
		return "", err
	}
	if err := s.know(ctx, l); err != nil {
		return "", s.stopped(err)
	}
	f := &filling{Sharing: s}
	f.said.Goals = make([]int, len(s.run.search.goals))
	var rounds []sharedRound
	for _, name := range expanded {
		var e sharedExpansion
		if err := s.read(name, &e); err != nil {
			return "", err
		}
		f.said.Found.Main = append(f.said.Found.Main, e.Layer)
		rounds = append(rounds, e.Rounds...)
	}
	s.dirty = true
	if err := f.rounds(ctx, rounds); err != nil {
		return "", s.stopped(err)
	}
	f.said.Digest = s.run.digest()
	name, err := external.WriteNote(s.folder, filledNote, &f.said)
	if err == nil {
		s.dirty = false
	}
	return name, err
}

// filling is one call of Fill.
type filling struct {
	*Sharing
	said   sharedFill
	blocks []*block // the states that are put off, each in a block of its own
}

func (f *filling) rounds(ctx context.Context, rounds []sharedRound) error {
	r := f.run
	met := r.kept.filters // late candidates are compared with each other only
	r.kept.filters = [partitions]filter{}
	defer func() {
		for p := range r.kept.filters {
			r.kept.filters[p].empty()
		}
		r.kept.filters = met
		clear(r.workers[0].recent[:])
		r.putAway()
	}()
	clear(r.workers[0].recent[:])
	if err := r.kept.create(); err != nil {
		return err
	}
	r.tally()
	for k := range rounds {
		if err := f.round(ctx, &rounds[k]); err != nil {
			return err
		}
		if f.said.Broken != nil {
			f.said.Found.Limit = rounds[k].End
			break
		}
	}
	return f.commit()
}

// round expands what was put off in a round: first the states for which earlier rounds have made all known, which come in the order of the layer, then the others.
func (f *filling) round(ctx context.Context, n *sharedRound) error {
	r := f.run
	w := r.workers[0]
	f.blocks = f.blocks[:0]
	for p := range r.doubts {
		r.doubts[p] = r.doubts[p][:0]
	}
	for k := range n.PutOff {
		p := &n.PutOff[k]
		f.blocks = append(f.blocks, &block{words: p.Words, prints: []uint64{p.Print}, parent: []uint32{0}, nth: []uint16{0}, first: p.Place})
	}
	var known, unknown [partitions][]successor
	var rest []*block
	for _, b := range f.blocks {
		if !w.expandInto(&known, b, 0) {
			rest = append(rest, b)
		}
	}
	f.file(&known, 0)
	for _, b := range rest {
		for !w.expandInto(&unknown, b, 0) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := r.fill(w.missing); err != nil {
				return err
			}
		}
	}
	f.file(&unknown, n.End)
	r.settle()
	counted := r.tally()
	f.said.Transitions += n.Transitions + counted.Transitions
	for k := range f.said.Goals {
		f.said.Goals[k] += n.Goals[k] + counted.Goals[k]
	}
	for _, b := range []*brokenPromise{n.Broken, counted.Broken} {
		if first := f.said.Broken; b != nil && (first == nil || b.violation().before(first.violation())) {
			f.said.Broken = b
		}
	}
	return nil
}

// file sifts successors and gives each its place: before the candidates of that parent place, or, if it is 0, in the order of parents.
func (f *filling) file(batches *[partitions][]successor, before uint32) {
	r := f.run
	for p := range batches {
		places := &f.said.Found.Before[p]
		r.workers[0].siftBatch(r.search, f.blocks, p, batches[p])
		at := 0
		for _, b := range r.search.next[p] {
			for _, parent := range b.parent {
				if at++; at <= len(*places) {
					continue
				}
				if before > 0 {
					parent = before
				}
				*places = append(*places, parent)
			}
		}
	}
}

// commit writes the late candidates, and what was made known.
func (f *filling) commit() error {
	r := f.run
	if err := r.drain(true); err != nil {
		return err
	}
	late, err := r.kept.out.Commit()
	if err != nil {
		return err
	}
	if late.States() > 0 {
		f.said.Found.Late = &late
	}
	if len(r.kept.fills) == 0 {
		return nil
	}
	ref, err := external.WriteNumbers(f.folder, external.Memo, r.kept.serial(), r.kept.fills)
	f.said.Memo = &ref
	f.filled += uint64(len(r.kept.fills))
	r.kept.fills = r.kept.fills[:0]
	return err
}
