package external

// Found is what a layer was expanded into: candidates for the next one, in order. Most of them are in files that are each in order and
// follow each other. Late ones were found afterwards, and each has its place among the others.
type Found struct {
	Main   []Layer              `json:"main"`
	Late   *Layer               `json:"late,omitempty"`
	Before [Partitions][]uint32 `json:"before,omitempty"` // of each late candidate: it stands before the first of Main whose parent is at this place or beyond
	Limit  uint32               `json:"limit,omitempty"`  // candidates whose parents are at this place or beyond do not count; 0 is no limit
}

// States is how many candidates there are.
func (f *Found) States() (n uint64) {
	for k := range f.Main {
		n += f.Main[k].States()
	}
	if f.Late != nil {
		n += f.Late.States()
	}
	return n
}

// whole reports whether the candidates are one layer as it is.
func (f *Found) whole() bool { return len(f.Main) == 1 && f.Late == nil && f.Limit == 0 }

// rows goes through the candidates of one partition in their order.
type rows struct {
	folder    FS
	found     *Found
	partition int
	full      bool // with words and ways, not only keys
	piece     int  // the next of Main
	open      *LayerReader
	block     int
	in        Block // the candidates of Main that are at hand
	at        int
	late      Block // all late candidates of the partition
	lateAt    int
	isLate    bool // the candidate that rows are at
	ended     bool
	place     uint32 // how many were before it
}

// newRows stands at the first candidate. It must be closed.
func newRows(folder FS, found *Found, partition int, full bool) (*rows, error) {
	r := &rows{folder: folder, found: found, partition: partition, full: full}
	if err := r.readLate(); err != nil {
		return nil, err
	}
	return r, r.settle()
}

func (r *rows) close() {
	if r != nil && r.open != nil {
		r.open.Close()
		r.open = nil
	}
}

// readLate reads all late candidates, of which there are few.
func (r *rows) readLate() error {
	if r.found.Late == nil {
		return nil
	}
	from, err := r.found.Late.Open(r.folder)
	if err != nil {
		return err
	}
	defer from.Close()
	var b Block
	for k := from.paths.first[r.partition]; k < from.paths.first[r.partition+1]; k++ {
		if err := from.Read(k, &b); err != nil {
			return err
		}
		r.late.Words, r.late.Keys = append(r.late.Words, b.Words...), append(r.late.Keys, b.Keys...)
		r.late.Parent, r.late.Nth = append(r.late.Parent, b.Parent...), append(r.late.Nth, b.Nth...)
	}
	if len(r.late.Keys) != len(r.found.Before[r.partition]) {
		return &Damaged{r.found.Late.Paths.File, "it has not as many states as have a place"}
	}
	return nil
}

// current is the block that holds the candidate, and where.
func (r *rows) current() (*Block, int) {
	if r.isLate {
		return &r.late, r.lateAt
	}
	return &r.in, r.at
}

// advance goes to the next candidate.
func (r *rows) advance() error {
	if r.isLate {
		r.lateAt++
	} else {
		r.at++
	}
	r.place++
	return r.settle()
}

// settle finds out which candidate is next.
func (r *rows) settle() error {
	if r.at == len(r.in.Keys) {
		if err := r.read(); err != nil {
			return err
		}
	}
	main := r.at < len(r.in.Keys)
	if main && r.found.Limit > 0 && r.in.Parent[r.at] >= r.found.Limit {
		main = false
	}
	r.isLate = r.lateAt < len(r.late.Keys) && (!main || r.found.Before[r.partition][r.lateAt] <= r.in.Parent[r.at])
	r.ended = !main && !r.isLate
	return nil
}

// read reads the next block of Main, if there is one.
func (r *rows) read() error {
	r.in.Keys, r.at = r.in.Keys[:0], 0
	for {
		if r.open == nil {
			if r.piece == len(r.found.Main) {
				return nil
			}
			var err error
			if r.open, err = r.found.Main[r.piece].Open(r.folder); err != nil {
				return err
			}
			r.piece++
			r.block = r.open.paths.first[r.partition]
		}
		if r.block < r.open.paths.first[r.partition+1] {
			break
		}
		r.close()
	}
	r.block++
	if r.full {
		return r.open.Read(r.block-1, &r.in)
	}
	if err := r.open.readKeys(r.block-1, &r.in); err != nil || r.found.whole() {
		return err
	}
	return r.open.readPaths(r.block-1, &r.in)
}

// take returns at most so many keys.
func (r *rows) take(most int) (items []item, err error) {
	for len(items) < most && !r.ended {
		b, i := r.current()
		items = append(items, item{b.Keys[i], r.place})
		if err := r.advance(); err != nil {
			return nil, err
		}
	}
	return items, nil
}
