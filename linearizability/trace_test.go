package linearizability_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/linearizability"
	"github.com/raftcheck/raftcheck/traces"
)

// What came before what is not in a trace that was joined, and so not what clients could see.
func TestAJoinedTraceIsNoHistory(t *testing.T) {
	const trace = `{"format":"raftcheck-trace","version":1,"servers":["n1"],"joined":true}
{"n":1,"server":"n1","event":"propose","value":"x","effects":[{"answer":{"value":"x","index":1}}],"post":{"role":"leader","term":1,"log":{"entries":[{"term":1,"value":"x"}]},"commit":1}}
`
	_, err := linearizability.ReadFrom("joined.trace", strings.NewReader(trace), linearizability.ReadOptions{})
	var fault *traces.InputError
	require.ErrorAs(t, err, &fault)
	require.Equal(t, "judge a history that the clients recorded themselves", fault.Hint)
	h, err := linearizability.ReadFrom("one.trace", strings.NewReader(strings.Replace(trace, `,"joined":true`, "", 1)), linearizability.ReadOptions{})
	require.NoError(t, err)
	require.Len(t, h.Operations, 1)
}
