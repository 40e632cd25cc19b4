package process

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/raftcheck/raftcheck/adapters/process/offspring"
	"github.com/raftcheck/raftcheck/spec"
)

// Program is a command whose processes are servers. It may be used by several goroutines; the steps of one server happen one
// after another.
type Program struct {
	command   []string
	options   Options
	audits    atomic.Int64
	closed    atomic.Bool
	offspring *offspring.Keeper

	mutex sync.Mutex
	crews []*crew
}

// New returns the program that a command runs: its name or path, and its arguments. Nothing is run yet.
func New(command []string, options Options) *Program {
	return &Program{command: slices.Clone(command), options: options.withDefaults(), offspring: offspring.New()}
}

// Node makes a server that is one of servers and that is as it is after its first start. It is a spec.Factory. Its nodes also
// implement spec.Cloner, and spec.Renamer if the program says that it can be renamed. What is wrong with a program is an *Error, as the Output.Fault of every step of the node.
func (p *Program) Node(id spec.ServerID, servers []spec.ServerID) spec.Node {
	n := &node{crew: p.crew(id, servers)}
	n.launch()
	if n.broken == nil && n.crew.can.Rename {
		return &alike{*n}
	}
	return n
}

// Probe starts every server once and returns what the program is able to do. The error is an *Error.
func (p *Program) Probe(servers []spec.ServerID) (can Abilities, err error) {
	for _, id := range servers {
		n := &node{crew: p.crew(id, servers)}
		if n.launch(); n.broken != nil {
			return can, n.broken
		}
		can = n.crew.can
	}
	return can, nil
}

// Interrupt ends all processes, also while one of them is waited for, so that every step of a node that is made then or later ends with an
// error soon. It is what is done when whoever asked goes away; Close comes after it all the same.
func (p *Program) Interrupt() {
	p.closed.Store(true)
	p.offspring.Stop()
}

// Close ends all processes, and what they started, and waits until they are gone. Nodes are of no use afterwards.
func (p *Program) Close() {
	p.Interrupt()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, c := range p.crews {
		c.mutex.Lock()
		for len(c.children) > 0 {
			c.dismiss(c.children[0])
		}
		c.mutex.Unlock()
	}
	p.offspring.Close()
}

// crew returns the processes of a server in a cluster.
func (p *Program) crew(id spec.ServerID, servers []spec.ServerID) *crew {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, c := range p.crews {
		if c.id == id && slices.Equal(c.servers, servers) {
			return c
		}
	}
	c := &crew{program: p, parser: parser{id, slices.Clone(servers)}, starts: map[string]string{}}
	p.crews = append(p.crews, c)
	return c
}
