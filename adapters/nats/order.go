//go:build overlaid

package nats

import (
	"fmt"
	"strings"
	"testing"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Obey does what the order in one file says and writes the outcome to another: it is how the raftcheck command has the library searched. It panics when it cannot read or write
// them; whatever else goes wrong is part of the outcome.
func Obey(t *testing.T, orders, outcomes string) {
	var lab *bubble.Lab
	p := order.Program{
		Alone: true,
		World: func(o *order.Order) (*cluster.Config, checker.Options, error) {
			var options Options
			sends := false
			for _, choice := range o.Choices {
				gate, at := strings.CutPrefix(choice, "at=")
				switch {
				case choice == "outsider":
					options.Outsiders = []spec.ServerID{spec.ServerID(o.Nodes)}
				case choice == "send-snapshot":
					sends = true
				case at:
					options.HoldAt = append(options.HoldAt, gate)
				case strings.HasPrefix(choice, "preempt="): // which says the same as the bounds
				default:
					return nil, checker.Options{}, fmt.Errorf("unknown choice %q", choice)
				}
			}
			options.Preempt = o.Bounds.Preemptions > 0
			options.Transfers = o.Bounds.Transfers > 0 || o.Do == order.Conform // the suite asks for them in worlds of its own
			lab = Servers(t, func(made *Options) { *made = options })
			world := World(lab.Node)
			o.World(&world)
			world.Inputs = world.DefaultInputs
			if sends {
				world.Inputs = SentSnapshots(&world)
			}
			return &world, checker.Options{Workers: 1}, nil
		},
		Again: func() spec.Factory { return lab.Fresh().Node },
	}
	if err := p.Obey(orders, outcomes); err != nil {
		panic(err)
	}
}
