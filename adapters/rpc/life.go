package rpc

import (
	"fmt"
	"reflect"
	"slices"
	"testing/synctest"
	"time"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/adapters/preempt"
	"github.com/raftcheck/raftcheck/spec"
)

// server is one server, up or down, with its disks.
type server[S any] struct {
	plan     *plan[S]
	id       spec.ServerID
	servers  []spec.ServerID
	founders []int           // who votes in a new cluster
	disks    *disks          // while it is down
	gone     []chan struct{} // of the incarnations that are dead

	// What follows belongs to one incarnation; env is nil while the server is down.
	env   *Env
	raft  S
	shown *spec.Observation // what it shows since all is quiet; nil is not looked at

	gates  *preempt.Watch // nil where no goroutine can be held
	heldBy []byte         // the state and the input in which a goroutine was held: they decide what it has in its variables; nil for none

	// Most servers count votes in a variable that says no names. These are the votes that it was given in a term, ascending.
	election         spec.Term
	granted, refused []spec.ServerID
}

func start[S any](p *plan[S]) bubble.Start {
	return func(id spec.ServerID, servers []spec.ServerID) bubble.Server {
		s := &server[S]{plan: p, id: id, servers: servers, founders: p.founders(len(servers)), disks: newDisks()}
		if p.Observe == nil {
			p.measure.Do(s.measure)
			if p.mistake != "" {
				panic(p.mistake)
			}
		}
		s.boot()
		return s
	}
}

// measure finds out how many entries the log of a new server has that are none, and whether its vote is read as it is meant.
func (s *server[S]) measure() {
	s.at(newDisks(), func(raft S) {
		if o := s.observed(raft); o.VotedFor != spec.None && o.Unknown&spec.FieldVotedFor == 0 {
			vote := s.plan.observer.must(reflect.ValueOf(&raft), "votedFor")
			s.plan.mistake = bubble.Mistake(fmt.Sprintf("rpc: a new server has voted for %s already: its vote is %v. If that stands for nobody, Server.ID says what the numbers mean, or Server.Amend whom "+
				"it voted for", o.VotedFor, inside(vote)))
		}
		v := s.plan.observer.must(reflect.ValueOf(&raft), "log")
		if entries, is := entriesOf(v, 0, s.plan.Members, s.founders); is {
			s.plan.observer.dummy = len(entries)
			if first := slices.IndexFunc(entries, func(e spec.Entry) bool { return e.Kind == spec.ConfigurationChange && e.Term > 0 }); first >= 0 {
				s.plan.observer.dummy = first // a new cluster begins with it
			}
		}
	})
}

func (s *server[S]) newEnv(d *disks) *Env {
	e := &Env{id: s.id, servers: s.servers, founders: s.founders, codec: s.plan.codec, mostCalls: max(s.plan.Calls, 1), serial: s.plan.Serial, disks: d,
		done: make(chan struct{}), gone: make(chan struct{}), asked: map[int]string{}, isRead: s.plan.Read != nil}
	e.begin(0)
	return e
}

// at starts a server from disks, off the record, and looks at it.
func (s *server[S]) at(d *disks, look func(S)) {
	e := s.newEnv(d)
	e.over = true
	raft := s.plan.Make(e)
	synctest.Wait()
	look(raft)
	s.finish(e, raft)
}

// boot starts a new incarnation from what is on disk.
func (s *server[S]) boot() {
	s.watch()
	s.env = s.newEnv(s.disks)
	s.raft = s.plan.Make(s.env)
	s.quieten()
}

// kill ends the incarnation. What its goroutines still do happens to nobody.
func (s *server[S]) kill() {
	s.disks = s.env.disks
	s.env.end()
	if s.gates != nil {
		s.gates.End()
		s.gates, s.heldBy = nil, nil
	}
	s.finish(s.env, s.raft)
	if s.plan.Preempt {
		time.Sleep(dying) // who sleeps sees that all is over now, and comes to no gate of the next incarnation
	}
	var none S
	s.env, s.raft = nil, none
	s.election, s.granted, s.refused = 0, nil, nil
}

// finish ends an incarnation. No time may pass, since another one may be up: what sleeps sees later that all is over.
func (s *server[S]) finish(e *Env, raft S) {
	e.end()
	if s.plan.Kill != nil {
		go s.plan.Kill(raft)
	}
	synctest.Wait()
	s.gone = append(s.gone, e.gone)
}

// dying is how long the goroutines of a dead server may take to see it.
const dying = time.Minute

// Close is part of bubble.Server.
func (s *server[S]) Close() {
	if s.env != nil {
		s.kill()
	}
	time.Sleep(dying)
	for _, gone := range s.gone {
		close(gone)
	}
}

// quieten waits until every goroutine waits for something that only another input can bring.
func (s *server[S]) quieten() {
	s.shown = nil
	synctest.Wait()
	if s.plan.Settle > 0 {
		time.Sleep(s.plan.Settle)
		synctest.Wait()
	}
}
