package lab_test

import (
	"context"
	"testing"
	"time"

	"github.com/raftcheck/raftcheck/adapters/rpc"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance/contract"
	"github.com/raftcheck/raftcheck/examples/lab"
	"github.com/raftcheck/raftcheck/spec"
)

// servers is the whole adapter.
func servers(bugs lab.Bugs) rpc.Server[*lab.Raft] {
	return rpc.Server[*lab.Raft]{
		Make: func(e *rpc.Env) *lab.Raft {
			peers := make([]lab.Peer, e.Servers())
			for k := range peers {
				peers[k] = e.Peer(k)
			}
			applied := make(chan lab.ApplyMsg)
			go rpc.Apply(e, applied, func(m lab.ApplyMsg) (int, any, bool) { return m.CommandIndex, m.Command, true })
			return lab.Make(peers, e.Founders(), e.Me(), e.Disk("state"), applied, bugs)
		},
		Kill: (*lab.Raft).Kill,
		Propose: func(rf *lab.Raft, command string) (int, bool) {
			index, _, leads := rf.Start(command)
			return index, leads
		},
		Read:   (*lab.Raft).ReadIndex,
		Change: (*lab.Raft).ChangeMembers,
		Members: func(entry any, _ []int) ([]int, bool) {
			members := entry.(lab.Entry).Members
			return members, members != nil
		},
	}
}

func TestRaft(t *testing.T) { rpc.Test(t, servers(lab.Bugs{})) }

// TestBugs finds each mistake in the world of TestRaft. Only a reply that comes after the next call was made shows that votes are counted late.
func TestBugs(t *testing.T) {
	for _, bug := range []struct {
		name  string
		bugs  lab.Bugs
		calls int
		rule  string
		steps int
	}{
		{"forget-vote", lab.Bugs{ForgetVote: true}, 1, "durable-before-send", 1},
		{"truncate-on-short-append", lab.Bugs{TruncateOnShortAppend: true}, 1, "truncate-on-conflict", 7},
		{"commit-old-terms", lab.Bugs{CommitOldTerms: true}, 1, "commit-own-term", 12},
		{"count-stale-votes", lab.Bugs{CountStaleVotes: true}, 2, "stale-reply-ignored", 4},
	} {
		t.Run(bug.name, func(t *testing.T) {
			how := servers(bug.bugs)
			how.Calls = bug.calls
			expect(t, how, bug.rule, bug.steps)
		})
	}
}

// expect searches a world, as edit changes it, in which a rule is broken in so many steps.
func expect(t *testing.T, how rpc.Server[*lab.Raft], rule string, steps int, edit ...func(*cluster.Config, *checker.Options)) {
	t.Helper()
	world, o := rpc.World(rpc.New(t, how).Node, how), checker.Options{Workers: 1}
	for _, change := range edit {
		change(&world, &o)
	}
	r, err := checker.Check(context.Background(), &world, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != spec.Violated {
		t.Fatalf("%s in %d states: %s", r.Verdict, r.Search.Distinct, r.Reason)
	}
	f := r.Findings[0]
	if f.Rule.Name != rule || len(f.Trace.Records) != steps {
		t.Errorf("%s is broken in %d steps: %s", f.Rule.Name, len(f.Trace.Records), f.Message)
	}
	t.Logf("%d states", r.Search.Distinct)
}

// TestReads finds a read that nobody confirmed, by the promise that reads are confirmed where that is declared, and otherwise by what clients are told.
func TestReads(t *testing.T) {
	for _, c := range []struct {
		variants spec.Variants
		rule     string
		steps    int
	}{{spec.Variants{spec.ConfirmsReads}, "read-confirmed", 8}, {nil, "linearizability", 16}} {
		t.Run(c.rule, func(t *testing.T) {
			how := servers(lab.Bugs{ReadUnconfirmed: true})
			how.Variants = c.variants
			expect(t, how, c.rule, c.steps, rpc.Reads)
		})
	}
	how := servers(lab.Bugs{})
	how.Variants = spec.Variants{spec.ConfirmsReads}
	rpc.Test(t, how, rpc.Reads, func(c *cluster.Config, o *checker.Options) { c.Servers = 2 })
}

// TestChanges finds each mistake of changes of the members. Without one, a third member is added to two, or one of the two removed.
func TestChanges(t *testing.T) {
	for _, c := range []struct {
		name    string
		bugs    lab.Bugs
		changes int
		rule    string
		steps   int
	}{
		{"change-too-early", lab.Bugs{ChangeTooEarly: true}, 1, "change-after-own-commit", 4},
		{"overlapping-changes", lab.Bugs{OverlappingChanges: true}, 2, "one-change-at-a-time", 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			expect(t, servers(c.bugs), c.rule, c.steps, rpc.Changes, func(world *cluster.Config, _ *checker.Options) {
				world.Bounds.Changes, world.Bounds.Log = c.changes, spec.Index(c.changes+1)
			})
		})
	}
	how := servers(lab.Bugs{})
	how.Founders, how.OutOfReach = 2, []string{"candidate-yielded", "log-conflict-repaired"} // these take three members from the first election on
	rpc.Test(t, how, rpc.Changes)
}

// TestContract holds the adapter to what a node owes.
func TestContract(t *testing.T) {
	how := servers(lab.Bugs{})
	world := rpc.World(rpc.New(t, how).Node, how)
	r := contract.Try(context.Background(), &world, contract.Options{Again: rpc.New(t, how).Node, Pause: time.Millisecond, Steps: 2000})
	if r.Failure != nil {
		t.Fatal(r.Failure)
	}
	for _, c := range contract.Checks {
		if r.Tried[c] == 0 {
			t.Errorf("%s was never tried: %s", c.Name, c.Sentence)
		}
	}
}
