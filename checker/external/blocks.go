package external

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/zeebo/xxh3"
)

// Format is the number of the shape of all files of a search; it rises when they change.
const Format = 1

// Partitions is how many streams a file has. The four highest bits of a key say to which of them its state belongs.
const Partitions = 1 << partitionBits

const partitionBits = 4

// Rows is how many states are in every block of a layer but the last of each partition.
const Rows = 2048

// A file of blocks is a head, the blocks, an index with an entry for each, and a tail that says where the index is. Every block has
// its checksum in the index, the index has its own in the tail, and that one is in the manifest: a bit that is not as it
// was written is found when its block is read.
const (
	headBytes  = 16
	entryBytes = 48
	tailBytes  = 32
)

var (
	headMagic = [8]byte{'r', 'a', 'f', 't', 'c', 'h', 'k', 'b'}
	tailMagic = [8]byte{'r', 'a', 'f', 't', 'c', 'h', 'k', 'e'}
)

// Ref names a file of blocks, and tells it from every other by what is in it.
type Ref struct {
	File  string `json:"file"`
	Sum   uint64 `json:"sum,string"` // checksum of its index
	Rows  uint64 `json:"rows"`       // in all blocks
	Bytes int64  `json:"bytes"`      // on disk
}

// entry is what the index says of a block.
type entry struct {
	partition uint32
	rows      uint32
	offset    uint64
	packed    uint32 // bytes in the file
	plain     uint32 // bytes when decompressed; equal to packed if the block is as it is
	sum       uint64 // of the bytes in the file
	low       Key    // the first key, in a run; else zero
}

// writer writes a file of blocks. Append may be called by several goroutines, each with partitions of its own.
type writer struct {
	sync.Mutex
	file   File
	name   string
	index  []entry
	offset uint64
	err    error
}

func newWriter(folder FS, name string) (*writer, error) {
	file, err := folder.Create(name)
	if err != nil {
		return nil, failed(name, err)
	}
	w := &writer{file: file, name: name}
	var head [headBytes]byte
	copy(head[:], headMagic[:])
	binary.LittleEndian.PutUint32(head[8:], Format)
	w.write(head[:])
	return w, w.err
}

func (w *writer) write(b []byte) {
	if w.err != nil {
		return
	}
	n, err := w.file.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if w.offset += uint64(n); err != nil {
		w.err = failed(w.name, err)
	}
}

// packers are buffers for compression.
var packers = sync.Pool{New: func() any { return new([]byte) }}

// append adds a block to a partition.
func (w *writer) append(partition int, rows int, low Key, plain []byte) error {
	buffer := packers.Get().(*[]byte)
	defer packers.Put(buffer)
	if n := s2.MaxEncodedLen(len(plain)); cap(*buffer) < n {
		*buffer = make([]byte, n)
	}
	packed := s2.Encode((*buffer)[:cap(*buffer)], plain)
	if len(packed) >= len(plain) {
		packed = plain
	}
	e := entry{partition: uint32(partition), rows: uint32(rows), packed: uint32(len(packed)), plain: uint32(len(plain)), sum: xxh3.Hash(packed), low: low}
	w.Lock()
	defer w.Unlock()
	e.offset = w.offset
	w.write(packed)
	w.index = append(w.index, e)
	return w.err
}

// commit ends the file.
func (w *writer) commit() (Ref, error) {
	slices.SortStableFunc(w.index, func(a, b entry) int { return int(a.partition) - int(b.partition) })
	ref := Ref{File: w.name}
	b := make([]byte, 0, entryBytes*len(w.index)+tailBytes)
	for _, e := range w.index {
		ref.Rows += uint64(e.rows)
		b = binary.LittleEndian.AppendUint32(b, e.partition)
		b = binary.LittleEndian.AppendUint32(b, e.rows)
		b = binary.LittleEndian.AppendUint64(b, e.offset)
		b = binary.LittleEndian.AppendUint32(b, e.packed)
		b = binary.LittleEndian.AppendUint32(b, e.plain)
		b = binary.LittleEndian.AppendUint64(b, e.sum)
		b = binary.LittleEndian.AppendUint64(b, e.low.A)
		b = binary.LittleEndian.AppendUint64(b, e.low.B)
	}
	ref.Sum = xxh3.Hash(b)
	b = binary.LittleEndian.AppendUint64(b, w.offset)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(w.index)))
	b = binary.LittleEndian.AppendUint64(b, ref.Sum)
	b = append(b, tailMagic[:]...)
	w.write(b)
	ref.Bytes = int64(w.offset)
	if w.err != nil {
		w.file.Abandon()
		return ref, w.err
	}
	if later, is := w.file.(namedByContent); is {
		kind, _, _ := strings.Cut(w.name, "-")
		ref.File = contentName(kind, ref.Sum)
		if err := later.CommitAs(ref.File); err != nil {
			return ref, failed(ref.File, err)
		}
		return ref, nil
	}
	if err := w.file.Commit(); err != nil {
		return ref, failed(w.name, err)
	}
	return ref, nil
}

func (w *writer) abandon() {
	if w != nil {
		w.file.Abandon()
	}
}

// reader reads a file of blocks. It may be used by several goroutines.
type reader struct {
	source Source
	name   string
	index  []entry
	first  [Partitions + 1]int // where each partition begins in the index
}

func openBlocks(folder FS, ref Ref) (*reader, error) {
	source, err := folder.Open(ref.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Damaged{ref.File, "the file is missing"}
	}
	if err != nil {
		return nil, failed(ref.File, err)
	}
	r := &reader{source: source, name: ref.File}
	if err := r.readIndex(ref); err != nil {
		source.Close()
		return nil, err
	}
	return r, nil
}

func (r *reader) close() {
	if r != nil {
		_ = r.source.Close() // it was only read
	}
}

// at reads bytes of the file.
func (r *reader) at(b []byte, offset int64) error {
	if n, err := r.source.ReadAt(b, offset); n < len(b) {
		return failed(r.name, err)
	}
	return nil
}

func (r *reader) readIndex(ref Ref) error {
	size := r.source.Size()
	if size != ref.Bytes {
		return &Damaged{r.name, fmt.Sprintf("it has %d bytes, and had %d when it was written", size, ref.Bytes)}
	}
	if size < headBytes+tailBytes {
		return &Damaged{r.name, "it is no file of blocks"}
	}
	var head [headBytes]byte
	var tail [tailBytes]byte
	if err := errors.Join(r.at(head[:], 0), r.at(tail[:], size-tailBytes)); err != nil {
		return err
	}
	at, count, sum := binary.LittleEndian.Uint64(tail[:]), binary.LittleEndian.Uint64(tail[8:]), binary.LittleEndian.Uint64(tail[16:])
	if [8]byte(head[:8]) != headMagic || [8]byte(tail[24:]) != tailMagic || binary.LittleEndian.Uint32(head[8:]) != Format || [4]byte(head[12:]) != [4]byte{} ||
		at > uint64(size) || count > uint64(size)/entryBytes || at+count*entryBytes+tailBytes != uint64(size) {
		return &Damaged{r.name, "its beginning or end is not what was written"}
	}
	b := make([]byte, count*entryBytes)
	if err := r.at(b, int64(at)); err != nil {
		return err
	}
	if sum != ref.Sum || xxh3.Hash(b) != sum {
		return &Damaged{r.name, "its index is not what was written"}
	}
	r.parse(b)
	return nil
}

// parse reads an index that is as it was written.
func (r *reader) parse(b []byte) {
	for ; len(b) > 0; b = b[entryBytes:] {
		e := entry{partition: binary.LittleEndian.Uint32(b), rows: binary.LittleEndian.Uint32(b[4:]), offset: binary.LittleEndian.Uint64(b[8:]),
			packed: binary.LittleEndian.Uint32(b[16:]), plain: binary.LittleEndian.Uint32(b[20:]), sum: binary.LittleEndian.Uint64(b[24:]),
			low: Key{binary.LittleEndian.Uint64(b[32:]), binary.LittleEndian.Uint64(b[40:])}}
		r.index = append(r.index, e)
		r.first[e.partition+1]++
	}
	for p := range Partitions {
		r.first[p+1] += r.first[p]
	}
}

// rows is how many rows a partition has.
func (r *reader) rows(partition int) (n uint64) {
	for _, e := range r.index[r.first[partition]:r.first[partition+1]] {
		n += uint64(e.rows)
	}
	return n
}

// packed returns the bytes that block number k has in the file, in a buffer that is used again if it is large enough.
func (r *reader) packed(k int, into []byte) ([]byte, error) {
	e := &r.index[k]
	into = sized(into, int(e.packed))
	if err := r.at(into, int64(e.offset)); err != nil {
		return into, err
	}
	if xxh3.Hash(into) != e.sum {
		return into, &Damaged{r.name, fmt.Sprintf("block %d is not what was written", k)}
	}
	return into, nil
}

// read returns what is in block number k, in a buffer that is used again if it is large enough.
func (r *reader) read(k int, into []byte) ([]byte, error) {
	e := &r.index[k]
	if e.packed == e.plain {
		return r.packed(k, into)
	}
	buffer := packers.Get().(*[]byte)
	defer packers.Put(buffer)
	packed, err := r.packed(k, *buffer)
	*buffer = packed
	if err != nil {
		return nil, err
	}
	plain, err := s2.Decode(sized(into, int(e.plain)), packed)
	if err != nil || len(plain) != int(e.plain) {
		return nil, &Damaged{r.name, fmt.Sprintf("block %d cannot be decompressed", k)}
	}
	return plain, nil
}

// Verify reads a file from its beginning to its end. The error is a *Damaged if it is not there, or not bit for bit what was written.
func Verify(ctx context.Context, folder FS, ref Ref) error {
	r, err := openBlocks(folder, ref)
	if err != nil {
		return err
	}
	defer r.close()
	var buffer []byte
	for k := range r.index {
		if err := ctx.Err(); err != nil {
			return err
		}
		if buffer, err = r.packed(k, buffer); err != nil {
			return err
		}
	}
	return nil
}

// sized returns a buffer of a length, the one given if it has room.
func sized(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n, n+n/4)
	}
	return b[:n]
}
