package runtime

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/raftcheck/raftcheck/spec"
)

// Saved is all that a server has on disk: Figure 2's persistent state, and the state machine that the beginning of the log was compacted
// into.
type Saved struct {
	spec.Durable
	Machine []byte // the machine with everything up to Log.Base applied; nil if Log.Base is 0
}

// Disk keeps what a server saves. Save returns when it is safe: no crash of the process or the machine can undo it. After an error
// nothing is known of what is on disk, and the server must stop.
type Disk interface {
	Save(Saved) error
}

// A file of File is a row of frames, each the number of its payload's bytes, its own number, the checksum of the payload, and the checksum of
// these twelve bytes; then the payload. The first frame is the whole state, and is there before the file has its name. Every other one
// changes it, and is synced before the next is written; after it is synced a mark follows, which is not.
//
// So whatever a crash does to the file, it does to the last frame: a frame that is damaged and followed by nothing that is whole was
// being written, and nobody was promised anything that is in it. A damaged frame with a whole one anywhere after it was safe once.
// Then the disk lost what was promised, and the server must not start.
const (
	wholeFrame  = 1
	changeFrame = 2
	markFrame   = 3
)

const frameHeader = 16

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendFrame(dst []byte, number uint32, payload []byte) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload)))
	dst = binary.LittleEndian.AppendUint32(dst, number)
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(payload, castagnoli))
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
	return append(dst, payload...)
}

// frameAt returns the payload of the frame that data begins with; false if it is not whole.
func frameAt(data []byte) (number uint32, payload []byte, whole bool) {
	if len(data) < frameHeader || crc32.Checksum(data[:12], castagnoli) != binary.LittleEndian.Uint32(data[12:]) {
		return 0, nil, false
	}
	n := uint64(binary.LittleEndian.Uint32(data))
	if n == 0 || uint64(len(data)-frameHeader) < n {
		return 0, nil, false
	}
	payload = data[frameHeader : frameHeader+n]
	return binary.LittleEndian.Uint32(data[4:]), payload, crc32.Checksum(payload, castagnoli) == binary.LittleEndian.Uint32(data[8:])
}

// nextFrame returns where the next whole frame begins in data; -1 if there is none.
func nextFrame(data []byte) int {
	for at := range data {
		if _, _, whole := frameAt(data[at:]); whole {
			return at
		}
	}
	return -1
}

// recovered is what a file says, and how much of it: the rest is a frame that was being written.
type recovered struct {
	saved  Saved
	end    int    // of the last whole frame
	number uint32 // of the last whole frame
}

// damage says that a file lost what was safe.
type damage struct {
	at, next int // of the damaged frame, and of the next whole one; next is 0 if there is none
}

func (d *damage) Error() string {
	if d.next == 0 {
		return fmt.Sprintf("byte %d: the state of the server is damaged from here on", d.at)
	}
	return fmt.Sprintf("byte %d: the state of the server is damaged here, and goes on at byte %d", d.at, d.next)
}

// recoverFrom reads a file.
func recoverFrom(data []byte) (r recovered, err error) {
	for r.end < len(data) {
		number, payload, whole := frameAt(data[r.end:])
		if !whole || number != r.number+1 {
			if !whole && r.lostMark(data) {
				r.end += markSize
				r.number++
				continue
			}
			return r, r.damageIn(data, whole)
		}
		if err := r.apply(payload); err != nil {
			return r, err
		}
		r.number = number
		r.end += frameHeader + len(payload)
	}
	return r, nil
}

// damageIn returns what is wrong with a file from the end of the last whole frame on: nothing if a frame was being written there.
func (r *recovered) damageIn(data []byte, whole bool) error {
	switch next := nextFrame(data[r.end+1:]); {
	case next >= 0:
		return &damage{at: r.end, next: r.end + 1 + next}
	case whole || r.number == 0:
		return &damage{at: r.end}
	}
	return nil
}

// markSize is what a mark takes in a file.
const markSize = frameHeader + 1

// lostMark reports whether nothing but a mark is damaged. Marks are not synced; a power failure may leave the frame after one and not it.
func (r *recovered) lostMark(data []byte) bool {
	if r.end+markSize > len(data) {
		return false
	}
	number, _, whole := frameAt(data[r.end+markSize:])
	return whole && number == r.number+2
}

var errMalformed = errors.New("a whole frame that no version of this program writes")

func (r *recovered) apply(payload []byte) error {
	d := decoder{data: payload[1:]}
	switch payload[0] {
	case wholeFrame:
		r.saved = Saved{}
		r.saved.Term, r.saved.VotedFor = spec.Term(d.number()), spec.ServerID(d.number())
		r.saved.Log.Base, r.saved.Log.BaseTerm = spec.Index(d.number()), spec.Term(d.number())
		r.saved.Config = d.text()
		if machine := d.text(); machine != "" {
			r.saved.Machine = []byte(machine)
		}
		r.saved.Log.Entries = d.entries(nil)
	case changeFrame:
		r.saved.Term, r.saved.VotedFor = spec.Term(d.number()), spec.ServerID(d.number())
		keep := d.number()
		if keep > uint64(len(r.saved.Log.Entries)) {
			return errMalformed
		}
		r.saved.Log.Entries = d.entries(r.saved.Log.Entries[:keep:keep])
	case markFrame:
	default:
		return errMalformed
	}
	if d.wrong || len(d.data) > 0 {
		return errMalformed
	}
	return nil
}

func appendWhole(dst []byte, s *Saved) []byte {
	dst = append(dst, wholeFrame)
	for _, n := range [...]uint64{uint64(s.Term), uint64(s.VotedFor), uint64(s.Log.Base), uint64(s.Log.BaseTerm)} {
		dst = binary.AppendUvarint(dst, n)
	}
	dst = appendText(dst, s.Config)
	dst = appendText(dst, string(s.Machine))
	return appendEntries(dst, s.Log.Entries)
}

// appendChange appends what makes one state of another with the same snapshot. changed is false if they are the same.
func appendChange(dst []byte, before, now *Saved) (_ []byte, changed bool) {
	a, b := before.Log.Entries, now.Log.Entries
	keep := 0
	for keep < len(a) && keep < len(b) && a[keep] == b[keep] {
		keep++
	}
	if keep == len(a) && keep == len(b) && before.Term == now.Term && before.VotedFor == now.VotedFor {
		return dst, false
	}
	dst = append(dst, changeFrame)
	for _, n := range [...]uint64{uint64(now.Term), uint64(now.VotedFor), uint64(keep)} {
		dst = binary.AppendUvarint(dst, n)
	}
	return appendEntries(dst, b[keep:]), true
}

func sameSnapshot(a, b *Saved) bool {
	return a.Log.Base == b.Log.Base && a.Log.BaseTerm == b.Log.BaseTerm && a.Config == b.Config && bytes.Equal(a.Machine, b.Machine)
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendEntries(dst []byte, entries []spec.Entry) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(entries)))
	for _, e := range entries {
		dst = append(binary.AppendUvarint(dst, uint64(e.Term)), byte(e.Kind))
		dst = appendText(dst, e.Value)
	}
	return dst
}

// decoder takes values off the front of bytes.
type decoder struct {
	data  []byte
	wrong bool
}

func (d *decoder) number() uint64 {
	n, size := binary.Uvarint(d.data)
	if size <= 0 {
		d.wrong, d.data = true, nil
		return 0
	}
	d.data = d.data[size:]
	return n
}

func (d *decoder) text() string {
	n := d.number()
	if n > uint64(len(d.data)) {
		d.wrong, d.data = true, nil
		return ""
	}
	s := string(d.data[:n])
	d.data = d.data[n:]
	return s
}

func (d *decoder) entries(before []spec.Entry) []spec.Entry {
	n := d.number()
	for range n {
		e := spec.Entry{Term: spec.Term(d.number())}
		if len(d.data) == 0 {
			d.wrong = true
			break
		}
		e.Kind, d.data = spec.EntryKind(d.data[0]), d.data[1:]
		e.Value = d.text()
		before = append(before, e)
	}
	return before
}
