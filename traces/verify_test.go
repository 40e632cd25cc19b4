package traces

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

func verifyText(t *testing.T, text string, o VerifyOptions) (*Result, error) {
	lines, err := NewLines("f.trace", strings.NewReader(text))
	require.NoError(t, err)
	r, err := NewReader(lines, Options{})
	require.NoError(t, err)
	o.Reopen = func() (*Lines, error) { return NewLines("f.trace", strings.NewReader(text)) }
	return Verify(context.Background(), r, o)
}

func written(t *testing.T, trace *Trace) string {
	var out bytes.Buffer
	require.NoError(t, Write(&out, trace))
	return out.String()
}

func TestVerifyStopsAtTheFirstGuiltyRecord(t *testing.T) {
	text := written(t, twoLeaders()) + `{"n":99,"server":"n1","event":"timeout","post":{"term":1}}` + "\n"
	text = strings.Replace(text, `"records":12`, `"records":13`, 1)
	r, err := verifyText(t, text, VerifyOptions{})
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict)
	require.Equal(t, 13, r.Findings[0].Evidence[0].Line)
	require.Contains(t, r.Findings[0].Evidence[0].Text, `"n":12`)
	require.NotZero(t, r.Findings[0].Evidence[0].Column)
	for _, f := range r.Findings {
		require.Equal(t, 13, f.Evidence[0].Line, "only what is broken there")
	}
	require.Equal(t, 13, r.Lines)

	all, err := verifyText(t, text, VerifyOptions{KeepGoing: true})
	require.NoError(t, err)
	require.Greater(t, len(all.Findings), len(r.Findings))
	require.Equal(t, 14, all.Findings[len(all.Findings)-1].Evidence[0].Line)
}

func TestVerifySaysWhatItCouldNotCheck(t *testing.T) {
	r, err := verifyText(t, header+"\n"+`{"n":1,"server":"n1","event":"timeout","post":{"term":1}}`+"\n"+`{"n":2,"server":"n1","event":"timeout","post":{"term":2}}`+"\n", VerifyOptions{})
	require.NoError(t, err)
	verdicts := map[string]spec.Verdict{}
	for _, rule := range r.Rules {
		verdicts[rule.Rule.Name] = rule.Verdict
	}
	require.Equal(t, spec.Held, verdicts["term-monotonic"])
	require.Equal(t, spec.Inconclusive, verdicts["election-safety"])
	require.Equal(t, "role", r.Unknown[0].Name)
	require.Equal(t, 2, r.Unknown[0].First)
}

func TestATraceInWhichNothingIsShownIsInconclusive(t *testing.T) {
	rule, _ := spec.RuleByName("commit-own-term")
	r, err := verifyText(t, header+"\n"+`{"n":1,"server":"n1","event":"timeout","post":{"term":1}}`+"\n", VerifyOptions{Rules: []*spec.Rule{rule}})
	require.NoError(t, err)
	require.Equal(t, spec.Inconclusive, r.Verdict)
}

func TestAMessageThatNobodySentIsAContradiction(t *testing.T) {
	const sent = `{"send":{"kind":"RequestVote","from":"n1","to":"n2","term":1}}`
	text := header + "\n" + `{"n":1,"server":"n1","event":"timeout","effects":[` + sent + `],"post":{"term":1}}` + "\n" +
		`{"n":2,"server":"n2","event":"deliver","message":{"kind":"RequestVote","from":"n1","to":"n2","term":1}}` + "\n" +
		`{"n":3,"server":"n2","event":"deliver","message":{"kind":"RequestVote","from":"n1","to":"n2","term":1}}` + "\n"
	r, err := verifyText(t, text, VerifyOptions{})
	require.NoError(t, err)
	require.Equal(t, spec.Held, r.Verdict, "a message may arrive twice")

	r, err = verifyText(t, text+`{"n":4,"server":"n2","event":"deliver","message":{"kind":"RequestVote","from":"n1","to":"n2","term":2}}`+"\n", VerifyOptions{})
	require.NoError(t, err)
	require.Equal(t, "n2 receives a RequestVote that n1 never sent", r.Findings[0].Message)
	require.Equal(t, 5, r.Findings[0].Evidence[0].Line)

	r, err = verifyText(t, text+`{"n":4,"server":"n1","event":"deliver","message":{"kind":"RequestVoteReply","from":"n2","to":"n1","term":1}}`+"\n", VerifyOptions{})
	require.NoError(t, err)
	require.Equal(t, spec.Held, r.Verdict, "n2 was not seen to send replies")
}

func TestVerifyStopsWhenItIsToldTo(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	lines, err := NewLines("f", strings.NewReader(written(t, twoLeaders())))
	require.NoError(t, err)
	r, err := NewReader(lines, Options{})
	require.NoError(t, err)
	_, err = Verify(ctx, r, VerifyOptions{})
	require.ErrorIs(t, err, context.Canceled)
}
