package hashicorp

import (
	"hash/fnv"
	"sync"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/spec"
)

// names are the numbers of servers, by what the library calls them.
type names struct {
	transport raft.Transport

	mutex  sync.Mutex
	byID   map[string]spec.ServerID
	byAddr map[string]spec.ServerID
}

func newNames(servers []raft.Server, t raft.Transport) *names {
	n := &names{transport: t, byID: map[string]spec.ServerID{}, byAddr: map[string]spec.ServerID{}}
	for k, s := range servers {
		n.byID[string(s.ID)], n.byAddr[string(s.Address)] = spec.ServerID(k+1), spec.ServerID(k+1)
	}
	return n
}

// ofID returns the number of a server.
func (n *names) ofID(id string) spec.ServerID {
	if id == "" {
		return spec.None
	}
	n.mutex.Lock()
	defer n.mutex.Unlock()
	number, known := n.byID[id]
	if !known {
		h := fnv.New32a()
		_, _ = h.Write([]byte(id))
		number = 1<<32 + spec.ServerID(h.Sum32())
		n.byID[id] = number
	}
	return number
}

// ofAddr returns the number of the server with an address. One that was never heard of together with an id goes by its address.
func (n *names) ofAddr(addr string) spec.ServerID {
	n.mutex.Lock()
	number, known := n.byAddr[addr]
	n.mutex.Unlock()
	if known {
		return number
	}
	return n.ofID(addr)
}

// learn notes that an id and an address are of one server.
func (n *names) learn(id, addr string) spec.ServerID {
	number := n.ofID(id)
	if id != "" && addr != "" {
		n.mutex.Lock()
		n.byAddr[addr] = number
		n.mutex.Unlock()
	}
	return number
}

// sender returns who sent a message. Old versions tell only the address, and older ones that in a field of its own.
func (n *names) sender(h raft.RPCHeader, old []byte) spec.ServerID {
	addr := h.Addr
	if len(addr) == 0 {
		addr = old
	}
	name := string(n.transport.DecodePeer(addr))
	if len(h.ID) > 0 {
		return n.learn(string(h.ID), name)
	}
	return n.ofAddr(name)
}

// configuration is a configuration in the words of the paper.
func (n *names) configuration(c raft.Configuration) spec.Configuration {
	var config spec.Configuration
	for _, s := range c.Servers {
		number := n.learn(string(s.ID), string(s.Address))
		if s.Suffrage == raft.Voter {
			config.Voters = insert(config.Voters, number)
		} else {
			config.Learners = insert(config.Learners, number)
		}
	}
	return config
}
