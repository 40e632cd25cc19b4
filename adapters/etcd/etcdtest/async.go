package etcdtest

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/etcd"
)

// CommittedEntryLost returns the story of a candidate with asynchronous storage whose request for votes outlives it. It has
// an entry in memory that is committed, and asks n2 for its vote in term 2. It crashes before the entry, the term and its vote for
// itself are written, starts again with a shorter log, campaigns in term 2 a second time, and counts the vote that n2 gave to the
// longer log. That it asks before it writes, which is all that the story rests on, is not judged here.
func CommittedEntryLost(t testing.TB, release Release) string {
	t.Helper()
	c := World(release, etcd.Options{AsyncStorage: true, MaxWork: 4})
	c.Bounds.Messages, c.Bounds.Campaigns, c.Faults.Crash = 8, 3, 1
	return Script(t, c, Without("R5.6-01", "R5.2-03"), `
		n2 timeout
		drop n2>n3
		n2 stored
		n2>n1
		n1 stored
		n1>n2
		n2 stored
		n2>n1
		n2>n3
		n3 stored
		n3>n2
		drop n2>n3
		n1 timeout
		drop n1>n3
		n1>n2
		n2 stored
		n2 stored
		n2 stored
		n1 crash
		n1 restart
		n1 timeout
		n1 stored
		n2>n1`)
}
