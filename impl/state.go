package impl

import (
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/raftcheck/raftcheck/spec"
)

// Observe shows the server. While it is down it shows what is on its disk.
func (s *server) Observe() spec.Observation {
	o := spec.Observation{
		Role:     s.role,
		Term:     s.term,
		VotedFor: s.votedFor,
		Log:      s.log,
		Config:   s.config,
		Durable:  s.disk.synced,
	}
	if s.role == spec.Crashed {
		o.Term, o.VotedFor, o.Log = s.disk.written.Term, s.disk.written.VotedFor, s.disk.written.Log
		o.Config, _ = s.configurationAt(s.disk.written, s.disk.written.Log.LastIndex())
		return o
	}
	o.LeaderID = s.leader
	o.CommitIndex, o.LastApplied = s.commitIndex, s.lastApplied()
	o.Granted, o.Refused = s.granted, s.refused
	o.Progress = s.progress
	o.Contact, o.Reads = s.contact, s.reads
	if s.round > 0 {
		o.LastToken = strconv.Itoa(s.round)
	}
	return o
}

// AppendState appends everything that the future depends on: memory, and the disk where it differs from memory.
func (s *server) AppendState(dst []byte) []byte { return s.encode(dst, nil, nil) }

// AppendPermuted appends the state as it would be if servers and values had other names.
func (s *server) AppendPermuted(dst []byte, rename func(spec.ServerID) spec.ServerID, value func(string) string) []byte {
	return s.encode(dst, rename, value)
}

func (s *server) encode(dst []byte, rename func(spec.ServerID) spec.ServerID, value func(string) string) []byte {
	e := &encoder{dst, rename, value, s.options}
	e.number(uint64(s.role))
	memory := s.persistent()
	if s.role != spec.Crashed {
		e.durable(memory)
		e.server(s.leader)
		e.number(uint64(s.commitIndex))
		e.set(s.granted)
		e.set(s.refused)
		e.progress(s.progress)
		if s.options.PreVote || s.options.CheckQuorum || s.options.ElectionTicks > 0 {
			e.flag(s.loyal)
			e.set(s.contact)
		}
		if s.options.DropsVote {
			e.flag(s.spent)
		}
		if s.options.Transfer {
			e.server(s.transferee)
		}
		if s.options.Reads != NoReads {
			e.number(uint64(s.round))
			e.number(uint64(s.served))
			e.reads(s.reads)
		}
	}
	e.later(s)
	if s.options.AppliesLater {
		e.number(uint64(s.applied))
	}
	if s.options.SplitProposals {
		e.number(uint64(len(s.accepted)))
		for _, a := range s.accepted {
			e.command(a.client)
			e.command(a.value)
			e.number(uint64(a.term))
		}
	}
	if s.options.Membership {
		e.text(s.config.String()) // such servers are not renamed
		e.number(uint64(s.configIndex))
	}
	if s.options.ElectionTicks > 0 {
		e.number(uint64(s.clock))
		e.number(uint64(s.loyalUntil))
		e.number(uint64(len(s.answered)))
		for _, a := range s.answered { // such servers are not renamed
			e.server(a.server)
			e.number(uint64(a.clock))
		}
	}
	e.unlessSame(s.disk.written, memory)
	e.unlessSame(s.disk.synced, s.disk.written)
	if s.options.Backups {
		e.unlessSame(s.disk.backup, s.disk.synced)
	}
	return e.dst
}

// encoder writes values so that different ones give different bytes. A nil function keeps names and values as they are.
type encoder struct {
	dst     []byte
	rename  func(spec.ServerID) spec.ServerID
	value   func(string) string
	options Options
}

func (e *encoder) number(n uint64) { e.dst = binary.AppendUvarint(e.dst, n) }

func (e *encoder) flag(b bool) {
	if b {
		e.number(1)
	} else {
		e.number(0)
	}
}

func (e *encoder) server(id spec.ServerID) { e.number(uint64(e.renamed(id))) }

func (e *encoder) renamed(id spec.ServerID) spec.ServerID {
	if e.rename == nil || id == spec.None {
		return id
	}
	return e.rename(id)
}

func (e *encoder) text(s string) {
	e.number(uint64(len(s)))
	e.dst = append(e.dst, s...)
}

// command writes a client's command, or the client's name, which has that of its request where names are changed.
func (e *encoder) command(value string) {
	if e.value != nil && value != "" {
		value = e.value(value)
	}
	e.text(value)
}

func (e *encoder) durable(d spec.Durable) {
	e.number(uint64(d.Term))
	e.server(d.VotedFor)
	if e.options.Snapshots {
		e.number(uint64(d.Log.Base))
		e.number(uint64(d.Log.BaseTerm))
	}
	if e.options.Membership {
		e.text(d.Config)
	}
	e.number(uint64(len(d.Log.Entries)))
	for _, entry := range d.Log.Entries {
		e.entry(entry)
	}
}

func (e *encoder) entry(entry spec.Entry) {
	e.number(uint64(entry.Term))
	e.number(uint64(entry.Kind))
	if e.value != nil && entry.Kind == spec.Command {
		entry.Value = e.value(entry.Value)
	}
	e.text(entry.Value)
}

// unlessSame writes d, or only that it is the same as what was written before.
func (e *encoder) unlessSame(d, before spec.Durable) {
	if d.Equal(&before) {
		e.number(0)
		return
	}
	e.number(1)
	e.durable(d)
}

// set writes ids in ascending order of their new names.
func (e *encoder) set(ids []spec.ServerID) {
	if e.rename != nil {
		ids = slices.Clone(ids)
		for k, id := range ids {
			ids[k] = e.rename(id)
		}
		slices.Sort(ids)
	}
	e.number(uint64(len(ids)))
	for _, id := range ids {
		e.number(uint64(id))
	}
}

// later writes what waits: for storage, and to be told.
func (e *encoder) later(s *server) {
	if s.options.AsyncStorage && s.options.CheckQuorum {
		e.flag(s.overdue)
	}
	if s.options.AsyncStorage { // what is stored is what is on disk
		e.number(uint64(len(s.queue)))
		for _, b := range s.queue {
			e.durable(b.durable)
			sends := slices.Clone(b.sends) // in ascending order of the new names
			slices.SortStableFunc(sends, func(x, y spec.Message) int { return int(e.renamed(x.To)) - int(e.renamed(y.To)) })
			e.number(uint64(len(sends)))
			for k := range sends {
				e.message(&sends[k])
			}
		}
	}
	if s.options.Sessions {
		e.number(uint64(s.forgotten))
		e.number(uint64(len(s.waiting)))
		for _, w := range s.waiting {
			e.command(w.client)
			e.command(w.value)
			e.number(uint64(w.index))
			e.number(uint64(w.term))
		}
	}
	if s.disk.failing {
		e.text("failing")
	}
}

// message writes a message that waits.
func (e *encoder) message(m *spec.Message) {
	e.number(uint64(m.Kind))
	e.server(m.To)
	for _, n := range [...]uint64{uint64(m.Term), uint64(m.LastLogIndex), uint64(m.LastLogTerm), uint64(m.PrevLogIndex), uint64(m.PrevLogTerm),
		uint64(m.LeaderCommit), uint64(m.MatchIndex), uint64(m.ConflictIndex), uint64(m.ConflictTerm)} {
		e.number(n)
	}
	e.flag(m.Granted)
	e.flag(m.Success)
	e.text(m.Payload)
	e.number(uint64(len(m.Entries)))
	for _, entry := range m.Entries {
		e.entry(entry)
	}
}

func (e *encoder) reads(rs []spec.PendingRead) {
	e.number(uint64(len(rs)))
	for _, r := range rs {
		if e.value != nil {
			r.Value = e.value(r.Value)
		}
		e.text(r.Value)
		e.number(uint64(r.Index))
		e.text(r.Token)
		e.set(r.Confirmed)
	}
}

// progress writes what a leader knows of the others in ascending order of their new names.
func (e *encoder) progress(ps []spec.Progress) {
	if e.rename != nil {
		ps = slices.Clone(ps)
		for k := range ps {
			ps[k].Server = e.rename(ps[k].Server)
		}
		slices.SortFunc(ps, func(a, b spec.Progress) int { return int(a.Server) - int(b.Server) })
	}
	e.number(uint64(len(ps)))
	for _, p := range ps {
		e.number(uint64(p.Server))
		e.number(uint64(p.NextIndex))
		e.number(uint64(p.MatchIndex))
	}
}
