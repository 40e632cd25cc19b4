package cluster

import (
	"fmt"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// ActionKind is one of the ways in which the world moves on.
type ActionKind uint8

// The kinds of actions.
const (
	Give      ActionKind = iota + 1 // a server is given Input
	Drop                            // Message is lost
	Copy                            // the network duplicates Message
	Partition                       // the servers split in two sides
	Heal                            // the partition ends
)

// Action is one thing that happens in a world.
type Action struct {
	Kind    ActionKind
	Server  spec.ServerID // Give
	Input   spec.Input    // Give; when it delivers a message, that message must be in flight
	Stays   bool          // Give: the message delivered was duplicated and stays in flight
	Lost    []int         // Give: of the messages sent, counted from 0, those that found no room and were lost at once
	Message spec.Message  // Drop, Copy
	Split   Spent         // Partition: one of Config.Partitions
}

// String prints the action as it is shown in stories.
func (a Action) String() string {
	switch a.Kind {
	case Give:
		s := a.Server.String() + " " + a.Input.String()
		if a.Stays {
			s += " (duplicated)"
		}
		if len(a.Lost) > 0 {
			s += fmt.Sprintf(" (lost of what it sent: %v)", a.Lost)
		}
		return s
	case Drop:
		return "drop " + a.Message.String()
	case Copy:
		return "duplicate " + a.Message.String()
	case Partition:
		names := make([]string, 0, MaxServers)
		for _, id := range a.Split.FarSide() {
			names = append(names, id.String())
		}
		return "partition " + strings.Join(names, " ") + " from the rest"
	case Heal:
		return "heal"
	}
	return "nothing"
}
