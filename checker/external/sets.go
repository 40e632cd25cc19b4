package external

import (
	"encoding/binary"
	"slices"
	"sort"
)

// A file of sets has members of numbered sets: in each partition the sets in ascending order of their numbers, and of each its members in
// ascending order. A layer of a search by groups is such a file, the candidates for it are some, and all that was seen is some.

// setBlock is how many members a block has at least, but for the last of each partition. A set is in one block.
const setBlock = 4096

// SetWriter writes a file of sets. Goroutines may add to different partitions.
type SetWriter struct {
	*writer
	open [Partitions]openSets
}

// openSets are the sets of the block that is not written yet.
type openSets struct {
	ids, counts, sizes []uint32 // of each set: its number, its members, and the bytes that they take
	members            []byte   // each as the difference to the one before, in as many bytes as it needs
	rows               int
}

// CreateSets begins a file of sets. The serial number is in its name: no other may have it.
func CreateSets(folder FS, serial uint64) (*SetWriter, error) {
	w, err := newWriter(folder, fileName("sets", serial))
	if err != nil {
		return nil, err
	}
	return &SetWriter{writer: w}, nil
}

// Add adds a set, whose number is above those of the sets before it in its partition. Its members are in ascending order, each once.
func (w *SetWriter) Add(partition int, id uint32, members []uint64) error {
	o := &w.open[partition]
	from, before := len(o.members), uint64(0)
	for _, m := range members {
		o.members = binary.AppendUvarint(o.members, m-before)
		before = m
	}
	o.ids, o.counts, o.sizes = append(o.ids, id), append(o.counts, uint32(len(members))), append(o.sizes, uint32(len(o.members)-from))
	if o.rows += len(members); o.rows < setBlock {
		return nil
	}
	return w.flush(partition)
}

func (w *SetWriter) flush(partition int) error {
	o := &w.open[partition]
	if len(o.ids) == 0 {
		return nil
	}
	b := make([]byte, 0, 4+12*len(o.ids)+len(o.members))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(o.ids)))
	for _, column := range [...][]uint32{o.ids, o.counts, o.sizes} {
		for _, n := range column {
			b = binary.LittleEndian.AppendUint32(b, n)
		}
	}
	err := w.append(partition, o.rows, Key{A: uint64(o.ids[0])}, append(b, o.members...))
	o.ids, o.counts, o.sizes, o.members, o.rows = o.ids[:0], o.counts[:0], o.sizes[:0], o.members[:0], 0
	return err
}

// Commit ends the file. Rows of what it returns are members.
func (w *SetWriter) Commit() (Ref, error) {
	for p := range w.open {
		if err := w.flush(p); err != nil {
			return Ref{}, err
		}
	}
	return w.commit()
}

// Abandon gives up a file that was not committed.
func (w *SetWriter) Abandon() { w.abandon() }

// SetReader goes through the sets of a file, partition by partition.
type SetReader struct{ setCursor }

// OpenSets opens a file of sets before its first set.
func OpenSets(folder FS, ref Ref) (*SetReader, error) {
	r, err := openBlocks(folder, ref)
	if err != nil {
		return nil, err
	}
	return &SetReader{setCursor{run: r, end: len(r.index)}}, nil
}

// Next goes to the next set, and returns false if there is none.
func (r *SetReader) Next() (bool, error) { return r.next() }

// ID returns the number of the set.
func (r *SetReader) ID() uint32 { return r.id() }

// Members appends the members of the set.
func (r *SetReader) Members(to []uint64) ([]uint64, error) { return r.members(to) }

// Close closes the file.
func (r *SetReader) Close() { r.run.close() }

// setCursor goes through some blocks of a file of sets.
type setCursor struct {
	run   *reader
	block int // the next to be read
	end   int
	raw   []byte
	sets  int // in the block
	after int // the set after the one that the cursor is at
	from  int // where in raw the members of the set begin
	to    int // and where they end
}

func newSetCursor(run *reader, partition int) *setCursor {
	return &setCursor{run: run, block: run.first[partition], end: run.first[partition+1]}
}

// column returns a number of a set of the block: column 0 its number, 1 how many members it has, 2 how many bytes they take.
func (c *setCursor) column(column, set int) uint32 {
	return binary.LittleEndian.Uint32(c.raw[4+4*(column*c.sets+set):])
}

func (c *setCursor) id() uint32 { return c.column(0, c.after-1) }

func (c *setCursor) next() (bool, error) {
	if c.after == c.sets {
		if more, err := c.read(); !more || err != nil {
			return false, err
		}
	}
	c.from, c.to = c.to, c.to+int(c.column(2, c.after))
	c.after++
	return true, nil
}

// read reads the next block, and returns false if there is none.
func (c *setCursor) read() (more bool, err error) {
	if c.block == c.end {
		return false, nil
	}
	if c.raw, err = c.run.read(c.block, c.raw); err != nil {
		return false, err
	}
	c.sets, c.after = int(binary.LittleEndian.Uint32(c.raw)), 0
	c.from, c.to = 0, 4+12*c.sets
	c.block++
	return true, nil
}

// seek goes to a set, if it is there. Its number must be above those sought before. Blocks in which it cannot be are not read.
func (c *setCursor) seek(id uint32) (known bool, err error) {
	if c.block < c.end && c.run.index[c.block].low.A <= uint64(id) {
		rest := c.run.index[c.block:c.end]
		c.block += sort.Search(len(rest), func(i int) bool { return rest[i].low.A > uint64(id) }) - 1
		if _, err := c.read(); err != nil {
			return false, err
		}
	}
	for (c.after == 0 || c.id() < id) && c.after < c.sets {
		if _, err := c.next(); err != nil {
			return false, err
		}
	}
	return c.after > 0 && c.id() == id, nil
}

func (c *setCursor) members(to []uint64) ([]uint64, error) {
	b, before := c.raw[c.from:c.to], uint64(0)
	for range c.column(1, c.after-1) {
		d, n := binary.Uvarint(b)
		if n <= 0 {
			return to, &Damaged{c.run.name, "a set ends before its last member"}
		}
		before, b = before+d, b[n:]
		to = append(to, before)
	}
	return to, nil
}

// MergeSets puts candidates together that are in some files, and leaves out those that were seen before: what is new, as one file.
func MergeSets(folder FS, candidates, seen []Ref, w *Work) (Ref, error) {
	var files []*reader
	defer func() {
		for _, r := range files {
			r.close()
		}
	}()
	for _, ref := range slices.Concat(candidates, seen) {
		r, err := openBlocks(folder, ref)
		if err != nil {
			return Ref{}, err
		}
		files = append(files, r)
	}
	out, err := CreateSets(folder, w.Serial())
	if err != nil {
		return Ref{}, err
	}
	defer out.Abandon()
	err = w.each(func(p int) error { return mergeSets(p, files[:len(candidates)], files[len(candidates):], out) })
	if err != nil {
		return Ref{}, err
	}
	return out.Commit()
}

// CompactSets merges files of sets that have no member in common until each is at least twice as large as the next. It returns those that are left.
func CompactSets(folder FS, runs []Ref, w *Work) ([]Ref, error) {
	return compact(runs, func(some []Ref) (Ref, error) { return MergeSets(folder, some, nil, w) })
}

func mergeSets(p int, candidates, seen []*reader, out *SetWriter) error {
	var from, known []*setCursor
	for _, r := range candidates {
		c := newSetCursor(r, p)
		if some, err := c.next(); err != nil {
			return err
		} else if some {
			from = append(from, c)
		}
	}
	for _, r := range seen {
		known = append(known, newSetCursor(r, p))
	}
	var set, others []uint64
	for len(from) > 0 {
		id := slices.MinFunc(from, func(a, b *setCursor) int { return int(a.id()) - int(b.id()) }).id()
		var err error
		if set, from, err = union(id, from, set[:0]); err != nil {
			return err
		}
		if set, others, err = without(id, known, set, others); err != nil {
			return err
		}
		if len(set) == 0 {
			continue
		}
		if err := out.Add(p, id, set); err != nil {
			return err
		}
	}
	return nil
}

// union returns the members of a set in all files, and the cursors that are not at their end when those at the set are moved on.
func union(id uint32, from []*setCursor, set []uint64) (_ []uint64, rest []*setCursor, err error) {
	rest, files := from[:0], 0
	for _, c := range from {
		more := true
		if c.id() == id {
			files++
			if set, err = c.members(set); err != nil {
				return nil, nil, err
			}
			if more, err = c.next(); err != nil {
				return nil, nil, err
			}
		}
		if more {
			rest = append(rest, c)
		}
	}
	if files > 1 {
		slices.Sort(set)
		set = slices.Compact(set)
	}
	return set, rest, nil
}

// without takes out of a set what files have of it. Others is room for that.
func without(id uint32, known []*setCursor, set, others []uint64) (_, _ []uint64, err error) {
	for _, c := range known {
		if len(set) == 0 {
			break
		}
		there, err := c.seek(id)
		if err != nil {
			return nil, nil, err
		}
		if !there {
			continue
		}
		if others, err = c.members(others[:0]); err != nil {
			return nil, nil, err
		}
		set = minus(set, others)
	}
	return set, others, nil
}

// minus takes members out of a set; both are in ascending order.
func minus(set, members []uint64) []uint64 {
	rest, at := set[:0], 0
	for _, m := range set {
		for at < len(members) && members[at] < m {
			at++
		}
		if at == len(members) || members[at] != m {
			rest = append(rest, m)
		}
	}
	return rest
}
