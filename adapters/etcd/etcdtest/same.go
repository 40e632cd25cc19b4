package etcdtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/checker"
)

// EveryRunIsTheSame searches a small world several times and requires that all counts are the same.
func EveryRunIsTheSame(t *testing.T, release Release) {
	t.Helper()
	counts := func() checker.Stats {
		s := Held(t, Small(release, etcd.Options{})).Search
		s.Seconds, s.Bytes = 0, 0
		return s
	}
	first := counts()
	for range 4 {
		require.Equal(t, first, counts())
	}
}
