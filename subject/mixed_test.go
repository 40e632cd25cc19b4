package subject

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/conformance"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Two releases of etcd's raft keep every promise together.
func TestTwoReleasesInOneCluster(t *testing.T) {
	s, err := Named("n1=etcd@v3.5.35 etcd@v3.7.0")
	require.NoError(t, err)
	s.Config.Bounds.Terms, s.Config.Bounds.Messages, s.Config.Bounds.Campaigns = 1, 1, 1
	require.NoError(t, s.Begin(t.Context()))
	defer func() { require.NoError(t, s.End()) }()
	r, err := s.Search(context.Background(), checker.Options{Rules: spec.Rules, Name: s.Name})
	require.NoError(t, err)
	require.Equal(t, spec.Held, r.Verdict, r.Reason)
	require.EqualValues(t, 12500, r.Search.Distinct)
}

func TestNamesOfSeveralReleases(t *testing.T) {
	for name, why := range map[string]string{
		"n1=etcd@v3.5.35":                    "name what the other servers run too",
		"etcd@v3.5.35 etcd@v3.7.0":           "servers that others run are named",
		"n1=etcd@v3.5.35 hashicorp":          "are not releases of one library",
		"n1=reference reference":             "is none",
		"n1=etcd@v3.5.35 n1=etcd etcd":       "n1 is named twice",
		"n9=etcd@v3.5.35 etcd":               "n9 is no server of a cluster",
		"n1=etcd@v3.3.27 etcd@v3.7.0":        "begin differently",
		"n1=hashicorp@v1.0.0 hashicorp":      "cannot be searched",
		"n1=hashicorp@v1.6.1:fast hashicorp": `unknown choice "fast"`,
	} {
		_, err := Named(name)
		require.ErrorContains(t, err, why, name)
	}
	for _, name := range []string{"n1=etcd@v3.3.27 etcd@v3.7.0:bootstrapped", "n1=hashicorp@v1.6.1 n2=hashicorp@v1.6.1 hashicorp"} {
		s, err := Named(name)
		require.NoError(t, err, name)
		require.Equal(t, name, s.Name)
	}
	s, err := Named("n4=etcd@v3.5.35 etcd")
	require.NoError(t, err)
	require.ErrorContains(t, s.Begin(t.Context()), "there is no server n4, only n1 n2 n3")
}

// What is not begun is begun: servers of several releases that do nothing would differ from nothing, and break no rule.
func TestSeveralReleasesAreBegun(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // where there is no Go toolchain
	s, err := Named("n1=etcd@v3.5.35 etcd@v3.7.0")
	require.NoError(t, err)
	recorded := &traces.Trace{}
	for does, do := range map[string]func() error{
		"search":  func() error { _, err := s.Search(t.Context(), checker.Options{}); return err },
		"fuzz":    func() error { _, err := s.Fuzz(t.Context(), fuzz.Options{Runs: 1}); return err },
		"conform": func() error { _, err := s.Conform(t.Context(), conformance.Options{}); return err },
		"learn":   func() error { _, err := s.Learn(t.Context(), 0); return err },
		"replay":  func() error { _, _, err := s.Replay(t.Context(), recorded); return err },
		"shrink":  func() error { _, _, err := s.Shrink(t.Context(), recorded, spec.Rules); return err },
		"explore": func() error { _, _, err := s.Explore(t.Context(), spec.Rules, 0); return err },
	} {
		var e *Error
		require.ErrorAs(t, do(), &e, does)
		require.Equal(t, "a Go toolchain is needed to build the library", e.Hint, does)
	}
}
