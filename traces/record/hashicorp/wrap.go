package hashicorp

import (
	"errors"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/record"
)

// Parts are what a raft.Raft is made with.
type Parts struct {
	Config    *raft.Config
	Logs      raft.LogStore
	Stable    raft.StableStore
	Snapshots raft.SnapshotStore
	Transport raft.Transport
}

// Options say what records show.
type Options struct {
	// Servers are the cluster's, in the same order wherever one is recorded: the first is n1. Others, of which one learns later, are
	// numbered by their names, above 2³².
	Servers []raft.Server
	// Value stands for a command; nil is record.Value, which does not tell it.
	Value func(command []byte) string
	// Keep is how many committed entries at the end of the log are kept in memory for records to show; 0 is 256.
	Keep int
}

// Variants are the ways in which hashicorp/raft differs from the paper, for the header of a trace.
var Variants = spec.Variants{spec.LateTerm}

// Wrapped are the parts to make the raft.Raft with.
type Wrapped struct {
	Logs      raft.LogStore
	Stable    raft.StableStore
	Snapshots raft.SnapshotStore
	Transport raft.Transport

	server    *server
	transport *transport
}

// Close ends the recording, and lets no request through to the library any more. Call it after the library is shut down, if that is not
// by waiting for raft.Raft.Shutdown, which closes the transport, and the recording with it. The stores may go on being used.
func (w *Wrapped) Close() { w.transport.end() }

// Wrap begins to record a server, before it is made. What is in the stores is what it starts with.
func Wrap(recorder *record.Recorder, p Parts, o Options) (*Wrapped, error) {
	if p.Config == nil || p.Logs == nil || p.Stable == nil || p.Snapshots == nil || p.Transport == nil {
		return nil, errors.New("traces/record/hashicorp: a part is missing")
	}
	if o.Value == nil {
		o.Value = record.Value
	}
	if o.Keep == 0 {
		o.Keep = 256
	}
	names := newNames(o.Servers, p.Transport)
	names.learn(string(p.Config.LocalID), string(p.Transport.LocalAddr()))
	s := &server{names: names, options: o, parts: p, id: names.ofID(string(p.Config.LocalID))}
	s.record = recorder.Server(s.id)
	if err := s.load(); err != nil {
		return nil, err
	}
	s.begin()
	t := newTransport(s, p.Transport)
	logs := &logStore{LogStore: p.Logs, server: s}
	w := &Wrapped{Logs: logs, Stable: &stableStore{StableStore: p.Stable, server: s}, Snapshots: p.Snapshots, Transport: t, server: s, transport: t}
	if tracks, can := p.Logs.(commitTracking); can {
		w.Logs = &commitTrackingLogStore{logs, tracks}
	}
	if preVote, can := p.Transport.(raft.WithPreVote); can {
		w.Transport = &preVoteTransport{t, preVote}
	}
	go t.pump()
	return w, nil
}

// Attach tells the recorder of the raft.Raft that was made. Call it at once: role and commit index are recorded from then on.
func (w *Wrapped) Attach(r *raft.Raft) {
	r.RegisterObserver(raft.NewObserver(nil, false, func(o *raft.Observation) bool {
		switch data := o.Data.(type) {
		case raft.RaftState:
			w.server.turns(data)
		case raft.LeaderObservation:
			w.server.follows(data)
		}
		return false
	}))
	w.server.attach(r)
}
