package process

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDifference(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{`{"a":1,"b":[2]}`, `{ "b" : [2], "a" : 1 }`, ""},
		{`{"post":{"term":1}}`, `{"post":{"term":2}}`, "post.term is 1 and 2"},
		{`{"state":"x","post":{"term":1}}`, `{"state":"y","post":{"term":2}}`, "post.term is 1 and 2"},
		{`{"post":{"z":1,"role":"a"}}`, `{"post":{"z":2,"role":"b"}}`, `post.role is "a" and "b"`},
		{`{"effects":[1]}`, `{"effects":[1,2]}`, "effects has 1 elements and 2"},
		{`{"effects":[{"send":{"to":"n1"}}]}`, `{"effects":[{"send":{"to":"n2"}}]}`, `effects.0.send.to is "n1" and "n2"`},
		{`{"a":1}`, `{}`, "a is 1 in one of them only"},
		{`{}`, `{"a":null}`, "a is null in one of them only"},
		{`{"a":{}}`, `{"a":[]}`, "a is {} and []"},
		{`{"a":1}`, `{"a":"1"}`, `a is 1 and "1"`},
		{`{"a":10000000000000000000001}`, `{"a":10000000000000000000002}`, "a is 10000000000000000000001 and 10000000000000000000002"},
		{`true`, `false`, "the answer is true and false"},
		{`true`, `hello`, `the answer is true and "hello"`},
	} {
		require.Equal(t, test.want, difference(test.a, test.b), "%s and %s", test.a, test.b)
	}
}

func TestCanonical(t *testing.T) {
	require.Equal(t, `{"a":{"c":[3,{"e":1,"f":2}],"d":null},"b":1.50}`, canonical(`{"b": 1.50, "a": {"d":null, "c":[3, {"f":2,"e":1}]}}`))
	require.Equal(t, `"x"`, canonical(`"x"`))
	require.Equal(t, `[2,1]`, canonical(`[ 2, 1 ]`))
}

func TestRarely(t *testing.T) {
	var times []int
	for n := range 5000 {
		if rarely(n) {
			times = append(times, n)
		}
	}
	require.Equal(t, []int{16, 256, 4096}, times)
}

func TestTheEndOfWhatIsSaidIsKept(t *testing.T) {
	var said tail
	for range 3000 {
		said.Write([]byte("0123456789"))
	}
	said.Write([]byte("the end"))
	require.Len(t, said.String(), kept)
	require.Equal(t, "789the end", said.String()[kept-10:])
}
