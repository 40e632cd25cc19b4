package etcd

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/traces/internal/member"
)

// TestSilenceIsNotALie takes each member out of an event of each kind, in a legal trace. What etcd's recorder always writes is unknown without it: such
// a line is an error, or something that nothing rests on, and never a finding. What it writes only if there is any is left out by itself.
func TestSilenceIsNotALie(t *testing.T) {
	kinds := map[string]bool{}
	refused, tried := 0, 0
	for _, name := range []string{"small3-400", "snapcrash3-600", "joint3-600", "all5-1000"} {
		lines := linesOf(t, filepath.Join("testdata", name+".ndjson.gz"))
		for k, line := range lines {
			kind := kindOfLine(t, line)
			if k < len(lines)/8 || kinds[kind] {
				continue
			}
			kinds[kind] = true
			var read map[string]any
			require.NoError(t, json.Unmarshal(line, &read))
			for _, path := range member.Paths(read["event"], "event") {
				changed := slices.Clone(lines)
				changed[k] = member.Without(line, path)
				tried++
				r, err := verifyLines(t, changed)
				if err != nil {
					refused++
					require.Contains(t, err.Error(), fmt.Sprintf(":%d", k+1), "%s without %v", name, path)
					continue
				}
				require.Empty(t, report(r), "%s, line %d: %s without %v", name, k+1, kind, path)
			}
		}
	}
	for _, kind := range []string{"Ready", "Commit", "Replicate", "ChangeConf", "ApplyConfChange", "ApplyConfChange as a server starts", "SendAppendEntriesRequest MsgApp", "SendAppendEntriesRequest MsgSnap", "ReceiveRequestVoteResponse MsgVoteResp"} {
		require.Contains(t, kinds, kind)
	}
	require.Greater(t, refused, tried*3/4, "what is not known is said so")
}

func kindOfLine(t *testing.T, line []byte) string {
	var l struct{ Event tracedEvent }
	require.NoError(t, json.Unmarshal(line, &l))
	if l.Event.Msg == nil && l.Event.State.Term == 0 {
		return l.Event.Name + " as a server starts"
	}
	if l.Event.Msg == nil {
		return l.Event.Name
	}
	return l.Event.Name + " " + l.Event.Msg.Type
}
