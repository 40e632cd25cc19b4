// Code generated from ../server.go by go generate; DO NOT EDIT.

package hashicorp

import (
	"math"
	"slices"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/adapters/preempt"
	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// The clock of a bubble is moved for three reasons, and each of them has an order of magnitude to itself, so that no timer ever
// fires by the way and it does not matter what its random part was. A leader may take three thousand steps before its lease is up.
const (
	pause    = 11 * time.Second           // longer than any backoff between attempts (at most 10.24 s): after every step of a leader
	lease    = 9 * time.Hour              // of leaders
	idle     = 10 * time.Hour             // between messages that leaders send without need
	timeout  = 10 * idle                  // of elections; leaders send heartbeats ten times as often
	patience = 4 * timeout                // until an election timer has surely fired: its random part at most doubles it, and it may be renewed once
	never    = 100 * 365 * 24 * time.Hour // between two snapshots that the library takes by itself
	enqueue  = time.Second                // how long a leader may take to accept a request
)

// server is one server of the library, up or down, with its disk.
type server struct {
	id      spec.ServerID
	servers []spec.ServerID
	options *Options
	disk    *disk

	// What follows belongs to one incarnation; raft is nil while the server is down.
	raft    *raft.Raft
	machine *machine
	steps   *recorder
	courier *courier

	// The library keeps the votes it has counted in local variables. These are the votes it was given, ascending.
	election                     spec.Term // the term in which granted and refused were given
	granted, refused             []spec.ServerID
	grantedBefore, refusedBefore []spec.ServerID // of pre-votes, since the election timer last fired

	handover handover
	reading  *reading // nil is no read that waits

	gates *preempt.Watch // nil where no goroutine can be held
	held  preempted
}

// start makes a server that was bootstrapped with the configuration of the whole cluster.
func start(o *Options) bubble.Start {
	return func(id spec.ServerID, servers []spec.ServerID) bubble.Server {
		seed()
		s := &server{id: id, servers: servers, options: o}
		if o.bootstrapped[len(servers)] == nil { // the same for all servers
			o.bootstrapped[len(servers)] = newDisk()
			boot := &stores{o.bootstrapped[len(servers)], &recorder{first: make(chan struct{})}}
			must(raft.BootstrapCluster(s.config(), boot, boot, snapshotStore{boot}, newCourier(id, boot.steps), o.configuration(servers)))
		}
		s.disk = o.bootstrapped[len(servers)].clone()
		s.watch()
		s.boot()
		return s
	}
}

// must panics when the library refuses what this package set up. The bubble makes a fault of it.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (s *server) config() *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(nameFor(s.id))
	c.Logger = hclog.NewNullLogger()
	c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout, c.CommitTimeout = timeout, timeout, lease, idle
	c.SnapshotInterval, c.SnapshotThreshold, c.TrailingLogs = never, math.MaxUint64, 0
	c.ShutdownOnRemove = false
	if s.options.NoPreVote {
		withoutPreVote(c)
	}
	if s.options.RestoreCommitted {
		restore, has := statekey.Find[bool](c, "RestoreCommittedLogs")
		if !has {
			panic("this version of the library has no RestoreCommittedLogs")
		}
		*restore = true
	}
	return c
}

// boot starts a new incarnation from what is on disk.
func (s *server) boot() {
	s.steps = &recorder{}
	s.steps.begin(0)
	s.machine = &machine{}
	s.courier = newCourier(s.id, s.steps)
	disk := &stores{s.disk, s.steps}
	r, err := raft.NewRaft(s.config(), s.machine, disk, disk, snapshotStore{disk}, s.courier)
	must(err)
	s.raft = r
	s.courier.raft = r
	synctest.Wait()
}

// kill ends the incarnation: whatever its goroutines still do happens to nobody.
func (s *server) kill() {
	s.steps.die()
	if s.gates != nil {
		s.gates.End()
		s.held = preempted{}
	}
	s.raft.Shutdown()
	s.courier.hangUp(func(*call) bool { return true })
	synctest.Wait()
	s.raft, s.machine, s.steps, s.courier, s.handover, s.reading, s.disk.staged = nil, nil, nil, nil, handover{}, nil, 0
	s.election, s.granted, s.refused, s.grantedBefore, s.refusedBefore = 0, nil, nil, nil, nil
}

// Close is part of bubble.Server.
func (s *server) Close() {
	if s.raft != nil {
		s.kill()
	}
}

// Step is part of spec.Node.
func (s *server) Step(in spec.Input) spec.Output {
	if s.Refuses()(&in) {
		return spec.Output{Refused: true}
	}
	if s.raft == nil {
		return s.stepDown(&in)
	}
	if in.Kind == spec.Crash {
		s.kill()
		return spec.Output{}
	}
	s.beginStep(&in)
	s.steps.begin(in.Cut)
	before := s.role()
	var out spec.Output
	if !s.give(&in, &out) {
		return spec.Output{Refused: true}
	}
	s.quieten(before)
	s.pay()
	if err := s.courier.fault; err != nil {
		return spec.Output{Fault: err}
	}
	if in.Gate != "" && in.Kind != spec.Resume && s.gates.Held() != in.Gate {
		return spec.Output{Refused: true} // nobody came there
	}
	if in.Cut > 0 {
		return s.crashed(in.Cut)
	}
	s.tally(&in)
	s.follow(&in)
	out.Effects, out.Gates = s.steps.done(), s.passed()
	return out
}

// stepDown gives an input to a server that is down: a message, which is lost, or the order to start again.
func (s *server) stepDown(in *spec.Input) spec.Output {
	if in.Kind == spec.Deliver {
		return spec.Output{}
	}
	s.watch()
	s.boot()
	return spec.Output{Effects: s.steps.done()}
}

// crashed ends a step that is cut at a crash point.
func (s *server) crashed(point int) spec.Output {
	if !s.steps.dead() {
		if s.steps.writes == 0 || s.steps.writes != point-1 {
			return spec.Output{Refused: true}
		}
		s.steps.untilLastWrite()
	}
	if s.options.WholeVotes && s.disk.torn {
		return spec.Output{Refused: true}
	}
	effects := s.steps.done()
	s.kill()
	s.disk.torn = false
	return spec.Output{Effects: effects}
}

// quieten waits until every goroutine waits for something that only another input can bring. Calls whose answers nobody waits for
// any more are hung up, and who waits before trying again is given the time.
func (s *server) quieten(before spec.Role) {
	synctest.Wait()
	leads := before == spec.Leader || s.role() == spec.Leader
	for {
		if leads {
			time.Sleep(pause)
			synctest.Wait()
		}
		if s.steps.dead() || !s.courier.hangUpAbandoned() {
			return
		}
		synctest.Wait()
	}
}

// role is what the server is, in the paper's words.
func (s *server) role() spec.Role {
	switch s.raft.State() {
	case raft.Leader:
		return spec.Leader
	case raft.Candidate:
		if s.courier.asked == spec.PreVote {
			return spec.PreCandidate
		}
		return spec.Candidate
	}
	return spec.Follower
}

// tally counts the votes that the server was given, as far as they still matter.
func (s *server) tally(in *spec.Input) {
	role, term := s.role(), spec.Term(termOf(s.raft))
	m := &in.Message
	if role != spec.PreCandidate || in.Kind == spec.Timeout {
		s.grantedBefore, s.refusedBefore = nil, nil
	} else if in.Kind == spec.Deliver && m.Kind == spec.PreVoteReply {
		count(m, &s.grantedBefore, &s.refusedBefore)
	}
	switch {
	case role != spec.Candidate:
		s.election, s.granted, s.refused = 0, nil, nil
	case s.election != term:
		s.election, s.granted, s.refused = term, []spec.ServerID{s.id}, nil
	case in.Kind == spec.Deliver && m.Kind == spec.RequestVoteReply && m.Term == term:
		count(m, &s.granted, &s.refused)
	}
}

// count adds the sender of a reply to those who granted a vote or to those who refused.
func count(m *spec.Message, granted, refused *[]spec.ServerID) {
	set := refused
	if m.Granted {
		set = granted
	}
	if at, there := slices.BinarySearch(*set, m.From); !there {
		*set = slices.Insert(slices.Clone(*set), at, m.From)
	}
}
