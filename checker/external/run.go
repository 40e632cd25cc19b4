package external

import (
	"math/bits"
	"slices"
	"sort"
)

// A run is a file of blocks with keys in ascending order within each partition, and so from its beginning to its end.

// runBlock is how many keys are in every block of a run but the last of each partition.
const runBlock = 4096

// runWriter writes a run. Goroutines may add to different partitions.
type runWriter struct {
	*writer
	open [Partitions][]Key
}

func newRun(folder FS, serial uint64) (*runWriter, error) {
	w, err := newWriter(folder, fileName("run", serial))
	return &runWriter{writer: w}, err
}

func (w *runWriter) add(partition int, k Key) error {
	w.open[partition] = append(w.open[partition], k)
	if len(w.open[partition]) < runBlock {
		return nil
	}
	return w.flush(partition)
}

func (w *runWriter) flush(partition int) error {
	keys := w.open[partition]
	if len(keys) == 0 {
		return nil
	}
	w.open[partition] = keys[:0]
	return w.append(partition, len(keys), keys[0], appendKeys(make([]byte, 0, keyBytes*len(keys)), keys))
}

// cursor goes through one partition of a run from its beginning to its end.
type cursor struct {
	run   *reader
	block int // the next to be read
	end   int
	keys  []Key
	at    int
	raw   []byte
}

func newCursor(run *reader, partition int) cursor {
	return cursor{run: run, block: run.first[partition], end: run.first[partition+1]}
}

// key is the one that the cursor is at.
func (c *cursor) key() Key { return c.keys[c.at] }

// next reads a block, and returns false if there is none.
func (c *cursor) next() (bool, error) {
	if c.block == c.end {
		return false, nil
	}
	var err error
	if c.raw, err = c.run.read(c.block, c.raw); err != nil {
		return false, err
	}
	c.keys, c.at = parseKeys(c.keys[:0], c.raw), 0
	c.block++
	return true, nil
}

// advance goes to the next key, and returns false if there is none.
func (c *cursor) advance() (bool, error) {
	if c.at++; c.at < len(c.keys) {
		return true, nil
	}
	return c.next()
}

// has reports whether a key is in the run. It must not be below the one asked for before. Blocks in which it cannot be are not read.
func (c *cursor) has(k Key) (bool, error) {
	if c.block < c.end && c.run.index[c.block].low.Compare(k) <= 0 {
		rest := c.run.index[c.block:c.end]
		c.block += sort.Search(len(rest), func(i int) bool { return rest[i].low.Compare(k) > 0 }) - 1
		if _, err := c.next(); err != nil {
			return false, err
		}
	}
	for c.at < len(c.keys) && c.keys[c.at].Compare(k) < 0 {
		c.at++
	}
	return c.at < len(c.keys) && c.keys[c.at] == k, nil
}

// queue hands out the keys of one partition in the order in which files have them.
type queue struct {
	partition int
	files     []*reader
	block     int // of the first file
	keys      []Key
	raw       []byte
	place     uint32 // of the next key, counted over all files
}

func newQueue(partition int, files ...*reader) *queue {
	q := &queue{partition: partition, files: slices.Clone(files)}
	q.settle()
	return q
}

// settle goes on to the next file that has blocks.
func (q *queue) settle() {
	for ; len(q.files) > 0; q.files = q.files[1:] {
		if q.block = max(q.block, q.files[0].first[q.partition]); q.block < q.files[0].first[q.partition+1] {
			return
		}
		q.block = 0
	}
}

func (q *queue) ended() bool { return len(q.keys) == 0 && len(q.files) == 0 }

// take returns at most so many keys.
func (q *queue) take(most int) (items []item, err error) {
	for len(items) < most && !q.ended() {
		if len(q.keys) == 0 {
			if q.raw, err = q.files[0].read(q.block, q.raw); err != nil {
				return nil, err
			}
			q.keys = parseKeys(nil, q.raw)
			q.block++
			q.settle()
		}
		for len(q.keys) > 0 && len(items) < most {
			items = append(items, item{q.keys[0], q.place})
			q.keys, q.place = q.keys[1:], q.place+1
		}
	}
	return items, nil
}

// sortItems sorts by key, and equal keys by place. Keys look random, so most of the work is done by putting each where it would be if
// they were evenly spread.
func sortItems(items []item) { slices.SortFunc(items, item.compare) }

func ones(words []uint64) (n uint64) {
	for _, w := range words {
		n += uint64(bits.OnesCount64(w))
	}
	return n
}

// Keys calls yield for every key of a file of keys.
func Keys(folder FS, ref Ref, yield func(Key)) error {
	r, err := openBlocks(folder, ref)
	if err != nil {
		return err
	}
	defer r.close()
	var raw []byte
	var keys []Key
	for k := range r.index {
		if raw, err = r.read(k, raw); err != nil {
			return err
		}
		keys = parseKeys(keys[:0], raw)
		for _, key := range keys {
			yield(key)
		}
	}
	return nil
}
