package ccf_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSilenceIsNotALie takes each member out of a line of each kind, in legal traces of both vintages. What CCF always writes is unknown without it: such a
// line is an error, or one on which nothing rests, and never a finding.
func TestSilenceIsNotALie(t *testing.T) {
	refused, tried := 0, 0
	for _, old := range []bool{false, true} {
		kinds := map[string]bool{}
		for seed := range uint64(4) {
			c := newCluster(3, seed)
			c.old = old
			lines := bytes.Split(bytes.TrimSpace(c.run(250)), []byte("\n"))
			for k, line := range lines {
				var read map[string]any
				require.NoError(t, json.Unmarshal(line, &read))
				kind := kindOfLine(read)
				if k < 40 || kinds[kind] {
					continue
				}
				kinds[kind] = true
				for _, path := range membersOf(read["msg"], "msg") {
					if strings.Contains(path, ".nodes.") {
						continue // a configuration that is shown is all of it
					}
					changed := slices.Clone(lines)
					changed[k] = lineWithout(t, line, path)
					tried++
					result, err := judge(t, append(bytes.Join(changed, []byte("\n")), '\n'))
					if err != nil {
						refused++
						require.Contains(t, err.Error(), fmt.Sprintf("ccf:%d", k+1), "%s without %s", kind, path)
						continue
					}
					for _, f := range result.Findings {
						t.Errorf("old %t, seed %d, line %d: %s without %s is said to break %s: %s", old, seed, k+1, kind, path, f.Rule.Name, f.Message)
					}
				}
			}
		}
		require.Greater(t, len(kinds), 12)
	}
	require.Greater(t, refused, tried/4, "what is not known is said so")
}

func kindOfLine(line map[string]any) string {
	msg := line["msg"].(map[string]any)
	name, _ := msg["function"].(string)
	for _, inner := range []string{"event", "packet", "paket"} {
		members, _ := msg[inner].(map[string]any)
		for _, of := range []string{"function", "msg"} {
			if text, is := members[of].(string); is {
				name += " " + text
			}
		}
	}
	return name
}

// membersOf lists the paths of all members below a value.
func membersOf(value any, path string) (paths []string) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			paths = append(append(paths, path+"."+name), membersOf(inner, path+"."+name)...)
		}
	case []any:
		for k, inner := range v {
			paths = append(paths, membersOf(inner, fmt.Sprintf("%s.%d", path, k))...)
		}
	}
	slices.Sort(paths)
	return paths
}

// lineWithout writes a line without the member at a path.
func lineWithout(t *testing.T, line []byte, path string) []byte {
	var read any
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&read))
	names := strings.Split(path, ".")
	at := read
	for _, name := range names[:len(names)-1] {
		switch v := at.(type) {
		case map[string]any:
			at = v[name]
		case []any:
			var k int
			_, err := fmt.Sscan(name, &k)
			require.NoError(t, err)
			at = v[k]
		}
	}
	delete(at.(map[string]any), names[len(names)-1])
	text, err := json.Marshal(read)
	require.NoError(t, err)
	return text
}
