package contract

import (
	"errors"
	"fmt"
	"strings"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Failure is a check that an adapter fails, and how to see it.
type Failure struct {
	Check   *Check
	Server  spec.ServerID
	Message string       // what happened, one line, no period
	Inputs  []spec.Input // what the server was given since it was made, the input at hand last
	Stack   string       // of a panic; "" otherwise
	Cause   error        // Output.Fault; nil otherwise
}

// Verdict is how every failure begins to be told.
const Verdict = "this is the adapter, not your Raft"

// Error tells the failure in one line.
func (f *Failure) Error() string {
	return fmt.Sprintf("%s: %s: %s", Verdict, f.Check.Name, f.Message)
}

// Unwrap returns the fault behind the failure, if there is one.
func (f *Failure) Unwrap() error { return f.Cause }

// Story tells the inputs that lead to the failure, one a line, and the stack of a panic.
func (f *Failure) Story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", f.Check.Sentence)
	if len(f.Inputs) > 0 {
		fmt.Fprintf(&b, "\n  what %s was given, since it was made:\n", f.Server)
		for k, in := range f.Inputs {
			fmt.Fprintf(&b, "  %3d  %s\n", k+1, in)
		}
	}
	if f.Stack != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(f.Stack))
	}
	return b.String()
}

// Tell tells the failure, whether the adapter or the Raft in it is to blame, and how to see it.
func (f *Failure) Tell() string {
	if f.Check == noFault && f.panicked() { // a Raft may panic too
		return fmt.Sprintf("%s: %s\n\n%s", f.Server, f.Message, f.Story())
	}
	return fmt.Sprintf("%v\n\n%s", f, f.Story())
}

// panicked reports whether the server panicked, in the call of the node or in one that its adapter recovered.
func (f *Failure) panicked() bool {
	var server interface{ Panicked() }
	return f.Stack != "" || errors.As(f.Cause, &server)
}

// fault makes a failure of an output's fault. An adapter that knows which check its fault is about says so in a method Breaks.
func fault(id spec.ServerID, inputs []spec.Input, err error) *Failure {
	f := &Failure{Check: noFault, Server: id, Message: err.Error(), Inputs: inputs, Cause: err}
	var panicked *cluster.Panicked
	if errors.As(err, &panicked) {
		f.Stack = panicked.Stack
	}
	var known interface{ Breaks() string }
	if errors.As(err, &known) {
		if c, is := ByName(known.Breaks()); is {
			f.Check = c
		}
	}
	return f
}
