package fold_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/raftcheck/raftcheck/fold"
)

func TestLine(t *testing.T) {
	for _, c := range []struct {
		line  string
		width int
		want  []string
	}{
		{"all of it fits", 20, []string{"all of it fits"}},
		{"no bound at all for this one", 0, []string{"no bound at all for this one"}},
		{"a line that is folded at spaces", 20, []string{"a line that is", "  folded at spaces"}},
		{"  -f  what the flag says, in its column", 20, []string{"  -f  what the flag", "      says, in its", "      column"}},
		{"testdata/raftcheck/a-long-name.trace", 20, []string{"testdata/raftcheck/a", "  -long-name.trace"}},
		{"漢字漢字漢字", 8, []string{"漢字漢字", "  漢字"}},
		{"\x1b[1;31mFAIL\x1b[0m colours take no room", 20, []string{"\x1b[1;31mFAIL\x1b[0m colours take no", "  room"}},
	} {
		require.Equal(t, c.want, fold.Line(c.line, c.width))
	}
}

func TestCommand(t *testing.T) {
	require.Equal(t, []string{
		"  replay  raftcheck replay --exec \\",
		"              'python3 my raft.py' a.trace"}, fold.Command("  replay  ", "raftcheck replay --exec 'python3 my raft.py' a.trace", 45))
	require.Equal(t, []string{"  learn   raftcheck explain vote-once"}, fold.Command("  learn   ", "raftcheck explain vote-once", 45))
	require.Equal(t, []string{
		"     compare  curl \\",
		"         'http://h/kv?if=a'"}, fold.Command("     compare  ", "curl 'http://h/kv?if=a'", 29), "a word that would be broken stands less far in")
}

func TestProse(t *testing.T) {
	require.Equal(t, "one two\nthree four\nfive\n\n  an\n    example\n\nsix",
		fold.Prose("one two three\nfour five\n\n  an example\n\nsix", 11))
}

// Nothing is wider than it may be, and nothing but spaces is lost or made up.
func TestWhateverIsFoldedFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.StringOf(rapid.RuneFrom([]rune("ab é漢 ,:/\"'\\"))).Draw(t, "line")
		width := rapid.IntRange(4, 40).Draw(t, "width")
		coloured := strings.ReplaceAll(line, "a", "\x1b[31ma\x1b[0m")
		for _, folded := range [][]string{fold.Line(line, width), fold.Line(coloured, width), fold.Under(line, 7, width), strings.Split(fold.Prose(line, width), "\n")} {
			for _, part := range folded {
				require.LessOrEqual(t, fold.Columns(part), width, "%q", folded)
			}
			joined := strings.NewReplacer("\x1b[31m", "", "\x1b[0m", "").Replace(strings.Join(folded, ""))
			require.Equal(t, blackened(line), blackened(joined))
		}
		words := strings.ReplaceAll(line, `\`, "")
		require.Equal(t, blackened(words), blackened(strings.ReplaceAll(strings.Join(fold.Command("", words, width), ""), ` \`, "")))
	})
}

// blackened leaves what is not a space.
func blackened(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}
