package recorded_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/recorded"
)

// parts are traces of each format; the last line of each is of no program that raftcheck knows, but in the native format, which has none.
var parts = map[string]string{
	"a trace of raftcheck": `{"format":"raftcheck-trace","version":1,"servers":["n1","n2"]}
{"n":1,"server":"n1","event":"tick","post":{"role":"follower","term":0}}
`,
	"a trace of etcd's raft": `{"level":"debug","msg":"trace","tag":"trace","event":{"name":"InitState","nid":"1","state":{"term":0,"vote":"0","commit":0},"role":"StateFollower","log":0,"conf":[[],[]]}}
{"level":"debug","msg":"trace","tag":"trace","event":{"name":"ApplyConfChange","nid":"1","state":{"term":0,"vote":"0","commit":0},"role":"StateFollower","log":0,"conf":[[],[]],"prop":{"cc":{}}}}
{"level":"debug","msg":"trace","tag":"trace","event":{"name":"BecomeFollower","nid":"1","state":{"term":0,"vote":"0","commit":0},"role":"StateFollower","log":0,"conf":[[],[]]}}
{"level":"info","msg":"raftcheck-trace","tag":"other","event":{"name":"x"},"function":"y","nid":"1"}
`,
	"a trace of CCF's raft": `{"tag":"raft_trace","msg":{"function":"become_candidate","state":{"node_id":"0","current_view":1,"last_idx":0,"commit_idx":0,"leadership_state":"Candidate","membership_state":"Active"},"configurations":[]}}
{"tag":"info","msg":"raftcheck-trace","function":"y","event":{"name":"x"}}
`,
}

// Files that were put together are no trace: what is read of them would pass for all that there is.
func TestFilesPutTogetherAreRefused(t *testing.T) {
	verify := func(text string) error {
		file := filepath.Join(t.TempDir(), "trace.ndjson")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, _, err := recorded.Verify(context.Background(), file, nil, traces.Options{}, traces.VerifyOptions{})
		return err
	}
	for first, text := range parts {
		require.NoError(t, verify(text), first)
		for second, more := range parts {
			if first == second && first != "a trace of raftcheck" {
				continue // servers that start again
			}
			var fault *traces.InputError
			require.ErrorAs(t, verify(text+more), &fault, "%s, %s", first, second)
			require.Equal(t, strings.Count(text, "\n")+1, fault.Line)
			require.Equal(t, "here "+second+" begins inside another trace", fault.Message)
		}
	}
}
