//go:build overlaid

package nats

import (
	"fmt"
	"slices"
	"strconv"
	"sync"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/raftcheck/raftcheck/spec"
)

// host is what surrounds one incarnation of a server: it notes what the server does, in order.
type host struct {
	id          spec.ServerID
	servers     []spec.ServerID
	disk        *disk
	incarnation int // 1 is the first
	inboxes     int // how many were named
	catchups    int // and how many of those on which it awaits what it lacks

	mu     sync.Mutex
	events []event
	over   bool // the server is dead: nothing that its goroutines still do happens
}

// event is an effect, with what was on disk before it.
type event struct {
	effect spec.Effect
	before disk
}

var _ natsserver.RaftHost = (*host)(nil)

// Send is part of server.RaftHost. What is published to the group goes to every other server.
func (h *host) Send(subject, reply string, msg []byte) {
	for _, m := range messagesOf(h.id, h.servers, h.disk, subject, reply, msg) {
		h.note(spec.Effect{Kind: spec.Send, Message: m})
	}
}

// Inbox is part of server.RaftHost. The library draws names by chance, so that none is ever used again, after a restart neither. Here they are counted.
// That of the replies to what a leader sends to a follower that lags is not told apart: it listens only as long as it sends.
func (h *host) Inbox(kind, about string) string {
	switch kind {
	case catchup:
		h.catchups++
		about += "." + strconv.Itoa(h.catchups)
	case inbox:
		h.inboxes++
		about += "." + strconv.Itoa(h.inboxes)
	}
	return inboxName(h.id, h.incarnation, kind, about)
}

// Load is part of server.RaftHost.
func (h *host) Load(file string) []byte { return *h.disk.file(file) }

// Save is part of server.RaftHost. What is there already is not written again.
func (h *host) Save(file string, content []byte) {
	if at := h.disk.file(file); string(*at) != string(content) {
		h.write(func() { *at = append([]byte(nil), content...) })
	}
}

func (d *disk) file(name string) *[]byte {
	switch name {
	case natsserver.RaftVoteFile:
		return &d.vote
	case natsserver.RaftPeersFile:
		return &d.peers
	}
	panic(fmt.Sprintf("nats: a file %q is not known", name))
}

// Store is part of server.RaftHost.
func (h *host) Store(entry []byte) { h.write(func() { h.disk.store(entry) }) }

// Cut is part of server.RaftHost.
func (h *host) Cut(index uint64) {
	if index < h.disk.first+uint64(len(h.disk.log))-1 {
		h.write(func() { h.disk.cut(index) })
	}
}

// Start is part of server.RaftHost.
func (h *host) Start(next uint64) {
	if h.disk.first != next || len(h.disk.log) > 0 {
		h.write(func() { h.disk.start(next) })
	}
}

// Compact is part of server.RaftHost.
func (h *host) Compact(first uint64) {
	if first > h.disk.first {
		h.write(func() { h.disk.compact(first) })
	}
}

// Keep is part of server.RaftHost.
func (h *host) Keep(name string, content []byte) {
	h.write(func() { h.disk.keep(name, slices.Clone(content)) })
}

// Forget is part of server.RaftHost.
func (h *host) Forget(name string) {
	if h.Kept(name) != nil {
		h.write(func() { h.disk.forget(name) })
	}
}

// Kept is part of server.RaftHost.
func (h *host) Kept(name string) []byte {
	for _, k := range h.disk.kept {
		if k.name == name {
			return k.content
		}
	}
	return nil
}

// AllKept is part of server.RaftHost.
func (h *host) AllKept() (names []string) {
	for _, k := range h.disk.kept {
		names = append(names, k.name)
	}
	return names
}

// Entries is part of server.RaftHost.
func (h *host) Entries() (uint64, [][]byte) { return h.disk.first, h.disk.log }

// write makes a write happen, which is a crash point.
func (h *host) write(do func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return
	}
	before := *h.disk
	do()
	h.events = append(h.events, event{spec.Effect{Kind: spec.Write, Durable: h.disk.durable()}, before})
}

// note notes what is no write.
func (h *host) note(e spec.Effect) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.over {
		h.events = append(h.events, event{e, *h.disk})
	}
}

// begin starts a step.
func (h *host) begin() { h.events = nil }

// done returns what happened in it.
func (h *host) done() []spec.Effect {
	effects := make([]spec.Effect, len(h.events))
	for k := range h.events {
		effects[k] = h.events[k].effect
	}
	return effects
}

// at returns what was on disk at a crash point of the step, and whether the step has it.
func (h *host) at(point int) (disk, bool) {
	writes := 0
	for _, e := range h.events {
		if e.effect.Kind != spec.Write {
			continue
		}
		if writes++; writes == point {
			return e.before, true
		}
	}
	return *h.disk, writes > 0 && point == writes+1
}

// die makes the server dead.
func (h *host) die() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = true
}
