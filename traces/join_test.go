package traces

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

func source(t *testing.T, name, text string) Source {
	lines, err := NewLines(name, strings.NewReader(text))
	require.NoError(t, err)
	r, err := NewReader(lines, Options{})
	require.NoError(t, err)
	return r
}

// A message that no source shows to be sent holds nothing up for ever, and is found.
func TestJoinGoesOnWithoutAMessageThatNobodySent(t *testing.T) {
	n1 := source(t, "n1", header+"\n"+`{"n":1,"server":"n1","event":"timeout","effects":[{"send":{"kind":"RequestVote","from":"n1","to":"n2","term":1}}],"effectCount":1,"post":{"term":1}}`+"\n")
	n2 := source(t, "n2", header+"\n"+
		`{"n":5,"server":"n2","event":"deliver","message":{"kind":"RequestVote","from":"n1","to":"n2","term":2}}`+"\n"+
		`{"n":6,"server":"n2","event":"deliver","message":{"kind":"RequestVote","from":"n1","to":"n2","term":1}}`+"\n")
	var b bytes.Buffer
	require.NoError(t, Join(&b, n2, n1))
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	require.Len(t, lines, 4)
	require.Contains(t, lines[1], `"n":1,"server":"n1"`)
	require.Contains(t, lines[2], `"n":2,"server":"n2"`)
	require.Contains(t, lines[2], `"seq":1`)
	r, err := verifyText(t, b.String(), VerifyOptions{})
	require.NoError(t, err)
	require.Equal(t, "n2 receives a RequestVote that n1 never sent", r.Findings[0].Message)
}

func TestWhatCannotBeJoined(t *testing.T) {
	one := source(t, "one", header+"\n"+`{"n":1,"server":"n1","event":"timeout"}`+"\n")
	two := source(t, "two", strings.Replace(header, "}", `,"variants":["late-term"]}`, 1)+"\n"+`{"n":1,"server":"n2","event":"timeout"}`+"\n")
	require.EqualError(t, Join(&bytes.Buffer{}, one, two), "two:1: declares the variants [late-term], and the trace before it []")
	broken := source(t, "broken", header+"\n"+`{"n":1,"server":"n1","event":"timeout"}`+"\n{\n")
	require.ErrorContains(t, Join(&bytes.Buffer{}, one, broken), "broken:3:")
}

// What servers recorded apart shows no time between them. A read that looks stale need not be, and is left to the clients' history.
func TestAJoinedTraceSaysThatItsOrderIsOneOfCauses(t *testing.T) {
	one := func() Source {
		return source(t, "n1", header+"\n"+`{"n":1,"server":"n1","event":"deliver","effects":[{"answer":{"value":"x","index":1}}],"message":{"kind":"AppendEntriesReply","from":"n3","to":"n1","term":2},"post":{"role":"leader","term":2,"log":{"entries":[{"term":2,"value":"x"}]},"commit":1}}`+"\n")
	}
	two := func() Source {
		return source(t, "n2", header+"\n"+`{"n":1,"server":"n2","event":"read","value":"r","effects":[{"answer":{"read":true,"value":"r","index":0}}],"post":{"role":"leader","term":1,"log":{"entries":[]},"commit":0}}`+"\n")
	}
	rule, known := spec.RuleByName("linearizability")
	require.True(t, known)
	var joined bytes.Buffer
	require.NoError(t, Join(&joined, one(), two()))
	require.True(t, source(t, "joined", joined.String()).Header().Joined)
	r, err := verifyText(t, joined.String(), VerifyOptions{Rules: []*spec.Rule{rule}})
	require.NoError(t, err)
	require.Equal(t, spec.Inconclusive, r.Verdict)
	r, err = verifyText(t, strings.Replace(joined.String(), `,"joined":true`, "", 1), VerifyOptions{Rules: []*spec.Rule{rule}})
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict, "in an order of time it is stale")

	var alone, again bytes.Buffer
	require.NoError(t, Join(&alone, one()))
	require.False(t, source(t, "alone", alone.String()).Header().Joined)
	require.NoError(t, Join(&again, source(t, "joined", joined.String())))
	require.True(t, source(t, "again", again.String()).Header().Joined)
}
