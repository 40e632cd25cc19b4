package process_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/process"
)

func TestWords(t *testing.T) {
	for line, want := range map[string][]string{
		"raft":                      {"raft"},
		"  python3\traft.py \n":     {"python3", "raft.py"},
		`'a b' "c d" e\ f`:          {"a b", "c d", "e f"},
		`a'b'"c"d`:                  {"abcd"},
		`'' ""`:                     {"", ""},
		`'a\b"c'`:                   {`a\b"c`},
		`"a\"b\\c\d'"`:              {`a"b\c\d'`},
		`C:\\raft\\raft.exe --fast`: {`C:\raft\raft.exe`, "--fast"},
		"naïve/世界 ✓":                {"naïve/世界", "✓"},
	} {
		got, err := process.Words(line)
		require.NoError(t, err, line)
		require.Equal(t, want, got, line)
	}
	for line, want := range map[string]string{
		"":         "there is no command",
		" \t":      "there is no command",
		"raft 'a":  "the quote ' is not closed",
		`raft "a'`: `the quote " is not closed`,
		`raft \`:   `nothing follows the last \`,
	} {
		_, err := process.Words(line)
		require.EqualError(t, err, want, line)
	}
}

func ExampleWords() {
	words, err := process.Words(`python3 'my server.py' --bug "stale votes"`)
	fmt.Printf("%q %v\n", words, err)
	// Output: ["python3" "my server.py" "--bug" "stale votes"] <nil>
}
