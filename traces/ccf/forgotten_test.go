package ccf_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/traces/internal/member"
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
				for _, path := range member.Paths(read["msg"], "msg") {
					if strings.Contains(path, ".nodes.") {
						continue // a configuration that is shown is all of it
					}
					changed := slices.Clone(lines)
					changed[k] = member.Without(line, path)
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
