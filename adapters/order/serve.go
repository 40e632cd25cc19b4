package order

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// ask is one request to a program that serves servers, and told its answer. They are encoded by encoding/gob, one after the other.
type ask struct {
	Do      asked
	Node    uint64 // whom it concerns
	ID      spec.ServerID
	Servers []spec.ServerID
	Input   spec.Input
}

// asked is what is asked for.
type asked uint8

const (
	askWorld  asked = iota + 1 // what may happen to the server ID besides messages and faults
	askNode                    // a server that takes no step yet, to be called Node
	askStep                    // a step
	askForget                  // a server of which nothing is wanted any more; there is no answer
)

type told struct {
	Inputs     []spec.Input
	OutOfReach []string
	Output     spec.Output // without its Fault
	Fault      string
	After      spec.Observation
	State      []byte
}

// serve does what is asked for on in until that ends.
func serve(world *cluster.Config, in io.Reader, out io.Writer) error {
	asks, to := gob.NewDecoder(in), bufio.NewWriter(out)
	answers := gob.NewEncoder(to)
	nodes := map[uint64]spec.Node{}
	for {
		var a ask
		if err := asks.Decode(&a); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		var t told
		switch a.Do {
		case askWorld:
			t.Inputs, t.OutOfReach = world.Inputs(a.ID), world.OutOfReach
		case askNode:
			nodes[a.Node] = world.New(a.ID, a.Servers)
			t.show(nodes[a.Node])
		case askStep:
			if t.Output = nodes[a.Node].Step(a.Input); t.Output.Fault != nil {
				t.Fault, t.Output.Fault = t.Output.Fault.Error(), nil
			}
			if !t.Output.Refused {
				t.show(nodes[a.Node])
			}
		case askForget:
			delete(nodes, a.Node)
			continue
		default:
			return fmt.Errorf("a request to %d", a.Do)
		}
		if err := errors.Join(answers.Encode(&t), to.Flush()); err != nil {
			return err
		}
	}
}

func (t *told) show(n spec.Node) {
	if t.Fault == "" {
		t.After, t.State = n.Observe(), n.AppendState(nil)
	}
}
