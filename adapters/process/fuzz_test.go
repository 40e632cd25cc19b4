package process_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/process"
)

// FuzzWords: a command line is cut into words or refused; words in single quotes come back as they are.
func FuzzWords(f *testing.F) {
	for _, line := range []string{"python3 raft.py", `'a b' "c\"d" e\ f`, `"`, `\`, "", "a'b'\"c\"d", "naïve/世界 ✓"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, err := process.Words(line)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.NotEmpty(t, words)
		quoted := make([]string, len(words))
		for k, w := range words {
			quoted[k] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		again, err := process.Words(strings.Join(quoted, " "))
		require.NoError(t, err)
		require.Equal(t, words, again)
	})
}
