//go:build overlaid

package nats

import (
	"fmt"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Variants are the ways in which the release differs from the paper, and what it promises besides. Since v2.15 a configuration is in force once it is stored; before that
// a leader goes by it at once, and others when it is committed.
func Variants() spec.Variants {
	all := spec.Variants{spec.LateTerm, spec.DropsLateAnswers, spec.HeartbeatsToAll, spec.HeartbeatsAnywhere}
	var major, minor int
	if _, err := fmt.Sscanf(natsserver.VERSION, "%d.%d", &major, &minor); err != nil {
		panic(fmt.Sprintf("nats: %q is no version", natsserver.VERSION))
	}
	if major > 2 || minor >= 15 {
		all = append(all, spec.ConfigurationInLog)
	}
	return all
}

// World is three servers whose messages may be lost and arrive in the order in which they were sent, from one server to another, as those of a
// group do that travel over one route.
func World(node spec.Factory) cluster.Config {
	return cluster.Config{
		Servers: 3, New: node, Variants: Variants(), Network: cluster.FIFO,
		Faults: cluster.Faults{Drop: cluster.Unlimited},
		// Whoever proposes is asked to be at the leader, and who is handed over to campaigns by its timer.
		OutOfReach: []string{"client-redirected", "leadership-transferred"},
		Bounds:     cluster.Bounds{Terms: 3, Log: 2, Messages: 2, Proposals: 1},
	}
}
