package etcd

import (
	"errors"
	"slices"

	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// New returns a factory of servers of a release.
func New(start Start, o Options) spec.Factory {
	workKey := statekey.New()
	return func(id spec.ServerID, servers []spec.ServerID) spec.Node {
		return newServer(&server{id: id, servers: servers, options: &o, start: start, workKey: workKey})
	}
}

// server is one server: a library while it is up, and its disk.
type server struct {
	id      spec.ServerID
	servers []spec.ServerID
	options *Options
	start   Start
	workKey *statekey.Key // of work

	disk disk

	library Library // nil while the server is down
	log     spec.Log
	conf    ConfState
	work    []Work // handed to asynchronous storage, oldest first
	reads   int    // asked for since the server leads, or since it started if it forwards them
	waits   bool   // the last is not answered; of reads with one context

	handled *spec.Input   // of the step at hand
	past    *past         // every input that was not refused
	effects []spec.Effect // of the step at hand
	trail   []disk        // the disk after each durable effect of the step at hand
}

// past is an input and those before it. A copy of a server shares them.
type past struct {
	last   spec.Input
	before *past
}

// newServer starts a server of which the fields above disk are known, with an empty disk.
func newServer(s *server) *server {
	s.disk.written = s.options.disk(s.id, s.servers)
	s.disk.synced = s.disk.written
	s.boot()
	return s
}

var _ spec.Copier = (*server)(nil)

// Copy is part of spec.Copier. What disks and logs hold is never changed in place, and of lists that grow the copy grows its own.
func (s *server) Copy() (spec.Node, bool) {
	c := *s
	if s.library != nil {
		library, can := s.library.(Copier)
		if !can {
			return nil, false
		}
		if c.library, can = library.Copy(); !can {
			return nil, false
		}
	}
	c.work = slices.Clip(s.work)
	c.handled, c.effects, c.trail = nil, nil, nil
	return &c, true
}

// boot starts the library from what is on disk.
func (s *server) boot() {
	s.log, s.conf = s.disk.written.log, s.disk.written.snap.Conf
	s.library = s.start(uint64(s.id), s.options, s.disk.written.content())
}

// Step gives the server one input, and then does all that the library asks for.
func (s *server) Step(in spec.Input) spec.Output {
	s.effects, s.trail = nil, s.trail[:0]
	now := &past{in, s.past}
	s.handled = &now.last
	before := s.disk
	redirect, err := s.handle(s.handled)
	switch {
	case err == errRefused:
		return spec.Output{Refused: true}
	case err != nil:
		return spec.Output{Fault: err}
	}
	if in.Cut > 0 {
		if in.Cut > (spec.Output{Effects: s.effects}).CrashPoints() {
			s.again()
			return spec.Output{Refused: true}
		}
		s.cut(s.handled, before)
	}
	s.past = now
	return spec.Output{Effects: s.effects, Redirect: redirect}
}

// mostEffects is more than almost all steps have.
const mostEffects = 4

// did notes an effect of the step at hand.
func (s *server) did(e spec.Effect) {
	if s.effects == nil {
		s.effects = make([]spec.Effect, 0, mostEffects)
	}
	s.effects = append(s.effects, e)
}

// errRefused is a refusal before anything happened.
var errRefused = errors.New("refused")

// again brings the server back to where it was before a step that turned out to be impossible.
func (s *server) again() {
	fresh := newServer(&server{id: s.id, servers: s.servers, options: s.options, start: s.start, workKey: s.workKey})
	var inputs []spec.Input
	for p := s.past; p != nil; p = p.before {
		inputs = append(inputs, p.last)
	}
	for _, in := range slices.Backward(inputs) {
		fresh.Step(in)
	}
	*s = *fresh
}

// handle lets the input happen. A refused input changes nothing.
func (s *server) handle(in *spec.Input) (spec.ServerID, error) {
	if s.library == nil {
		return spec.None, s.handleCrashed(in)
	}
	if in.Kind == spec.Crash {
		s.crash(in.Lossy)
		return spec.None, nil
	}
	redirect, err := s.give(in)
	if err != nil || redirect != spec.None {
		return redirect, err
	}
	return spec.None, s.drain()
}

// handleCrashed: a server that is down can only start again. A message to it is lost.
func (s *server) handleCrashed(in *spec.Input) error {
	switch in.Kind {
	case spec.Restart:
		if !sameImage(&s.disk.written, &s.disk.synced) {
			s.sync()
		}
		s.boot()
		return s.drain()
	case spec.Deliver:
		return nil
	}
	return errRefused
}

// give hands an input to the library. A client of a server that does not lead is sent on to the leader, if one is known.
func (s *server) give(in *spec.Input) (spec.ServerID, error) {
	if s.options.saturated(len(s.work)) && in.Kind != spec.Stored {
		return spec.None, errRefused
	}
	switch in.Kind {
	case spec.Deliver:
		if in.Message.To != s.id || in.Message.From == s.id {
			return spec.None, errRefused
		}
		s.library.Step(in.Message.Payload)
		return spec.None, nil
	case spec.Stored:
		return spec.None, s.stored()
	case spec.Compact:
		return spec.None, s.compact()
	}
	role, _, lead := s.library.Office()
	leads := role == spec.Leader
	switch in.Kind {
	case spec.Timeout:
		if leads || s.options.Clocks && lead != 0 && s.library.Elapsed() < s.options.ElectionTick() {
			return spec.None, errRefused
		}
		s.library.Campaign()
		return spec.None, nil
	case spec.Heartbeat:
		return spec.None, s.tick(leads, lead)
	case spec.Tick:
		return spec.None, s.clock(in)
	case spec.Propose, spec.ReadIndex, spec.Transfer, spec.Reconfigure:
		if !leads && !s.forwards(in, lead) {
			return redirected(in, spec.ServerID(lead))
		}
		return spec.None, s.serve(in)
	}
	return spec.None, errRefused
}

// redirected sends a client on to the leader. Only the leader itself is asked to hand over.
func redirected(in *spec.Input, leader spec.ServerID) (spec.ServerID, error) {
	if in.Kind == spec.Transfer || leader == spec.None {
		return spec.None, errRefused
	}
	return leader, nil
}

// forwards reports whether a server that does not lead sends what a client asks for on to its leader.
func (s *server) forwards(in *spec.Input, lead uint64) bool {
	return s.options.Forwarding && lead != 0 && (in.Kind == spec.Propose || in.Kind == spec.ReadIndex)
}

// clock: the server's clock goes on by one tick. An election timer that has run out stays so until Timeout, or until it hears from a leader.
func (s *server) clock(in *spec.Input) error {
	if !s.options.Clocks || in.Peer != s.id {
		return errRefused
	}
	s.library.Patient()
	s.library.Tick()
	return nil
}

// tick: a leader's heartbeat timer fires. Of others, what binds them to a leader ends: they forget it, or with CheckQuorum their time runs out.
func (s *server) tick(leads bool, lead uint64) error {
	switch {
	case s.options.Clocks:
		return errRefused
	case leads:
		s.library.Tick()
	case s.options.ForgetLeader:
		if lead == 0 || !s.library.ForgetLeader() {
			return errRefused
		}
	case s.options.CheckQuorum:
		s.library.Lapse()
	default:
		return errRefused
	}
	return nil
}

// read asks for a read. Contexts of their own are used one after another.
func (s *server) read(context string) error {
	o := s.options
	switch {
	case o.oneContext() && (s.waits || o.Reads > 0 && s.reads == o.Reads):
		return errRefused
	case !o.oneContext() && (s.reads == o.Reads || context != o.context(s.id, s.reads)):
		return errRefused
	}
	if s.waits = o.oneContext(); o.Reads > 0 {
		s.reads++
	}
	s.library.ReadIndex(context)
	return nil
}

// serve: a leader, or who forwards to one, does what a client asks for.
func (s *server) serve(in *spec.Input) error {
	switch in.Kind {
	case spec.Propose:
		s.library.Propose(in.Value)
	case spec.ReadIndex:
		return s.read(in.Value)
	case spec.Transfer:
		if in.Peer == s.id {
			return errRefused
		}
		s.library.TransferLeader(uint64(in.Peer))
	case spec.Reconfigure:
		changes, err := s.conf.changesTo(in.Change)
		if err != nil {
			return err
		}
		if len(changes) == 0 || !s.library.Changes(changes, in.Change.Joint) {
			return errRefused
		}
		s.library.ProposeChange(changes, in.Change.Joint)
	}
	return nil
}

// compact makes a snapshot of all that was applied and discards the log up to there: two writes.
func (s *server) compact() error {
	applied := s.library.Status().Applied
	term, held := s.disk.written.log.TermAt(spec.Index(applied))
	if applied <= s.disk.written.snap.Index || !held {
		return errRefused
	}
	snap := Snapshot{Index: applied, Term: uint64(term), Conf: s.conf, Data: s.disk.written.applied(applied)}
	s.library.Compact(snap)
	s.write(func(i *image) { i.discard(snap) })
	s.sync()
	s.log = compacted(s.log, snap)
	return nil
}

func sameImage(a, b *image) bool {
	return a.hard == b.hard && a.snap.Index == b.snap.Index && a.log.Base == b.log.Base && slices.Equal(a.raw, b.raw)
}
