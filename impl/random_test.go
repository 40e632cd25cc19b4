package impl_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// crowd is a cluster that a seeded source of chance drives: messages are lost, doubled and reordered, and servers crash at any
// crash point. A judge watches every step.
type crowd struct {
	chance   *rand.Rand
	servers  []spec.ServerID
	nodes    map[spec.ServerID]spec.Node
	inFlight []spec.Message
	proposed int
	steps    int
	judge    *spec.Judge
	observe  func(spec.ServerID, spec.Input) // told every step, if set
	more     []spec.InputKind                // what else may happen to a server, with the options of this crowd
}

func newCrowd(size int, seed uint64, options impl.Options) *crowd {
	factory := impl.New(options)
	c := &crowd{chance: rand.New(rand.NewPCG(seed, 1)), nodes: map[spec.ServerID]spec.Node{}}
	c.judge = spec.NewJudge(spec.Rules, options.Variants())
	for id := spec.ServerID(1); int(id) <= size; id++ {
		c.servers = append(c.servers, id)
	}
	for _, id := range c.servers {
		c.nodes[id] = factory(id, c.servers)
	}
	return c
}

// step does one random thing and returns the promises it broke.
func (c *crowd) step() []*spec.Breach {
	id := c.servers[c.chance.IntN(len(c.servers))]
	if len(c.more) > 0 && c.chance.IntN(15) < len(c.more) {
		return c.input(id, c.another(c.more[c.chance.IntN(len(c.more))]))
	}
	switch p := c.chance.IntN(100); {
	case p < 72:
		return c.deliver()
	case p < 76 && len(c.inFlight) > 0:
		c.take()
		return nil
	case p < 78:
		return c.input(id, spec.Input{Kind: spec.Timeout})
	case p < 86:
		return c.input(id, spec.Input{Kind: spec.Heartbeat})
	case p < 93:
		c.proposed++
		return c.input(id, spec.Input{Kind: spec.Propose, Value: fmt.Sprintf("v%d", c.proposed)})
	case p < 94 && c.chance.IntN(3) == 0:
		return c.input(id, spec.Input{Kind: spec.Crash})
	default:
		return c.input(id, spec.Input{Kind: spec.Restart})
	}
}

// another is an input of a kind that only some options know.
func (c *crowd) another(kind spec.InputKind) spec.Input {
	var names []string
	for _, id := range c.servers {
		if c.chance.IntN(3) > 0 {
			names = append(names, id.String())
		}
	}
	return spec.Input{Kind: kind, Peer: c.servers[c.chance.IntN(len(c.servers))], Change: spec.Change{Voters: strings.Join(names, ",")}}
}

func (c *crowd) take() spec.Message {
	k := c.chance.IntN(len(c.inFlight))
	m := c.inFlight[k]
	c.inFlight = append(c.inFlight[:k], c.inFlight[k+1:]...)
	return m
}

// deliver delivers a message, and sometimes leaves a copy behind.
func (c *crowd) deliver() []*spec.Breach {
	if len(c.inFlight) == 0 {
		return nil
	}
	m := c.take()
	if c.chance.IntN(5) == 0 {
		c.inFlight = append(c.inFlight, m)
	}
	return c.input(m.To, spec.Input{Kind: spec.Deliver, Message: m})
}

func (c *crowd) input(id spec.ServerID, in spec.Input) []*spec.Breach {
	if c.chance.IntN(60) == 0 && in.Kind != spec.Crash {
		in.Cut = 1 + c.chance.IntN(3)
	}
	in.Lossy = c.chance.IntN(2) == 0 && (in.Cut > 0 || in.Kind == spec.Crash)
	node := c.nodes[id]
	step := &spec.Step{Server: id, Before: node.Observe(), Input: in}
	step.Output = node.Step(in)
	step.After = node.Observe()
	if step.Output.Refused {
		return nil
	}
	for _, m := range step.Output.Sent {
		c.inFlight = append(c.inFlight, *m)
	}
	if c.observe != nil {
		c.observe(id, in)
	}
	c.steps++
	return c.judge.Step(spec.Origin(c.steps), step)
}

// variants are options, with what else happens in a crowd that has them and the goals that it reaches besides the core's.
var variants = map[string]struct {
	options impl.Options
	more    []spec.InputKind
	goals   []string
	rarely  bool // so much goes wrong, or so much has to happen, that only those goals are asked for
}{
	"paper":                     {},
	"one at a time":             {options: impl.Options{MaxEntries: 1}},
	"hints":                     {options: impl.Options{ConflictHints: true, MaxEntries: 2}},
	"no-op":                     {options: impl.Options{NoOp: true}},
	"snapshots":                 {impl.Options{Snapshots: true, MaxEntries: 2}, []spec.InputKind{spec.Compact}, []string{"snapshot-installed"}, false},
	"pre-vote":                  {impl.Options{PreVote: true}, nil, []string{"pre-vote-won"}, false},
	"check-quorum":              {impl.Options{CheckQuorum: true}, nil, []string{"lonely-leader-stepped-down"}, false},
	"transfer":                  {impl.Options{Transfer: true}, []spec.InputKind{spec.Transfer}, []string{"leadership-transferred"}, false},
	"read by round":             {impl.Options{Reads: impl.ReadByRound, NoOp: true}, []spec.InputKind{spec.ReadIndex}, []string{"read-answered"}, false},
	"membership":                {impl.Options{Membership: true, NoOp: true}, []spec.InputKind{spec.Reconfigure}, []string{"configuration-committed"}, false},
	"joint":                     {impl.Options{Membership: true, Joint: true, NoOp: true}, []spec.InputKind{spec.Reconfigure}, []string{"configuration-committed", "joint-left"}, false},
	"membership with snapshots": {impl.Options{Membership: true, Snapshots: true, NoOp: true}, []spec.InputKind{spec.Reconfigure, spec.Compact}, []string{"configuration-committed", "snapshot-installed"}, false},
	"leases":                    {impl.Options{Reads: impl.ReadByLease, NoOp: true, ElectionTicks: 3, Drift: 1}, []spec.InputKind{spec.ReadIndex}, []string{"read-answered"}, true},
	"sessions":                  {impl.Options{Sessions: true}, nil, nil, false},
	"async storage":             {impl.Options{AsyncStorage: true}, []spec.InputKind{spec.Stored, spec.Stored, spec.Stored, spec.Stored, spec.Stored, spec.Stored}, nil, true},
	"async everything": {impl.Options{AsyncStorage: true, PreVote: true, CheckQuorum: true, Transfer: true, Snapshots: true, NoOp: true},
		[]spec.InputKind{spec.Stored, spec.Stored, spec.Stored, spec.Stored, spec.Stored, spec.Compact, spec.Transfer}, []string{"pre-vote-won"}, true},
	"failing storage": {impl.Options{Snapshots: true}, []spec.InputKind{spec.StorageError, spec.Compact}, []string{"entry-committed", "crash-recovered"}, true},
	"elections":       {impl.Options{PreVote: true, CheckQuorum: true, Transfer: true}, []spec.InputKind{spec.Transfer}, []string{"pre-vote-won", "lonely-leader-stepped-down", "leadership-transferred"}, false},
}

func TestNoPromiseIsBrokenByChance(t *testing.T) {
	for name, v := range variants {
		for _, size := range []int{1, 3, 5} {
			t.Run(fmt.Sprintf("%s/%d", name, size), func(t *testing.T) {
				reached := map[string]bool{}
				for seed := range uint64(20) {
					c := newCrowd(size, seed, v.options)
					c.more = v.more
					for range 2000 {
						for _, b := range c.step() {
							require.Failf(t, b.Message, "seed %d, step %d breaks %s", seed, c.steps, b.Rule.ID)
						}
					}
					for _, g := range spec.Goals {
						reached[g.Name] = reached[g.Name] || c.judge.Reached(g.Name)
					}
				}
				requireGoals(t, size, reached, v.goals, v.rarely)
			})
		}
	}
}

// requireGoals fails unless everything that a cluster of that size can do was done, so that the pass above is not an empty one.
func requireGoals(t *testing.T, size int, reached map[string]bool, special []string, rarely bool) {
	alone := []string{"leader-elected", "entry-committed", "crash-recovered"}
	for _, g := range spec.Goals {
		core := g.Needs.Compactions+g.Needs.Transfers+g.Needs.Changes+g.Needs.Reads == 0 && g.Needs.Variant == ""
		if slices.Contains(alone, g.Name) && !rarely || size > 1 && (core && !rarely || slices.Contains(special, g.Name)) {
			require.True(t, reached[g.Name], "%s was never reached", g.Name)
		}
	}
}
