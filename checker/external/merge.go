package external

import (
	"math"
	"slices"
)

// Work is what merging may use.
type Work struct {
	// Keys is how many keys of one partition are held at once, at least 1.
	Keys int
	// Parallel calls do for every k below n, as many at a time as there are workers. Nil is one after the other.
	Parallel func(n int, do func(k int))
	// Serial gives a number for the names of files that was not given before.
	Serial func() uint64
}

// each calls do for every partition and returns the first error, by partition.
func (w *Work) each(do func(partition int) error) error {
	var errs [Partitions]error
	one := func(p int) { errs[p] = do(p) }
	if w.Parallel == nil {
		for p := range Partitions {
			one(p)
		}
	} else {
		w.Parallel(Partitions, one)
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Merge returns the candidates that are in no run and not among the candidates before them, in their order, and the runs with their keys.
// Keys are sorted in pieces, of as many keys as may be held, and each piece is compared with all runs from their beginnings to their ends.
func Merge(folder FS, candidates Layer, runs []Ref, w *Work) (Layer, []Ref, error) {
	m := &merging{folder: folder, work: w, runs: slices.Clone(runs)}
	fresh, err := m.sift(candidates)
	if err != nil {
		return Layer{}, nil, err
	}
	if fresh < candidates.States() {
		if candidates, err = m.keep(candidates); err != nil {
			return Layer{}, nil, err
		}
	}
	candidates.Sorted = true
	return candidates, m.runs, nil
}

// merging is one call of Merge.
type merging struct {
	folder FS
	work   *Work
	runs   []Ref
	fresh  [Partitions][]uint64 // by partition: a bit for each candidate
}

// item is a key and the place of its candidate in its partition.
type item struct {
	Key
	place uint32
}

func (i item) compare(j item) int {
	if c := i.Compare(j.Key); c != 0 {
		return c
	}
	return int(i.place) - int(j.place)
}

// sift finds which candidates are new, and makes runs of them.
func (m *merging) sift(candidates Layer) (fresh uint64, err error) {
	keys, err := openBlocks(m.folder, *candidates.Keys)
	if err != nil {
		return 0, err
	}
	defer keys.close()
	var queues [Partitions]*queue
	for p := range Partitions {
		n := keys.rows(p)
		if n > math.MaxUint32 {
			return 0, &Damaged{candidates.Keys.File, "too many states"}
		}
		m.fresh[p] = make([]uint64, (n+63)/64)
		queues[p] = newQueue(p, keys)
	}
	for more := true; more; {
		if more, err = m.piece(&queues); err != nil {
			return 0, err
		}
	}
	for p := range Partitions {
		fresh += ones(m.fresh[p])
	}
	return fresh, nil
}

// piece sifts as many keys of each partition as may be held. It returns false when there is no more.
func (m *merging) piece(queues *[Partitions]*queue) (more bool, err error) {
	if !slices.ContainsFunc(queues[:], func(q *queue) bool { return !q.ended() }) {
		return false, nil
	}
	var runs []*reader
	defer func() {
		for _, r := range runs {
			r.close()
		}
	}()
	for _, ref := range m.runs {
		r, err := openBlocks(m.folder, ref)
		if err != nil {
			return false, err
		}
		runs = append(runs, r)
	}
	out, err := newRun(m.folder, m.work.Serial())
	if err != nil {
		return false, err
	}
	defer out.abandon()
	err = m.work.each(func(p int) error { return m.siftPiece(queues[p], runs, out) })
	if err != nil {
		return false, err
	}
	ref, err := out.commit()
	if err == nil {
		m.runs = append(m.runs, ref)
	}
	return true, err
}

func (m *merging) siftPiece(q *queue, runs []*reader, out *runWriter) error {
	items, err := q.take(m.work.Keys)
	if err != nil {
		return err
	}
	sortItems(items)
	cursors := make([]cursor, len(runs))
	for k, r := range runs {
		cursors[k] = newCursor(r, q.partition)
	}
	var before Key
	for k, i := range items {
		if k > 0 && i.Key == before {
			continue
		}
		before = i.Key
		known := false
		for c := range cursors {
			if known, err = cursors[c].has(i.Key); known || err != nil {
				break
			}
		}
		if err != nil {
			return err
		}
		if known {
			continue
		}
		m.fresh[q.partition][i.place/64] |= 1 << (i.place % 64)
		if err := out.add(q.partition, i.Key); err != nil {
			return err
		}
	}
	return out.flush(q.partition)
}

// keep writes the candidates that are new, as a layer of their own.
func (m *merging) keep(candidates Layer) (Layer, error) {
	out, err := Create(m.folder, m.work.Serial())
	if err != nil {
		return Layer{}, err
	}
	defer out.Abandon()
	err = m.work.each(func(p int) error { return m.keepPartition(candidates, p, out) })
	if err != nil {
		return Layer{}, err
	}
	return out.Commit()
}

func (m *merging) keepPartition(candidates Layer, p int, out *Candidates) error {
	from, err := candidates.Open(m.folder)
	if err != nil {
		return err
	}
	defer from.Close()
	var in Block
	kept := Block{Partition: p}
	place := 0
	for k := from.paths.first[p]; k < from.paths.first[p+1]; k++ {
		if err := from.Read(k, &in); err != nil {
			return err
		}
		width := len(in.Words) / len(in.Keys)
		for i := range in.Keys {
			if m.fresh[p][place/64]>>(place%64)&1 != 0 {
				kept.Words = append(kept.Words, in.Words[i*width:(i+1)*width]...)
				kept.Keys = append(kept.Keys, in.Keys[i])
				kept.Parent, kept.Nth = append(kept.Parent, in.Parent[i]), append(kept.Nth, in.Nth[i])
			}
			place++
			if len(kept.Keys) == Rows {
				if err := out.Append(&kept); err != nil {
					return err
				}
				kept.Words, kept.Keys, kept.Parent, kept.Nth = kept.Words[:0], kept.Keys[:0], kept.Parent[:0], kept.Nth[:0]
			}
		}
	}
	return out.Append(&kept)
}

// Sort makes runs of the keys of layers whose states are known to be different.
func Sort(folder FS, keys []Ref, w *Work) (runs []Ref, err error) {
	var readers []*reader
	defer func() {
		for _, r := range readers {
			r.close()
		}
	}()
	for _, ref := range keys {
		r, err := openBlocks(folder, ref)
		if err != nil {
			return nil, err
		}
		readers = append(readers, r)
	}
	var queues [Partitions]*queue
	for p := range Partitions {
		queues[p] = newQueue(p, readers...)
	}
	for slices.ContainsFunc(queues[:], func(q *queue) bool { return !q.ended() }) {
		out, err := newRun(folder, w.Serial())
		if err != nil {
			return nil, err
		}
		err = w.each(func(p int) error { return sortPiece(queues[p], w.Keys, out) })
		if err != nil {
			out.abandon()
			return nil, err
		}
		ref, err := out.commit()
		if err != nil {
			return nil, err
		}
		runs = append(runs, ref)
	}
	return runs, nil
}

func sortPiece(q *queue, most int, out *runWriter) error {
	items, err := q.take(most)
	if err != nil {
		return err
	}
	sortItems(items)
	for _, i := range items {
		if err := out.add(q.partition, i.Key); err != nil {
			return err
		}
	}
	return out.flush(q.partition)
}

// Compact merges runs until each is at least twice as large as the next, so that there are few. It returns those that are left.
func Compact(folder FS, runs []Ref, w *Work) ([]Ref, error) {
	runs = slices.DeleteFunc(slices.Clone(runs), func(r Ref) bool { return r.Rows == 0 })
	slices.SortStableFunc(runs, func(a, b Ref) int { return -compareRows(a, b) })
	for {
		n := len(runs)
		from := n
		for sum := uint64(0); from > 0 && (from == n || runs[from-1].Rows < 2*sum); from-- {
			sum += runs[from-1].Rows
		}
		if n-from < 2 {
			return runs, nil
		}
		merged, err := join(folder, runs[from:], w)
		if err != nil {
			return nil, err
		}
		runs = append(runs[:from], merged)
		slices.SortStableFunc(runs, func(a, b Ref) int { return -compareRows(a, b) })
	}
}

func compareRows(a, b Ref) int {
	switch {
	case a.Rows < b.Rows:
		return -1
	case a.Rows > b.Rows:
		return 1
	}
	return 0
}

// join merges runs into one.
func join(folder FS, runs []Ref, w *Work) (Ref, error) {
	var readers []*reader
	defer func() {
		for _, r := range readers {
			r.close()
		}
	}()
	for _, ref := range runs {
		r, err := openBlocks(folder, ref)
		if err != nil {
			return Ref{}, err
		}
		readers = append(readers, r)
	}
	out, err := newRun(folder, w.Serial())
	if err != nil {
		return Ref{}, err
	}
	defer out.abandon()
	err = w.each(func(p int) error { return joinPartition(p, readers, out) })
	if err != nil {
		return Ref{}, err
	}
	return out.commit()
}

func joinPartition(p int, runs []*reader, out *runWriter) error {
	var cursors []*cursor
	for _, r := range runs {
		c := newCursor(r, p)
		if some, err := c.next(); err != nil {
			return err
		} else if some {
			cursors = append(cursors, &c)
		}
	}
	for len(cursors) > 0 {
		least := 0
		for k, c := range cursors {
			if c.key().Compare(cursors[least].key()) < 0 {
				least = k
			}
		}
		if err := out.add(p, cursors[least].key()); err != nil {
			return err
		}
		some, err := cursors[least].advance()
		if err != nil {
			return err
		}
		if !some {
			cursors = slices.Delete(cursors, least, least+1)
		}
	}
	return out.flush(p)
}
