//go:build overlaid

package nats

import (
	"encoding/binary"
	"slices"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/raftcheck/raftcheck/spec"
)

// disk is what a crash leaves: the two files that Raft keeps, and its log. What its fields hold is never changed in place.
type disk struct {
	vote, peers []byte
	first       uint64 // index of log[0]
	log         [][]byte
	entries     []spec.Entry // log as rules see it
}

// durable is what a server finds again. It takes the term of an entry of its log over when that is higher than the one in the file.
func (d *disk) durable() spec.Durable {
	on := spec.Durable{Log: d.shown()}
	if len(d.vote) >= 8 {
		on.Term, on.VotedFor = spec.Term(binary.LittleEndian.Uint64(d.vote)), serverOf(string(d.vote[8:]))
	}
	for _, e := range d.entries {
		if e.Term > on.Term {
			on.Term, on.VotedFor = e.Term, spec.None
		}
	}
	return on
}

// shown is the log as rules see it.
func (d *disk) shown() spec.Log {
	return spec.Log{Base: spec.Index(d.first - 1), Entries: slices.Clip(d.entries)}
}

// append appends canonical bytes of all that is on disk.
func (d *disk) append(b []byte) []byte {
	b = binary.AppendUvarint(b, d.first)
	for _, part := range append([][]byte{d.vote, d.peers}, d.log...) {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	return b
}

// store appends an entry.
func (d *disk) store(raw []byte) {
	d.log = append(slices.Clip(d.log), raw)
	d.entries = append(slices.Clip(d.entries), entryOf(raw))
}

// cut drops what comes after an index.
func (d *disk) cut(index uint64) {
	d.log, d.entries = d.log[:index-d.first+1], d.entries[:index-d.first+1]
}

// start drops everything, so that the next entry gets this index.
func (d *disk) start(next uint64) { d.first, d.log, d.entries = next, nil, nil }

// entryOf shows an entry of a log: a batch of what was proposed together.
func entryOf(raw []byte) spec.Entry {
	batch, err := natsserver.DecodeRaftBatch(raw)
	if err != nil {
		panic(err) // the library wrote it
	}
	return spec.Entry{Term: spec.Term(batch.Term), Kind: kindOf(batch), Value: valueOf(batch)}
}
