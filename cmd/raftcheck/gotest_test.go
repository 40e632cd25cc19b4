package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

func TestHashicorpNames(t *testing.T) {
	for name, want := range map[string]goTest{
		"hashicorp":                        {"adapters/hashicorp", hashicorpNewest, nil},
		"hashicorp@v1.7.3:no-pre-vote":     {"adapters/hashicorp", "v1.7.3", []string{"no-pre-vote"}},
		"hashicorp:whole-votes,heartbeats": {"adapters/hashicorp", hashicorpNewest, []string{"whole-votes", "heartbeats"}},
		"hashicorp@v1.3.2":                 {"adapters/hashicorp/raft13", "v1.3.2", nil},
		"hashicorp@v1.10.0":                {"adapters/hashicorp", "v1.10.0", nil},
	} {
		s, err := hashicorp(name)
		require.NoError(t, err, name)
		require.Equal(t, want, *s.goTest, name)
		require.NoError(t, s.config.Validate())
	}
	for _, name := range []string{"hashicorp@1.8", "hashicorp@v1.2.0", "hashicorp:no-votes", "hashicorp/raft"} {
		_, err := hashicorp(name)
		require.Error(t, err, name)
	}
}

// The test program is made, built and run; it needs the library's source, which the adapter's own tests fetch too.
func TestHashicorpIsSearched(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a test program")
	}
	s, err := hashicorp("hashicorp:no-pre-vote")
	require.NoError(t, err)
	s.config.Faults.Crash = cluster.Budget(1)
	r, err := s.search(context.Background(), checker.Options{Rules: spec.Rules, Name: s.name})
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict)
	require.Equal(t, "R5.6-02", r.Findings[0].Rule.ID)
	require.Len(t, r.Findings[0].Trace.Records, r.Search.Depth)
}
