package cluster

import (
	"fmt"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// Network is how messages travel.
type Network uint8

// The network models.
const (
	// Unordered: a bag of messages in flight; any of them may be the next to arrive.
	Unordered Network = iota
	// FIFO: one queue for each ordered pair of servers; only the first message of a queue may arrive or be lost.
	FIFO
	// EverSent: a message, once sent, may arrive at any time and any number of times, or never: loss, duplication and
	// reordering at once. Messages are never taken out of the network.
	EverSent
)

// Networks names the network models, in the order of their constants.
var Networks = []string{"unordered", "fifo", "ever-sent"}

// String returns the model's name.
func (n Network) String() string { return Networks[n] }

// Budget is how often a fault may happen in one execution.
type Budget int

// Off and Unlimited are the two budgets that need no counting.
const (
	Off       Budget = 0
	Unlimited Budget = -1
)

// MaxBudget is the largest number a counted budget or bound may have.
const MaxBudget = 9

// Faults says which faults may happen, and how often in one execution. Nothing else goes wrong.
type Faults struct {
	Drop      Budget // a message in flight is lost
	Duplicate Budget // a message arrives and stays in flight too
	Crash     Budget // a server stops, between two steps or at a crash point in the middle of one, and restarts later
	Lossy     bool   // a crash may also be a power failure, which loses writes that were not synced
	Storage   Budget // a disk refuses the next write
	Partition Budget // the servers split in two sides between which nothing arrives, until it heals
}

// Bounds limits what is explored. A state outside any bound is not part of the model.
type Bounds struct {
	Terms     spec.Term  // highest term of any server
	Log       spec.Index // highest last index of any server's log
	Messages  int        // most messages in flight, counted with multiplicity; at least 1
	Copies    int        // most copies of one message in flight; 0 means 1. FIFO has no such bound
	Campaigns int        // most election timeouts in one execution; 0 is no bound of its own
	Proposals int        // most commands that clients propose in one execution; 0 is no bound of its own, -1 is none at all
	Depth     int        // most steps in one execution; 0 is no bound

	// What follows is asked for only as often in one execution as these say, and not at all if they are 0.
	Compactions int // servers compact their logs
	Transfers   int // the leader is asked to hand over
	Changes     int // clients ask for one of Config.Changes of the configuration
	Reads       int // clients ask to read
	Preemptions int // a goroutine of a server is held at a gate, or one that waits for a timer at a gate goes on

	// Ticks is how far the clock of any server goes; 0 is no clocks. At no moment do two clocks differ by more than Drift.
	Ticks, Drift int
}

// Config is a world: the servers, what surrounds them and how far to look.
type Config struct {
	Servers int          // how many; at least 1 and at most MaxServers
	New     spec.Factory // makes one server
	// Inputs lists what may happen to a server besides messages, faults and restarts. Nil means DefaultInputs.
	Inputs func(id spec.ServerID) []spec.Input
	Values int // how many different commands clients propose; 0 means 1
	// Changes lists the changes of the configuration that clients may ask for. Nil is AllChanges.
	Changes []spec.Change

	Network Network
	Faults  Faults
	Bounds  Bounds

	// Strict makes a step that sends more than fits into the network leave the model, as a TLA+ state constraint does.
	// Otherwise, when messages can be lost, what does not fit is lost, in every possible way.
	Strict bool
	// Duplications makes the network duplicate messages in flight by steps of its own, up to Bounds.Copies, as raft.tla does.
	Duplications bool
	// Variants are the ways in which the implementation declares to differ from the paper.
	Variants spec.Variants
	// OutOfReach names the goals that this implementation cannot reach in any bounds, because it has no such behaviour.
	OutOfReach []string
	// NoHistory leaves what happened earlier (leaders, votes, commitments) out of the state. Promises about the past are then
	// judged on what servers show at one moment only.
	NoHistory bool
}

// Default is a world in which every goal can be reached and which is searched to the end in seconds: three servers, two terms,
// one entry, two messages in flight that may be lost and reordered, and one crash.
func Default(node spec.Factory) Config {
	return Config{Servers: 3, New: node, Faults: Faults{Drop: Unlimited, Crash: 1}, Bounds: Bounds{Terms: 2, Log: 1, Messages: 2}}
}

// MaxServers is the largest cluster that can be searched.
const MaxServers = 7

// IDs returns the servers 1, 2, …, n.
func (c *Config) IDs() []spec.ServerID {
	ids := make([]spec.ServerID, c.Servers)
	for i := range ids {
		ids[i] = spec.ServerID(i + 1)
	}
	return ids
}

// DefaultInputs is a timeout, a heartbeat and a proposal of each value, and what else the bounds have a number for.
func (c *Config) DefaultInputs(id spec.ServerID) []spec.Input {
	inputs := []spec.Input{{Kind: spec.Timeout}, {Kind: spec.Heartbeat}}
	if c.Bounds.Proposals >= 0 {
		for _, v := range c.ValueNames() {
			in := spec.Input{Kind: spec.Propose, Value: v}
			if c.Variants.Has(spec.TellsClients) {
				in.Client = v // one client for each request, which repeats it
			}
			inputs = append(inputs, in)
		}
	}
	if c.Bounds.Compactions > 0 {
		inputs = append(inputs, spec.Input{Kind: spec.Compact})
	}
	if c.Bounds.Transfers > 0 {
		for _, peer := range c.IDs() {
			if peer != id {
				inputs = append(inputs, spec.Input{Kind: spec.Transfer, Peer: peer})
			}
		}
	}
	if c.Bounds.Changes > 0 {
		changes := c.Changes
		if changes == nil {
			changes = c.AllChanges()
		}
		for _, change := range changes {
			inputs = append(inputs, spec.Input{Kind: spec.Reconfigure, Change: change})
		}
	}
	if c.Bounds.Reads > 0 {
		inputs = append(inputs, spec.Input{Kind: spec.ReadIndex})
	}
	if c.Variants.Has(spec.StoresLater) {
		inputs = append(inputs, spec.Input{Kind: spec.Stored})
	}
	if c.Variants.Has(spec.AppliesLater) {
		inputs = append(inputs, spec.Input{Kind: spec.ApplyNext})
	}
	if c.Variants.Has(spec.AppendsLater) {
		inputs = append(inputs, spec.Input{Kind: spec.Append})
	}
	if c.Bounds.Ticks > 0 {
		inputs = append(inputs, spec.Input{Kind: spec.Tick, Peer: id})
	}
	if c.Bounds.Preemptions > 0 {
		inputs = append(inputs, spec.Input{Kind: spec.Resume})
	}
	return inputs
}

// AllChanges is every set of servers, as the voters to be, that is not empty.
func (c *Config) AllChanges() []spec.Change {
	var all []spec.Change
	for set := 1; set < 1<<c.Servers; set++ {
		var names []string
		for _, id := range c.IDs() {
			if set>>(id-1)&1 != 0 {
				names = append(names, id.String())
			}
		}
		all = append(all, spec.Change{Voters: strings.Join(names, ",")})
	}
	return all
}

// Absent returns an error if clients may ask for a change to servers that there are not, which says who there is; nil otherwise.
func (c *Config) Absent() error {
	if c.Bounds.Changes == 0 {
		return nil
	}
	for _, change := range c.Changes {
		if err := change.Among(c.IDs()); err != nil {
			return fmt.Errorf("the change to %s: %w", change, err)
		}
	}
	return nil
}

// ParseChanges reads changes with a semicolon between them, as in "voters=n1,n2; voters=n2,n3 joint"; "" is nil.
func ParseChanges(text string) (all []spec.Change, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ";") {
		change, err := spec.ParseChange(part)
		if err != nil {
			return nil, err
		}
		all = append(all, change)
	}
	return all, nil
}

// ValueNames returns the commands that clients propose: x, y, z, then v4, v5, ….
func (c *Config) ValueNames() []string {
	names := []string{"x", "y", "z"}
	for len(names) < c.Values {
		names = append(names, fmt.Sprintf("v%d", len(names)+1))
	}
	return names[:max(c.Values, 1)]
}

// Spontaneous lists the inputs that may be given to a server at any time: Inputs or DefaultInputs, then crashes and restarts if
// they are on.
func (c *Config) Spontaneous(id spec.ServerID) []spec.Input {
	inputs := c.Inputs
	if inputs == nil {
		inputs = c.DefaultInputs
	}
	all := inputs(id)
	if c.Faults.Storage != Off {
		all = append(all, spec.Input{Kind: spec.StorageError})
	}
	if c.Faults.Crash == Off && c.Faults.Storage != Off {
		return append(all, spec.Input{Kind: spec.Restart}) // a server stops when its disk fails
	}
	if c.Faults.Crash == Off {
		return all
	}
	all = append(all, spec.Input{Kind: spec.Restart}, spec.Input{Kind: spec.Crash})
	if c.Faults.Lossy {
		all = append(all, spec.Input{Kind: spec.Crash, Lossy: true})
	}
	return all
}

// Cuts lists the variants of an input in which the server crashes in the middle of the step, given what the whole step did.
func (c *Config) Cuts(in spec.Input, whole spec.Output) []spec.Input {
	if c.Faults.Crash == Off || in.Kind == spec.Crash || in.Kind == spec.Restart || in.Kind == spec.StorageError {
		return nil
	}
	var cuts []spec.Input
	for point := 1; point <= whole.CrashPoints(); point++ {
		in.Cut, in.Lossy = point, false
		cuts = append(cuts, in)
		if c.Faults.Lossy {
			in.Lossy = true
			cuts = append(cuts, in)
		}
	}
	return cuts
}

// Held lists the variants of an input in which a goroutine of the server is held at a gate in the middle of the step, given what the whole step did.
func (c *Config) Held(in spec.Input, whole spec.Output) []spec.Input {
	if c.Bounds.Preemptions <= 0 {
		return nil
	}
	var held []spec.Input
	for _, gate := range whole.Gates {
		in.Gate = gate
		held = append(held, in)
	}
	return held
}

// Validate reports the first thing about the configuration that makes no sense.
func (c *Config) Validate() error {
	b := c.Bounds
	switch {
	case c.Servers < 1 || c.Servers > MaxServers:
		return fmt.Errorf("%d servers: between 1 and %d can be searched", c.Servers, MaxServers)
	case c.New == nil:
		return fmt.Errorf("no implementation given")
	case b.Messages < 1 || b.Messages > 32:
		return fmt.Errorf("%d messages in flight: between 1 and 32 can be searched", b.Messages)
	case b.Copies < 0:
		return fmt.Errorf("%d copies of a message: it cannot be negative", b.Copies)
	case b.Depth < 0:
		return fmt.Errorf("depth %d: it cannot be negative", b.Depth)
	case c.Values < 0 || c.Values > 6:
		return fmt.Errorf("%d values: between 1 and 6 can be searched", c.Values)
	}
	for _, n := range []struct {
		name  string
		count int
	}{
		{"campaigns", b.Campaigns}, {"proposals", b.Proposals}, {"compactions", b.Compactions}, {"transfers", b.Transfers},
		{"changes", b.Changes}, {"reads", b.Reads}, {"preemptions", b.Preemptions}, {"ticks", b.Ticks}, {"drift", b.Drift}, {"drop", int(c.Faults.Drop)},
		{"duplicate", int(c.Faults.Duplicate)}, {"crash", int(c.Faults.Crash)}, {"storage error", int(c.Faults.Storage)}, {"partition", int(c.Faults.Partition)},
	} {
		if n.count > MaxBudget || n.count < int(Unlimited) {
			return fmt.Errorf("%s %d: at most %d can be counted", n.name, n.count, MaxBudget)
		}
	}
	if err := c.Absent(); err != nil {
		return err
	}
	if c.counters().bits() > farSide {
		return fmt.Errorf("too many budgets: they are counted in %d bits, which these do not fit into; lower some or leave some unlimited", farSide)
	}
	return nil
}

// String says the bounds and faults in one line, for reports: "3 servers, terms up to 2, …".
func (c *Config) String() string {
	b := c.Bounds
	parts := []string{fmt.Sprintf("%d servers", c.Servers), fmt.Sprintf("terms up to %d", b.Terms),
		fmt.Sprintf("logs up to %d", b.Log), fmt.Sprintf("%d messages in flight", b.Messages)}
	for _, n := range []struct {
		format string
		count  int
		show   bool
	}{
		{"%d values", c.Values, c.Values > 1}, {"%d copies of a message", b.Copies, b.Copies > 1},
		{"%d campaigns", b.Campaigns, b.Campaigns > 0}, {"%d proposals", max(b.Proposals, 0), b.Proposals != 0},
		{"%d compactions", b.Compactions, b.Compactions > 0}, {"%d transfers", b.Transfers, b.Transfers > 0},
		{"%d changes", b.Changes, b.Changes > 0}, {"%d reads", b.Reads, b.Reads > 0}, {"%d preemptions", b.Preemptions, b.Preemptions > 0},
		{"clocks up to %d", b.Ticks, b.Ticks > 0}, {"that differ by at most %d", b.Drift, b.Ticks > 0},
		{"%d steps", b.Depth, b.Depth > 0},
	} {
		if n.show {
			parts = append(parts, fmt.Sprintf(n.format, n.count))
		}
	}
	if c.Network != Unordered {
		parts = append(parts, c.Network.String()+" network")
	}
	return strings.Join(append(parts, c.Faults.String()), ", ")
}

// String lists the faults that are on with their budgets: "faults: drop, crash 1", or "no faults".
func (f Faults) String() string {
	var on []string
	for _, b := range []struct {
		name   string
		budget Budget
	}{{"drop", f.Drop}, {"duplicate", f.Duplicate}, {"crash", f.Crash}, {"storage errors", f.Storage}, {"partition", f.Partition}} {
		switch {
		case b.budget == Unlimited:
			on = append(on, b.name)
		case b.budget > 0:
			on = append(on, fmt.Sprintf("%s %d", b.name, b.budget))
		}
		if b.name == "crash" && b.budget != Off && f.Lossy {
			on = append(on, "lossy crashes too")
		}
	}
	if len(on) == 0 {
		return "no faults"
	}
	return "faults: " + strings.Join(on, ", ")
}
