package etcd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
			for _, path := range membersOf(t, line) {
				changed := slices.Clone(lines)
				changed[k] = lineWithout(t, line, path)
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

// membersOf lists the paths of all members of an event.
func membersOf(t *testing.T, line []byte) (paths []string) {
	var l map[string]any
	require.NoError(t, json.Unmarshal(line, &l))
	var walk func(path string, value any)
	walk = func(path string, value any) {
		members, _ := value.(map[string]any)
		for name, inner := range members {
			paths = append(paths, path+name)
			walk(path+name+".", inner)
		}
	}
	walk("event.", l["event"])
	slices.Sort(paths)
	return paths
}

// lineWithout writes a line without the member at a path.
func lineWithout(t *testing.T, line []byte, path string) []byte {
	var l map[string]any
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&l))
	names := strings.Split(path, ".")
	at := l
	for _, name := range names[:len(names)-1] {
		at = at[name].(map[string]any)
	}
	delete(at, names[len(names)-1])
	text, err := json.Marshal(l)
	require.NoError(t, err)
	return text
}
