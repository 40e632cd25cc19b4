package checker

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"runtime/debug"
	"slices"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/raftcheck/raftcheck/checker/external"
	"github.com/raftcheck/raftcheck/spec"
)

// Keep says where a search is kept, so that it needs no more memory than it is given and can go on after it was ended at any moment.
type Keep struct {
	Dir    string // a folder: empty, or not there yet, or with Resume one that holds a search
	Resume bool   // go on with the search in Dir, which must be of the same world
	Maker  string // the program and its version, which must be the same for Resume
	Note   string // stays with the search, for whoever goes on with it: see Note
	folder external.FS
	tight  int // tests: so many keys are sorted at once, and filters are emptied before every round; 0 is as Memory has it
}

// Unfit says why a folder cannot hold a search, or why the search in it cannot go on as it was asked to.
type Unfit struct {
	Dir  string
	File string // which of its files is wrong; "" for none
	Err  error
}

// Error names the folder or file, and what is wrong.
func (u *Unfit) Error() string {
	if u.File != "" {
		return fmt.Sprintf("%s/%s: %v", u.Dir, u.File, u.Err)
	}
	return fmt.Sprintf("%s: %v", u.Dir, u.Err)
}

// Unwrap returns the cause.
func (u *Unfit) Unwrap() error { return u.Err }

// Note returns what [Keep] Note was when the search in a folder began, and which program made it. The error is an *Unfit.
func Note(dir string) (note, maker string, err error) {
	k := &kept{Keep: Keep{Dir: dir, Resume: true}}
	if err := k.open(); err != nil {
		return "", "", err
	}
	defer k.close()
	return k.state.Note, k.manifest.Maker, nil
}

// kept is a search in files.
type kept struct {
	Keep
	owner    interface{ Close() error }
	manifest external.Manifest
	state    keptState
	filters  [partitions]filter
	room     int  // words that each filter should have at most
	whole    bool // the filters hold every state that was found
	base     uint64
	fills    []uint32 // what was made known to the memo since the last manifest, as numbers
	out      *external.Candidates
	filed    uint64 // states in out
}

// keptState is what a manifest says besides files.
type keptState struct {
	World []string // what is searched, and for what
	Note  string
	Memo  uint64 // digest of the memo
	Stats Stats
	Goals map[string]int
}

// blocks of the search are those of files.
var _ [blockStates]struct{} = [external.Rows]struct{}{}
var _ [partitions]struct{} = [external.Partitions]struct{}{}

// open opens the folder, and reads the manifest if the search is to go on.
func (k *kept) open() error {
	if k.folder == nil {
		folder, err := external.OpenFolder(k.Dir, !k.Resume)
		if err != nil {
			return k.unfit(causeOf(err))
		}
		k.folder, k.owner = folder, folder
	}
	if err := k.begin(); err != nil {
		k.close()
		return err
	}
	return nil
}

func (k *kept) begin() error {
	if !k.Resume {
		names, err := k.folder.Names()
		switch {
		case err != nil:
			return k.unfit(causeOf(err))
		case slices.Contains(names, external.ManifestName):
			return k.unfit(errors.New("it holds a search already, which can go on"))
		}
		for _, name := range names {
			if !external.Ours(name) {
				return k.unfit(fmt.Errorf("it is not empty: it holds %s", name))
			}
		}
		return external.Sweep(k.folder, &k.manifest) // of a search that was ended at once
	}
	m, err := external.Read(k.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return k.unfit(errors.New("it holds no search: there is no " + external.ManifestName))
	}
	if err != nil {
		return k.unfit(err)
	}
	k.manifest = *m
	if err := json.Unmarshal(m.Search, &k.state); err != nil {
		return k.unfit(&external.Damaged{File: external.ManifestName, What: err.Error()})
	}
	return nil
}

func (k *kept) close() {
	if k.out != nil {
		k.out.Abandon()
	}
	for p := range k.filters {
		k.filters[p].empty()
	}
	if k.owner != nil {
		_ = k.owner.Close() // what counts is on disk
		k.owner = nil
	}
}

// unfit names the folder, and the file if one is to blame.
func (k *kept) unfit(err error) error {
	u := &Unfit{Dir: k.Dir, Err: err}
	var damaged *external.Damaged
	var failed *external.Failed
	switch {
	case errors.As(err, &damaged):
		u.File, u.Err = damaged.File, errors.New(damaged.What)
	case errors.As(err, &failed):
		u.File, u.Err = failed.File, failed.Err
	}
	return u
}

func causeOf(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// serial numbers files.
func (k *kept) serial() uint64 {
	k.manifest.Serial++
	return k.manifest.Serial
}

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
	for _, rule := range r.rules {
		add("rule", rule.ID)
	}
	for _, g := range r.goals {
		add("goal", g.Goal.Name)
	}
	return lines
}

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
	if err := r.start(ctx); err != nil {
		return r.stopped(ctx, err)
	}
	for {
		layer := &k.manifest.Layers[len(k.manifest.Layers)-1]
		r.stats.Frontier = int(layer.States())
		if layer.States() == 0 {
			r.stats.Complete = true
			return r.result("", nil), nil
		}
		depth := len(k.manifest.Layers) - 1
		r.stats.Depth = depth
		if bound := r.config.Bounds.Depth; bound > 0 && depth == bound {
			return r.result("", nil), nil
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
	k.state.World, k.state.Note, k.manifest.Maker = r.worldOf(), k.Note, k.Maker
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

// resume goes on where the manifest says.
func (r *run) resume(ctx context.Context) error {
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
	for _, ref := range k.manifest.Memo {
		numbers, err := external.ReadMemo(k.folder, ref)
		if err != nil {
			return err
		}
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
	}
	k.fills = k.fills[:0]
	if r.digest() != k.state.Memo {
		return r.behavesOtherwise()
	}
	for n, g := range spec.Goals {
		r.search.goals[n] = k.state.Goals[g.Name]
	}
	s := k.state.Stats
	r.stats.Transitions, r.stats.Depth = s.Transitions, s.Depth
	r.started = r.started.Add(-time.Duration(s.Seconds * float64(time.Second)))
	k.count()
	r.stats.Distinct = k.base
	if err := external.Sweep(k.folder, &k.manifest); err != nil {
		return err
	}
	return r.refill()
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

// count adds up the states of all layers.
func (k *kept) count() {
	k.base = 0
	for n := range k.manifest.Layers {
		k.base += k.manifest.Layers[n].States()
	}
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

// expandLayer expands a layer into candidates for the next. A reason says that it was given up.
func (r *run) expandLayer(ctx context.Context, layer *external.Layer) (reason string, err error) {
	k := r.kept
	from, err := layer.Open(k.folder)
	if err != nil {
		return "", err
	}
	defer from.Close()
	if err := k.create(); err != nil {
		return "", err
	}
	for at := 0; at < from.Blocks(); {
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
			err = r.drain(len(r.found) > 0 || at == from.Blocks())
		}
		if err != nil || len(r.found) > 0 {
			return "", err
		}
		if bound := r.options.States; bound > 0 && r.stats.Distinct > bound {
			return fmt.Sprintf("the bound of %d states was reached", bound), nil
		}
		r.report()
	}
	return "", nil
}

// load makes the next blocks of a layer those of a round.
func (r *run) load(from *external.LayerReader, at int) (int, error) {
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
		return fmt.Sprintf("the memory bound of %d MiB was reached: %d MiB are taken by the program, what is known of single servers, and what a round takes", memory>>20, others>>20)
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
	for p, n := range r.nextCount {
		r.kept.filed += uint64(n)
		r.nextCount[p] = 0
	}
	r.stats.Distinct = r.kept.base
	if r.kept.whole {
		r.stats.Distinct += r.kept.filed
	}
	return errors.Join(errs[:]...)
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
	work := &external.Work{Keys: r.sortedAtOnce(), Serial: k.serial,
		Parallel: func(n int, do func(int)) { r.parallel(n, func(_ *worker, p int) { do(p) }) }}
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
	layer, runs, err := external.Merge(k.folder, candidates, runs, work)
	if err != nil {
		return candidates, err
	}
	k.manifest.Runs, err = external.Compact(k.folder, runs, work)
	return layer, err
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

// turnKept makes the next layer the one to be expanded, and the manifest say so.
func (r *run) turnKept() error {
	k := r.kept
	layer, err := r.nextLayer()
	if err != nil {
		return err
	}
	if len(k.fills) > 0 {
		ref, err := external.WriteMemo(k.folder, k.serial(), k.fills)
		if err != nil {
			return err
		}
		k.manifest.Memo, k.fills = append(k.manifest.Memo, ref), k.fills[:0]
	}
	for n := range k.manifest.Layers {
		l := &k.manifest.Layers[n]
		if l.Words = nil; l.Sorted {
			l.Keys = nil
		}
	}
	k.manifest.Layers = append(k.manifest.Layers, layer)
	if k.count(); k.base > 0 {
		r.stats.Distinct = k.base
	}
	k.state.Stats, k.state.Memo = r.statistics(), r.digest()
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

// sift adds one partition's successors to the candidates for the next layer, in the order of the blocks, but for those that are known to
// have been met. It does in files what file does in memory.
func (w *worker) sift(s *search, blocks []*block, p int) {
	const some = 16
	set, words := &s.kept.filters[p], w.words()
	s.doubts[p] = s.doubts[p][:0]
	if len(w.sifted) == 0 {
		w.sifted = make([]uint32, some*words)
	}
	var keys [some]external.Key
	for k := range len(blocks) + 1 {
		if k == len(blocks) {
			k = roundBlocks // deferred states come last
		}
		for batch := range slices.Chunk(s.batches[k][p], some) {
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
