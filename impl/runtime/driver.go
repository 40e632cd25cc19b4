package runtime

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// Driver is a node and its timers. It has no clock: whoever drives it says what time it is, counted from any moment, and never goes
// back. It gives the node nothing of its own accord: it says what is Due.
type Driver struct {
	id      spec.ServerID
	node    spec.Node
	options impl.Options
	timing  Timing
	random  *rand.Rand
	shown   spec.Observation // after the last step

	// When each timer fires; never if it does not run.
	election  time.Duration
	heartbeat time.Duration // of a leader
	lapse     time.Duration // of a follower: the shortest election timeout after it heard from its leader
	again     time.Duration // of a candidate: requests that nobody answered are sent again
	tick      time.Duration // of the node's clock

	requests []spec.Message // for votes, of the campaign under way
}

const never = time.Duration(math.MaxInt64)

// NewDriver returns a driver of a node that is up. Its timers begin now.
func NewDriver(id spec.ServerID, node spec.Node, options impl.Options, timing Timing, random *rand.Rand, now time.Duration) *Driver {
	d := &Driver{id: id, node: node, options: options, timing: timing, random: random, shown: node.Observe(),
		heartbeat: never, lapse: never, again: never, tick: never}
	d.drawElection(now)
	if options.ElectionTicks > 0 {
		d.tick = now + d.tickLength()
	}
	return d
}

// Observe shows the node as it is after its last step.
func (d *Driver) Observe() spec.Observation { return d.shown }

// NextAt returns when something will be due if nothing happens before.
func (d *Driver) NextAt() time.Duration {
	return min(d.election, d.heartbeat, d.lapse, d.again, d.tick)
}

// Due returns an input that the node is due by now, or false. The caller gives it to Step and asks again.
func (d *Driver) Due(now time.Duration) (spec.Input, bool) {
	switch {
	case d.tick <= now:
		return spec.Input{Kind: spec.Tick, Peer: d.id}, true
	case d.lapse <= now, d.heartbeat <= now:
		return spec.Input{Kind: spec.Heartbeat}, true
	case d.election <= now:
		return spec.Input{Kind: spec.Timeout}, true
	}
	return spec.Input{}, false
}

// Unanswered returns the requests for votes that are due to be sent once more, because nobody has answered them (5.1). That is the
// network's business and no step: the very same messages leave again.
func (d *Driver) Unanswered(now time.Duration) []spec.Message {
	if d.again > now {
		return nil
	}
	d.again = now + d.timing.Heartbeat
	return slices.DeleteFunc(slices.Clone(d.requests), func(m spec.Message) bool {
		return slices.Contains(d.shown.Granted, m.To) || slices.Contains(d.shown.Refused, m.To)
	})
}

// Step gives the node one input and sets the timers by what came of it.
func (d *Driver) Step(now time.Duration, in spec.Input) spec.Step {
	s := spec.Step{Server: d.id, Before: d.shown, Input: in, Output: d.node.Step(in)}
	if !s.Output.Refused {
		d.shown = d.node.Observe()
	}
	s.After = d.shown
	d.setTimers(now, &s)
	return s
}

func (d *Driver) setTimers(now time.Duration, s *spec.Step) {
	switch s.Input.Kind {
	case spec.Tick:
		d.tick += d.tickLength()
		return
	case spec.Heartbeat:
		d.lapse = never
	case spec.Timeout:
		d.drawElection(now)
		if s.Output.Refused && s.After.Role != spec.Leader { // as by a server that may not campaign, or is loyal by its own clock
			d.election = now + d.timing.Heartbeat
		}
	}
	if d.heardFromLeader(s) || grantsVote(s) || s.Before.Role == spec.Leader && s.After.Role != spec.Leader {
		d.drawElection(now)
	}
	if d.heardFromLeader(s) && (d.options.PreVote || d.options.CheckQuorum) && d.options.ElectionTicks == 0 {
		d.lapse = now + d.timing.Election.Min
	}
	d.setLeaderTimers(now, s)
	d.setRetries(now, s)
}

// drawElection starts the election timer, with a new timeout each time: so that servers whose votes split once do not split them
// for ever (5.2).
func (d *Driver) drawElection(now time.Duration) { d.election = now + d.timing.Election.Draw(d.random) }

// heardFromLeader reports whether the step brings something from the leader of the current term (5.2).
func (d *Driver) heardFromLeader(s *spec.Step) bool {
	m := &s.Input.Message
	return s.Input.Kind == spec.Deliver && (m.Kind == spec.AppendEntries || m.Kind == spec.InstallSnapshot) &&
		!s.Output.Refused && m.Term == s.After.Term && s.After.LeaderID == m.From
}

// grantsVote reports whether the step gives another server a vote (Figure 2, followers).
func grantsVote(s *spec.Step) bool {
	for _, m := range s.Output.Sent {
		if m.Kind == spec.RequestVoteReply && m.Granted {
			return true
		}
	}
	return false
}

// setLeaderTimers: a leader's heart beats from the last time that it wrote to its followers. It has an election timer only where an
// option has a use for it.
func (d *Driver) setLeaderTimers(now time.Duration, s *spec.Step) {
	if s.After.Role != spec.Leader {
		d.heartbeat = never
		return
	}
	d.lapse = never
	if s.Before.Role != spec.Leader || s.Before.Term != s.After.Term {
		d.drawElection(now)
		d.heartbeat = now + d.timing.Heartbeat
	}
	if !d.options.CheckQuorum && !d.options.Transfer {
		d.election = never
	}
	if s.Input.Kind == spec.Heartbeat || writesToFollowers(s) {
		d.heartbeat = now + d.timing.Heartbeat
	}
}

func writesToFollowers(s *spec.Step) bool {
	for _, m := range s.Output.Sent {
		if m.Kind == spec.AppendEntries || m.Kind == spec.InstallSnapshot {
			return true
		}
	}
	return false
}

// setRetries remembers what a campaign asks, until it is over.
func (d *Driver) setRetries(now time.Duration, s *spec.Step) {
	campaigns := s.After.Role == spec.Candidate || s.After.Role == spec.PreCandidate
	var asked []spec.Message
	for _, m := range s.Output.Sent {
		if m.Kind == spec.RequestVote || m.Kind == spec.PreVote {
			asked = append(asked, *m)
		}
	}
	switch {
	case !campaigns:
		d.requests, d.again = nil, never
	case len(asked) > 0:
		d.requests, d.again = asked, now+d.timing.Heartbeat
		if s.Input.Kind != spec.Timeout { // a campaign that something else set off has its own timeout
			d.drawElection(now)
		}
	case s.Before.Role != s.After.Role || s.Before.Term != s.After.Term:
		d.requests, d.again = nil, never
	}
}

// tickLength is how long a tick of the node's clock takes: the shortest election timeout is as long as voters are loyal.
func (d *Driver) tickLength() time.Duration {
	return max(d.timing.Election.Min/time.Duration(d.options.ElectionTicks), 1)
}
