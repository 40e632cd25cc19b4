package traces_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// strange is a trace with an event, messages and an effect that nobody knows. n1 reached term 5 by the event, which shows nothing.
const strange = `{"format":"raftcheck-trace","version":1,"servers":["n1","n2"]}
{"n":1,"server":"n1","event":"restart","post":{"role":"follower","term":1,"votedFor":null,"log":{"entries":[]},"commit":0}}
{"n":2,"server":"n1","event":"gossip"}
{"n":3,"server":"n1","event":"deliver","message":{"kind":"Gossip","from":"n2","to":"n1","term":9},"post":{"role":"follower","term":5,"votedFor":null}}
{"n":4,"server":"n1","event":"timeout","effects":[{"send":{"kind":"Gossip","from":"n1","to":"n2","term":6}},{"beep":{}},{"send":{"kind":"RequestVote","from":"n1","to":"n2","term":6,"lastLogIndex":0,"lastLogTerm":0}}],"sentIds":[7,8],"post":{"role":"candidate","term":6,"votedFor":"n1"}}
{"n":5,"event":"drop","message":{"kind":"Gossip","from":"n1","to":"n2","term":6}}
{"n":6,"server":"n1","event":"stored","post":{"role":"candidate","term":%s,"votedFor":"n1"}}
`

func verifyText(t *testing.T, text string, o traces.Options) (*traces.Result, error) {
	lines, err := traces.NewLines("t", strings.NewReader(text))
	require.NoError(t, err)
	r, err := traces.NewReader(lines, o)
	require.NoError(t, err)
	return traces.Verify(context.Background(), r, traces.VerifyOptions{})
}

func TestLenient(t *testing.T) {
	legal := strings.Replace(strange, "%s", "6", 1)
	_, err := verifyText(t, legal, traces.Options{})
	require.EqualError(t, err, `t:3:30: unknown event "gossip"`)
	_, err = verifyText(t, strings.Replace(legal, "gossip", "stored", 1), traces.Options{})
	require.ErrorContains(t, err, `unknown kind of message "Gossip"`)

	r, err := verifyText(t, legal, traces.Options{Lenient: true})
	require.NoError(t, err)
	require.Empty(t, r.Findings)
	require.Equal(t, spec.Held, r.Verdict)

	r, err = verifyText(t, strings.Replace(strange, "%s", "4", 1), traces.Options{Lenient: true})
	require.NoError(t, err)
	require.Equal(t, "R5.1-01", r.Findings[0].Rule.ID, "what is known is judged")
	require.Equal(t, 7, r.Findings[0].Evidence[0].Line)
}
