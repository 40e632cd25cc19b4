package etcd

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/raftcheck/raftcheck/spec"
)

// config is a configuration as events show it. Equal configurations of one trace are the same pointer.
type config struct {
	incoming []spec.ServerID
	outgoing []spec.ServerID // not empty only while joint
	voters   []spec.ServerID // both halves, ascending
}

func (c *config) String() string {
	if len(c.outgoing) == 0 {
		return fmt.Sprint(c.incoming)
	}
	return fmt.Sprintf("%v and %v", c.incoming, c.outgoing)
}

func (c *config) joint() bool { return len(c.outgoing) > 0 }

func (c *config) spec() spec.Configuration {
	return spec.Configuration{Voters: c.incoming, Outgoing: c.outgoing}
}

func (c *config) has(id spec.ServerID) bool { return slices.Contains(c.voters, id) }

// configs are the configurations of a trace. Those that lines show and those that entries make may be asked for at the same time.
type configs struct {
	sync.Mutex
	all map[string]*config
}

// of returns the one configuration with those halves.
func (c *configs) of(incoming, outgoing []spec.ServerID) *config {
	c.Lock()
	defer c.Unlock()
	key := fmt.Sprint(incoming, outgoing)
	if is, known := c.all[key]; known {
		return is
	}
	is := &config{incoming: incoming, outgoing: outgoing}
	is.voters = append(append([]spec.ServerID{}, incoming...), outgoing...)
	slices.Sort(is.voters)
	is.voters = slices.Compact(is.voters)
	c.all[key] = is
	return is
}

// membership is a configuration with what events do not show of it: the learners.
type membership struct {
	conf     *config
	learners []spec.ServerID // ascending
	next     []spec.ServerID // learners once the joint configuration is left; they still vote in the outgoing half
	index    spec.Index      // of the log entry that made it; 0 for the first
	vague    bool            // there may be more learners
	unplaced bool            // index is not known
}

// members are the servers to which a leader sends: voters of both halves and learners, ascending.
func (m *membership) members() []spec.ServerID {
	if len(m.learners) == 0 {
		return m.conf.voters
	}
	all := append(append([]spec.ServerID{}, m.conf.voters...), m.learners...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (m *membership) same(n *membership) bool {
	return m.conf == n.conf && m.vague == n.vague && slices.Equal(m.learners, n.learners) && slices.Equal(m.next, n.next)
}

func (m *membership) learner(id spec.ServerID) bool { return slices.Contains(m.learners, id) }

// leave is the value of an entry that leaves a joint configuration, update of one that changes nothing.
const (
	leave  = "leave joint"
	update = "update"
)

// valueOf writes changes as the value of a log entry, so that entries with different changes differ.
func valueOf(changes []change) string {
	parts := make([]string, len(changes))
	for k, c := range changes {
		parts[k] = fmt.Sprintf("%s %d", [...]string{"", "add", "remove", "learner"}[c.action], uint64(c.id))
	}
	return strings.Join(parts, ", ")
}

// changesOf reads what valueOf wrote.
func changesOf(value string) []change {
	if value == leave || value == update || value == "" {
		return nil
	}
	var all []change
	for part := range strings.SplitSeq(value, ", ") {
		var verb string
		var id uint64
		if _, err := fmt.Sscanf(part, "%s %d", &verb, &id); err != nil {
			return nil
		}
		c := change{id: spec.ServerID(id)}
		switch verb {
		case "add":
			c.action = addVoter
		case "remove":
			c.action = removeServer
		case "learner":
			c.action = addLearner
		}
		all = append(all, c)
	}
	return all
}

// apply returns the membership after a change of configuration, as confchange.Changer makes it.
func (m *membership) apply(all *configs, value string, joint bool, index spec.Index) *membership {
	next := &membership{learners: slices.Clone(m.learners), next: slices.Clone(m.next), index: index, vague: m.vague}
	incoming := slices.Clone(m.conf.incoming)
	outgoing := slices.Clone(m.conf.outgoing)
	if value == leave {
		for _, id := range next.next {
			next.learners = with(next.learners, id)
		}
		next.next, outgoing = nil, nil
		next.conf = all.of(incoming, sorted(outgoing))
		return next
	}
	if joint {
		outgoing = slices.Clone(incoming)
	}
	tracked := func(id spec.ServerID) bool {
		return slices.Contains(incoming, id) || slices.Contains(outgoing, id) || slices.Contains(next.learners, id)
	}
	for _, c := range changesOf(value) {
		switch known := tracked(c.id); {
		case c.action == addVoter:
			next.learners, next.next = without(next.learners, c.id), without(next.next, c.id)
			incoming = with(incoming, c.id)
		case c.action == addLearner && slices.Contains(next.learners, c.id):
		case c.action == addLearner:
			incoming = without(incoming, c.id)
			if known && slices.Contains(outgoing, c.id) {
				next.next = with(next.next, c.id)
			} else {
				next.learners = with(next.learners, c.id)
			}
		case known:
			incoming = without(incoming, c.id)
			next.learners, next.next = without(next.learners, c.id), without(next.next, c.id)
		}
	}
	next.conf = all.of(incoming, sorted(outgoing))
	return next
}

func with(ids []spec.ServerID, id spec.ServerID) []spec.ServerID {
	k, found := slices.BinarySearch(ids, id)
	if found {
		return ids
	}
	return slices.Insert(slices.Clone(ids), k, id)
}

func without(ids []spec.ServerID, id spec.ServerID) []spec.ServerID {
	return slices.DeleteFunc(slices.Clone(ids), func(other spec.ServerID) bool { return other == id })
}

func sorted(ids []spec.ServerID) []spec.ServerID {
	slices.Sort(ids)
	return ids
}

// outcome counts votes as etcd's quorum package does.
type outcome uint8

const (
	pending outcome = iota
	won
	lost
)

func (c *config) outcome(granted, refused []spec.ServerID) outcome {
	a, b := half(c.incoming, granted, refused), half(c.outgoing, granted, refused)
	switch {
	case a == b:
		return a
	case a == lost || b == lost:
		return lost
	}
	return pending
}

func half(voters, granted, refused []spec.ServerID) outcome {
	if len(voters) == 0 {
		return won
	}
	yes, no := 0, 0
	for _, id := range voters {
		if slices.Contains(granted, id) {
			yes++
		} else if slices.Contains(refused, id) {
			no++
		}
	}
	quorum := len(voters)/2 + 1
	switch {
	case yes >= quorum:
		return won
	case len(voters)-no >= quorum:
		return pending
	}
	return lost
}

// committed returns the highest index that a majority of every half has acknowledged.
func (c *config) committed(match func(spec.ServerID) spec.Index) spec.Index {
	return min(acknowledged(c.incoming, match), acknowledged(c.outgoing, match))
}

func acknowledged(voters []spec.ServerID, match func(spec.ServerID) spec.Index) spec.Index {
	if len(voters) == 0 {
		return ^spec.Index(0)
	}
	var buffer [8]spec.Index
	all := buffer[:0]
	for _, id := range voters {
		all = append(all, match(id))
	}
	slices.Sort(all)
	return all[len(all)-(len(all)/2+1)]
}
