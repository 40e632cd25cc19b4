package checker

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/raftcheck/raftcheck/checker/external"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// A search can be shared by any number of programs, on machines that see one folder. Each part of it is a function from files to files, given and
// returned by their names, so that whatever runs programs and hands them names can run a search: docs/scale.md.
//
//	Begin                              the first layer
//	Expand   for some rounds of it     candidates for the next, and the states whose local steps are not known yet
//	Fill     for the whole layer       runs node code for those, once for all, and expands them
//	Merge    for each share of keys    drops the candidates that were seen before
//	Close    for the whole layer       the next layer
//	Tell                               the result
//
// A part that is done twice, here and there or again after it was lost, gives files that mean the same, under other names if they differ. Only Fill makes
// steps known. They are in a file, which every program makes known to its own memo again, so states are numbers that mean the same everywhere.
//
// The result is that of the same search in memory, to the last count and to the steps of the counterexample, since candidates are taken in the order
// in which that search meets them: Found has late ones at their places, and a program sifts out of its candidates only what comes later than one that it has met.

// Sharing is one program's part in a search that is shared. It is not for use by several goroutines.
type Sharing struct {
	config  *cluster.Config
	options Options
	folder  *external.Shared
	run     *run
	filled  uint64 // numbers that its memo was made known
	dirty   bool   // something went wrong half-way: the memo is made anew
	depth   int    // of the layer that was expanded last
	behind  int    // the block up to which it was
}

// Share takes part in a search in a folder. Keep says who makes it and its note; its folder is the one that is shared.
func Share(config *cluster.Config, o Options) (*Sharing, error) {
	folder, err := external.OpenShared(o.Keep.Dir)
	if err != nil {
		return nil, &Unfit{Dir: o.Keep.Dir, Err: causeOf(err)}
	}
	keep := *o.Keep
	keep.folder, keep.shared = folder, true
	o.Keep = &keep
	s := &Sharing{config: config, options: o, folder: folder}
	return s, s.anew()
}

// SharedLayer is a finished layer of a search, and with it all that was found until then.
type SharedLayer struct {
	Maker  string // the program and its version
	World  []string
	Note   string
	Depth  int
	Shares int                // into which keys are divided
	Layers [][]external.Layer // by depth and share
	Blocks []int              // of the last layer, by share
	Runs   [][]external.Ref   // by share
	Memo   []external.Ref     // what was made known of servers, in order
	Filled uint64             // so many numbers
	Digest uint64             // of all that is known
	Stats  Stats
	Goals  map[string]int
	Broken *brokenPromise // the first violation; nil while there is none
	Done   bool           // there is nothing to expand: a violation, the bound of steps, or the end
}

// brokenPromise is a successor that breaks a promise, of a state of the layer before the last.
type brokenPromise struct {
	Parent uint32
	Nth    uint16
}

func (b *brokenPromise) violation() violation { return violation{b.Parent, b.Nth} }

// Rounds is how many rounds the last layer takes: Expand does from any of them to another.
func (l *SharedLayer) Rounds() int {
	if l.Done {
		return 0
	}
	blocks := 0
	for _, n := range l.Blocks {
		blocks += n
	}
	return (blocks + roundBlocks - 1) / roundBlocks
}

// States is how many the last layer has.
func (l *SharedLayer) States() (n uint64) {
	for k := range l.Layers[len(l.Layers)-1] {
		n += l.Layers[len(l.Layers)-1][k].States()
	}
	return n
}

// step returns the parent of a state of a layer, and which of its successors it is.
func (l *SharedLayer) step(folder external.FS, depth int, place uint32) (parent uint32, nth uint16, err error) {
	for k := range l.Layers[depth] {
		share := &l.Layers[depth][k]
		if n := uint32(share.States()); place >= n {
			place -= n
			continue
		}
		return share.Step(folder, place)
	}
	return 0, 0, errors.New("raftcheck is wrong: a layer has too few states")
}

// Files are those that the search needs from here on: what was found, and what is to be done.
func (l *SharedLayer) Files() (all []external.Ref) {
	m := external.Manifest{Memo: l.Memo, Runs: slices.Concat(l.Runs...), Layers: slices.Concat(l.Layers...)}
	return m.Files()
}

// sharesOf returns the partitions of keys that a share has.
func sharesOf(share, shares int) (from, to int) {
	return share * partitions / shares, (share + 1) * partitions / shares
}

// The kinds of notes.
const (
	layerNote    = "layer"
	expandedNote = "expanded"
	filledNote   = "filled"
	mergedNote   = "merged"
)

// anew begins with a memo that knows nothing.
func (s *Sharing) anew() error {
	if s.run != nil {
		s.close()
	}
	r, err := newRun(s.config, s.options)
	if err != nil {
		return err
	}
	r.kept = &kept{Keep: *s.options.Keep, putsOff: true, room: math.MaxInt / 2}
	if err := r.begin(); err != nil {
		return err
	}
	r.fills = &r.kept.fills
	s.run, s.filled, s.dirty, s.depth, s.behind = r, 0, false, 0, 0
	return nil
}

func (s *Sharing) close() {
	s.run.kept.close()
	s.run.end()
}

// Begin makes the first layer, whose keys are divided into at most sixteen shares, and returns the name of its file.
func (s *Sharing) Begin(shares int) (string, error) {
	if shares < 1 || shares > partitions {
		return "", fmt.Errorf("%d shares: there are 1 to %d", shares, partitions)
	}
	if err := s.anew(); err != nil {
		return "", err
	}
	r, k := s.run, s.run.kept
	first := r.layer[0]
	key := r.workers[0].keyOf(first.words, first.prints[0])
	first.second = append(first.second[:0], key.B)
	if err := k.create(); err != nil {
		return "", err
	}
	defer k.out.Abandon()
	if err := k.append(key.Partition(), first); err != nil {
		return "", err
	}
	layer, err := k.out.Commit()
	if err != nil {
		return "", err
	}
	l := &SharedLayer{Maker: k.Maker, World: r.worldOf(), Note: k.Note, Depth: -1, Shares: shares, Runs: make([][]external.Ref, shares), Goals: map[string]int{}, Digest: r.digest()}
	var merged []sharedMerge
	for n := range shares {
		m, err := s.merge(external.Found{Main: []external.Layer{layer}}, l, n)
		if err != nil {
			return "", err
		}
		merged = append(merged, m)
	}
	return s.turn(l, &sharedFill{Digest: l.Digest}, merged)
}

// know makes known to the memo what was made known to the search until a layer.
func (s *Sharing) know(ctx context.Context, l *SharedLayer) error {
	if was, is := difference(l.World, s.run.worldOf()); was != is || l.Maker != s.run.kept.Maker {
		return s.run.kept.unfit(fmt.Errorf("the search in it is another one: %s made it, with %s; this is %s, with %s", l.Maker, was, s.run.kept.Maker, is))
	}
	if s.dirty || s.filled > l.Filled {
		if err := s.anew(); err != nil {
			return err
		}
	}
	r, at := s.run, uint64(0)
	for _, ref := range l.Memo {
		if at += ref.Rows; at <= s.filled {
			continue
		}
		s.dirty = true
		numbers, err := external.ReadNumbers(s.folder, ref)
		if err != nil {
			return err
		}
		if err := r.refillMemo(ctx, numbers); err != nil {
			return err
		}
		s.filled = at
	}
	if r.digest() != l.Digest {
		s.dirty = true
		return r.behavesOtherwise()
	}
	s.dirty = false
	return nil
}

// Layer reads a finished layer.
func (s *Sharing) Layer(name string) (*SharedLayer, error) {
	l := &SharedLayer{}
	return l, s.read(name, l)
}

func (s *Sharing) read(name string, note any) error {
	if err := external.ReadNote(s.folder, name, note); err != nil {
		return s.run.kept.unfit(fmt.Errorf("%s: %w", name, err))
	}
	return nil
}

// sharedMerge is what Merge says of a share.
type sharedMerge struct {
	Layer  external.Layer
	Blocks int
	Runs   []external.Ref
}

// Merge drops the candidates of one share that were seen before.
func (s *Sharing) Merge(layer, filled string, share int) (string, error) {
	l, err := s.Layer(layer)
	if err != nil {
		return "", err
	}
	f := &sharedFill{}
	if err := s.read(filled, f); err != nil {
		return "", err
	}
	m, err := s.merge(f.Found, l, share)
	if err != nil {
		return "", s.stopped(err)
	}
	return external.WriteNote(s.folder, mergedNote, m)
}

func (s *Sharing) merge(found external.Found, l *SharedLayer, share int) (m sharedMerge, err error) {
	work := &external.Work{Keys: s.run.sortedAtOnce(), Serial: s.run.kept.serial}
	work.From, work.To = sharesOf(share, l.Shares)
	if m.Layer, m.Runs, err = external.Merge(s.folder, found, l.Runs[share], work); err != nil {
		return m, err
	}
	if m.Runs, err = external.Compact(s.folder, m.Runs, work); err != nil {
		return m, err
	}
	from, err := m.Layer.Open(s.folder)
	if err != nil {
		return m, err
	}
	defer from.Close()
	m.Blocks = from.Blocks()
	return m, nil
}

// Close makes the next layer of its shares, in their order.
func (s *Sharing) Close(layer, filled string, shares []string) (string, error) {
	l, err := s.Layer(layer)
	if err != nil {
		return "", err
	}
	f := &sharedFill{}
	if err := s.read(filled, f); err != nil {
		return "", err
	}
	merged := make([]sharedMerge, len(shares))
	for k, name := range shares {
		if err := s.read(name, &merged[k]); err != nil {
			return "", err
		}
	}
	return s.turn(l, f, merged)
}

// turn makes the next layer.
func (s *Sharing) turn(l *SharedLayer, f *sharedFill, merged []sharedMerge) (string, error) {
	next := *l
	next.Depth, next.Layers, next.Memo, next.Runs, next.Blocks = l.Depth+1, slices.Clone(l.Layers), slices.Clone(l.Memo), nil, nil
	if f.Memo != nil {
		next.Memo, next.Filled = append(next.Memo, *f.Memo), next.Filled+f.Memo.Rows
	}
	for n := range next.Layers { // what is not needed when the layer is expanded, or in a run
		next.Layers[n] = slices.Clone(next.Layers[n])
		for k := range next.Layers[n] {
			next.Layers[n][k].Words, next.Layers[n][k].Keys = nil, nil
		}
	}
	var shares []external.Layer
	for _, m := range merged {
		shares, next.Blocks, next.Runs = append(shares, m.Layer), append(next.Blocks, m.Blocks), append(next.Runs, m.Runs)
	}
	next.Layers = append(next.Layers, shares)
	next.Digest, next.Broken = f.Digest, f.Broken
	next.Stats.Transitions += f.Transitions
	next.Goals = map[string]int{}
	for k, g := range spec.Goals {
		next.Goals[g.Name] = l.Goals[g.Name]
		if len(f.Goals) > 0 {
			next.Goals[g.Name] += f.Goals[k]
		}
	}
	states := next.States()
	if states > 1<<32-1 {
		return "", fmt.Errorf("a layer of %d states: at most %d can be numbered", states, uint64(1<<32-1))
	}
	next.Stats.Distinct = l.Stats.Distinct + states
	if next.Broken == nil {
		next.Stats.Frontier = int(states)
	}
	if bound := s.config.Bounds.Depth; next.Broken != nil || states == 0 || bound > 0 && next.Depth == bound {
		next.Done = true
	}
	next.Stats.Complete = next.Broken == nil && states == 0
	if next.Stats.Depth = next.Depth; states == 0 && next.Broken == nil {
		next.Stats.Depth--
	}
	return external.WriteNote(s.folder, layerNote, &next)
}

// Tell returns the result of a search, as far as it came.
func (s *Sharing) Tell(ctx context.Context, layer string, seconds float64) (*Result, error) {
	l, err := s.Layer(layer)
	if err != nil {
		return nil, err
	}
	if err := s.know(ctx, l); err != nil {
		return nil, s.stopped(err)
	}
	r := s.run
	defer func() { s.dirty = true }() // the pass for fewer faults makes more known
	r.fills, r.kept.stand = nil, l
	r.started = time.Now().Add(-time.Duration(seconds * float64(time.Second)))
	r.stats = l.Stats
	r.kept.manifest = external.Manifest{Memo: l.Memo, Runs: slices.Concat(l.Runs...), Layers: slices.Concat(l.Layers...)}
	for k, g := range spec.Goals {
		r.search.goals[k] = l.Goals[g.Name]
	}
	switch {
	case l.Broken != nil:
		r.found = []violation{l.Broken.violation()}
		return r.violated(ctx, l.Depth-1)
	case !l.Done:
		return r.result(notEnded, nil), nil
	}
	return r.result("", nil), nil
}

// notEnded is why a search is inconclusive that was not carried to its end.
const notEnded = "the search was ended before it was done"

// Sweep removes files of the search that a layer does not need. No other program may be at work on the search.
func (s *Sharing) Sweep(layer string) error {
	l, err := s.Layer(layer)
	if err != nil {
		return err
	}
	needed := []string{layer}
	for _, ref := range l.Files() {
		needed = append(needed, ref.File)
	}
	if err := s.folder.Sweep(needed); err != nil {
		return s.stopped(err)
	}
	return nil
}

// stopped names the folder where a file is to blame.
func (s *Sharing) stopped(err error) error {
	var damaged *external.Damaged
	var failed *external.Failed
	if errors.As(err, &damaged) || errors.As(err, &failed) {
		return s.run.kept.unfit(err)
	}
	return err
}
