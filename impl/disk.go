package impl

import (
	"github.com/raftcheck/raftcheck/spec"
)

// disk is what a crash leaves. Between two steps of a server that decides as Paper does, both are the same.
type disk struct {
	written spec.Durable // what is left when only the process dies
	synced  spec.Durable // what is left after a power failure: what was written when the last sync happened
	failing bool         // it will refuse the next write
	backup  spec.Durable // with Backups, what was written before the last write
}

// persistent returns Figure 2's persistent state as the server has it in memory.
func (s *server) persistent() spec.Durable {
	return spec.Durable{Term: s.term, VotedFor: s.votedFor, Log: s.log, Config: s.snapshotConfig}
}

// flush ends a step: what changed goes to disk, then messages leave. It returns what is to happen, in order.
func (s *server) flush(in *spec.Input) []spec.Effect {
	var durable, sends []spec.Effect
	for _, d := range s.decide.Writes(s.disk.written, s.persistent()) {
		durable = append(durable, spec.Effect{Kind: spec.Write, Durable: d}, spec.Effect{Kind: spec.Sync})
	}
	if s.disk.failing && len(durable) > 0 {
		return s.fail()
	}
	for _, m := range s.outbox {
		sends = append(sends, spec.Effect{Kind: spec.Send, Message: m})
	}
	s.outbox = nil
	return s.decide.Order(in, durable, sends)
}

// perform lets the effects happen to the disk, and notes with each durable one what a power failure would leave after it.
func (d *disk) perform(effects []spec.Effect) {
	for k := range effects {
		switch e := &effects[k]; e.Kind {
		case spec.Write:
			d.backup, d.written = d.written, e.Durable
			e.Durable = d.synced
		case spec.Sync:
			d.synced = d.written
			e.Durable = d.synced
		}
	}
}

// crash loses everything in memory. What was written but not synced is lost too if the crash is lossy. If not, the machine lives
// on and syncs it in time: losing it to a power failure before the restart would be a lossy crash to begin with.
func (s *server) crash(lossy bool) {
	left := s.disk.written
	if lossy {
		left = s.disk.synced
	}
	*s = server{id: s.id, servers: s.servers, options: s.options, decide: s.decide, role: spec.Crashed, disk: disk{written: left, synced: left, backup: s.disk.backup}, clock: s.clock}
}

// restart starts again as a follower with what is on disk (5.2, Figure 2).
func (s *server) restart() {
	d := s.decide.Recovered(s.disk.written, s.disk.backup)
	s.term, s.votedFor, s.log, s.snapshotConfig = d.Term, d.VotedFor, d.Log, d.Config
	s.commitIndex = s.decide.CommitAfterRestart(s.log)
	s.role = s.decide.RoleAfterRestart(s.id, d)
	s.config = s.firstConfiguration()
	s.reconfigure(0)
	s.stored = d
	s.spent = s.options.DropsVote && s.term > 0 && s.votedFor == spec.None
	if s.options.ElectionTicks > 0 && s.decide.LoyalAfterRestart() {
		s.beLoyal()
	}
}

// Writes: at most one, of everything, so that no crash can separate term, vote and log. Before a log loses its beginning there is one
// more, of the snapshot that takes its place: from then on a restart finds the log as it will be (7).
func (Paper) Writes(disk, memory spec.Durable) []spec.Durable {
	switch {
	case disk.Equal(&memory):
		return nil
	case memory.Log.Base > disk.Log.Base:
		return []spec.Durable{memory, memory}
	}
	return []spec.Durable{memory}
}

// Order: first make it durable, then send. A message is a promise, and a crash must not undo what was promised.
func (Paper) Order(_ *spec.Input, durable, sends []spec.Effect) []spec.Effect {
	return append(durable, sends...)
}

// RoleAfterRestart: a follower, whatever it was. Much may have happened while it was down.
func (Paper) RoleAfterRestart(spec.ServerID, spec.Durable) spec.Role { return spec.Follower }

// Recovered: all of it, as it was last written.
func (Paper) Recovered(disk, _ spec.Durable) spec.Durable { return disk }
