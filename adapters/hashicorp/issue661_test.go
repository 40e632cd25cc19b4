package hashicorp_test

import (
	"context"
	"flag"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/hashicorp"
	"github.com/raftcheck/raftcheck/spec"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares a text with a file, but for spaces at the ends of lines.
func golden(t *testing.T, path, got string) {
	t.Helper()
	got = regexp.MustCompile(` +\n`).ReplaceAllString(got, "\n")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// hashicorp/raft#661: the term of a vote and its candidate are two writes. Between them the disk holds a vote in the new term for
// the candidate of an earlier one. A plain search with crashes finds it.
func TestIssue661IsFound(t *testing.T) {
	for name, edit := range map[string]func(*hashicorp.Setup){
		"without pre-votes": func(s *hashicorp.Setup) { s.Servers.NoPreVote = true },
		"with pre-votes":    func(s *hashicorp.Setup) {},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := hashicorp.Check(context.Background(), t, edit, func(s *hashicorp.Setup) { s.World.Faults.Crash = 1 })
			require.NoError(t, err)
			require.Equal(t, spec.Violated, r.Verdict)
			require.Equal(t, "R5.6-02", r.Findings[0].Rule.ID)
			t.Logf("%d states, %d executions, %d steps deep, %.1fs", r.Search.Distinct, r.Search.Executions, r.Search.Depth, r.Search.Seconds)
		})
	}
}

// The whole story of hashicorp/raft#661, down to the committed entry that is lost.
func TestIssue661LosesACommittedEntry(t *testing.T) {
	s := newScript(t, hashicorp.Options{NoPreVote: true})
	// n2 votes for n3 in term 2. Nobody hears of it.
	s.does(3, spec.Timeout)
	s.deliver(spec.RequestVote, 3, 2)
	// n1 becomes leader of term 3 with n3's vote, and commits x with n2.
	s.does(1, spec.Timeout, spec.Timeout)
	s.asks(spec.RequestVote, spec.RequestVoteReply, 1, 3)
	s.give(1, spec.Input{Kind: spec.Propose, Value: "x"})
	s.asks(spec.AppendEntries, spec.AppendEntriesReply, 1, 2)
	s.asks(spec.AppendEntries, spec.AppendEntriesReply, 1, 2)
	require.EqualValues(t, 3, s.world.Observe(1).CommitIndex)
	// n2 campaigns in term 4 and crashes when it has written that it votes, but not yet for whom. That says n3.
	s.give(2, spec.Input{Kind: spec.Timeout, Cut: 3})
	s.does(2, spec.Restart)
	require.Equal(t, spec.ServerID(3), s.world.Observe(2).VotedFor)
	// n3, which has nothing of it, campaigns in term 4. n2 gives it again what it takes for the same vote, without a look at the log.
	s.does(3, spec.Timeout)
	s.asks(spec.RequestVote, spec.RequestVoteReply, 3, 2)
	require.Equal(t, spec.Leader, s.world.Observe(3).Role)
	s.deliver(spec.AppendEntries, 3, 1)

	golden(t, "testdata/661-elected.golden", s.story("leader-completeness"))
	golden(t, "testdata/661-lost.golden", s.story("committed-kept"))
}
