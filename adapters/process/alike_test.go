package process_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/process"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// TestServersThatSayThatTheyAreAlike are searched up to their names, and stand for as many states as they have. A program that does not say so is searched
// as it is, and one whose messages name servers elsewhere is found out.
func TestServersThatSayThatTheyAreAlike(t *testing.T) {
	plain := search(t, small(impl.New(impl.Options{})))
	for how, want := range map[string]struct {
		off       string
		states    uint64
		standsFor uint64
	}{
		"state start rename":       {"", plain.Search.Distinct * 2 / 3, plain.Search.Distinct},
		"state start":              {"these servers cannot be renamed", plain.Search.Distinct, 0},
		"state start rename names": {"these servers are not interchangeable", plain.Search.Distinct, 0},
	} {
		p := themselves(t, how, process.Options{})
		r, err := checker.Check(context.Background(), small(p.Node), checker.Options{Goals: []*spec.Goal{spec.Goals[0]}, Reduce: checker.Renaming})
		require.NoError(t, err, how)
		require.Equal(t, plain.Verdict, r.Verdict, how)
		require.Len(t, r.Reduced, 1, how)
		require.Contains(t, r.Reduced[0].Off, want.off, how)
		require.Equal(t, want.off == "", r.Reduced[0].Off == "", "%s: %s", how, r.Reduced[0].Off)
		require.LessOrEqual(t, r.Search.Distinct, want.states, how)
		require.Equal(t, want.standsFor, r.Search.StandsFor, how)
	}
}
