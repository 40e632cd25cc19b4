package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// asking is a value for each flag of a world that differs from what any subject has by itself, with what it takes besides to mean something.
var asking = map[string][]string{
	"impl": nil, "exec": nil, // they say which subject
	"features": {"--features=no-op"}, "variant": {"--variant=mends-log"},
	"exec-limit": {"--exec-limit=9s"}, "exec-transcript": {"--exec-transcript=lines"},
	"nodes": {"--nodes=2"}, "terms": {"--terms=7"}, "log": {"--log=7"}, "messages": {"--messages=7"}, "duplicates": {"--duplicates=7"}, "values": {"--values=5"},
	"depth": {"--depth=7"}, "campaigns": {"--campaigns=7"}, "proposals": {"--proposals=7"}, "network": {"--network=ever-sent"},
	"compactions": {"--compactions=3"}, "transfers": {"--transfers=3"}, "changes": {"--changes=3"}, "reads": {"--reads=3"}, "ticks": {"--ticks=5"},
	"drift": {"--drift=3"}, "change-to": {"--change-to=voters=n1"}, "faults": {"--faults=drop,storage-error=2"},
}

// askedOf are subjects of every kind.
func askedOf() []string {
	names := []string{subject.SpecName, subject.MutantPrefix + "el-stale-vote-resp", subject.MutantPrefix + "el-unapplied-conf-campaign", subject.PublishedPrefix + "raft-tla-falling-commit", subject.PublishedPrefix + "etcd-unapplied-change"}
	for _, name := range subject.Names() {
		if strings.HasPrefix(name, subject.ReferenceName) {
			names = append(names, name)
		}
	}
	return append(append(names, subject.Libraries()...), subject.ProgramPrefix+"cat", "n1=etcd@v3.5.35 etcd")
}

// What is asked is done, or refused: every flag makes of every subject's world another one, or is a usage error that says how to ask. An input that
// a flag asks for is taken by some server.
func TestWhatIsAskedIsDoneOrRefused(t *testing.T) {
	for _, name := range askedOf() {
		own, before, err := flagged(name)
		require.NoError(t, err)
		every := pflag.NewFlagSet("", pflag.ContinueOnError)
		(&worldFlags{}).addTo(every)
		every.VisitAll(func(flag *pflag.Flag) {
			args, known := asking[flag.Name]
			require.True(t, known, "a flag of which this test does not know how to ask: --%s", flag.Name)
			if args == nil {
				return
			}
			s, after, err := flagged(name, args...)
			if err != nil {
				f := failureOf(err)
				require.NotNil(t, f, "%s %s: %v", name, args, err)
				require.Equal(t, exitUsage, f.exit, "%s %s: %s", name, args, err)
				require.NotEmpty(t, f.hint, "%s %s: %s", name, args, err)
				return
			}
			require.NotEqual(t, worldOf(own, before), worldOf(s, after), "%s %s changes nothing", name, args)
			for _, a := range asks {
				if a.flag == flag.Name && a.asked(&s.Config) && !s.Elsewhere() && s.Words() == nil && !strings.Contains(name, " ") {
					r := corner(t, s, a.kind)
					require.Equal(t, spec.Held, r.Verdict, "%s: no server takes %s: %s", s.Name, a.kind, r.Reason)
				}
			}
		})
	}
}

// flagged is a subject in the world that flags describe, and the flags.
func flagged(name string, args ...string) (*subject.Subject, *worldFlags, error) {
	w := &worldFlags{}
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	w.addTo(flags)
	named := "--impl=" + name
	if command, is := strings.CutPrefix(name, subject.ProgramPrefix); is {
		named = "--exec=" + command
	}
	if err := flags.Parse(append([]string{named}, args...)); err != nil {
		return nil, w, err
	}
	s, err := w.subject(flags)
	return s, w, err
}

// worldOf prints all that flags can say of a subject.
func worldOf(s *subject.Subject, w *worldFlags) string {
	c := &s.Config
	text := fmt.Sprint(c.Settings(), c.Faults, c.Changes, c.Variants, c.Bounds, s.Name)
	if s.Words() != nil {
		text += fmt.Sprint(w.exec.limit, w.exec.lines != nil)
	}
	return text
}

// corner searches a corner of a world for a server that takes an input. A search in which none does is inconclusive.
func corner(t *testing.T, s *subject.Subject, kind spec.InputKind) *checker.Result {
	t.Helper()
	world := s.Config
	world.Faults = cluster.Faults{Drop: cluster.Unlimited}
	b := cluster.Bounds{Terms: world.Bounds.Terms, Log: 4, Messages: 1, Campaigns: 1, Proposals: 1, Depth: 10}
	switch kind {
	case spec.Compact:
		b.Compactions = 1
	case spec.Transfer:
		b.Transfers = 1
	case spec.Reconfigure:
		b.Changes = 1
	case spec.ReadIndex:
		b.Reads = 1
	case spec.StorageError:
		world.Faults.Storage = 1
	case spec.Tick:
		b.Ticks, b.Drift, b.Campaigns, b.Proposals = 2, 1, 0, 0
	}
	world.Bounds = b
	rule, _ := spec.RuleByName("term-monotonic")
	r, err := checker.Check(context.Background(), &world, checker.Options{Rules: []*spec.Rule{rule}, Goals: []*spec.Goal{}, Name: s.Name})
	require.NoError(t, err)
	return r
}

// What no server takes is no pass, whoever it is asked of: here the reference in which a request is never answered.
func TestWhatIsAskedInVainIsNoPass(t *testing.T) {
	s, _, err := flagged(subject.ReferenceName, "--campaigns=1")
	require.NoError(t, err)
	s.Config.Bounds.Changes = 1
	r, err := checker.Check(context.Background(), &s.Config, checker.Options{Rules: spec.Rules, Name: s.Name})
	require.NoError(t, err)
	require.Equal(t, spec.Inconclusive, r.Verdict)
	require.Equal(t, "the bounds say that the configuration is changed, and no server ever took that input", r.Reason)
}

// What the reference is said not to take it refuses, with every choice.
func TestTheReferenceTakesNoMoreThanItSays(t *testing.T) {
	for _, name := range subject.Names() {
		for _, a := range asks {
			if !strings.HasPrefix(name, subject.ReferenceName) {
				continue
			}
			s, err := subject.Named(name)
			require.NoError(t, err)
			if !slices.Contains(s.Takes, a.kind) {
				require.Equal(t, spec.Inconclusive, corner(t, s, a.kind).Verdict, "%s takes %s", name, a.kind)
			}
		}
	}
}
