package fuzz

import (
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// kinds are weights by kind of input, with room for kinds to come.
type kinds [32]int

// table weighs what servers may do by themselves.
type table struct {
	inputs [cluster.MaxServers][]int // by number of the input, where servers of the role usually take it
	sums   [cluster.MaxServers][spec.Crashed + 1]int
}

// weigh fills the table from weights by kind, and that of crashes which lose what was not synced.
func (t *table) weigh(w *checker.Walker, servers int, by *kinds, lossy int) {
	for server := range servers {
		t.inputs[server] = t.inputs[server][:0]
		t.sums[server] = [spec.Crashed + 1]int{}
		for _, in := range w.Inputs(server) {
			weight := by[in.Kind]
			if in.Lossy {
				weight = lossy
			}
			t.inputs[server] = append(t.inputs[server], weight)
			for role := range t.sums[server] {
				t.sums[server][role] += forRole(weight, spec.Role(role), in.Kind)
			}
		}
	}
}

// input returns the input of a server in a role at a point of its weights. Inputs that were refused, as bits, are left out.
func (t *table) input(w *checker.Walker, server int, role spec.Role, at int, refused uint64) uint8 {
	inputs := w.Inputs(server)
	for n, weight := range t.inputs[server] {
		if refused>>n&1 != 0 {
			continue
		}
		if at -= forRole(weight, role, inputs[n].Kind); at < 0 {
			return uint8(n)
		}
	}
	return 0
}

// forRole returns the weight of an input for servers of a role. What they do not take, in Raft, is tried now and then all the same.
func forRole(weight int, role spec.Role, kind spec.InputKind) int {
	usual := role != spec.Crashed
	switch kind {
	case spec.Restart:
		usual = role == spec.Crashed
	case spec.Timeout:
		usual = role != spec.Leader && role != spec.Crashed
	case spec.Heartbeat, spec.Propose, spec.Transfer, spec.Reconfigure, spec.ReadIndex:
		usual = role == spec.Leader
	}
	if usual {
		return weight
	}
	return weight >> 3
}
