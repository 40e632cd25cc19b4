//go:build overlaid

package nats

import (
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Variants are the ways in which the library differs from the paper, and what it promises besides.
var Variants = spec.Variants{spec.LateTerm, spec.DropsLateAnswers, spec.HeartbeatsToAll, spec.HeartbeatsAnywhere}

// World is three servers whose messages may be lost and arrive in the order in which they were sent, from one server to another, as those of a
// group do that travel over one route.
func World(node spec.Factory) cluster.Config {
	return cluster.Config{
		Servers: 3, New: node, Variants: Variants, Network: cluster.FIFO,
		Faults:     cluster.Faults{Drop: cluster.Unlimited},
		OutOfReach: []string{"client-redirected"}, // whoever proposes is asked to be at the leader
		Bounds:     cluster.Bounds{Terms: 3, Log: 2, Messages: 2, Proposals: 1},
	}
}
