package etcdtest

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/checker"
)

var (
	runs  = flag.Int("runs", 5, "how often EveryRunIsTheSame searches")
	whole = flag.Bool("whole", false, "EveryRunIsTheSame searches World")
)

// EveryRunIsTheSame searches a small world several times and requires that all counts are the same. The flags -runs and -whole make
// it search more often, or World:
//
//	go test -run EveryRunIsTheSame -args -runs 50 -whole
func EveryRunIsTheSame(t *testing.T, release Release) {
	t.Helper()
	counts := func() checker.Stats {
		world := Small(release, etcd.Options{})
		if *whole {
			world = World(release, etcd.Options{})
		}
		s := Held(t, world).Search
		s.Seconds, s.Inside, s.Bytes = 0, 0, 0
		return s
	}
	first := counts()
	for range *runs - 1 {
		require.Equal(t, first, counts())
	}
}
