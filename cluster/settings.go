package cluster

import (
	"strconv"

	"github.com/raftcheck/raftcheck/spec"
)

// Setting is one bound or fault by name, for reports and trace headers.
type Setting struct{ Name, Value string }

// Settings lists the bounds in the order of the command line's flags.
func (c *Config) Settings() []Setting {
	b := c.Bounds
	all := []Setting{{"nodes", strconv.Itoa(c.Servers)}, {"terms", strconv.Itoa(int(b.Terms))}, {"log", strconv.Itoa(int(b.Log))},
		{"messages", strconv.Itoa(b.Messages)}}
	for _, n := range []struct {
		name           string
		value, assumed int
	}{{"values", c.Values, 1}, {"copies", b.Copies, 1}, {"campaigns", b.Campaigns, 0}, {"proposals", max(b.Proposals, 0), 0},
		{"compactions", b.Compactions, 0}, {"transfers", b.Transfers, 0}, {"changes", b.Changes, 0}, {"reads", b.Reads, 0}, {"preemptions", b.Preemptions, 0}, {"ticks", b.Ticks, 0}, {"drift", b.Drift, 0}, {"depth", b.Depth, 0}} {
		if n.value > n.assumed {
			all = append(all, Setting{n.name, strconv.Itoa(n.value)})
		}
	}
	return append(all, Setting{"network", c.Network.String()})
}

// Settings lists the faults that are on, with their budgets.
func (f Faults) Settings() []Setting {
	var all []Setting
	for _, n := range []struct {
		name   string
		budget Budget
	}{{"drop", f.Drop}, {"duplicate", f.Duplicate}, {"crash", f.Crash}, {"storage-error", f.Storage}, {"partition", f.Partition}} {
		switch {
		case n.budget == Unlimited:
			all = append(all, Setting{n.name, "unlimited"})
		case n.budget != Off:
			all = append(all, Setting{n.name, strconv.Itoa(int(n.budget))})
		}
	}
	if f.Lossy && f.Crash != Off {
		all = append(all, Setting{"lossy", "true"})
	}
	return all
}

// CanReach reports whether the bounds and faults let a goal happen. It may be too hopeful, never too shy.
func (c *Config) CanReach(g *spec.Goal) bool {
	for _, name := range c.OutOfReach {
		if name == g.Name {
			return false
		}
	}
	n, b := g.Needs, c.Bounds
	first := c.New(1, c.IDs()).Observe().Term
	within := func(need, bound int) bool { return bound == 0 || need <= bound }
	return n.Servers <= c.Servers && first+spec.Term(n.Elections) <= b.Terms && spec.Index(n.Log) <= b.Log &&
		within(n.Campaigns, b.Campaigns) && within(n.Log, max(b.Proposals, 0)) && (!n.Crash || c.Faults.Crash != Off) &&
		(n.Variant == "" || c.Variants.Has(n.Variant)) && n.Compactions <= b.Compactions && n.Transfers <= b.Transfers && n.Changes <= b.Changes && n.Reads <= b.Reads
}
