package checker

import (
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Servers are interchangeable, and so are values: renaming them in a whole execution gives an execution. With symmetry
// reduction two states that differ only by a renaming count as one. The fingerprint of a state is then the least of its
// fingerprints under every renaming, which needs no renamed state: every part knows its hash under each.

// renaming gives servers and values other names. The nil renaming keeps all names.
type renaming struct {
	servers []spec.ServerID // servers[id-1] is the new name
	values  map[string]string
}

func (p *renaming) server(id spec.ServerID) spec.ServerID {
	if p == nil || id == spec.None {
		return id
	}
	return p.servers[id-1]
}

func (p *renaming) value(v string) string {
	if p == nil {
		return v
	}
	if w, ok := p.values[v]; ok {
		return w
	}
	return v
}

// renamings lists every renaming, beginning with the one that keeps all names; that one alone without symmetry.
func renamings(config *cluster.Config, symmetry bool) ([]*renaming, error) {
	if !symmetry {
		return []*renaming{nil}, nil
	}
	node := config.New(1, config.IDs())
	if _, ok := node.(spec.Permuter); !ok {
		return nil, fmt.Errorf("symmetry: %T cannot rename servers (spec.Permuter)", node)
	}
	if config.Faults.Partition != cluster.Off {
		return nil, fmt.Errorf("symmetry: partitions name servers, so it cannot be used with them")
	}
	if config.Servers > 5 {
		return nil, fmt.Errorf("symmetry: %d servers have too many renamings; at most 5", config.Servers)
	}
	var all []*renaming
	names := config.ValueNames()
	for _, servers := range permutations(config.IDs()) {
		for _, values := range permutations(names) {
			p := &renaming{servers: servers, values: map[string]string{}}
			for k, v := range names {
				p.values[v] = values[k]
			}
			all = append(all, p)
		}
	}
	all[0] = nil
	return all, nil
}

// permutations lists the orders of a list in lexicographic order of positions; the given order comes first.
func permutations[T any](list []T) [][]T {
	if len(list) == 0 {
		return [][]T{nil}
	}
	var all [][]T
	for k := range list {
		rest := slices.Concat(list[:k], list[k+1:])
		for _, p := range permutations(rest) {
			all = append(all, append([]T{list[k]}, p...))
		}
	}
	return all
}
