package external

import "slices"

// Work is what merging may use.
type Work struct {
	// Keys is how many keys of one partition are held at once, at least 1.
	Keys int
	// Parallel calls do for every k below n, as many at a time as there are workers. Nil is one after the other.
	Parallel func(n int, do func(k int))
	// Serial gives a number for the names of files that was not given before.
	Serial func() uint64
	// From and To say which partitions are merged, To not among them; both 0 is all.
	From, To int
}

// span returns the partitions to merge.
func (w *Work) span() (from, to int) {
	if w.From == 0 && w.To == 0 {
		return 0, Partitions
	}
	return w.From, w.To
}

// each calls do for every partition and returns the first error, by partition.
func (w *Work) each(do func(partition int) error) error {
	var errs [Partitions]error
	from, to := w.span()
	one := func(k int) { errs[from+k] = do(from + k) }
	if w.Parallel == nil {
		for k := range to - from {
			one(k)
		}
	} else {
		w.Parallel(to-from, one)
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
func Merge(folder FS, found Found, runs []Ref, w *Work) (Layer, []Ref, error) {
	m := &merging{folder: folder, work: w, found: &found, runs: slices.Clone(runs)}
	fresh, err := m.sift()
	if err != nil {
		return Layer{}, nil, err
	}
	var layer Layer
	if found.whole() && fresh == found.States() {
		layer = found.Main[0]
	} else if layer, err = m.keep(); err != nil {
		return Layer{}, nil, err
	}
	layer.Sorted = true
	return layer, m.runs, nil
}

// merging is one call of Merge.
type merging struct {
	folder FS
	work   *Work
	found  *Found
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
func (m *merging) sift() (fresh uint64, err error) {
	var queues [Partitions]*rows
	defer func() {
		for _, q := range queues {
			q.close()
		}
	}()
	from, to := m.work.span()
	for p := from; p < to; p++ {
		if queues[p], err = newRows(m.folder, m.found, p, false); err != nil {
			return 0, err
		}
	}
	for more := true; more; {
		if more, err = m.piece(queues[:]); err != nil {
			return 0, err
		}
	}
	for p := range Partitions {
		fresh += ones(m.fresh[p])
	}
	return fresh, nil
}

// piece sifts as many keys of each partition as may be held. It returns false when there is no more.
func (m *merging) piece(queues []*rows) (more bool, err error) {
	if !slices.ContainsFunc(queues, func(q *rows) bool { return q != nil && !q.ended }) {
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

func (m *merging) siftPiece(q *rows, runs []*reader, out *runWriter) error {
	items, err := q.take(m.work.Keys)
	if err != nil {
		return err
	}
	if need := int(q.place+63) / 64; need > len(m.fresh[q.partition]) {
		m.fresh[q.partition] = append(m.fresh[q.partition], make([]uint64, need-len(m.fresh[q.partition]))...)
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
func (m *merging) keep() (Layer, error) {
	out, err := Create(m.folder, m.work.Serial())
	if err != nil {
		return Layer{}, err
	}
	defer out.Abandon()
	err = m.work.each(func(p int) error { return m.keepPartition(p, out) })
	if err != nil {
		return Layer{}, err
	}
	return out.Commit()
}

func (m *merging) keepPartition(p int, out *Candidates) error {
	from, err := newRows(m.folder, m.found, p, true)
	if err != nil {
		return err
	}
	defer from.close()
	kept := Block{Partition: p}
	for ; !from.ended; err = from.advance() {
		if err != nil {
			return err
		}
		if m.fresh[p][from.place/64]>>(from.place%64)&1 == 0 {
			continue
		}
		in, i := from.current()
		width := len(in.Words) / len(in.Keys)
		kept.Words = append(kept.Words, in.Words[i*width:(i+1)*width]...)
		kept.Keys = append(kept.Keys, in.Keys[i])
		kept.Parent, kept.Nth = append(kept.Parent, in.Parent[i]), append(kept.Nth, in.Nth[i])
		if len(kept.Keys) == Rows {
			if err := out.Append(&kept); err != nil {
				return err
			}
			kept.Words, kept.Keys, kept.Parent, kept.Nth = kept.Words[:0], kept.Keys[:0], kept.Parent[:0], kept.Nth[:0]
		}
	}
	if err != nil {
		return err
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
	return compact(runs, func(some []Ref) (Ref, error) { return join(folder, some, w) })
}

func compact(runs []Ref, join func(some []Ref) (Ref, error)) ([]Ref, error) {
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
		merged, err := join(runs[from:])
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
