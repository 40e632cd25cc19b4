package external

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Layer is the states that are equally far from the first one, in three files with the same blocks. Words are not needed once the
// layer is expanded, and keys not once they are in a run. Paths are kept: from them the way to any state is found again.
type Layer struct {
	Words  *Ref `json:"words,omitempty"` // the states
	Keys   *Ref `json:"keys,omitempty"`
	Paths  Ref  `json:"paths"`
	Sorted bool `json:"sorted"` // the keys are in a run
}

// States is how many there are.
func (l *Layer) States() uint64 { return l.Paths.Rows }

// refs lists the files of a layer.
func (l *Layer) refs() (all []Ref) {
	for _, r := range []*Ref{l.Words, l.Keys, &l.Paths} {
		if r != nil {
			all = append(all, *r)
		}
	}
	return all
}

// Block is some states of one partition of a layer.
type Block struct {
	Partition int
	Words     []uint32 // one state after another
	Keys      []Key
	Parent    []uint32 // by state: the place of its parent in the layer before
	Nth       []uint16 // by state: which successor of its parent it is
	First     uint32   // place of its first state in the layer
}

// Candidates is a layer on its way: states that may have been seen before. Append may be called by several goroutines, each with
// partitions of its own.
type Candidates struct {
	words, keys, paths *writer
}

// Create begins the files of a layer. The serial number is in their names: no others may have it.
func Create(folder FS, serial uint64) (*Candidates, error) {
	c := &Candidates{}
	for _, f := range []struct {
		to   **writer
		name string
	}{{&c.words, "words"}, {&c.keys, "keys"}, {&c.paths, "paths"}} {
		var err error
		if *f.to, err = newWriter(folder, fileName(f.name, serial)); err != nil {
			c.Abandon()
			return nil, err
		}
	}
	return c, nil
}

// Append adds a block of [Rows] states, or the last of its partition, which may have fewer. First is not looked at.
func (c *Candidates) Append(b *Block) error {
	n := len(b.Keys)
	if n == 0 {
		return nil
	}
	raw := make([]byte, 0, max(4*len(b.Words), keyBytes*n))
	for _, w := range b.Words {
		raw = binary.LittleEndian.AppendUint32(raw, w)
	}
	if err := c.words.append(b.Partition, n, Key{}, raw); err != nil {
		return err
	}
	if err := c.keys.append(b.Partition, n, Key{}, appendKeys(raw[:0], b.Keys)); err != nil {
		return err
	}
	raw = raw[:0]
	for _, p := range b.Parent {
		raw = binary.LittleEndian.AppendUint32(raw, p)
	}
	for _, k := range b.Nth {
		raw = binary.LittleEndian.AppendUint16(raw, k)
	}
	return c.paths.append(b.Partition, n, Key{}, raw)
}

// Commit ends the files.
func (c *Candidates) Commit() (l Layer, err error) {
	defer c.Abandon()
	words, err := c.words.commit()
	if err != nil {
		return l, err
	}
	keys, err := c.keys.commit()
	if err != nil {
		return l, err
	}
	if l.Paths, err = c.paths.commit(); err != nil {
		return l, err
	}
	if l.Paths.Rows > math.MaxUint32 {
		return l, fmt.Errorf("a layer of %d states: at most %d can be numbered", l.Paths.Rows, uint32(math.MaxUint32))
	}
	l.Words, l.Keys = &words, &keys
	return l, nil
}

// Abandon gives up what was not committed.
func (c *Candidates) Abandon() {
	c.words.abandon()
	c.keys.abandon()
	c.paths.abandon()
}

// LayerReader reads a layer.
type LayerReader struct {
	words, keys, paths *reader
	firsts             []uint32 // by block: the place of its first state
	raw                []byte
}

// Open opens the files of a layer that still has all three.
func (l *Layer) Open(folder FS) (*LayerReader, error) {
	r := &LayerReader{}
	for _, f := range []struct {
		to  **reader
		ref *Ref
	}{{&r.words, l.Words}, {&r.keys, l.Keys}, {&r.paths, &l.Paths}} {
		var err error
		if *f.to, err = openBlocks(folder, *f.ref); err != nil {
			r.Close()
			return nil, err
		}
	}
	place := uint32(0)
	for k := range r.paths.index {
		p := &r.paths.index[k]
		if k >= len(r.words.index) || k >= len(r.keys.index) || r.words.index[k].rows != p.rows || r.keys.index[k].rows != p.rows {
			r.Close()
			return nil, &Damaged{l.Words.File, "its blocks are not those of " + l.Paths.File}
		}
		r.firsts = append(r.firsts, place)
		place += p.rows
	}
	return r, nil
}

// Blocks is how many there are.
func (r *LayerReader) Blocks() int { return len(r.firsts) }

// Read reads block number k into a block that is used again.
func (r *LayerReader) Read(k int, b *Block) (err error) {
	if r.raw, err = r.words.read(k, r.raw); err != nil {
		return err
	}
	b.Words = b.Words[:0]
	for at := 0; at < len(r.raw); at += 4 {
		b.Words = append(b.Words, binary.LittleEndian.Uint32(r.raw[at:]))
	}
	if err := r.readKeys(k, b); err != nil {
		return err
	}
	return r.readPaths(k, b)
}

// readKeys reads the keys of block number k only.
func (r *LayerReader) readKeys(k int, b *Block) (err error) {
	if r.raw, err = r.keys.read(k, r.raw); err != nil {
		return err
	}
	b.Keys = parseKeys(b.Keys[:0], r.raw)
	return nil
}

// readPaths reads the ways to the states of block number k only.
func (r *LayerReader) readPaths(k int, b *Block) (err error) {
	if r.raw, err = r.paths.read(k, r.raw); err != nil {
		return err
	}
	n := int(r.paths.index[k].rows)
	b.Parent, b.Nth = b.Parent[:0], b.Nth[:0]
	for i := range n {
		b.Parent = append(b.Parent, binary.LittleEndian.Uint32(r.raw[4*i:]))
		b.Nth = append(b.Nth, binary.LittleEndian.Uint16(r.raw[4*n+2*i:]))
	}
	b.Partition, b.First = int(r.paths.index[k].partition), r.firsts[k]
	return nil
}

// Close closes the files.
func (r *LayerReader) Close() {
	r.words.close()
	r.keys.close()
	r.paths.close()
}

// Step returns the parent of the state at a place, in the layer before, and which of its successors it is.
func (l *Layer) Step(folder FS, place uint32) (parent uint32, nth uint16, err error) {
	r, err := openBlocks(folder, l.Paths)
	if err != nil {
		return 0, 0, err
	}
	defer r.close()
	for k := range r.index {
		n := r.index[k].rows
		if place >= n {
			place -= n
			continue
		}
		raw, err := r.read(k, nil)
		if err != nil {
			return 0, 0, err
		}
		return binary.LittleEndian.Uint32(raw[4*place:]), binary.LittleEndian.Uint16(raw[4*n+2*place:]), nil
	}
	return 0, 0, &Damaged{l.Paths.File, "it has too few states"}
}
