package order

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/raftcheck/raftcheck/spec"
)

// Remote is a program that obeys the order Serve: its servers live there, and are nodes here. It may be used by several goroutines.
type Remote struct {
	mutex   sync.Mutex
	asks    *gob.Encoder
	to      *bufio.Writer
	answers *gob.Decoder
	last    uint64   // the number of the newest node
	gone    []uint64 // nodes that are to be forgotten
	broken  error
}

// NewRemote returns the program that reads from to and writes to from.
func NewRemote(to io.Writer, from io.Reader) *Remote {
	w := bufio.NewWriter(to)
	return &Remote{asks: gob.NewEncoder(w), to: w, answers: gob.NewDecoder(bufio.NewReader(from))}
}

// World returns what may happen to a server besides messages, faults and restarts, and the goals that no such servers reach.
func (r *Remote) World(id spec.ServerID) (inputs []spec.Input, outOfReach []string, err error) {
	t, err := r.talk(ask{Do: askWorld, ID: id})
	return t.Inputs, t.OutOfReach, err
}

// Node is a spec.Factory. What goes wrong with the program is the fault of each step of its nodes.
func (r *Remote) Node(id spec.ServerID, servers []spec.ServerID) spec.Node {
	r.mutex.Lock()
	r.last++
	n := &remoteNode{of: r, number: r.last}
	r.mutex.Unlock()
	n.take(r.talk(ask{Do: askNode, Node: n.number, ID: id, Servers: servers}))
	runtime.AddCleanup(n, r.forget, n.number)
	return n
}

func (r *Remote) forget(node uint64) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.gone = append(r.gone, node)
}

// talk asks for one thing. After an error nothing is asked any more.
func (r *Remote) talk(a ask) (told, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.broken != nil {
		return told{}, r.broken
	}
	for _, node := range r.gone {
		r.broken = errors.Join(r.broken, r.asks.Encode(&ask{Do: askForget, Node: node}))
	}
	r.gone = r.gone[:0]
	var t told
	if r.broken = errors.Join(r.broken, r.asks.Encode(&a), r.to.Flush()); r.broken == nil {
		r.broken = r.answers.Decode(&t)
	}
	if r.broken != nil {
		r.broken = fmt.Errorf("the program of the servers is gone: %w", r.broken)
	}
	return t, r.broken
}

// remoteNode is a server in another program, as that last showed it.
type remoteNode struct {
	of     *Remote
	number uint64
	after  spec.Observation
	state  []byte
	broken error
}

// take notes what the program told of the server.
func (n *remoteNode) take(t told, err error) {
	if err == nil && t.Fault != "" {
		err = errors.New(t.Fault)
	}
	n.after, n.state, n.broken = t.After, t.State, err
}

// Step gives the server an input.
func (n *remoteNode) Step(in spec.Input) spec.Output {
	if n.broken != nil {
		return spec.Output{Fault: n.broken}
	}
	t, err := n.of.talk(ask{Do: askStep, Node: n.number, Input: in})
	if err == nil && t.Output.Refused {
		return t.Output
	}
	if n.take(t, err); n.broken != nil {
		return spec.Output{Fault: n.broken}
	}
	return t.Output
}

// Observe shows the server.
func (n *remoteNode) Observe() spec.Observation { return n.after }

// AppendState appends the server's state.
func (n *remoteNode) AppendState(dst []byte) []byte {
	if n.broken != nil {
		return append(dst, n.broken.Error()...)
	}
	return append(dst, n.state...)
}
