package runtime

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/record"
)

// Config is a server of a cluster.
type Config struct {
	ID      spec.ServerID
	Servers []spec.ServerID // the whole cluster, ascending; the same everywhere
	Options impl.Options    // the features of the node; the same everywhere
	Timing  Timing
	// Compact is how many committed entries a log holds before it is compacted, with Options.Snapshots; 0 is 256.
	Compact int
	// Seed is where the election timeouts come from. It should differ from server to server.
	Seed uint64
	// Recorder is told every step; nil is nobody.
	Recorder *record.Server
}

// Envelope is a message on its way between servers, with the machine that a snapshot stands for.
type Envelope struct {
	Message spec.Message
	Machine []byte // InstallSnapshot only
}

// Outcome says what became of a request.
type Outcome uint8

// The outcomes.
const (
	Done     Outcome = iota // it was carried out, now or when it was sent before
	Redirect                // this server does not lead, and knows who does; nothing was done
	Refused                 // this server does not lead, or cannot serve now; nothing was done
	Replaced                // another leader's entry was committed in the place of this one, which has no effect and never will
	Unknown                 // it may be carried out, or not
)

// Answer is what a client is told.
type Answer struct {
	Outcome Outcome
	Result  Result        // Done
	Leader  spec.ServerID // Redirect
}

// Replica is a server without clock, network or goroutines: whoever owns it says what time it is, brings it messages and requests, and
// carries away what it sends. What came in takes effect with Settle, which makes everything since the last one safe by one write
// to disk, and only then sends and answers.
type Replica struct {
	config  Config
	driver  *Driver
	disk    Disk
	send    func(Envelope)
	record  *recording // nil if nobody is told
	machine *Machine
	applied spec.Index
	covers  []byte // the machine of the snapshot that the log begins with
	steps   []done // since the last Settle

	waiting  map[spec.Index][]client // for an entry to be committed
	reads    []client                // for a round of their own
	round    []client                // for the round under way
	rounds   int                     // of reads, so far
	sentUpTo spec.Index              // a leader: the last entry that it has sent to anybody
	refused  bool                    // a follower refused entries since the last heartbeat
	nobodies uint64                  // requests of clients without a name, so far
	err      error
}

// done is a step whose effects are yet to happen.
type done struct {
	step    spec.Step
	saved   Saved // what its last Sync makes safe
	covers  []byte
	answers []func()
}

type client struct {
	command Command
	term    spec.Term // of the entry
	reply   func(Answer)
}

// NewReplica starts a server with what its disk holds. send is called with everything that leaves, by Settle.
func NewReplica(c Config, disk Disk, found Saved, send func(Envelope), now time.Duration) (*Replica, error) {
	if err := c.Timing.Validate(); err != nil {
		return nil, err
	}
	if !slices.Contains(c.Servers, c.ID) {
		return nil, fmt.Errorf("%s is not one of %v", c.ID, c.Servers)
	}
	machine, err := RestoreMachine(found.Machine)
	if err != nil {
		return nil, err
	}
	if c.Compact <= 0 {
		c.Compact = 256
	}
	r := &Replica{config: c, disk: disk, send: send, machine: machine, applied: found.Log.Base, covers: found.Machine,
		waiting: map[spec.Index][]client{}}
	if c.Recorder != nil {
		r.record = &recording{server: c.Recorder}
	}
	node := impl.Recover(c.Options, c.ID, c.Servers, found.Durable)
	restart := spec.Step{Server: c.ID, Input: spec.Input{Kind: spec.Restart}, Output: node.Step(spec.Input{Kind: spec.Restart}), After: node.Observe()}
	restart.Before.Unknown = ^spec.Field(0)
	r.driver = NewDriver(c.ID, node, c.Options, c.Timing, rand.New(rand.NewPCG(c.Seed, uint64(c.ID))), now)
	r.take(&restart, found.Machine)
	r.Settle(now)
	return r, r.err
}

// Observe shows the server as it is in memory.
func (r *Replica) Observe() spec.Observation { return r.driver.Observe() }

// NextAt returns when Settle must be called at the latest.
func (r *Replica) NextAt() time.Duration { return r.driver.NextAt() }

// Err returns why the server stopped: its disk failed. It takes nothing in any more.
func (r *Replica) Err() error { return r.err }

// Receive takes in a message of another server.
func (r *Replica) Receive(now time.Duration, e Envelope) {
	r.catchUp(now)
	if e.Message.Kind == spec.AppendEntriesReply && !e.Message.Success {
		r.refused = true
	}
	r.step(now, spec.Input{Kind: spec.Deliver, Message: e.Message}, e.Machine)
}

// Do takes in a client's request. reply is called once, by this or a later call of Replica's, unless the server stops before.
func (r *Replica) Do(now time.Duration, c Command, reply func(Answer)) {
	r.catchUp(now)
	if c.Op == Get && r.config.Options.Reads != impl.NoReads {
		r.read(client{command: c, reply: reply})
		return
	}
	if r.config.Options.Sessions && c.Client == "" { // to the node, requests that look alike are one
		r.nobodies++
		c.Client, c.Number = fmt.Sprintf("%s-%x", r.config.ID, r.config.Seed), r.nobodies
	}
	s, answer := r.propose(now, client{command: c, reply: reply})
	switch {
	case s.Output.Redirect != spec.None:
		r.settleThen(func() { reply(Answer{Outcome: Redirect, Leader: s.Output.Redirect}) })
	case !answer:
		reply(Answer{Outcome: Refused})
	}
}

// Ask takes in what an administrator asks for: a Transfer, a Reconfigure or a Compact. It reports whether the node does it, or whom it
// names instead.
func (r *Replica) Ask(now time.Duration, in spec.Input) (spec.ServerID, bool) {
	r.catchUp(now)
	s := r.step(now, in, nil)
	return s.Output.Redirect, !s.Output.Refused && s.Output.Redirect == spec.None
}

// Settle lets everything that is due by now happen, makes it safe, and then sends and answers.
func (r *Replica) Settle(now time.Duration) {
	for in, due := r.driver.Due(now); due && r.err == nil; in, due = r.driver.Due(now) {
		r.step(now, in, nil)
	}
	r.flush(now)
	r.startRound(now)
	r.compact(now)
	r.store(now)
	r.perform()
	for _, m := range r.driver.Unanswered(now) {
		r.send(Envelope{Message: m})
	}
}

// catchUp gives the node's clock all ticks that are due, before anything else: it may have been asleep.
func (r *Replica) catchUp(now time.Duration) {
	for in, due := r.driver.Due(now); due && in.Kind == spec.Tick; in, due = r.driver.Due(now) {
		r.step(now, in, nil)
	}
}

// step gives the node an input. One that has to wait for storage comes again when that is done.
func (r *Replica) step(now time.Duration, in spec.Input, machine []byte) spec.Step {
	if r.err != nil {
		return spec.Step{Output: spec.Output{Refused: true}}
	}
	snapshot := machine
	if in.Kind == spec.Compact {
		snapshot = r.machine.Snapshot()
	}
	s := r.driver.Step(now, in)
	if s.Output.Refused && r.config.Options.AsyncStorage && in.Kind != spec.Stored && r.store(now) {
		s = r.driver.Step(now, in)
	}
	if !s.Output.Refused {
		r.take(&s, snapshot)
	}
	return s
}

// propose gives the node a command, and reports whether the client will be answered when it is committed.
func (r *Replica) propose(now time.Duration, c client) (s spec.Step, answered bool) {
	if r.err != nil {
		return spec.Step{}, false
	}
	value := c.command.String()
	in := spec.Input{Kind: spec.Propose, Client: c.command.Client, Value: value}
	s = r.driver.Step(now, in)
	if s.Output.Refused && r.config.Options.AsyncStorage && r.store(now) {
		s = r.driver.Step(now, in)
	}
	switch {
	case s.Output.Refused:
		return s, false
	case s.Output.Redirect == spec.None && r.config.Options.SplitProposals: // another step appends it
		r.take(&s, nil)
		if s = r.driver.Step(now, spec.Input{Kind: spec.Append}); s.Output.Refused {
			return s, false
		}
	}
	if s.Output.Redirect == spec.None {
		last := s.After.Log.LastIndex()
		c.term = s.After.Term
		r.waiting[last] = append(r.waiting[last], c)
	}
	r.take(&s, nil)
	return s, true
}

// take notes a step that the node did, and brings the machine up to date.
func (r *Replica) take(s *spec.Step, snapshot []byte) {
	d := done{}
	if s.After.Log.Base > s.Before.Log.Base {
		r.covers = snapshot
	}
	if s.After.Log.Base > r.applied {
		r.install(s.After.Log.Base, snapshot)
	}
	r.apply(s, &d)
	r.serve(s, &d)
	if s.Before.Role == spec.Leader && (s.After.Role != spec.Leader || s.After.Term != s.Before.Term) {
		r.stopServing(&d)
	}
	for k := range s.Output.Effects {
		switch e := &s.Output.Effects[k]; e.Kind {
		case spec.Sync:
			d.saved = Saved{Durable: e.Durable, Machine: r.covers}
		case spec.Send:
			if m := &e.Message; m.Kind == spec.AppendEntries {
				r.sentUpTo = max(r.sentUpTo, m.LastEntryIndex())
			}
		}
	}
	if s.Before.Term != s.After.Term {
		r.sentUpTo = 0
	}
	d.step, d.covers = *s, r.covers
	r.steps = append(r.steps, d)
}

// flush sends new entries without waiting for the next heartbeat, unless entries that were sent before are yet to be committed; if they are
// lost the next heartbeat brings them again. A follower that refused is tried again at once.
func (r *Replica) flush(now time.Duration) {
	o := r.driver.Observe()
	if o.Role != spec.Leader || len(o.Progress) == 0 {
		r.refused = false
		return
	}
	fresh := o.Log.LastIndex() > r.sentUpTo && o.CommitIndex >= r.sentUpTo
	if fresh || r.refused {
		r.step(now, spec.Input{Kind: spec.Heartbeat}, nil)
	}
	r.refused = false
}

// compact takes a snapshot when the log has grown.
func (r *Replica) compact(now time.Duration) {
	o := r.driver.Observe()
	if r.config.Options.Snapshots && !r.config.Options.Sessions && o.CommitIndex-min(o.Log.Base, o.CommitIndex) >= spec.Index(r.config.Compact) {
		r.step(now, spec.Input{Kind: spec.Compact}, nil)
	}
}

// store lets asynchronous storage catch up, and reports whether anything waited for it.
func (r *Replica) store(now time.Duration) (any bool) {
	for r.config.Options.AsyncStorage && !r.step(now, spec.Input{Kind: spec.Stored}, nil).Output.Refused {
		any = true
	}
	return any
}
