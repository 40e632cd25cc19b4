package hashicorp

import (
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/spec"
)

// courier is the raft.Transport of one incarnation of a server. A request that the library sends becomes a message, and the
// library's goroutine waits in its call until a reply is delivered or the call is hung up.
type courier struct {
	id       spec.ServerID
	steps    *recorder
	consumer chan raft.RPC
	express  func(raft.RPC) // the library's fast path for heartbeats

	mu       sync.Mutex
	raft     *raft.Raft // nil while it is being made
	calls    []*call
	campaign int              // how many election timers have fired so far
	asked    spec.MessageKind // what was last asked for: votes or pre-votes
	fault    error
}

// call is one request that is out.
type call struct {
	message  spec.Message
	campaign int         // courier.campaign when it was sent
	answered chan answer // takes one
}

var errHungUp = errors.New("the connection was closed")

func newCourier(id spec.ServerID, steps *recorder) *courier {
	return &courier{id: id, steps: steps, consumer: make(chan raft.RPC, 1)}
}

// send puts a request in the network and waits for what becomes of the call. Who asks for one when the server is dead ends there, as who
// writes does: a transfer of leadership would have it try again at once, for ever.
func (c *courier) send(to raft.ServerID, request, response any, data []byte) error {
	if c.steps.dead() {
		runtime.Goexit()
	}
	made, err := c.call(to, request, data)
	if err != nil {
		return err
	}
	a := <-made.answered
	if a.Error != "" {
		return errors.New(a.Error)
	}
	return json.Unmarshal(a.Response, response)
}

func (c *courier) call(to raft.ServerID, request any, data []byte) (*call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, err := requestOf(c.id, serverOf(string(to)), spec.Term(termOf(c.raft)), request, data)
	if err != nil {
		c.fault = err
		return nil, err
	}
	if c.steps.dead() || !c.listens(&m, c.campaign) {
		return nil, errHungUp
	}
	if m.Kind == spec.RequestVote || m.Kind == spec.PreVote {
		c.asked = m.Kind
	}
	made := &call{message: m, campaign: c.campaign, answered: make(chan answer, 1)}
	c.calls = append(c.calls, made)
	c.steps.note(spec.Effect{Kind: spec.Send, Message: m})
	return made, nil
}

// listens reports whether the library still waits for an answer to a request: as long as the election or the leadership lasts
// for which it was sent. Afterwards nothing that comes back is looked at.
func (c *courier) listens(m *spec.Message, campaign int) bool {
	now, role := spec.Term(termOf(c.raft)), c.raft.State()
	switch m.Kind {
	case spec.RequestVote:
		return role == raft.Candidate && m.Term == now
	case spec.PreVote:
		return role == raft.Candidate && m.Term == now+1 && campaign == c.campaign
	}
	return role == raft.Leader && m.Term == now
}

// hangUpAbandoned ends the calls whose answers nobody waits for any more, and reports whether there were any.
func (c *courier) hangUpAbandoned() bool {
	return c.hangUp(func(made *call) bool { return !c.listens(&made.message, made.campaign) })
}

// question is whom a call asks for what.
type question struct {
	of   spec.ServerID
	what string // see nameOf
}

func (made *call) question() question {
	return question{made.message.To, nameOf(&made.message)}
}

// waiting returns what the calls that are out ask for.
func (c *courier) waiting() map[question]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[question]bool{}
	for _, made := range c.calls {
		all[made.question()] = true
	}
	return all
}

// take removes the first call with that question, and returns it. There must be one.
func (c *courier) take(q question) *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := slices.IndexFunc(c.calls, func(made *call) bool { return made.question() == q })
	made := c.calls[k]
	c.calls = slices.Delete(c.calls, k, k+1)
	return made
}

// hangUp ends the calls for which drop is true, with an error, and reports whether there were any.
func (c *courier) hangUp(drop func(*call) bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.calls)
	c.calls = slices.DeleteFunc(c.calls, func(made *call) bool {
		if !drop(made) {
			return false
		}
		made.answered <- answer{Error: errHungUp.Error()}
		return true
	})
	return len(c.calls) < before
}

// Consumer is part of raft.Transport.
func (c *courier) Consumer() <-chan raft.RPC { return c.consumer }

// LocalAddr is part of raft.Transport.
func (c *courier) LocalAddr() raft.ServerAddress { return raft.ServerAddress(nameFor(c.id)) }

// AppendEntriesPipeline is part of raft.Transport. One request at a time is out to each follower.
func (c *courier) AppendEntriesPipeline(raft.ServerID, raft.ServerAddress) (raft.AppendPipeline, error) {
	return nil, raft.ErrPipelineReplicationNotSupported
}

// AppendEntries is part of raft.Transport.
func (c *courier) AppendEntries(id raft.ServerID, _ raft.ServerAddress, args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	return c.send(id, args, resp, nil)
}

// RequestVote is part of raft.Transport.
func (c *courier) RequestVote(id raft.ServerID, _ raft.ServerAddress, args *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	return c.send(id, args, resp, nil)
}

// InstallSnapshot is part of raft.Transport.
func (c *courier) InstallSnapshot(id raft.ServerID, _ raft.ServerAddress, args *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	all, err := io.ReadAll(data)
	if err != nil {
		return err
	}
	return c.send(id, args, resp, all)
}

// TimeoutNow is part of raft.Transport. The leader is told at once that the request arrived; it learns nothing else from a reply.
func (c *courier) TimeoutNow(id raft.ServerID, _ raft.ServerAddress, args *raft.TimeoutNowRequest, _ *raft.TimeoutNowResponse) error {
	made, err := c.call(id, args, nil)
	if err == nil {
		c.hangUp(func(other *call) bool { return other == made })
	}
	return err
}

// EncodePeer is part of raft.Transport.
func (c *courier) EncodePeer(_ raft.ServerID, addr raft.ServerAddress) []byte { return []byte(addr) }

// DecodePeer is part of raft.Transport.
func (c *courier) DecodePeer(b []byte) raft.ServerAddress { return raft.ServerAddress(b) }

// SetHeartbeatHandler is part of raft.Transport.
func (c *courier) SetHeartbeatHandler(handle func(raft.RPC)) { c.express = handle }
