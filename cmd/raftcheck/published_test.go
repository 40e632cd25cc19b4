package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/traces"
)

// shown returns the execution that shows a fault of a published specification: the saved one that random executions found, run again,
// or the shortest, which a search finds.
func shown(t *testing.T, f *subject.PublishedFault) (*traces.Trace, []traces.Finding) {
	s, err := subject.Named(subject.PublishedPrefix + f.Name)
	require.NoError(t, err)
	s.Settle()
	rule, known := spec.RuleByName(f.Rule)
	require.True(t, known)
	path := filepath.Join("testdata", "published", f.Name+".trace")
	if _, err := os.Stat(path); err != nil {
		require.Contains(t, f.Command, "check ")
		r, err := checker.Check(context.Background(), &s.Config, checker.Options{Rules: []*spec.Rule{rule}, Goals: []*spec.Goal{}, Symmetry: strings.Contains(f.Command, "--symmetry")})
		require.NoError(t, err)
		require.Equal(t, spec.Violated, r.Verdict)
		return r.Findings[0].Trace, []traces.Finding{r.Findings[0].Finding}
	}
	saved, err := traces.ReadFile(path)
	require.NoError(t, err)
	happened, differs, err := s.Replay(context.Background(), saved)
	require.NoError(t, err)
	require.Nil(t, differs)
	broken, at := traces.Broken(happened, []*spec.Rule{rule}, happened.Header.Variants)
	require.Len(t, broken, 1)
	require.Equal(t, len(happened.Records)-1, at)
	return happened, broken
}

// Each published specification breaks the rule, and without its fault it does not: raft.tla when it may do what it does, and the
// reference, which goes by the last configuration in the log, in a world in which the mutant with the fault is caught.
func TestPublishedFaultsAreShown(t *testing.T) {
	for _, f := range subject.PublishedFaults {
		t.Run(f.Name, func(t *testing.T) {
			_, broken := shown(t, &f)
			require.Equal(t, f.Rule, broken[0].Rule.Name)
		})
	}
}

func TestWithoutThePublishedFaultNothingBreaks(t *testing.T) {
	s, err := subject.Named(subject.SpecName)
	require.NoError(t, err)
	s.Settle()
	rule, _ := spec.RuleByName("commit-monotonic")
	r, err := checker.Check(context.Background(), &s.Config, checker.Options{Rules: []*spec.Rule{rule}, Goals: []*spec.Goal{}, Symmetry: true})
	require.NoError(t, err)
	require.Equal(t, spec.Held, r.Verdict)
	require.True(t, r.Rules[0].Void)

	s, err = subject.Named("mutant:el-unapplied-conf-campaign")
	require.NoError(t, err)
	options := impl.Options{NoOp: true, Membership: true, Voters: 1}
	s.Config.New = impl.New(options)
	require.Equal(t, cluster.Budget(1), s.Config.Faults.Crash)
	r, err = checker.Check(context.Background(), &s.Config, checker.Options{Goals: []*spec.Goal{}})
	require.NoError(t, err)
	require.Equal(t, spec.Held, r.Verdict, r.Reason)
}

// writePublished writes docs/published-specifications.md.
func writePublished(t *testing.T, b *bytes.Buffer) {
	b.WriteString("# Faults of published specifications\n\nA specification is code too, and nobody runs it against users. These are faults that specifications of Raft were published with, with\n" +
		"what shows them here. `raftcheck explain NAME` tells the same.\n")
	for _, f := range subject.PublishedFaults {
		trace, broken := shown(t, &f)
		fmt.Fprintf(b, "\n## %s\n\n%s: %s.\n\n%s\n\n%s\n\n    raftcheck %s\n\nIt breaks `%s`, in %d steps:\n\n```\n", f.Name, f.Source, f.Title, f.Story, f.Remark, f.Command, f.Rule, len(trace.Records))
		require.NoError(t, traces.Text(b, trace, &broken[0]))
		b.WriteString("```\n")
	}
	b.WriteString("\n## Others\n\n| specification | fault | here |\n|---|---|---|\n")
	for _, o := range otherPublishedFaults {
		fmt.Fprintf(b, "| %s | %s | %s |\n", o[0], o[1], o[2])
	}
}

var otherPublishedFaults = [][3]string{
	{"raft.tla, pull request 15", "Receive may take a message that was dropped or received before: the bag of messages still has it, no times",
		"harmless, because Raft bears messages that come twice and late: `raftcheck check --network ever-sent --messages 20 --campaigns 2 --proposals 2 --faults none --symmetry`, where every message ever sent may " +
			"arrive at any time and any number of times, holds every rule in all of 380,458 states"},
	{"raft.tla, pull request 5", "a remark there: \"if term hasn't been persisted, more than one node can become leader in one term\"", "the mutant `el-vote-not-durable`"},
	{"etcdraft.tla, MoreUpToDateCorrectInv (etcd-io/raft#515; CCF has it too)", "no invariant of Raft", "the debug goal `more-up-to-date-has-committed`, see [goals.md](goals.md)"},
	{"etcdraft.tla, CommittedIsDurableInv for leaders (etcd-io/raft pull request 226)", "no invariant of Raft", "the debug goal `leader-commits-what-it-stored`"},
	{"etcdraft.tla, VotesGrantedInv", "no invariant of Raft", "the debug goal `vote-goes-with-committed`"},
	{"CCF (tla/consensus), CCF#3828", "entries of earlier terms are committed by counting, as in the implementation", "the mutant `cm-old-term`"},
}
