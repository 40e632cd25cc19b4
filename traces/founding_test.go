package traces_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/traces"
)

// Servers of a new cluster are given its first entries in memory (RawNode.Bootstrap of etcd's raft), before or after they are recorded.
func TestAClusterThatIsFoundedWithEntries(t *testing.T) {
	const header = `{"format":"raftcheck-trace","version":1,"servers":["n1","n2"]}` + "\n"
	before := func(term, commit, applied int, voters string) string {
		return header + fmt.Sprintf(`{"n":1,"server":"n1","event":"restart","post":{"role":"follower","term":%d,"votedFor":null,"log":{"entries":[]},"commit":%d,"applied":%d,`+
			`"config":{"voters":[%s]},"durable":{"term":0,"votedFor":null,"log":{"entries":[]}}}}`+"\n", term, commit, applied, voters)
	}
	late := func(kind string, commit int) string {
		entry := fmt.Sprintf(`{"term":1,"kind":%q,"value":"add n1"}`, kind)
		return header + `{"n":1,"server":"n1","event":"restart","post":{"role":"follower","term":0,"votedFor":null,"log":{"entries":[]},"commit":0}}` + "\n" +
			fmt.Sprintf(`{"n":2,"server":"n1","event":"deliver","message":{"kind":"RequestVote","from":"n2","to":"n1","term":2,"lastLogIndex":1,"lastLogTerm":1},`+
				`"post":{"role":"follower","term":2,"votedFor":"n2","log":{"entries":[%s]},"commit":%d}}`+"\n", entry, commit)
	}
	for _, c := range []struct{ what, text, rule string }{
		{"founded before it is recorded", before(1, 3, 0, ""), ""},
		{"applied what it does not have", before(1, 3, 1, ""), "commit-in-log"},
		{"in a later term", before(2, 3, 0, ""), "commit-in-log"},
		{"with a configuration", before(1, 3, 0, `"n1"`), "commit-in-log"},
		{"shown with a message", late("configuration", 1), ""},
		{"a command", late("command", 1), "entry-of-its-term"},
		{"not committed", late("configuration", 0), "entry-of-its-term"},
	} {
		r, err := verifyText(t, c.text, traces.Options{})
		require.NoError(t, err, c.what)
		if c.rule == "" {
			require.Empty(t, r.Findings, c.what)
			continue
		}
		require.NotEmpty(t, r.Findings, c.what)
		require.Equal(t, c.rule, r.Findings[0].Rule.Name, c.what)
	}
}
