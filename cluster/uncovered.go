package cluster

import "fmt"

// NotCovered lists what a search of the world says nothing about: what lies beyond its bounds, the faults that are off, and what servers are
// never asked for.
func (c *Config) NotCovered() []string {
	b, f := &c.Bounds, &c.Faults
	list := []string{"more than " + some(c.Servers, "node"), fmt.Sprintf("terms above %d", b.Terms),
		"logs longer than " + some(int(b.Log), "entry"), fmt.Sprintf("more than %s in flight", some(b.Messages, "message"))}
	for _, limit := range []struct {
		what  string
		bound int
	}{{"campaign", b.Campaigns}, {"proposal", b.Proposals}, {"crash", int(f.Crash)},
		{"compaction", b.Compactions}, {"transfer", b.Transfers}, {"change", b.Changes}, {"read", b.Reads}, {"preemption", b.Preemptions}, {"step", b.Depth}} {
		if limit.bound > 0 {
			list = append(list, fmt.Sprintf("more than %s in one execution", some(limit.bound, limit.what)))
		}
	}
	for _, off := range []struct {
		what    string
		covered bool
	}{
		{"message loss", f.Drop != Off || c.Network == EverSent},
		{"message duplication", f.Duplicate != Off || c.Network == EverSent || c.Duplications},
		{"crashes", f.Crash != Off}, {"loss of unsynced writes", f.Lossy}, {"partitions", f.Partition != Off || f.Drop != Off},
	} {
		if !off.covered {
			list = append(list, off.what)
		}
	}
	for _, off := range []struct {
		what  string
		bound int
	}{{"membership changes", b.Changes}, {"snapshots", b.Compactions}, {"reads", b.Reads}, {"transfer of leadership", b.Transfers}} {
		if off.bound == 0 {
			list = append(list, off.what)
		}
	}
	return list
}

// some prints a number with its noun.
func some(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case noun == "entry":
		noun = "entrie"
	case noun == "crash":
		noun = "crashe"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
