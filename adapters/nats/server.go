//go:build overlaid

package nats

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/adapters/preempt"
	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Options says how servers are made. The zero value is a group of all of them.
type Options struct {
	// Outsiders are no part of the group when it begins. They listen to it, and a leader that hears from one adds it.
	Outsiders []spec.ServerID
	// Transfers says that leaders are asked to hand over: whom they have heard from matters then, and is a part of states.
	Transfers bool
	// Preempt lets goroutines be held at gates (spec.Input.Gate). The program must be built with those of the file gates in this folder.
	Preempt bool
	// HoldAt names gates at which goroutines are held, as in "StepDown/sendAppendEntry", or functions in which they are, as in "StepDown"; nil is every gate.
	HoldAt []string
}

// Servers makes servers of the library. The Node method of what it returns is a spec.Factory, for worlds, scripts and the replay of
// traces. It belongs to the test t and may be used only while t runs.
func Servers(t *testing.T, edits ...func(*Options)) *bubble.Lab {
	folder, key := t.TempDir(), newKey()
	var o Options
	for _, edit := range edits {
		edit(&o)
	}
	return bubble.New(t, func(id spec.ServerID, servers []spec.ServerID) bubble.Server {
		group := servers
		for _, outside := range o.Outsiders {
			group = without(group, outside)
		}
		s := &server{id: id, servers: servers, options: o, folder: folder, key: key,
			disk: disk{first: 1, before: group, peers: natsserver.RaftPeers(namesFor(group))}}
		s.boot()
		return s
	}, bubble.Options{})
}

// mostCatchups is how often one incarnation of a server may ask for what it lacks. A step in which it would ask once more is not part of the model: every
// question has an inbox of its own, so without a bound there would be no end of states.
const mostCatchups = 2

// server is one server, up or down, with its disk.
type server struct {
	id          spec.ServerID
	servers     []spec.ServerID
	options     Options
	folder      string // stays empty
	key         *statekey.Key
	disk        disk
	incarnation int

	// What follows belongs to one incarnation; raft is nil while the server is down.
	raft *natsserver.RaftInside
	host *host

	// The library counts votes in local variables. These are the votes that it was given in the term election, ascending, and those of them whose
	// givers have an empty log.
	election       spec.Term
	granted, empty []spec.ServerID
	refused        []spec.ServerID

	gates  *preempt.Watch // nil where no goroutine can be held
	heldBy []byte         // of who is held: what decides what it has in its variables
}

// boot starts a new incarnation from what is on disk.
func (s *server) boot() {
	s.incarnation++
	s.host = &host{id: s.id, servers: s.servers, disk: &s.disk, incarnation: s.incarnation}
	s.watch()
	r, err := natsserver.StartRaft(nameFor(s.id), namesFor(s.servers), s.folder, s.host, s.incarnation > 1)
	if err != nil {
		panic(err)
	}
	s.raft = r
	s.quieten()
}

// kill ends the incarnation: whatever its goroutines still do happens to nobody.
func (s *server) kill() {
	s.host.die()
	if s.gates != nil {
		s.gates.End()
	}
	s.raft.Close()
	synctest.Wait()
	s.raft, s.host, s.gates, s.heldBy = nil, nil, nil, nil
	s.election, s.granted, s.empty, s.refused = 0, nil, nil, nil
}

// Close is part of bubble.Server.
func (s *server) Close() {
	if s.raft != nil {
		s.kill()
	}
}

// quieten waits until every goroutine waits for something that only another input can bring. What is committed is carried out at once.
func (s *server) quieten() {
	for {
		synctest.Wait()
		if !s.raft.Apply(func(index uint64, command []byte) {
			s.host.note(spec.Effect{Kind: spec.Apply, Reply: spec.Reply{Value: string(command), Index: spec.Index(index)}})
		}) {
			return
		}
	}
}

// Refuses is part of bubble.Refuser.
func (s *server) Refuses() func(*spec.Input) bool {
	if s.raft == nil {
		return func(in *spec.Input) bool {
			return in.Cut > 0 || in.Gate != "" || in.Kind != spec.Restart && (in.Kind != spec.Deliver || in.Message.To != s.id)
		}
	}
	leads := s.role() == spec.Leader
	catching, stalled := s.raft.Stalled()
	says, applied, members := s.raft.Leads(), s.raft.Show().Applied, s.members()
	own, caughtUp := inboxName(s.id, s.incarnation, inbox, ""), s.raft.CatchupInbox()
	unheld := s.refusesHeld()
	return func(in *spec.Input) bool {
		if unheld(in) {
			return true
		}
		switch in.Kind {
		case spec.Crash, spec.Resume:
			return false
		case spec.Timeout:
			return leads
		case spec.Heartbeat, spec.Propose:
			return !leads
		case spec.Transfer:
			return !leads || in.Peer == s.id
		case spec.Reconfigure:
			_, _, can := oneChange(members, in.Change)
			return !says || !can
		case spec.Compact:
			return applied == 0
		case spec.Tick:
			return in.Peer != s.id || !catching || stalled
		case spec.Deliver:
			m := &in.Message
			to := subjectOf(m) // an inbox to which nobody listens any more gets nothing: such a message can only be lost
			return m.To != s.id || m.From == s.id || !slices.Contains(s.servers, m.From) ||
				to != askSubject && to != appendSubject && !strings.HasPrefix(to, own) && (to != caughtUp || caughtUp == "")
		}
		return true
	}
}

// Step is part of spec.Node.
func (s *server) Step(in spec.Input) spec.Output {
	switch {
	case s.Refuses()(&in):
		return spec.Output{Refused: true}
	case s.raft == nil && in.Kind == spec.Deliver: // the message is lost
		return spec.Output{}
	case s.raft == nil:
		s.boot()
		return s.told()
	case in.Kind == spec.Crash:
		s.kill()
		return spec.Output{}
	}
	s.beginStep(&in)
	s.host.begin()
	switch err := s.asks(&in); {
	case err != nil && (in.Kind == spec.Reconfigure || in.Kind == spec.Compact):
		return spec.Output{Refused: true} // for now: another change is not committed yet, or a follower is being caught up
	case err != nil:
		return spec.Output{Fault: err}
	}
	s.quieten()
	if s.host.catchups > mostCatchups || in.Gate != "" && s.held() != in.Gate { // nobody came there
		return spec.Output{Refused: true}
	}
	if in.Cut > 0 {
		return s.crashed(in.Cut)
	}
	if s.raft.Show().State == natsserver.Closed { // a leader that has committed its own removal stops
		effects := s.host.done()
		s.kill()
		return spec.Output{Effects: effects}
	}
	s.tally(&in)
	return s.told()
}

// told is what happened in a step.
func (s *server) told() spec.Output {
	if err := s.raft.Show().Broken; err != nil {
		return spec.Output{Fault: fmt.Errorf("it stopped, for an error of its disk: %w", err)}
	}
	if n := s.raft.CatchingUp(); n > 0 && (s.gates == nil || !s.gates.In(catchupFunction)) {
		return spec.Output{Fault: fmt.Errorf("%d followers are still being sent what they lack: logs are too long for this package", n)}
	}
	return spec.Output{Effects: s.host.done(), Gates: s.passed()}
}

// crashed ends a step that is cut at a crash point.
func (s *server) crashed(point int) spec.Output {
	left, has := s.host.at(point)
	if !has {
		return spec.Output{Refused: true}
	}
	effects := spec.UntilCrash(s.host.done(), point)
	s.kill()
	s.disk = left
	return spec.Output{Effects: effects}
}

// wholePrefix begins a command that is sent by SendSnapshot: it takes the place of all that was carried out before.
const wholePrefix = "all-is-"

// SentSnapshots are the inputs of a world, and for each command x another one, all-is-x, that takes the place of all that was carried out before it: SendSnapshot.
func SentSnapshots(c *cluster.Config) func(spec.ServerID) []spec.Input {
	return func(id spec.ServerID) []spec.Input {
		inputs := c.DefaultInputs(id)
		for _, in := range inputs {
			if in.Kind == spec.Propose {
				in.Value = wholePrefix + in.Value
				inputs = append(inputs, in)
			}
		}
		return inputs
	}
}

// give lets an input happen, as far as goroutines get with it at once.
func (s *server) give(in *spec.Input) error {
	switch in.Kind {
	case spec.Deliver:
		subject, reply, msg, err := openPayload(&in.Message)
		if err == nil {
			s.raft.Deliver(subject, reply, msg)
		}
		return err
	case spec.Timeout:
		if s.raft.Lingers() { // for a second, and no election timer fires that early
			s.raft.Leave()
			synctest.Wait()
		}
		s.raft.Elect()
		time.Sleep(time.Microsecond)
	case spec.Heartbeat:
		s.raft.Beat()
	case spec.Tick:
		s.raft.Stall()
	case spec.Propose:
		if strings.HasPrefix(in.Value, wholePrefix) {
			return s.raft.SendSnapshot([]byte(in.Value))
		}
		return s.raft.Propose([]byte(in.Value))
	case spec.Transfer:
		return s.raft.Transfer(nameFor(in.Peer))
	case spec.Reconfigure:
		id, adds, _ := oneChange(s.members(), in.Change)
		if adds {
			return s.raft.Add(nameFor(id))
		}
		return s.raft.Remove(nameFor(id))
	case spec.Compact:
		return s.raft.Snapshot([]byte("all that was carried out"))
	}
	return nil
}

// oneChange returns the server that a group is to be given, or deprived of. False is that the change is another one, or none.
func oneChange(group []spec.ServerID, to spec.Change) (id spec.ServerID, adds, can bool) {
	var want []spec.ServerID
	for name := range strings.SplitSeq(to.Voters, ",") {
		want = with(want, idOf(name))
	}
	if to.Joint || to.Learners != "" {
		return spec.None, false, false
	}
	changes := 0
	for _, other := range slices.Concat(group, want) {
		if in := slices.Contains(want, other); in != slices.Contains(group, other) {
			id, adds = other, in
			changes++
		}
	}
	return id, adds, changes == 1
}

// tally counts the votes that the server was given, as far as they still matter.
func (s *server) tally(in *spec.Input) {
	m, term := &in.Message, spec.Term(s.raft.Show().Term)
	switch {
	case s.role() != spec.Candidate:
		s.election, s.granted, s.empty, s.refused = 0, nil, nil, nil
	case s.election != term:
		s.election, s.granted, s.empty, s.refused = term, []spec.ServerID{s.id}, nil, nil
	case in.Kind == spec.Deliver && m.Kind == spec.RequestVoteReply && m.Term == term:
		if !m.Granted {
			s.refused = with(s.refused, m.From)
			return
		}
		s.granted = with(s.granted, m.From)
		if _, _, msg, err := openPayload(m); err == nil && natsserver.DecodeRaftVote(msg).Empty {
			s.empty = with(s.empty, m.From)
		} else {
			s.empty = slices.DeleteFunc(slices.Clone(s.empty), func(id spec.ServerID) bool { return id == m.From })
		}
	}
}

// with adds a server to a set of them.
func with(ids []spec.ServerID, id spec.ServerID) []spec.ServerID {
	k, has := slices.BinarySearch(ids, id)
	if has {
		return ids
	}
	return slices.Insert(slices.Clone(ids), k, id)
}

// without takes a server out of a set of them.
func without(ids []spec.ServerID, id spec.ServerID) []spec.ServerID {
	return slices.DeleteFunc(slices.Clone(ids), func(other spec.ServerID) bool { return other == id })
}
