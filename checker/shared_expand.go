package checker

import (
	"context"
	"slices"

	"github.com/raftcheck/raftcheck/checker/external"
)

// sharedExpansion is what Expand says of some rounds of a layer.
type sharedExpansion struct {
	Layer  external.Layer // candidates for the next
	Rounds []sharedRound
}

// sharedRound is what one round found.
type sharedRound struct {
	Round       int
	End         uint32 // the place behind its last state
	Transitions uint64
	Goals       []int          // times that each goal was reached, in the rulebook's order
	Broken      *brokenPromise // the first violation
	PutOff      []putOff       // states whose local steps are not known, in order
}

// putOff is a state that Fill expands.
type putOff struct {
	Place uint32
	Print uint64 `json:",string"`
	Words []uint32
}

// Expand expands rounds of a layer from one to another, which is not among them, and returns the name of the file that says what was found.
func (s *Sharing) Expand(ctx context.Context, layer string, from, to int) (string, error) {
	l, err := s.Layer(layer)
	if err != nil {
		return "", err
	}
	if err := s.know(ctx, l); err != nil {
		return "", s.stopped(err)
	}
	found, err := s.expand(ctx, l, from*roundBlocks, to*roundBlocks)
	if err != nil {
		return "", s.stopped(err)
	}
	return external.WriteNote(s.folder, expandedNote, found)
}

func (s *Sharing) expand(ctx context.Context, l *SharedLayer, at, end int) (found sharedExpansion, err error) {
	r := s.run
	if l.Depth < s.depth || l.Depth == s.depth && at < s.behind {
		s.forget() // what was met comes later than what will be
	}
	s.depth, s.behind = l.Depth, end
	blocks := &shareBlocks{folder: s.folder, layer: l}
	defer blocks.close()
	defer r.putAway()
	round := at / roundBlocks
	r.tally()
	note := func(int) (string, error) {
		n := r.tally()
		n.Round = round
		round++
		last := r.layer[len(r.layer)-1]
		n.End = last.first + uint32(len(last.parent))
		for k, b := range r.layer {
			for _, i := range r.deferred[k] {
				n.PutOff = append(n.PutOff, putOff{b.first + i, b.prints[i], slices.Clone(b.words[int(i)*r.words() : (int(i)+1)*r.words()])})
			}
		}
		found.Rounds = append(found.Rounds, n)
		return "", nil
	}
	reason, err := r.expandBlocks(ctx, blocks, at, min(end, blocks.Blocks()), note)
	if err == nil && len(r.found) > 0 {
		_, err = note(0)
	}
	switch {
	case err != nil:
		s.forget() // of what was met nothing is in a file
		return found, err
	case reason != "":
		s.forget()
		return found, &OutOfMemory{reason}
	}
	found.Layer, err = r.kept.out.Commit()
	return found, err
}

// OutOfMemory says that a program has too little memory for its part in a search.
type OutOfMemory struct{ What string }

// Error says how much it has, and what takes it.
func (o *OutOfMemory) Error() string { return o.What }

// forget forgets which states were met.
func (s *Sharing) forget() {
	s.run.kept.forget()
	for _, w := range s.run.workers {
		clear(w.recent[:])
	}
}

// putAway gives the blocks back that were expanded, and what they led to.
func (r *run) putAway() {
	for _, b := range r.layer {
		r.spare.put(b)
	}
	r.layer = r.layer[:0]
	for p := range r.search.next {
		for _, b := range r.search.next[p] {
			r.spare.put(b)
		}
		r.search.next[p] = r.search.next[p][:0]
	}
	r.made = 0
	r.kept.out.Abandon()
}

// tally returns what was counted since it was asked for last.
func (r *run) tally() (n sharedRound) {
	n.Transitions, n.Goals = r.stats.Transitions, slices.Clone(r.search.goals)
	n.Broken = firstOf(r.found)
	r.stats.Transitions, r.found = 0, nil
	clear(r.search.goals)
	return n
}

func firstOf(found []violation) *brokenPromise {
	if len(found) == 0 {
		return nil
	}
	first := slices.MinFunc(found, func(a, b violation) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	return &brokenPromise{first.parent, first.nth}
}

// shareBlocks are the blocks of a layer, those of one share behind those of the one before.
type shareBlocks struct {
	folder external.FS
	layer  *SharedLayer
	share  int // that is open
	first  uint32
	begin  int // its first block
	open   *external.LayerReader
}

// Blocks is how many there are in all shares.
func (b *shareBlocks) Blocks() (n int) {
	for _, blocks := range b.layer.Blocks {
		n += blocks
	}
	return n
}

// Read reads a block, which is not before the one that was read last.
func (b *shareBlocks) Read(k int, into *external.Block) (err error) {
	shares := b.layer.Layers[len(b.layer.Layers)-1]
	for k >= b.begin+b.layer.Blocks[b.share] {
		b.first += uint32(shares[b.share].States())
		b.begin += b.layer.Blocks[b.share]
		b.close()
		b.share++
	}
	if b.open == nil {
		if b.open, err = shares[b.share].Open(b.folder); err != nil {
			return err
		}
	}
	if err := b.open.Read(k-b.begin, into); err != nil {
		return err
	}
	into.First += b.first
	return nil
}

func (b *shareBlocks) close() {
	if b.open != nil {
		b.open.Close()
		b.open = nil
	}
}
