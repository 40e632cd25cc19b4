package checker

import (
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// NoOps: a message that changes nothing, answers nothing and puts no rule or goal to a test when it arrives now, nor in any
// state that its receiver may still come to, is as good as lost. It is lost at once, as soon as it is so.
//
// Which states a server may still come to is not asked of the search, whose answer would depend on how far it has come, but of a
// wider world that is small: each server by itself, at any time, is given every input and every message that any server ever
// sends there (lookAhead). There everything is possible that is possible in the cluster, and more, since nothing is lost, spent,
// or sent too late. So what is a no-op for ever there is one in the search, and whether it is depends on the world alone.
//
// Why nothing is missed: with and without the message, the same steps of servers follow, but for its arrival, which leads back to
// where it came from, and for what finds no room because of it, and losses are free (losses.go). Its arrival could put a rule to the
// test: all that it ever puts to the test, it does when it arrives at once, and that step is taken note of where it is lost. And it
// could tell of a vote: so did the message when it was sent, and the vote stands on the voter's disk, or in the history, or the
// voter's term is over, and that terms do not fall is judged by itself.

// mostAhead is how many local steps are looked at, at most, to see which messages are no-ops for ever, and mostAheadBytes how many bytes the states have that
// they lead to: what grows with every input, as a list of all answers does, is bounded by budgets in a search, and by nothing there.
const (
	mostAhead      = 1 << 17
	mostAheadBytes = 1 << 20
)

// noops says which messages are no-ops for ever.
type noops struct {
	ahead    *memo      // nil where they are guessed (overtaken.go), and what follows is too, but for known
	dead     [][]uint64 // by server state ahead: messages that are no-ops from there on, as bits
	servers  []uint32   // by server state of the search: the same ahead
	messages []uint32   // by message of the search: the same ahead
	known    [][]noop   // by server state and message of the search
}

// noop is what is known of a message for a server in some state.
type noop uint8

const (
	noopUnknown noop = iota
	noopNever
	noopForEver
)

// mostRules is how many rules there may be for what a step puts to the test to be told in bits.
const mostRules = 128

type ruleSet [mostRules / 64]uint64

func (s *ruleSet) add(t *ruleSet) (more bool) {
	for k := range s {
		sum := s[k] | t[k]
		more = more || sum != s[k]
		s[k] = sum
	}
	return more
}

// smallSearch is how many states a search finds before it looks ahead, which takes about as long as to find some hundred thousand.
const smallSearch = 1 << 21

// takeOut begins to take no-ops out, from the layer that is to be expanded on, once a search has found so many states that looking ahead is worth its time.
func (r *run) takeOut(depth int) error {
	if r.wants&NoOps == 0 || r.stats.Distinct < r.small {
		return nil
	}
	r.wants &^= NoOps
	n, err := lookAhead(r.config, r.rules)
	if err != nil {
		r.said(NoOps, err.Error())
		return nil
	}
	if err := n.know(r.memo); err != nil {
		return err
	}
	r.said(NoOps, "")
	r.memo.noops, r.memo.reduce, r.stripsFrom = n, r.memo.reduce|NoOps, depth
	for _, w := range r.workers {
		w.strips = true
	}
	return nil
}

// said changes what is said of a reduction.
func (r *run) said(one Reductions, off string) {
	for k := range r.reduced {
		if r.reduced[k].Name == one.String() {
			r.reduced[k].Off = off
		}
	}
}

// lookAhead gives every server every input in every state it comes to that way. The error says why that is not done.
func lookAhead(config *cluster.Config, rules []*spec.Rule) (*noops, error) {
	a := &ahead{memo: newMemo(config, rules, []*renaming{nil})}
	if len(a.rules) > mostRules {
		return nil, fmt.Errorf("more than %d rules", mostRules)
	}
	if _, err := a.initial(); err != nil {
		return nil, err
	}
	for more := true; more; {
		more = false
		for s := 0; s < len(a.servers); s++ {
			more = a.visit(uint32(s)) || more
			if a.executed > mostAhead {
				return nil, fmt.Errorf("servers have more than %d local steps to look ahead at", mostAhead)
			}
			if a.serverBytes > mostAheadBytes {
				return nil, fmt.Errorf("servers have states of more than %d bytes to look ahead at", mostAheadBytes)
			}
		}
	}
	a.gather()
	return &noops{ahead: a.memo, dead: a.dead()}, nil
}

// ahead is the wider world of lookAhead.
type ahead struct {
	*memo
	met    []int       // by server state: how many of the messages it was given
	alive  [][]bool    // by server state and message: it may do something
	tests  [][]ruleSet // by server state and message: rules it puts to the test
	before []int
}

// visit gives a server state all that it was not given yet, and reports whether there was anything.
func (a *ahead) visit(s uint32) bool {
	first := int(s) == len(a.met)
	if first {
		a.met, a.alive, a.tests = append(a.met, 1), append(a.alive, []bool{false}), append(a.tests, []ruleSet{{}})
		_ = a.resolve(s) // a step that fails ends the search where it is possible, and nothing follows it
	}
	from := a.met[s]
	for ; a.met[s] < len(a.messages); a.met[s]++ {
		a.give(s, uint32(a.met[s]))
	}
	return first || a.met[s] > from
}

func (a *ahead) give(s, message uint32) {
	alive, tests := false, ruleSet{}
	if a.messages[message].To == a.servers[s].sight.Server {
		a.before = append(a.before[:0], a.tried...)
		first := len(a.steps)
		err := a.resolveDelivery(s, message)
		alive = err != nil || slices.ContainsFunc(a.steps[first:], func(l localStep) bool { return !a.harmless(&l) })
		for k, n := range a.tried {
			if n > a.before[k] {
				tests[k/64] |= 1 << (k % 64)
			}
		}
	}
	a.alive[s], a.tests[s] = append(a.alive[s], alive), append(a.tests[s], tests)
}

// harmless reports whether a step on a message leads back to where it came from and tells nothing new.
func (m *memo) harmless(l *localStep) bool {
	harmless := idle
	if m.config.Faults.Duplicate <= cluster.Off {
		harmless |= hears // else it may cost a duplication
	}
	return l.flags&harmless != 0 && l.goals == 0 && l.flags&keeps == 0
}

// gather adds to each server state what holds of those that it leads to.
func (a *ahead) gather() {
	edges := map[uint64]bool{}
	var from, to []uint32
	for k := range a.steps {
		s, t := a.stepFrom[k].state, a.steps[k].next
		if key := pair(s, t); s != t && !edges[key] {
			edges[key] = true
			from, to = append(from, s), append(to, t)
		}
	}
	own := make([][]ruleSet, len(a.tests))
	for s := range own {
		own[s] = slices.Clone(a.tests[s])
	}
	for more := true; more; {
		more = false
		for e := len(from) - 1; e >= 0; e-- {
			more = a.inherit(from[e], to[e]) || more
		}
	}
	for s := range own {
		for m := range own[s] {
			a.alive[s][m] = a.alive[s][m] || a.tests[s][m] != own[s][m]
		}
	}
}

func (a *ahead) inherit(s, t uint32) (more bool) {
	for m := range a.alive[s] {
		if a.alive[t][m] && !a.alive[s][m] {
			a.alive[s][m], more = true, true
		}
		more = a.tests[s][m].add(&a.tests[t][m]) || more
	}
	return more
}

func (a *ahead) dead() [][]uint64 {
	all := make([][]uint64, len(a.servers))
	for s := range all {
		all[s] = make([]uint64, len(a.messages)/64+1)
		for m := 1; m < len(a.messages); m++ {
			if a.messages[m].To == a.servers[s].sight.Server && !a.alive[s][m] {
				all[s][m/64] |= 1 << (m % 64)
			}
		}
	}
	return all
}

// know notes all that a search has met until now.
func (n *noops) know(m *memo) error {
	n.servers, n.known, n.messages = make([]uint32, len(m.servers)), make([][]noop, len(m.servers)), make([]uint32, len(m.messages))
	for key, id := range m.serverOf {
		ahead, known := n.ahead.serverOf[key]
		if !known {
			return elsewhere(m.servers[id].sight.Server)
		}
		n.servers[id] = ahead
	}
	for key, id := range m.messageOf {
		n.messages[id] = n.ahead.messageOf[key] // 0 is never dead
	}
	return nil
}

// elsewhere says that a server came to a state that it did not come to when it was looked ahead.
func elsewhere(id spec.ServerID) error {
	return &Fault{Server: id, Step: "looking ahead", Err: unsound("one comes to a state that the same inputs did not lead to before")}
}

// met notes that the search has met a server state whose bytes are in key.
func (n *noops) met(key []byte) error {
	if n == nil {
		return nil
	}
	if n.ahead == nil {
		n.known = append(n.known, nil)
		return nil
	}
	id, known := n.ahead.serverOf[string(key)]
	if !known {
		return elsewhere(spec.ServerID(key[0]) + 1)
	}
	n.servers, n.known = append(n.servers, id), append(n.known, nil)
	return nil
}

// sent notes that the search has met a message.
func (n *noops) sent(key []byte) {
	if n == nil || n.ahead == nil {
		return
	}
	n.messages = append(n.messages, n.ahead.messageOf[string(key)])
}

// isNoop says what is known of a message for a server in some state.
func (n *noops) isNoop(server, message uint32) noop {
	if row := n.known[server]; int(message) < len(row) {
		return row[message]
	}
	return noopUnknown
}

// resolveNoop makes known whether a message is a no-op for ever, and if it is, what it puts to the test.
func (m *memo) resolveNoop(server, message uint32) error {
	n := m.noops
	if n.ahead == nil {
		return m.guess(server, message)
	}
	for len(n.known[server]) <= int(message) {
		n.known[server] = append(n.known[server], noopUnknown)
	}
	id := n.messages[message]
	n.known[server][message] = noopNever
	if n.dead[n.servers[server]][id/64]>>(id%64)&1 == 0 {
		return nil
	}
	n.known[server][message] = noopForEver
	if _, known := m.deliveries.get(pair(server, message)); known {
		return nil
	}
	return m.resolveDelivery(server, message)
}

// stale returns what is lost of a step because it is a no-op from then on: of what is sent, and of what is in flight to the server
// that moves. It is false when that is not known yet.
func (x *expander) stale(step *localStep, place int) (gone way, ok bool) {
	if !x.strips {
		return 0, true
	}
	ok = true
	dead := func(server, message uint32) bool {
		switch x.noops.isNoop(server, message) {
		case noopForEver:
			return true
		case noopUnknown:
			x.miss(missingNoop, server, message)
			ok = false
		}
		return false
	}
	for k, id := range x.state[x.network() : x.network()+x.inFlight] {
		if k != place && int(x.messages[id].To) == int(step.slot)+1 && dead(step.next, id) {
			gone |= 1 << (losable + k)
		}
	}
	for k, id := range x.sends[step.sends : step.sends+uint32(step.sendCount)] {
		to := int(x.messages[id].To) - 1
		server := x.state[to]
		if to == int(step.slot) {
			server = step.next
		}
		if dead(server, id) {
			gone |= 1 << k
		}
	}
	return gone, ok
}
