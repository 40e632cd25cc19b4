package scan

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	line := []byte(`{"a":1,"event":{"name":"x","state":{"term":7,"vote":"2"},"list":[{"k":1},{"k":22}]},"term":8}`)
	for path, want := range map[string]string{
		"a":             `"a":1`,
		"state.term":    `"term":7`,
		"term":          `"term":7`,
		"event.name":    `"name":"x"`,
		"list.1":        `{"k":22}`,
		"list.1.k":      `"k":22`,
		"state":         `"state":{"term":7,"vote":"2"}`,
		"nothing":       "",
		"state.nothing": "",
	} {
		at, width := Find(line, path)
		require.Equal(t, want, string(line[at:at+width]), path)
	}
	at, width := Find([]byte(`{"a":`), "a")
	require.Zero(t, at+width)
}

func TestStrings(t *testing.T) {
	for text, want := range map[string]string{
		`"plain"`:              "plain",
		`"a\"b\\c\/d\n\t"`:     "a\"b\\c/d\n\t",
		`"\u00e9\ud83d\ude00"`: "é😀",
		`"\ud83d alone"`:       "\ufffd alone",
		`"` + "grüße" + `"`:    "grüße",
	} {
		l := New([]byte(text))
		require.Equal(t, want, string(l.String()), text)
		l.End()
		require.NoError(t, l.Err())
	}
}

func TestWhatIsNoJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1,}`:   "8: nothing after a comma",
		`{"a" 1}`:    "6: '1' where a colon belongs",
		`{"a":tru}`:  "6: 't' where true belongs",
		`{"a":01}`:   "",
		`{"a":1}x`:   "8: more text after the end of the object",
		`{"a":"`:     "7: the line ends inside a string",
		`{"a":"\x"}`: "8: bad escape in a string",
		`[1`:         "3: the line ends where a comma or ']' belongs",
		``:           "1: the line ends where a value belongs",
	} {
		l := New([]byte(text))
		l.Skip()
		l.End()
		if want == "" {
			continue
		}
		err, ok := l.Err().(*Error)
		require.True(t, ok, text)
		require.Equal(t, want, fmtError(err), text)
	}
}

func fmtError(e *Error) string { return string(rune('0'+e.Column)) + ": " + e.What }

func TestNames(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}`: "",
		`{"a":1, "a":2}`:                  `9: "a" stands here twice`,
		`{"a":1,"\u0061":2}`:              `8: "a" stands here twice`,
		`{"":1,"":2}`:                     `7: "" stands here twice`,
		`{"a":[[{"b":{},"c":1,"b":1}]]}`:  `22: "b" stands here twice`,
		`{"a":{"b":1},"b":{"b":1},"a":1}`: `26: "a" stands here twice`,
		`{"a long name that ends so":1,"a long name that ends As":2,"a long nAme":3}`: "",
	} {
		l := New([]byte(text))
		l.Unique()
		l.End()
		if want == "" {
			require.NoError(t, l.Err(), text)
			continue
		}
		place := l.Err().(*Error)
		require.Equal(t, want, strconv.Itoa(place.Column)+": "+place.What, text)
		l.Reset([]byte(text))
		l.Skip()
		require.NoError(t, l.Err(), "nobody looks at the names: %s", text)
	}
	var many strings.Builder
	for k := range 1000 {
		fmt.Fprintf(&many, `,"%x":0`, k)
	}
	l := New([]byte("{" + many.String()[1:] + "}"))
	l.Unique()
	require.NoError(t, l.Err())
}

func TestIntegers(t *testing.T) {
	for text, fine := range map[string]bool{"0": true, "9007199254740992": true, "9007199254740993": false, "1.5": false, "1e3": false,
		"01": false, "-1": false, "x": false} {
		l := New([]byte(text))
		l.Uint()
		require.Equal(t, fine, l.Err() == nil, text)
	}
	l := New([]byte("-12"))
	require.Equal(t, int64(-12), l.Int())
}
