package etcdtest

import (
	"errors"
	"fmt"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
)

// Obey does with a release's servers what the file named by orders asks for, and writes what came of it to the file named by outcomes.
// It is how the raftcheck command works with etcd's raft, from a test that it makes and builds. It panics when the files are not
// there or cannot be written.
func Obey(release Release, words func(payload string) string, orders, outcomes string) {
	p := order.Program{World: func(o *order.Order) (*cluster.Config, checker.Options, error) { return ordered(release, o) }, Words: words}
	if err := p.Obey(orders, outcomes); err != nil {
		panic(err)
	}
}

// ordered is the world that an order describes. What clients and operators do in it follows from its bounds.
func ordered(release Release, o *order.Order) (*cluster.Config, checker.Options, error) {
	var options etcd.Options
	for _, c := range o.Choices {
		if !options.Choose(c) {
			return nil, checker.Options{}, fmt.Errorf("unknown choice %q", c)
		}
	}
	world := &cluster.Config{Variants: options.Variants()}
	o.World(world)
	options.Ask(world)
	if options.LeaseReads && !options.Clocks {
		return nil, checker.Options{}, errors.New("lease-reads are as good as clocks, and there are none: --ticks is at least 1")
	}
	world.New = release(options)
	world.Inputs, world.OutOfReach = options.Inputs(world.IDs(), world.ValueNames()...), options.OutOfReach(world.IDs())
	return world, checker.Options{}, nil
}
