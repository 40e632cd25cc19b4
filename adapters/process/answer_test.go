package process

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// Whatever a program answers, it is understood or refused with a place in the line; nothing panics, and what was understood once
// is understood the same again.
func FuzzAnswer(f *testing.F) {
	for _, line := range []string{
		``, `{}`, `{"refused":true}`, `{"post":{}}`, "{\"post\":\xff}", `{"post":{"log":{"entries":[{"term":1,"value":"x"}]}},"state":[1,{"a":null}]}`,
		`{"effects":[{"sync":{"term":2}},{"send":{"kind":"AppendEntries","to":"n2","term":2,"entries":[],"payloadBase64":"/w=="}}],"post":{"role":"leader"}}`,
		`{"effects":[{"answer":{"read":true,"value":"r","index":3}}],"post":{"progress":[{"server":"n2","next":1,"match":0}]},"redirect":"n3"}`,
	} {
		f.Add([]byte(line))
	}
	p := &parser{1, []spec.ServerID{1, 2, 3}}
	f.Fuzz(func(t *testing.T, line []byte) {
		a, err := p.parse(line, spec.Durable{})
		if err != nil {
			wrong := err.(*Error)
			require.NotEmpty(t, wrong.Error())
			require.LessOrEqual(t, wrong.Column, len(line)+1)
			return
		}
		b, err := p.parse(line, spec.Durable{})
		require.NoError(t, err)
		require.Equal(t, a, b)
		if a.state != "" {
			require.Equal(t, canonical(a.state), canonical(canonical(a.state)))
			require.Empty(t, difference(a.state, canonical(a.state)))
		}
	})
}
