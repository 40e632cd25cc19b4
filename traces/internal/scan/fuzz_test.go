package scan

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzSkip: what is one JSON value for encoding/json is one for the scanner too, and strings are the same. The scanner also takes some
// numbers that are not JSON, with zeros in front.
func FuzzSkip(f *testing.F) {
	for _, line := range []string{`{"a":[1,-2.5e3,true,null,"x\u00e9\n"],"b":{}}`, `[]`, `"\ud83d"`, `{"a":}`, `01`, "\"\x01\"", `[1,]`, ` {} `, `[1E700,-0.0,1e-9,123456789012345678901234567890]`, `[1.,.5,+1,1e,--1]`, strings.Repeat("[", 10000) + strings.Repeat("]", 10000)} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l := New(data)
		l.Skip()
		l.End()
		if json.Valid(data) {
			require.NoError(t, l.Err(), "%q", data)
		}
		require.LessOrEqual(t, l.At(), len(data)+1)
		if text := New(data); text.Peek() == '"' {
			got := string(text.String())
			text.End()
			var want string
			if text.Err() == nil && utf8.Valid(data) && json.Unmarshal(data, &want) == nil {
				require.Equal(t, want, got)
			}
		}
		Find(data, "a.b.1")
	})
}
