package fuzz

import (
	"context"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// shorten makes a failing execution as short as it can: by leaving out what is not needed, by making others like it that may be shorter
// without what is not needed, and by searching for a shorter one in the smallest world that it fits into. It returns it in story order,
// and the number of executions that were tried.
func shorten(config *cluster.Config, t *traces.Trace, rules []*spec.Rule) (*traces.Trace, int, error) {
	short, tried, err := traces.Shrink(t, config.New, rules, config.Variants)
	if err != nil {
		return nil, tried, err
	}
	short, more := shortestLike(config, short, rules)
	tried += more
	if shorter := searchShorter(config, short, rules); shorter != nil {
		// It may lose messages only because the world it was found in had no room for them.
		again, more, err := traces.Shrink(shorter, config.New, rules, config.Variants)
		tried += more
		if err == nil {
			shorter = again
		}
		short = shorter
	}
	broken, _ := traces.Broken(short, rules, config.Variants)
	header := t.Header
	header.Records, header.Breaks = len(short.Records), nil
	for _, b := range broken {
		header.Breaks = append(header.Breaks, b.Rule.ID)
	}
	short.Header = header
	return traces.Story(short, rules, config.Variants), tried, nil
}

// Others like an execution are made when it is longer than likeLength, in likeCampaigns small campaigns of likeSteps.
const (
	likeLength    = 12
	likeCampaigns = 4
	likeSteps     = 40_000
)

// shortestLike makes campaigns in a world with the faults of an execution and no others, and returns the shortest of what they find, once
// it was shortened, or the execution itself. It is for nodes that can copy themselves, which are quick.
func shortestLike(config *cluster.Config, t *traces.Trace, rules []*spec.Rule) (*traces.Trace, int) {
	tried := 0
	if _, quick := config.New(1, config.IDs()).(spec.Cloner); !quick {
		return t, tried
	}
	binding := asBinding(config, t, rules)
	for seed := range uint64(likeCampaigns) {
		if len(t.Records) <= likeLength {
			break
		}
		world := footprint(config, t)
		world.Bounds.Messages, world.Bounds.Depth = config.Bounds.Messages, 0
		if world.Validate() != nil {
			break
		}
		c, err := newCampaign(world, Options{Rules: binding, Seed: seed, Steps: likeSteps, Workers: 1})
		if err != nil {
			break
		}
		found, err := c.find()
		if err != nil || found == nil {
			continue
		}
		shorter, more, err := traces.Shrink(found, config.New, binding, config.Variants)
		if tried += more; err == nil && len(shorter.Records) < len(t.Records) {
			t = shorter
		}
	}
	return t, tried
}

// find makes runs until one breaks a promise, and returns its execution; nil if a limit comes first.
func (c *campaign) find() (*traces.Trace, error) {
	for c.first == nil && !c.done() {
		if err := c.round(context.Background(), firstRound); err != nil {
			return nil, err
		}
	}
	if c.first == nil {
		return nil, nil
	}
	actions, err := c.workers[0].Actions(c.first.way)
	if err != nil {
		return nil, err
	}
	trace, _, err := checker.Run(c.config, actions, c.options.Rules)
	return trace, err
}

// asBinding returns the rules that bind at least as much as the one that an execution breaks.
func asBinding(config *cluster.Config, t *traces.Trace, rules []*spec.Rule) (binding []*spec.Rule) {
	broken, _ := traces.Broken(t, rules, config.Variants)
	for _, r := range rules {
		if len(broken) > 0 && r.Level <= broken[0].Rule.Level {
			binding = append(binding, r)
		}
	}
	return binding
}

// The search for a shorter execution ends after so many states, or so many executions of node code.
const (
	searchStates     = 200_000
	searchExecutions = 20_000
)

// searchShorter searches the smallest world that an execution fits into for a shorter one that breaks a rule at least as binding.
// It returns nil if there is none, or none was found in time.
func searchShorter(config *cluster.Config, t *traces.Trace, rules []*spec.Rule) *traces.Trace {
	if len(t.Records) < 2 {
		return nil
	}
	world, binding := footprint(config, t), asBinding(config, t, rules)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r, err := checker.Check(ctx, world, checker.Options{Rules: binding, Workers: 1, Symmetry: symmetric(world), Progress: func(p checker.Progress) {
		if p.Stats.Distinct > searchStates || p.Stats.Executions > searchExecutions {
			cancel()
		}
	}})
	// An error is a fault of the node on a way that the campaign did not take, and no reason to keep the finding back.
	if err != nil || len(r.Findings) == 0 {
		return nil
	}
	return r.Findings[0].Trace
}

// symmetric reports whether servers of the world have no names that matter, and few enough of them.
func symmetric(config *cluster.Config) bool {
	_, permutes := config.New(1, config.IDs()).(spec.Permuter)
	return permutes && config.Faults.Partition == cluster.Off && config.Servers <= 3 && config.Values <= 2 && len(config.Changes) == 0
}

// footprint is the smallest world that an execution fits into, in which it must be one step shorter. Messages that never arrive take
// no room: they are lost at once, if messages may be lost.
func footprint(config *cluster.Config, t *traces.Trace) *cluster.Config {
	c := *config
	used := measure(t)
	b, f := &c.Bounds, &c.Faults
	b.Terms, b.Log, b.Depth = used.term, used.log, len(t.Records)-1
	b.Campaigns, b.Proposals = counted(used.inputs[spec.Timeout]), counted(used.inputs[spec.Propose])
	b.Compactions, b.Transfers = least(b.Compactions, used.inputs[spec.Compact]), least(b.Transfers, used.inputs[spec.Transfer])
	b.Changes, b.Reads = least(b.Changes, used.inputs[spec.Reconfigure]), least(b.Reads, used.inputs[spec.ReadIndex])
	if b.Ticks = least(b.Ticks, used.ticks); config.Bounds.Proposals < 0 {
		b.Proposals = config.Bounds.Proposals // there are none
	}
	if f.Drop != cluster.Off || c.Network == cluster.EverSent {
		b.Messages = max(used.inFlight, 1)
	}
	f.Crash, f.Duplicate, f.Partition = budget(used.crashes), budget(used.stays), budget(used.partitions)
	f.Lossy = f.Lossy && used.lossy
	if used.values < 2 {
		c.Values = 1
	}
	return &c
}

// counted turns a number of uses into a bound, where 0 is no bound: what was not used at all is kept out by the bounds on terms and logs.
func counted(uses int) int {
	if uses > cluster.MaxBudget {
		return 0
	}
	return uses
}

func least(bound, uses int) int { return min(bound, uses) }

func budget(uses int) cluster.Budget {
	if uses > cluster.MaxBudget {
		return cluster.Unlimited
	}
	return cluster.Budget(uses)
}

// uses is what an execution needs of its world.
type uses struct {
	term                       spec.Term
	log                        spec.Index
	inFlight                   int // messages at once, of those that arrive later
	inputs                     map[spec.InputKind]int
	crashes, stays, partitions int
	values                     int
	ticks                      int // of the clock that went on most
	lossy                      bool
}

func measure(t *traces.Trace) uses {
	u := uses{inputs: map[spec.InputKind]int{}}
	values, clocks := map[string]bool{}, map[spec.ServerID]int{}
	for k := range t.Records {
		r := &t.Records[k]
		if r.Event == traces.EventPartition {
			u.partitions++
		}
		if r.Stays || r.Event == traces.EventDuplicate {
			u.stays++
		}
		if r.Step == nil {
			continue
		}
		in := &r.Step.Input
		u.inputs[in.Kind]++
		if in.Kind == spec.Crash || in.Cut > 0 {
			u.crashes++
		}
		u.lossy = u.lossy || in.Lossy
		switch in.Kind {
		case spec.Propose:
			values[in.Value] = true
		case spec.Tick:
			clocks[in.Peer]++
			u.ticks = max(u.ticks, clocks[in.Peer])
		}
		for _, o := range [...]*spec.Observation{&r.Step.Before, &r.Step.After} {
			u.term, u.log = max(u.term, o.Term), max(u.log, o.Log.LastIndex())
		}
	}
	u.values, u.inFlight = len(values), inFlight(t)
	return u
}

// inFlight returns the most messages that are on their way at once, of those that arrive later.
func inFlight(t *traces.Trace) int {
	change := make([]int, len(t.Records)+1)
	taken := make([]map[int]bool, len(t.Records)) // by record: its messages that arrived, by effect
	for k := range t.Records {
		r := &t.Records[k]
		if r.Step == nil || r.Step.Input.Kind != spec.Deliver {
			continue
		}
		if from := sentBy(t, taken, k); from >= 0 {
			change[from]++
			change[k]--
		}
	}
	most, now := 0, 0
	for _, c := range change {
		now += c
		most = max(most, now)
	}
	return most
}

// sentBy finds the step that sent the message of record k, and takes the message out.
func sentBy(t *traces.Trace, taken []map[int]bool, k int) int {
	m := &t.Records[k].Step.Input.Message
	for from := range k {
		s := t.Records[from].Step
		if s == nil || s.Server != m.From {
			continue
		}
		for e, sent := range s.Output.Sent {
			if taken[from][e] || !sent.Equal(*m) {
				continue
			}
			if !t.Records[k].Stays {
				if taken[from] == nil {
					taken[from] = map[int]bool{}
				}
				taken[from][e] = true
			}
			return from
		}
	}
	return -1
}
