package traces

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// FuzzParseAction: whatever the text, it is an action that prints as text that parses back as the same, or an error.
func FuzzParseAction(f *testing.F) {
	for _, r := range everything().Records {
		if r.Step != nil {
			f.Add(Action(r.Step.Server, &r.Step.Input))
		}
	}
	f.Add(`n1 propose "x`)
	f.Fuzz(func(t *testing.T, text string) {
		server, in, err := ParseAction(text)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		printed := Action(server, &in)
		again, same, err := ParseAction(printed)
		require.NoError(t, err, printed)
		require.Equal(t, server, again)
		require.Equal(t, printed, Action(again, &same))
	})
}

// FuzzVerify judges whatever can be read: findings have places, and nothing panics or takes for ever.
func FuzzVerify(f *testing.F) {
	var out bytes.Buffer
	require.NoError(f, Write(&out, twoLeaders()))
	f.Add(out.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Read("fuzz", bytes.NewReader(data))
		if err != nil || len(r.Records) == 0 {
			return
		}
		_ = Validate(r)
		broken, at := Broken(r, spec.Rules, r.Header.Variants)
		require.Equal(t, broken == nil, at < 0)
		lines, err := NewLines("fuzz", bytes.NewReader(data))
		require.NoError(t, err)
		reader, err := NewReader(lines, Options{})
		require.NoError(t, err)
		_, _ = Verify(context.Background(), reader, VerifyOptions{KeepGoing: true})
		_ = Text(&bytes.Buffer{}, r, nil)
	})
}
