//go:build overlaid

package nats

import (
	"cmp"
	"encoding/binary"
	"slices"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/raftcheck/raftcheck/spec"
)

// disk is what a crash leaves: the two files that Raft keeps, its snapshots, and its log. What its fields hold is never changed in place.
type disk struct {
	vote, peers []byte
	kept        []kept // by name
	first       uint64 // index of log[0]
	log         [][]byte
	before      []spec.ServerID // who the group is where the log begins
	entries     []known         // log as rules see it
}

// kept is the file of a snapshot.
type kept struct {
	name    string
	content []byte
	says    natsserver.RaftSnapshot
}

// known is an entry of the log, and who the group is from there on.
type known struct {
	entry spec.Entry
	group []spec.ServerID
}

// durable is what a server finds again. It takes the term of an entry of its log over when that is higher than the one in the file.
func (d *disk) durable() spec.Durable {
	on := spec.Durable{Log: d.shown()}
	if len(d.vote) >= 8 {
		on.Term, on.VotedFor = spec.Term(binary.LittleEndian.Uint64(d.vote)), serverOf(string(d.vote[8:]))
	}
	for _, e := range d.entries {
		if e.entry.Term > on.Term {
			on.Term, on.VotedFor = e.entry.Term, spec.None
		}
	}
	return on
}

// shown is the log as rules see it. It begins after the latest snapshot, though entries before that may not be dropped yet.
func (d *disk) shown() spec.Log {
	log := spec.Log{Base: spec.Index(d.first - 1)}
	if s := d.latest(); s != nil && s.Index >= d.first-1 {
		log.Base, log.BaseTerm = spec.Index(s.Index), spec.Term(s.Term)
	}
	for index := uint64(log.Base) + 1; index <= d.last(); index++ {
		log.Entries = append(log.Entries, d.entries[index-d.first].entry)
	}
	return log
}

// last is the index of the last entry.
func (d *disk) last() uint64 { return d.first + uint64(len(d.log)) - 1 }

// latest is the snapshot that a server starts from: that of the highest term, and of those the longest; nil if there is none.
func (d *disk) latest() *natsserver.RaftSnapshot {
	if len(d.kept) == 0 {
		return nil
	}
	of := slices.MaxFunc(d.kept, func(a, b kept) int {
		return cmp.Or(cmp.Compare(a.says.Term, b.says.Term), cmp.Compare(a.says.Index, b.says.Index))
	})
	return &of.says
}

// groupAt returns who the group is after an index, as far as the log or a snapshot says so.
func (d *disk) groupAt(index uint64) []spec.ServerID {
	if index >= d.first && index <= d.last() {
		return d.entries[index-d.first].group
	}
	if s := d.latest(); s != nil && s.Index == index {
		return serversOf(s.Peers)
	}
	if len(d.entries) > 0 && index > d.last() {
		return d.entries[len(d.entries)-1].group
	}
	return d.before
}

// append appends canonical bytes of all that is on disk.
func (d *disk) append(b []byte) []byte {
	b = binary.AppendUvarint(b, d.first)
	for _, part := range append([][]byte{d.vote, d.peers}, d.log...) {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	for _, k := range d.kept {
		b = append(append(append(b, k.name...), ' '), k.content...)
	}
	return b
}

// store appends an entry.
func (d *disk) store(raw []byte) {
	e := entryOf(raw, d.groupAt(d.last()))
	d.log = append(slices.Clip(d.log), raw)
	d.entries = append(slices.Clip(d.entries), e)
}

// cut drops what comes after an index.
func (d *disk) cut(index uint64) {
	d.log, d.entries = d.log[:index-d.first+1], d.entries[:index-d.first+1]
}

// start drops everything, so that the next entry gets this index.
func (d *disk) start(next uint64) {
	d.before = d.groupAt(next - 1)
	d.first, d.log, d.entries = next, nil, nil
}

// compact drops what comes before an index, which is the first one from then on.
func (d *disk) compact(first uint64) {
	if first > d.last() {
		d.start(first)
		return
	}
	d.before = d.groupAt(first - 1)
	d.log, d.entries = d.log[first-d.first:], d.entries[first-d.first:]
	d.first = first
}

// keep keeps a file, and forget drops it.
func (d *disk) keep(name string, content []byte) {
	d.forget(name)
	d.kept = append(slices.Clip(d.kept), kept{name, content, natsserver.DecodeRaftSnapshot(content)})
	slices.SortFunc(d.kept, func(a, b kept) int { return cmp.Compare(a.name, b.name) })
}

func (d *disk) forget(name string) {
	d.kept = slices.DeleteFunc(slices.Clone(d.kept), func(k kept) bool { return k.name == name })
}

// entryOf shows an entry of a log, a batch of what was proposed together, that comes where a group is what it is. What changes the group is shown with what it makes of it.
func entryOf(raw []byte, group []spec.ServerID) known {
	batch, err := natsserver.DecodeRaftBatch(raw)
	if err != nil {
		panic(err) // the library wrote it
	}
	return entryIn(batch, group)
}

func entryIn(batch *natsserver.RaftBatch, group []spec.ServerID) known {
	now := group
	for _, e := range batch.Entries {
		now = changed(now, e)
	}
	e := spec.Entry{Term: spec.Term(batch.Term), Kind: kindOf(batch), Value: valueOf(batch)}
	if !slices.Equal(now, group) {
		e.Kind, e.Value = spec.ConfigurationChange, changeTo(now).String()
	}
	return known{e, now}
}

// changed is what an entry makes of a group.
func changed(group []spec.ServerID, e natsserver.Entry) []spec.ServerID {
	switch e.Type {
	case natsserver.EntryPeerState:
		return serversOf(natsserver.DecodeRaftPeers(e.Data))
	case natsserver.RaftAddPeer:
		return with(group, serverOf(string(e.Data)))
	case natsserver.RaftRemovePeer:
		return without(group, serverOf(string(e.Data)))
	}
	return group
}
