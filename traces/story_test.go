package traces

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// golden compares text with testdata/NAME; UPDATE=1 go test ./traces rewrites it.
func golden(t *testing.T, name, got string) {
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.MkdirAll("testdata", 0o777))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o666))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestAFailingTraceIsMadeShortAndToldWell(t *testing.T) {
	long := twoLeaders()
	require.NoError(t, Validate(long))
	findings, at := Broken(long, spec.Rules, nil)
	require.NotEmpty(t, findings)
	require.Equal(t, len(long.Records)-1, at)

	short, tried, err := Shrink(long, newVoter, spec.Rules, nil)
	require.NoError(t, err)
	require.NotZero(t, tried)
	require.Less(t, len(short.Records), len(long.Records))
	require.NotEmpty(t, short.Header.Breaks)
	_, err = Replay(short, newVoter)
	require.NoError(t, err, "the short trace is a real execution")

	story := Story(short, spec.Rules, nil)
	_, err = Replay(story, newVoter)
	require.NoError(t, err, "the story is a real execution")
	told, at := Broken(story, spec.Rules, nil)
	require.Equal(t, len(story.Records)-1, at)
	require.Equal(t, findings[0].Rule, told[0].Rule)

	var text, diagram bytes.Buffer
	require.NoError(t, Text(&text, story, &told[0]))
	golden(t, "two-leaders.txt", text.String())
	require.NoError(t, Mermaid(&diagram, story, &told[0]))
	golden(t, "two-leaders.mmd", diagram.String())
}

func TestNoShorterTraceBreaksTheRule(t *testing.T) {
	short, _, err := Shrink(twoLeaders(), newVoter, spec.Rules, nil)
	require.NoError(t, err)
	for k := range short.Records {
		fewer := &Trace{Header: short.Header, Records: append(append([]Record{}, short.Records[:k]...), short.Records[k+1:]...)}
		s := &shrinker{servers: fewer.Header.Servers, factory: newVoter, rules: spec.Rules}
		_, broken := s.run(fewer.Records, nil)
		require.True(t, broken == nil || broken.ID != short.Header.Breaks[0], "record %d can be left out", k+1)
	}
}

func TestShrinkSaysThatNothingIsBroken(t *testing.T) {
	_, _, err := Shrink(acted(timesOut(1), asked(1, 2, 1)), newVoter, spec.Rules, nil)
	require.ErrorIs(t, err, ErrNoBreach)
}

func TestAStoryKeepsDeliveriesNearTheirSending(t *testing.T) {
	story := Story(acted(timesOut(1), timesOut(2), asked(1, 3, 1), asked(2, 3, 1), answered(3, 1, 1, true), answered(3, 2, 1, false)), spec.Rules, nil)
	var order []string
	for k := range story.Records {
		order = append(order, Sentence(&story.Records[k]))
	}
	require.Equal(t, []string{
		"n1 times out and asks for votes in term 1",
		"n3 votes for n1 in term 1",
		"n1 has votes from n1 n3: leader of term 1",
		"n2 times out and asks for votes in term 1",
		"n3 refuses n2 its vote in term 1: it voted for n1",
		"n2 ignores n3's refusal to vote for n2 in term 1",
	}, order)
}

func TestReplayNamesTheFirstDifference(t *testing.T) {
	trace := acted(timesOut(1), asked(1, 2, 1))
	trace.Records[1].Step.After.VotedFor = 3
	_, err := Replay(trace, newVoter)
	var differs *Difference
	require.ErrorAs(t, err, &differs)
	require.Equal(t, "record 2: n2 does not do what the trace records: after: votedFor n1, not n3", err.Error())
}
