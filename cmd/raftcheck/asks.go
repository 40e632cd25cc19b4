package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// ask is a flag that asks for an input which not every implementation takes. What is asked is done, or the flag is a usage error.
type ask struct {
	flag    string
	kind    spec.InputKind
	asked   func(*cluster.Config) bool
	what    string // what servers do then, as in "compact their logs"
	feature string // of the reference, which has it
}

var asks = []ask{
	{"compactions", spec.Compact, func(c *cluster.Config) bool { return c.Bounds.Compactions > 0 }, "compact their logs", "snapshots"},
	{"transfers", spec.Transfer, func(c *cluster.Config) bool { return c.Bounds.Transfers > 0 }, "hand over their leadership", "transfer"},
	{"changes", spec.Reconfigure, func(c *cluster.Config) bool { return c.Bounds.Changes > 0 }, "change the configuration", "membership"},
	{"reads", spec.ReadIndex, func(c *cluster.Config) bool { return c.Bounds.Reads > 0 }, "answer reads", "read-index"},
	{"ticks", spec.Tick, func(c *cluster.Config) bool { return c.Bounds.Ticks > 0 }, "have clocks", "lease-reads"},
	{"faults", spec.StorageError, func(c *cluster.Config) bool { return c.Faults.Storage != cluster.Off }, "heed a disk that refuses to write", ""},
}

// refused returns a usage error for the first flag that asks a subject for what it does not do, or that means nothing beside the others.
func (w *worldFlags) refused(flags *pflag.FlagSet, s *subject.Subject) error {
	c := &s.Config
	for _, a := range asks {
		if !given(flags, a.flag) || !a.asked(c) || s.Takes == nil || slices.Contains(s.Takes, a.kind) {
			continue
		}
		flag := "--" + a.flag
		if a.flag == "faults" {
			flag += " " + a.kind.String()
		}
		return usageError(whoTakes(s, &a), "%s: servers of %s do not %s", flag, s.Name, a.what)
	}
	for _, vain := range []struct {
		flag string
		is   bool
		hint string
		why  string
	}{
		{"change-to", c.Bounds.Changes == 0, "--changes 1", "nothing is to be changed"},
		{"change-to", chosenChanges(s), "leave one of them out", "the choices of " + s.Name + " say to what it is changed"},
		{"drift", c.Bounds.Ticks == 0, "--ticks 3", "there are no clocks"},
		{"values", c.Bounds.Proposals < 0, "--proposals 1", "clients propose nothing"},
		{"duplicates", c.Network != cluster.Unordered, "--faults duplicate=1 lets messages arrive twice", "a " + c.Network.String() + " network does not count copies"},
		{"exec-limit", s.Words() == nil, "--exec COMMAND", "no program is run"},
		{"exec-transcript", s.Words() == nil, "--exec COMMAND", "no program is run"},
	} {
		if vain.is && given(flags, vain.flag) {
			return usageError(vain.hint, "--%s: %s", vain.flag, vain.why)
		}
	}
	return nil
}

// given reports whether a flag was given; not every verb has every flag.
func given(flags *pflag.FlagSet, name string) bool {
	return flags.Lookup(name) != nil && flags.Changed(name)
}

// whoTakes says how to ask for what a subject does not do.
func whoTakes(s *subject.Subject, a *ask) string {
	switch {
	case a.feature != "" && strings.HasPrefix(s.Name, subject.ReferenceName):
		return "--features " + a.feature
	case a.feature != "":
		return fmt.Sprintf("leave --%s out; the reference does, with --features %s", a.flag, a.feature)
	}
	return fmt.Sprintf("leave %s out of --%s", a.kind, a.flag)
}

// chosenChanges reports whether choices of a library say to what the configuration is changed.
func chosenChanges(s *subject.Subject) bool {
	return slices.ContainsFunc(s.Choices(), func(c string) bool { return c == "remove-voter" || c == "demote-voter" })
}
