package checker

import (
	"errors"
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

// mostRenamings is how many renamings of servers and values there may be: every state is looked up under all of them.
const mostRenamings = 1000

// Symmetric reports why servers and values of a world cannot be renamed, which [Options] Symmetry takes; nil if they can.
func Symmetric(config *cluster.Config) error {
	if err := fewNames(config); err != nil {
		return err
	}
	node := config.New(1, config.IDs())
	_, writes := node.(spec.Permuter)
	_, renames := node.(spec.Renamer)
	switch {
	case writes:
		return nil
	case !renames:
		return errors.New("these servers cannot be renamed (spec.Permuter): they know each other by name, as with changes of the configuration and clocks")
	}
	if err := Renameable(config); err != nil {
		return err
	}
	return alikeInputs(config)
}

// fewNames reports why a world has too many names, or names that stand for something.
func fewNames(config *cluster.Config) error {
	if config.Faults.Partition != cluster.Off {
		return errors.New("partitions name servers")
	}
	renamings := 1
	for _, n := range []int{config.Servers, len(config.ValueNames())} {
		for k := 2; k <= n && renamings <= mostRenamings; k++ {
			renamings *= k
		}
	}
	if config.Servers > 5 || renamings > mostRenamings {
		return fmt.Errorf("%d servers and %d values have too many renamings; at most 5 servers, and %d renamings", config.Servers, len(config.ValueNames()), mostRenamings)
	}
	return nil
}

// renamings lists every renaming, beginning with the one that keeps all names; that one alone without symmetry.
func renamings(config *cluster.Config, symmetry bool) ([]*renaming, error) {
	if !symmetry {
		return []*renaming{nil}, nil
	}
	if err := Symmetric(config); err != nil {
		return nil, fmt.Errorf("symmetry: %w", err)
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
