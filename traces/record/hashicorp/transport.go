package hashicorp

import (
	"io"
	"sync"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/spec"
)

// transport is a raft.Transport whose messages are recorded.
type transport struct {
	raft.Transport
	server   *server
	consumer chan raft.RPC // to the library
	detour   chan raft.RPC // heartbeats that go the way of other requests
	closed   chan struct{}
	closing  sync.Once
}

// preVoteTransport is a transport that can ask for pre-votes.
type preVoteTransport struct {
	*transport
	inner raft.WithPreVote
}

func newTransport(s *server, inner raft.Transport) *transport {
	return &transport{Transport: inner, server: s, consumer: make(chan raft.RPC), detour: make(chan raft.RPC), closed: make(chan struct{})}
}

// pump passes requests to the library, one after the other, as its main goroutine takes them.
func (t *transport) pump() {
	for {
		select {
		case rpc := <-t.Transport.Consumer():
			t.pass(rpc)
		case rpc := <-t.detour:
			t.pass(rpc)
		case <-t.closed:
			return
		}
	}
}

// Consumer is part of raft.Transport.
func (t *transport) Consumer() <-chan raft.RPC { return t.consumer }

// SetHeartbeatHandler is part of raft.Transport.
func (t *transport) SetHeartbeatHandler(handle func(raft.RPC)) {
	t.Transport.SetHeartbeatHandler(func(rpc raft.RPC) { t.heartbeat(rpc, handle) })
}

// Close is part of raft.WithClose. It ends the recording, and closes the transport if it can be closed.
func (t *transport) Close() error {
	t.end()
	if c, can := t.Transport.(raft.WithClose); can {
		return c.Close()
	}
	return nil
}

func (t *transport) end() { t.closing.Do(func() { close(t.closed) }) }

// RequestVote is part of raft.Transport.
func (t *transport) RequestVote(id raft.ServerID, target raft.ServerAddress, args *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	m := t.asks(spec.SendRequestVote, id, target, args)
	err := t.Transport.RequestVote(id, target, args, resp)
	t.hears(m, resp, err)
	return err
}

// RequestPreVote is part of raft.WithPreVote.
func (t *preVoteTransport) RequestPreVote(id raft.ServerID, target raft.ServerAddress, args *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	m := t.asks(spec.SendRequestVote, id, target, args)
	err := t.inner.RequestPreVote(id, target, args, resp)
	t.hears(m, resp, err)
	return err
}

// AppendEntries is part of raft.Transport.
func (t *transport) AppendEntries(id raft.ServerID, target raft.ServerAddress, args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	m := t.asks(spec.SendAppendEntries, id, target, args)
	err := t.Transport.AppendEntries(id, target, args, resp)
	t.hears(m, resp, err)
	return err
}

// InstallSnapshot is part of raft.Transport.
func (t *transport) InstallSnapshot(id raft.ServerID, target raft.ServerAddress, args *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	m := t.asks(spec.SendAppendEntries, id, target, args)
	err := t.Transport.InstallSnapshot(id, target, args, resp, data)
	t.hears(m, resp, err)
	return err
}

// AppendEntriesPipeline is part of raft.Transport.
func (t *transport) AppendEntriesPipeline(id raft.ServerID, target raft.ServerAddress) (raft.AppendPipeline, error) {
	inner, err := t.Transport.AppendEntriesPipeline(id, target)
	if err != nil {
		return nil, err
	}
	p := &pipeline{AppendPipeline: inner, transport: t, id: id, target: target, done: make(chan raft.AppendFuture), closed: make(chan struct{})}
	go p.pump()
	return p, nil
}

// asks records a request that leaves, before it does. It returns the message.
func (t *transport) asks(kind spec.InputKind, id raft.ServerID, target raft.ServerAddress, command any) *spec.Message {
	s := t.server
	m, _ := s.request(s.id, s.names.learn(string(id), string(target)), command)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.asksEarly()
	step := s.record.Happens(spec.Input{Kind: kind, Peer: m.To})
	step.Send(m)
	var hidden spec.Field
	if s.shown.Role != spec.Candidate && kind == spec.SendRequestVote {
		hidden = spec.FieldLog // the request was made when the campaign began, and the campaign is over
	}
	s.lead(step, hidden)
	return &m
}

// hears records the reply to a request, before the library gets it.
func (t *transport) hears(request *spec.Message, response any, err error) {
	if err != nil {
		return
	}
	m, is := reply(request, response)
	if !is {
		return
	}
	s := t.server
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.asksEarly()
	step := s.record.Receive(m)
	if m.Term > s.shown.Term {
		s.note(step) // what the library will do about it is not known yet
		return
	}
	s.aside(step, 0)
}

// pipeline is a raft.AppendPipeline whose messages are recorded.
type pipeline struct {
	raft.AppendPipeline
	transport *transport
	id        raft.ServerID
	target    raft.ServerAddress
	done      chan raft.AppendFuture
	closed    chan struct{}
	closing   sync.Once
}

// AppendEntries is part of raft.AppendPipeline.
func (p *pipeline) AppendEntries(args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) (raft.AppendFuture, error) {
	p.transport.asks(spec.SendAppendEntries, p.id, p.target, args)
	return p.AppendPipeline.AppendEntries(args, resp)
}

// Consumer is part of raft.AppendPipeline.
func (p *pipeline) Consumer() <-chan raft.AppendFuture { return p.done }

// Close is part of raft.AppendPipeline.
func (p *pipeline) Close() error {
	p.closing.Do(func() { close(p.closed) })
	return p.AppendPipeline.Close()
}

// pump hands replies on, in their order, after they are recorded.
func (p *pipeline) pump() {
	t := p.transport
	for {
		select {
		case f, open := <-p.AppendPipeline.Consumer():
			if !open {
				close(p.done)
				return
			}
			p.hears(f)
			select {
			case p.done <- f:
			case <-p.closed:
				return
			case <-t.closed:
				return
			}
		case <-p.closed:
			return
		case <-t.closed:
			return
		}
	}
}

func (p *pipeline) hears(f raft.AppendFuture) {
	if err := f.Error(); err != nil {
		return
	}
	s := p.transport.server
	m, _ := s.request(s.id, s.names.learn(string(p.id), string(p.target)), f.Request())
	p.transport.hears(&m, f.Response(), nil)
}

var (
	_ raft.Transport         = (*transport)(nil)
	_ raft.WithClose         = (*transport)(nil)
	_ raft.WithPreVote       = (*preVoteTransport)(nil)
	_ raft.AppendPipeline    = (*pipeline)(nil)
	_ raft.LogStore          = (*logStore)(nil)
	_ raft.MonotonicLogStore = (*logStore)(nil)
	_ raft.StableStore       = (*stableStore)(nil)
)
