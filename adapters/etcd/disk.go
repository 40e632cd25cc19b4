package etcd

import (
	"encoding/binary"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// image is the content of a disk. Its slices are never changed in place.
type image struct {
	hard HardState
	snap Snapshot
	raw  []Entry // from log.Base+1 on
	log  spec.Log
}

// disk is what a crash leaves. Between two steps of a server that is up both are the same, since every Ready is synced.
type disk struct {
	written image // what a process finds that starts again on the same machine
	synced  image // what it finds after a power failure
}

func (i *image) durable() spec.Durable {
	return spec.Durable{Term: spec.Term(i.hard.Term), VotedFor: spec.ServerID(i.hard.Vote), Log: i.log}
}

// content is the image as a library starts from it.
func (i *image) content() *Disk { return &Disk{Hard: i.hard, Snapshot: i.snap, Entries: i.raw} }

// put replaces what the image holds from the first of these entries on.
func (i *image) put(entries []Entry) {
	for len(entries) > 0 && spec.Index(entries[0].Index) <= i.log.Base {
		entries = entries[1:]
	}
	if len(entries) == 0 {
		return
	}
	keep := spec.Index(entries[0].Index) - 1 - i.log.Base
	i.raw = append(slices.Clip(i.raw[:keep]), entries...)
	i.log = overlay(i.log, entries)
}

// restore is what a snapshot makes of the image: the log is gone.
func (i *image) restore(s Snapshot) {
	i.snap, i.raw = s, nil
	i.log = spec.Log{Base: spec.Index(s.Index), BaseTerm: spec.Term(s.Term)}
}

// discard drops the log up to a snapshot that was made of it.
func (i *image) discard(s Snapshot) {
	n := spec.Index(s.Index) - i.log.Base
	i.snap, i.raw = s, i.raw[n:]
	i.log = compacted(i.log, s)
}

// applied returns the state of a state machine that has applied the log up to an index: the terms of its entries.
func (i *image) applied(index uint64) string {
	data := []byte(i.snap.Data)
	for _, e := range i.raw {
		if e.Index <= index {
			data = binary.AppendUvarint(data, e.Term)
		}
	}
	return string(data)
}

// termAt returns the term of an entry of a log, or of one that a snapshot took the place of.
func termAt(log spec.Log, s *Snapshot, index spec.Index) spec.Term {
	if term, held := log.TermAt(index); held {
		return term
	}
	data := []byte(s.Data)
	for at := spec.Index(1); len(data) > 0; at++ {
		term, n := binary.Uvarint(data)
		if at == index {
			return spec.Term(term)
		}
		data = data[max(n, 1):]
	}
	return 0
}

func compacted(log spec.Log, s Snapshot) spec.Log {
	n := min(spec.Index(s.Index)-log.Base, spec.Index(len(log.Entries)))
	return spec.Log{Base: spec.Index(s.Index), BaseTerm: spec.Term(s.Term), Entries: log.Entries[n:]}
}

// overlay returns a log that holds these entries, and what came before the first of them.
func overlay(log spec.Log, entries []Entry) spec.Log {
	for len(entries) > 0 && spec.Index(entries[0].Index) <= log.Base {
		entries = entries[1:]
	}
	if len(entries) == 0 {
		return log
	}
	keep := spec.Index(entries[0].Index) - 1 - log.Base
	log.Entries = slices.Clip(log.Entries[:keep])
	for _, e := range entries {
		log.Entries = append(log.Entries, shown(e))
	}
	return log
}

// shown is an entry in the words of the specification.
func shown(e Entry) spec.Entry {
	switch {
	case e.Type != EntryNormal:
		return spec.Entry{Term: spec.Term(e.Term), Kind: spec.ConfigurationChange, Value: e.Text}
	case e.Data == "":
		return spec.Entry{Term: spec.Term(e.Term), Kind: spec.NoOp}
	}
	return spec.Entry{Term: spec.Term(e.Term), Kind: spec.Command, Value: e.Data}
}

// write makes a change to what is written, as one durable effect.
func (s *server) write(change func(*image)) {
	change(&s.disk.written)
	s.durable(spec.Write)
}

// sync makes everything that was written safe.
func (s *server) sync() {
	s.disk.synced = s.disk.written
	s.durable(spec.Sync)
}

// durable notes a durable effect and, where a crash in the step at hand may ask for it, the disk right after it, which is what a crash there leaves.
func (s *server) durable(kind spec.EffectKind) {
	s.did(spec.Effect{Kind: kind, Durable: s.disk.synced.durable()})
	if s.handled != nil && s.handled.Cut > 1 {
		s.trail = append(s.trail, s.disk)
	}
}

// persist writes what a Ready brought and syncs it.
func (s *server) persist(entries []Entry, hard *HardState, snap *Snapshot) {
	if len(entries) == 0 && hard == nil && snap == nil {
		return
	}
	putHard := func(i *image) {
		if snap != nil {
			i.restore(*snap)
		}
		if hard != nil {
			i.hard = *hard
		}
	}
	putEntries := func(i *image) { i.put(entries) }
	switch {
	case snap != nil || len(entries) == 0 || hard == nil || !s.options.SplitWrites:
		s.write(func(i *image) { putHard(i); putEntries(i) })
	default:
		s.write(putEntries)
		s.write(putHard)
	}
	s.library.Persist()
	s.sync()
}

// cut ends a step at a crash point, ≥ 1 and ≤ the number of durable effects + 1: what came later did not happen.
func (s *server) cut(in *spec.Input, before disk) {
	durable, end := 0, 0
	for k, e := range s.effects {
		if e.Kind != spec.Write && e.Kind != spec.Sync {
			continue
		}
		if durable++; durable == in.Cut {
			s.effects = s.effects[:k]
			end = -1
			break
		}
		end = k + 1
	}
	if end >= 0 {
		s.effects = s.effects[:end]
	}
	s.disk = before
	if in.Cut > 1 {
		s.disk = s.trail[in.Cut-2]
	}
	s.crash(in.Lossy)
}

// crash loses everything in memory, and if lossy what was written but not synced.
func (s *server) crash(lossy bool) {
	if lossy {
		s.disk.written = s.disk.synced
	}
	s.library, s.work, s.reads, s.waits = nil, nil, 0, false
	s.log, s.conf = s.disk.written.log, s.disk.written.snap.Conf
}
