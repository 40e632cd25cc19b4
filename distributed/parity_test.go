package distributed

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rows is how many rows of the parity table are counted on Beam.
var rows = flag.Int("rows", 1, "rows of docs/benchmarks.md's first table that are counted on Beam, the smallest first")

// TestParityOnBeam counts the states of raft.tla on Beam, in the bounds of docs/benchmarks.md, and holds the whole report against that of check. With -kills it does so again on workers in
// processes of their own, of which one is killed each time.
func TestParityOnBeam(t *testing.T) {
	text, err := os.ReadFile("../docs/benchmarks.md")
	require.NoError(t, err)
	commands := regexp.MustCompile(`(?m)^    raftcheck check (--impl spec .*--expect-states (\d+))$`).FindAllStringSubmatch(string(text), -1)
	require.Len(t, commands, 7)
	for _, command := range commands[:*rows] {
		t.Run(command[2], func(t *testing.T) {
			flags := append(strings.Fields(command[1]), "--memory", "1GiB")
			want, wantCode := check(t, flags...)
			require.Zero(t, wantCode)
			got, code := search(t, raftcheck, Options{Layers: 8}, 16, flags...)
			require.Equal(t, want, got)
			require.Zero(t, code)
			if *kills > 0 {
				pooled(t)
				replaced(t, *kills, want, wantCode, 3, flags...)
			}
		})
	}
}
