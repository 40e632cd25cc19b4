package hashicorp

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Obey does with this package's servers what the file named by orders asks for, and writes what came of it to the file named by
// outcomes. It is how the raftcheck command works with the library, from a test that it makes and builds. It panics when the files
// are not there or cannot be written.
func Obey(t *testing.T, orders, outcomes string) {
	var lab *bubble.Lab
	p := order.Program{
		Alone: true,
		World: func(o *order.Order) (*cluster.Config, checker.Options, error) {
			setup, err := ordered(t, o)
			if err != nil {
				return nil, checker.Options{}, err
			}
			lab = Servers(t, setup.Servers)
			setup.World.New = lab.Node
			return &setup.World, setup.Search, nil
		},
		Again: func() spec.Factory { return lab.Fresh().Node },
	}
	must(p.Obey(orders, outcomes))
}

// choices are what may follow the library's name on the command line.
var choices = []string{"no-pre-vote", "whole-votes", "heartbeats", "restore-committed", "barriers", "learner"}

// ordered is the setup that an order describes.
func ordered(t *testing.T, o *order.Order) (*Setup, error) {
	var at []string
	for _, c := range o.Choices {
		if gate, is := strings.CutPrefix(c, "at="); is {
			at = append(at, gate)
		} else if !slices.Contains(choices, c) && !strings.HasPrefix(c, "preempt=") { // which says the same as the bounds
			return nil, fmt.Errorf("unknown choice %q", c)
		}
	}
	return setUp(t, []func(*Setup){func(s *Setup) {
		s.Servers = Options{NoPreVote: o.Has("no-pre-vote"), WholeVotes: o.Has("whole-votes"), RestoreCommitted: o.Has("restore-committed"), Barriers: o.Has("barriers"), Preempt: o.Bounds.Preemptions > 0, HoldAt: at}
		o.World(&s.World)
		if o.Has("learner") {
			s.Servers.Learners = []spec.ServerID{spec.ServerID(s.World.Servers)}
		}
		if o.Has("heartbeats") {
			inputs := Inputs(&s.World)
			s.World.Inputs = func(id spec.ServerID) []spec.Input { return append(inputs(id), spec.Input{Kind: spec.Heartbeat}) }
		}
	}}), nil
}
