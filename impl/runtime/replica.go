package runtime

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
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
	named    map[string][]client     // with Options.Sessions, for the node to answer the command
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
		waiting: map[spec.Index][]client{}, named: map[string][]client{}}
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
	in := spec.Input{Kind: spec.Propose, Value: value}
	s = r.driver.Step(now, in)
	if s.Output.Refused && r.config.Options.AsyncStorage && r.store(now) {
		s = r.driver.Step(now, in)
	}
	switch {
	case s.Output.Refused:
		return s, false
	case s.Output.Redirect == spec.None && r.config.Options.Sessions:
		r.named[value] = append(r.named[value], c)
	case s.Output.Redirect == spec.None:
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

// install makes the machine that of a snapshot. What became of commands that it covers is not known.
func (r *Replica) install(base spec.Index, snapshot []byte) {
	machine, err := RestoreMachine(snapshot)
	if err != nil {
		r.err = err
		return
	}
	r.machine, r.applied = machine, base
	for _, i := range sortedUpTo(r.waiting, base) {
		for _, c := range r.waiting[i] {
			c.reply(Answer{Outcome: Unknown})
		}
		delete(r.waiting, i)
	}
}

func sortedUpTo(waiting map[spec.Index][]client, last spec.Index) (all []spec.Index) {
	for i := range waiting {
		if i <= last {
			all = append(all, i)
		}
	}
	slices.Sort(all)
	return all
}

// apply carries out what was committed, and finds out what became of the commands of clients.
func (r *Replica) apply(s *spec.Step, d *done) {
	if r.config.Options.Sessions {
		r.applyAsTold(s, d)
		return
	}
	for r.applied < s.After.CommitIndex && r.err == nil {
		i := r.applied + 1
		e, held := s.After.Log.At(i)
		if !held {
			r.err = fmt.Errorf("entry %d is committed and not in the log", i)
			return
		}
		var result Result
		if e.Kind == spec.Command {
			command, err := ParseCommand(e.Value)
			if err != nil {
				r.err = err
				return
			}
			result = r.machine.Apply(command)
		}
		r.applied = i
		for _, c := range r.waiting[i] {
			answer := Answer{Outcome: Replaced}
			if e.Term == c.term {
				answer = Answer{Result: result}
				s.Output.Effects = append(s.Output.Effects, spec.Effect{Kind: spec.Answer, Reply: spec.Reply{Value: e.Value, Index: i}})
			}
			d.answers = append(d.answers, func() { c.reply(answer) })
		}
		delete(r.waiting, i)
	}
}

// applyAsTold is apply where the node keeps track of requests: it says what is carried out, and who is told.
func (r *Replica) applyAsTold(s *spec.Step, d *done) {
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		if e.Kind != spec.Apply && (e.Kind != spec.Answer || e.Reply.Read) {
			continue
		}
		command, err := ParseCommand(e.Reply.Value)
		if err != nil {
			r.err = err
			return
		}
		if e.Kind == spec.Apply {
			r.machine.carryOut(command)
			continue
		}
		result := r.machine.last(command.Client)
		for _, c := range r.named[e.Reply.Value] {
			d.answers = append(d.answers, func() { c.reply(Answer{Result: result}) })
		}
		delete(r.named, e.Reply.Value)
	}
	r.applied = max(r.applied, s.After.CommitIndex)
}

// read lets a client wait for the next round of reads.
func (r *Replica) read(c client) {
	switch o := r.driver.Observe(); {
	case r.err != nil || o.Role != spec.Leader && o.LeaderID == spec.None:
		c.reply(Answer{Outcome: Refused})
	case o.Role != spec.Leader:
		c.reply(Answer{Outcome: Redirect, Leader: o.LeaderID})
	default:
		r.reads = append(r.reads, c)
	}
}

// startRound asks the node for one read that stands for all that wait, if no other is under way. A leader that cannot serve reads yet
// refuses, and is asked again.
func (r *Replica) startRound(now time.Duration) {
	if len(r.reads) == 0 || len(r.round) > 0 {
		return
	}
	r.round, r.reads = r.reads, nil
	s := r.step(now, spec.Input{Kind: spec.ReadIndex, Value: "read-" + strconv.Itoa(r.rounds+1)}, nil)
	if s.Output.Refused {
		r.reads, r.round = append(r.round, r.reads...), nil
		return
	}
	r.rounds++
}

// serve answers the reads of a round that the node says may be served. The machine has applied all that is committed.
func (r *Replica) serve(s *spec.Step, d *done) {
	for k := range s.Output.Effects {
		if e := &s.Output.Effects[k]; e.Kind != spec.Answer || !e.Reply.Read {
			continue
		}
		for _, c := range r.round {
			answer := Answer{Result: r.machine.Get(c.command.Key)}
			d.answers = append(d.answers, func() { c.reply(answer) })
		}
		r.round = nil
	}
}

// stopServing tells clients whose reads wait that this server leads no longer.
func (r *Replica) stopServing(d *done) {
	for _, c := range slices.Concat(r.round, r.reads) {
		d.answers = append(d.answers, func() { c.reply(Answer{Outcome: Refused}) })
	}
	r.round, r.reads = nil, nil
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

// settleThen answers after what was stepped so far is safe and recorded.
func (r *Replica) settleThen(answer func()) {
	last := &r.steps[len(r.steps)-1]
	last.answers = append(last.answers, answer)
}

// perform lets the effects of all steps happen, in their order but for one thing: the first write makes safe what all of them write. A step
// is recorded when what it made durable is safe, and before what it sends after that leaves.
func (r *Replica) perform() {
	steps := r.steps
	r.steps = nil
	last := lastSync(steps)
	safe := false
	for k := range steps {
		d := &steps[k]
		sent := 0 // effects that happened
		for i := range d.step.Output.Effects {
			if d.step.Output.Effects[i].Kind != spec.Sync {
				continue
			}
			r.leave(d, sent, i) // what a server sends before it is safe; the reference sends nothing then
			sent = i
			if !safe && r.err == nil {
				r.err = r.save(steps[last].saved)
				safe = true
			}
		}
		if r.err != nil {
			return
		}
		if r.record != nil {
			r.record.step(&d.step)
		}
		r.leave(d, sent, len(d.step.Output.Effects))
		for _, answer := range d.answers {
			answer()
		}
	}
}

func lastSync(steps []done) int {
	for k := len(steps) - 1; k >= 0; k-- {
		for _, e := range steps[k].step.Output.Effects {
			if e.Kind == spec.Sync {
				return k
			}
		}
	}
	return -1
}

// save makes a state safe. The record first says so if entries go that were safe.
func (r *Replica) save(s Saved) error {
	if r.record != nil && r.replaces(&s) {
		r.record.unsettle()
	}
	if err := r.disk.Save(s); err != nil {
		return errors.Join(errors.New("the state could not be made safe, so the server stops"), err)
	}
	return nil
}

// replaces reports whether a state lacks entries that the record last showed on disk.
func (r *Replica) replaces(s *Saved) bool {
	was := r.record.disk
	i := min(was.Log.LastIndex(), s.Log.LastIndex())
	a, heldA := was.Log.TermAt(i)
	b, heldB := s.Log.TermAt(i)
	return was.Log.LastIndex() > s.Log.LastIndex() || heldA && heldB && a != b
}

// leave sends the messages among the effects from one to another.
func (r *Replica) leave(d *done, from, to int) {
	for _, e := range d.step.Output.Effects[from:to] {
		if e.Kind != spec.Send {
			continue
		}
		envelope := Envelope{Message: e.Message}
		if e.Message.Kind == spec.InstallSnapshot {
			envelope.Machine = d.covers
		}
		r.send(envelope)
	}
}
