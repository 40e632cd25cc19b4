package legible_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/raftcheck/raftcheck/legible"
)

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "",
		"n1 votes for n2":                      "n1 votes for n2",
		"größer, 日本語, … ✓":                     "größer, 日本語, … ✓",
		"x\nok   all.trace":                    `x\nok   all.trace`,
		"a\r\nb\tc":                            `a\r\nb\tc`,
		"\x1b[31mRED\x1b]0;title\x07":          `\x1b[31mRED\x1b]0;title\a`,
		"\u009b31m":                            `\u009b31m`,
		"\u202eeman\u202c \u2066x\u2069":       `\u202eeman\u202c \u2066x\u2069`,
		"\u2028\u2029\ufeff\u200b\u200d\u061c": `\u2028\u2029\ufeff\u200b\u200d\u061c`,
		"\xff\xfe\x7f\x00":                     `\xff\xfe\x7f\x00`,
		"\U000e0041":                           `\U000e0041`,
		`C:\traces "quoted"`:                   `C:\traces "quoted"`,
		"\ufffd":                               "\ufffd",
	} {
		require.Equal(t, want, legible.Line(text), "%q", text)
	}
	require.Equal(t, "a\\x1b\nb\n", legible.Lines("a\x1b\r\nb\n"))
	require.Equal(t, "a·b·", legible.InPlace("a\x1bb\u202e"))
}

// TestNothingIsObeyed whatever the text is, and nothing that is fit to be seen is changed.
func TestNothingIsObeyed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) })).Draw(t, "text")
		line := legible.Line(text)
		for _, r := range line {
			require.True(t, unicode.IsGraphic(r))
		}
		require.Equal(t, line, legible.Line(line))
		require.NotContains(t, legible.Line(text), "\n")
		require.Equal(t, strings.Count(text, "\n"), strings.Count(legible.Lines(text), "\n"))
		require.Equal(t, utf8.RuneCountInString(text), utf8.RuneCountInString(legible.InPlace(text)))
		if !strings.ContainsAny(text, "\\\"") {
			back, err := strconv.Unquote(`"` + line + `"`)
			require.NoError(t, err)
			require.Equal(t, text, back, "nothing is lost")
		}
	})
}

// TestJSONMeansTheSame and is plain.
func TestJSONMeansTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		data, err := json.MarshalIndent(map[string]string{text: text}, "", "  ")
		require.NoError(t, err)
		plain := legible.JSON(data)
		for _, r := range strings.ReplaceAll(string(plain), "\n", "") {
			require.True(t, unicode.IsGraphic(r))
		}
		var back map[string]string
		require.NoError(t, json.Unmarshal(plain, &back))
		var want map[string]string
		require.NoError(t, json.Unmarshal(data, &want))
		require.Equal(t, want, back)
	})
}
