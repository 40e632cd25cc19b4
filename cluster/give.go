package cluster

import (
	"fmt"
	"runtime/debug"

	"github.com/raftcheck/raftcheck/spec"
)

// Panicked is the fault of a node whose code panicked.
type Panicked struct {
	Value any
	Stack string
}

// Error says what the panic said; the stack is in Stack.
func (p *Panicked) Error() string { return fmt.Sprintf("the node panicked: %v", p.Value) }

// StepOf gives a node an input. A panic in the node's code is the output's fault, not ours.
func StepOf(node spec.Node, in spec.Input) (out spec.Output) {
	defer func() {
		if value := recover(); value != nil {
			out = spec.Output{Fault: &Panicked{Value: value, Stack: string(debug.Stack())}}
		}
	}()
	return node.Step(in)
}
