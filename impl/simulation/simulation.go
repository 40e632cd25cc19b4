package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/spec"
)

// Config is an experiment: a cluster, how long it waits, and how long everything takes.
type Config struct {
	Servers int
	Timing  runtime.Timing
	Delay   runtime.Range // how long a message takes, one way
	Disk    runtime.Range // how long a sync takes, after which what promises it leaves
	Options impl.Options  // the features of the servers; not Membership nor AsyncStorage
	Trials  int           // how many leaders crash, each in a cluster of its own
	Limit   time.Duration // a trial without a new leader ends so long after the crash
	Seed    uint64

	// SameLogs makes all logs alike. Otherwise all differ in length, so that some servers cannot win: the worst case of the paper.
	SameLogs bool
}

// Trial is what became of one crash.
type Trial struct {
	Elected  bool          // there is a new leader
	Downtime time.Duration // from the crash to the new leader, or the Limit
	Terms    int           // in which an election was begun; all but the last were split, or lost for want of votes
}

// longestTrial is the longest limit: the clock that is made up ends somewhere.
const longestTrial = 10_000 * time.Hour

// mostServers is how many servers a cluster has at most: logs differ in length, so that all of them together grow with the square.
const mostServers = 1000

// Validate reports what cannot be simulated.
func (c *Config) Validate() error {
	if err := c.Timing.Validate(); err != nil {
		return err
	}
	switch {
	case c.Servers < 2:
		return fmt.Errorf("%d servers cannot replace a leader", c.Servers)
	case c.Servers > mostServers:
		return fmt.Errorf("%d servers are more than the %d that are simulated", c.Servers, mostServers)
	case c.Trials < 1:
		return errors.New("no trials")
	case c.Limit <= 0 || c.Limit > longestTrial:
		return fmt.Errorf("a limit of %s: it is above 0 and at most %s", c.Limit, longestTrial)
	case c.Options.Membership || c.Options.AsyncStorage:
		return errors.New("changes of the configuration and asynchronous storage are not simulated")
	}
	return nil
}

// Elections crashes a leader in every trial and lets the others replace it. The error is that of Validate, or that of ctx when it ends
// first, with the trials that came to their end.
func Elections(ctx context.Context, c Config) (trials []Trial, err error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	for k := range c.Trials {
		t := newWorld(&c, uint64(k)).trial(ctx)
		if err := ctx.Err(); err != nil {
			return trials, err
		}
		trials = append(trials, t)
	}
	return trials, nil
}

// world is one trial.
type world struct {
	config  *Config
	random  *rand.Rand
	servers []spec.ServerID
	drivers []*runtime.Driver // nil for the leader that crashed
	now     time.Duration
	flying  flight
	first   spec.Term // of the elections that are begun after the crash
	last    spec.Term
	leader  spec.ServerID
}

// newWorld makes servers that are up for a long time: in term 1, with logs that differ in length if they are to.
func newWorld(c *Config, trial uint64) *world {
	w := &world{config: c, random: rand.New(rand.NewPCG(c.Seed, trial))}
	for id := spec.ServerID(1); int(id) <= c.Servers; id++ {
		w.servers = append(w.servers, id)
	}
	for k, id := range w.servers {
		entries := c.Servers - k
		if c.SameLogs {
			entries = 1
		}
		found := spec.Durable{Term: 1, VotedFor: w.servers[0]}
		for range entries {
			found.Log.Entries = append(found.Log.Entries, spec.Entry{Term: 1})
		}
		node := impl.Recover(c.Options, id, w.servers, found)
		node.Step(spec.Input{Kind: spec.Restart})
		for range c.Options.ElectionTicks { // until it is loyal to nobody
			node.Step(spec.Input{Kind: spec.Tick, Peer: id})
		}
		w.drivers = append(w.drivers, runtime.NewDriver(id, node, c.Options, c.Timing, w.random, 0))
	}
	return w
}

// trial elects n1 in no time. Its first heartbeats are on their way to everybody when it crashes, at any moment before the next ones:
// as in the paper, which lets the leader send heartbeats to all before it crashes, since followers whose timers start together split
// votes most.
func (w *world) trial(ctx context.Context) Trial {
	w.elect()
	crash := time.Duration(w.random.Int64N(int64(w.config.Timing.Heartbeat)))
	w.until(ctx, crash)
	w.drivers[0] = nil
	w.leader, w.first = spec.None, w.last
	w.until(ctx, crash+w.config.Limit)
	t := Trial{Elected: w.leader != spec.None, Downtime: w.now - crash, Terms: int(w.last - w.first)}
	return t
}

// elect makes n1 leader before any time passes, and sends its first heartbeats.
func (w *world) elect() {
	asked := w.step(0, spec.Input{Kind: spec.Timeout})
	for w.leader == spec.None {
		var answers []spec.Message
		for _, m := range asked {
			answers = append(answers, w.step(int(m.To-1), spec.Input{Kind: spec.Deliver, Message: m})...)
		}
		asked = answers
	}
	for _, m := range asked {
		if m.Kind == spec.AppendEntries {
			w.flying.add(w.config.Delay.Draw(w.random), m)
		}
	}
}

// until lets time pass, until there is a new leader or the time is over, or ctx ends.
func (w *world) until(ctx context.Context, end time.Duration) {
	for n := 1; n%1024 != 0 || ctx.Err() == nil; n++ {
		at, k := w.nextTimer()
		if next, any := w.flying.next(); any && next <= at {
			at, k = next, -1
		}
		if at > end {
			w.now = end
			return
		}
		w.now = at
		if k < 0 {
			m := w.flying.take()
			k = int(m.To - 1)
			if w.drivers[k] != nil {
				w.send(k, spec.Input{Kind: spec.Deliver, Message: m})
			}
		} else {
			w.fire(k)
		}
		if w.leader != spec.None && w.first > 0 {
			return
		}
	}
}

// nextTimer returns when the next timer fires, and whose; of several the first server's.
func (w *world) nextTimer() (at time.Duration, server int) {
	at = 1<<63 - 1
	for k, d := range w.drivers {
		if d != nil && d.NextAt() < at {
			at, server = d.NextAt(), k
		}
	}
	return at, server
}

func (w *world) fire(k int) {
	for _, m := range w.drivers[k].Unanswered(w.now) {
		w.flying.add(w.now+w.config.Delay.Draw(w.random), m)
	}
	if in, due := w.drivers[k].Due(w.now); due {
		w.send(k, in)
	}
}

// send steps a server and puts what it sends on its way, once what it promises is on disk.
func (w *world) send(k int, in spec.Input) {
	ready := w.now
	for _, e := range w.effects(k, in) {
		switch e.Kind {
		case spec.Sync:
			ready += w.config.Disk.Draw(w.random)
		case spec.Send:
			w.flying.add(ready+w.config.Delay.Draw(w.random), e.Message)
		}
	}
}

// step steps a server and returns what it sends.
func (w *world) step(k int, in spec.Input) (sent []spec.Message) {
	for _, e := range w.effects(k, in) {
		if e.Kind == spec.Send {
			sent = append(sent, e.Message)
		}
	}
	return sent
}

func (w *world) effects(k int, in spec.Input) []spec.Effect {
	s := w.drivers[k].Step(w.now, in)
	w.last = max(w.last, s.After.Term)
	if s.After.Role == spec.Leader && s.Before.Role != spec.Leader {
		w.leader = s.Server
	}
	return s.Output.Effects
}
