package checker

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

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

// known renames a server that there may be.
func (p *renaming) known(id spec.ServerID) spec.ServerID {
	if p == nil || int(id) > len(p.servers) {
		return id
	}
	return p.server(id)
}

// configuration renames the servers of a configuration, whose lists stay in the order of names.
func (p *renaming) configuration(c spec.Configuration) spec.Configuration {
	for _, list := range []*[]spec.ServerID{&c.Voters, &c.Outgoing, &c.Learners} {
		*list = slices.Clone(*list)
		for k, id := range *list {
			(*list)[k] = p.known(id)
		}
		slices.Sort(*list)
	}
	return c
}

// change renames the servers of a change of the configuration, as configuration does.
func (p *renaming) change(c spec.Change) spec.Change {
	if p == nil {
		return c
	}
	for _, list := range []*string{&c.Voters, &c.Learners} {
		names := strings.Split(p.names(*list), ",")
		slices.Sort(names) // there are at most cluster.MaxServers, of one digit
		*list = strings.Join(names, ",")
	}
	return c
}

// names renames the servers that a text names.
func (p *renaming) names(text string) string {
	return serverName.ReplaceAllStringFunc(text, func(name string) string {
		id, err := strconv.ParseUint(name[1:], 10, 32)
		if err != nil {
			return name
		}
		return p.known(spec.ServerID(id)).String()
	})
}

var serverName = regexp.MustCompile(`\bn[0-9]+\b`)

// entry renames in the value of an entry.
func (p *renaming) entry(e *spec.Entry) string {
	if p == nil || e.Kind != spec.ConfigurationChange {
		return p.value(e.Value)
	}
	if c, err := spec.ParseChange(e.Value); err == nil {
		return p.change(c).String()
	}
	return p.names(e.Value)
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
	_, entries := node.(spec.EntryRenamer)
	if err := Renameable(config, entries); err != nil {
		return err
	}
	if all := everyRenaming(config); len(all) > 1 && len(alike(config, all)) == 1 {
		return fmt.Errorf("no two servers may change their names: %s", notAlike(config, firstConfigurations(config), all[1]))
	}
	return nil
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
	all := everyRenaming(config)
	if _, writes := config.New(1, config.IDs()).(spec.Permuter); !writes {
		all = alike(config, all)
	}
	return all, nil
}

// everyRenaming lists all renamings of a world, beginning with the one that keeps all names.
func everyRenaming(config *cluster.Config) (all []*renaming) {
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
	return all
}

// alike lists those of renamings, which are all that a world has, that make the world what it is: with every input there is what that becomes, and each server
// begins in the configuration that it becomes. They are a group, since those that keep something are.
func alike(config *cluster.Config, all []*renaming) (kept []*renaming) {
	first := firstConfigurations(config)
	for _, p := range all {
		if notAlike(config, first, p) == "" {
			kept = append(kept, p)
		}
	}
	return kept
}

// firstConfigurations lists the configurations in which servers begin; none of those that rename only their messages, which know of none.
func firstConfigurations(config *cluster.Config) (first []spec.Configuration) {
	for _, id := range config.IDs() {
		node := config.New(id, config.IDs())
		if _, entries := node.(spec.EntryRenamer); !entries {
			return nil
		}
		first = append(first, node.Observe().Config)
	}
	return first
}

// notAlike says what a renaming makes of a world that the world has not; "" for nothing.
func notAlike(config *cluster.Config, first []spec.Configuration, p *renaming) string {
	for k, id := range config.IDs() {
		if first != nil && p.configuration(first[k]).String() != first[p.server(id)-1].String() {
			return fmt.Sprintf("%s begins with the configuration %q, and another by its name does not", id, first[k])
		}
		for _, in := range config.Spontaneous(id) {
			if inputsLike(config, in, id, []*renaming{p}) == nil {
				return fmt.Sprintf("%s may be given %q, and another by its name may not", id, in)
			}
		}
	}
	return ""
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
