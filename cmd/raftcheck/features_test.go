package main

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// featureWorlds are the features of the reference, and those together that are known to get into each other's way, each in the world of
// --features or a smaller one of the same kind, with goals that are there for its sake.
var featureWorlds = []struct {
	features string
	smaller  func(*subject.Subject)
	goals    []string
}{
	{"flexible-quorums", nil, []string{"entry-committed", "log-conflict-repaired"}},
	{"term-jumps", func(s *subject.Subject) { s.Config.Bounds.Messages = 1 }, []string{"vote-split", "crash-recovered"}},
	{"heartbeats-at-commit", func(s *subject.Subject) { s.Config.Bounds.Messages = 1 }, []string{"log-conflict-repaired", "crash-recovered"}},
	{"drops-vote", func(s *subject.Subject) { s.Config.Bounds.Messages = 1 }, []string{"log-conflict-repaired", "crash-recovered"}},
	{"drops-unacknowledged", func(s *subject.Subject) { s.Config.Bounds.Messages = 1 }, []string{"log-conflict-repaired", "crash-recovered"}},
	{"snapshots", nil, []string{"log-conflict-repaired", "crash-recovered", "snapshot-installed"}},
	{"pre-vote", nil, []string{"vote-split", "log-conflict-repaired", "pre-vote-won"}},
	{"pre-vote-by-some", nil, []string{"vote-split", "log-conflict-repaired", "pre-vote-won"}},
	{"check-quorum", nil, []string{"vote-split", "log-conflict-repaired", "lonely-leader-stepped-down"}},
	{"transfer", nil, []string{"log-conflict-repaired", "leadership-transferred"}},
	{"membership", nil, []string{"log-conflict-repaired", "configuration-committed"}},
	{"membership,snapshots", func(s *subject.Subject) { s.Config.Servers = 3 }, []string{"configuration-committed", "snapshot-installed"}},
	{"membership,transfer", nil, []string{"configuration-committed", "leadership-transferred"}},
	{"joint", func(s *subject.Subject) {
		s.Config.Bounds.Changes, s.Config.Changes = 1, []spec.Change{{Voters: "n2,n3,n4"}, {Voters: "n1,n4"}}
	},
		[]string{"configuration-committed", "joint-left"}},
	{"sessions", nil, []string{"log-conflict-repaired", "crash-recovered"}},
	{"async-storage", nil, []string{"log-conflict-repaired", "crash-recovered"}},
	{"snapshots", func(s *subject.Subject) {
		s.Config.Bounds.Campaigns, s.Config.Faults.Crash, s.Config.Faults.Storage = 2, cluster.Off, 1
	},
		[]string{"log-conflict-repaired", "crash-recovered", "snapshot-installed"}},
	{"read-index", nil, []string{"log-conflict-repaired", "read-answered"}},
	{"lease-reads", nil, []string{"log-conflict-repaired", "read-answered"}},
	{"lease-reads,snapshots", func(s *subject.Subject) { s.Config.Bounds.Ticks, s.Config.Faults.Crash = 0, 1 }, []string{"crash-recovered", "snapshot-installed", "read-answered"}},
	{"snapshots,transfer", nil, []string{"snapshot-installed", "leadership-transferred"}},
	{"pre-vote,check-quorum,transfer", func(s *subject.Subject) { s.Config.Bounds.Campaigns, s.Config.Faults.Crash = 3, cluster.Off },
		[]string{"entry-committed", "pre-vote-won", "lonely-leader-stepped-down", "leadership-transferred"}},
}

// TestFeaturesHold searches those worlds to the end: the reference breaks no rule, and reaches every goal that the bounds let happen, those
// above among them. docs/features.md has larger ones.
func TestFeaturesHold(t *testing.T) {
	t.Parallel()
	for _, f := range featureWorlds {
		t.Run(f.features, func(t *testing.T) {
			s, err := subject.Named(subject.ReferenceName + ":" + f.features)
			require.NoError(t, err)
			if f.smaller != nil {
				f.smaller(s)
			}
			_, symmetric := s.Config.New(1, s.Config.IDs()).(spec.Permuter)
			r, err := checker.Check(context.Background(), &s.Config, checker.Options{Name: s.Name, Symmetry: symmetric})
			require.NoError(t, err)
			require.Equal(t, spec.Held, r.Verdict, r.Reason)
			for _, name := range f.goals {
				k := slices.IndexFunc(r.Goals, func(g checker.GoalVerdict) bool { return g.Goal.Name == name })
				require.Positive(t, r.Goals[k].Reached, name)
			}
		})
	}
}
