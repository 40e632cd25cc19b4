package traces

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
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
	text := header + "\n" + `{"n":1,"server":"n1","event":"timeout","effects":[` + sent + `],"effectCount":1,"post":{"term":1}}` + "\n" +
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

func TestTwoRecordsOfAMessageAgreeInAllThatBothShow(t *testing.T) {
	for _, c := range []struct {
		name, sent, received string
		same                 bool
	}{
		{"alike", `"prevLogIndex":3,"prevLogTerm":1,"leaderCommit":3`, `"prevLogIndex":3,"prevLogTerm":1,"leaderCommit":3`, true},
		{"the receiver does not know the term before", `"prevLogIndex":3,"prevLogTerm":1,"leaderCommit":3`, `"prevLogIndex":3,"leaderCommit":3`, true},
		{"the sender does not know the term before", `"prevLogIndex":3,"leaderCommit":3`, `"prevLogIndex":3,"prevLogTerm":1,"leaderCommit":3`, true},
		{"another term before", `"prevLogIndex":3,"prevLogTerm":1`, `"prevLogIndex":3,"prevLogTerm":2`, false},
		{"another index before, the term not told", `"prevLogIndex":3`, `"prevLogIndex":4`, false},
		{"another commit index", `"prevLogIndex":3,"leaderCommit":3`, `"prevLogIndex":3,"leaderCommit":4`, false},
		{"the receiver does not know a value", `"entries":[{"term":1,"value":"x"}]`, `"entries":[{"term":1}]`, true},
		{"the sender does not know a value", `"entries":[{"term":1},{"term":1,"value":"y"}]`, `"entries":[{"term":1,"value":"x"},{"term":1,"value":"y"}]`, true},
		{"another value", `"entries":[{"term":1,"value":"x"}]`, `"entries":[{"term":1,"value":"y"}]`, false},
		{"values apart, together the same", `"entries":[{"term":1,"value":"xy"},{"term":1,"value":"z"}]`, `"entries":[{"term":1,"value":"x"},{"term":1,"value":"yz"}]`, false},
		{"another term of an entry, its value not told", `"entries":[{"term":1,"value":"x"}]`, `"entries":[{"term":2}]`, false},
		{"another kind of entry", `"entries":[{"term":1,"kind":"no-op"}]`, `"entries":[{"term":1,"kind":"configuration"}]`, false},
		{"no value of an entry of Raft's own", `"entries":[{"term":1,"kind":"no-op","value":"voters=n1,n2"}]`, `"entries":[{"term":1,"kind":"no-op"}]`, true},
		{"another value behind an entry of Raft's own", `"entries":[{"term":1,"kind":"no-op","value":"voters=n1,n2"},{"term":1,"value":"a"}]`, `"entries":[{"term":1,"kind":"no-op"},{"term":1,"value":"b"}]`, false},
		{"neither shows the term of an entry, and the receiver no entries", `"prevLogIndex":3,"entries":[{"kind":"no-op"}]`, `"prevLogIndex":3`, true},
		{"fewer entries", `"entries":[{"term":1},{"term":1}]`, `"entries":[{"term":1}]`, false},
		{"another payload", `"payload":"a"`, `"payload":"b"`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			const message = `{"kind":"AppendEntries","from":"n1","to":"n2","term":2,%s}`
			text := header + "\n" + `{"n":1,"server":"n1","event":"restart","effectCount":0,"post":{"term":1}}` + "\n" +
				`{"n":2,"server":"n1","event":"timeout","effects":[{"send":` + fmt.Sprintf(message, c.sent) + `}],"effectCount":1,"post":{"term":2}}` + "\n" +
				`{"n":3,"server":"n2","event":"deliver","message":` + fmt.Sprintf(message, c.received) + "}\n"
			r, err := verifyText(t, text, VerifyOptions{})
			require.NoError(t, err)
			if c.same {
				require.Equal(t, spec.Held, r.Verdict)
			} else {
				require.True(t, slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Message == "n2 receives an AppendEntries that n1 never sent" }), "%v", r.Findings)
			}
		})
	}
}

// What a server did before its record begins, or in lines that were lost with it, nobody can know.
func TestWhatAGapInARecordMayHoldIsNoContradiction(t *testing.T) {
	const restart = `{"n":2,"server":"n1","event":"restart","effectCount":0,"post":{"role":"follower","term":4}}` + "\n"
	const crash = `{"n":1,"server":"n1","event":"crash","effectCount":0}` + "\n"
	const blank = `{"n":1,"server":"n1","event":"restart","effectCount":0,"post":{"role":"follower","term":0}}` + "\n" +
		`{"n":2,"server":"n1","event":"deliver","message":{"kind":"AppendEntries","from":"n3","to":"n1","term":4},"effectCount":0,"post":{"role":"follower","term":4}}` + "\n"
	rest := func(term int) string {
		return `{"n":3,"server":"n1","event":"timeout","effects":[{"send":{"kind":"RequestVote","from":"n1","to":"n2","term":5,"lastLogIndex":0}}],"effectCount":1,"post":{"role":"candidate","term":5}}` + "\n" +
			fmt.Sprintf(`{"n":4,"server":"n2","event":"deliver","message":{"kind":"RequestVote","from":"n1","to":"n2","term":%d,"lastLogIndex":1}}`, term) + "\n"
	}
	for name, c := range map[string]struct {
		text string
		want spec.Verdict
	}{
		"the record begins with a restart":  {restart + rest(4), spec.Held},
		"of a term that began later":        {restart + rest(5), spec.Violated},
		"the record begins with a crash":    {crash + restart + rest(4), spec.Held},
		"the record begins anywhere":        {rest(4), spec.Held},
		"in a term that had not begun then": {rest(6), spec.Violated},
		"the record begins with the server": {blank + rest(4), spec.Violated},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := verifyText(t, header+"\n"+renumbered(c.text), VerifyOptions{})
			require.NoError(t, err)
			require.Equal(t, c.want, r.Verdict)
		})
	}
}

// renumbered numbers records from 1, so that none is left out.
func renumbered(records string) string {
	n := 0
	return regexp.MustCompile(`"n":\d+`).ReplaceAllStringFunc(records, func(string) string {
		n++
		return fmt.Sprintf(`"n":%d`, n)
	})
}

// What one record taught is held against every later one, before its step and after it, whatever stood between.
func TestWhatWasCertainIsNotTakenBack(t *testing.T) {
	const (
		taught  = `{"n":1,"server":"n1","event":"deliver","message":{"id":"m1","kind":"RequestVote","term":3,"from":"n2","to":"n1"},"pre":{"term":2},"post":{"term":3,"votedFor":"n2","commit":4}}`
		between = `{"n":2,"server":"n2","event":"timeout"}`
	)
	for name, c := range map[string]struct{ state, kept string }{
		"term-monotonic":   {`{"term":2}`, `{"term":3}`},
		"vote-once":        {`{"term":3,"votedFor":"n3"}`, `{"term":3,"votedFor":"n2"}`},
		"commit-monotonic": {`{"commit":3}`, `{"commit":4}`},
	} {
		for _, part := range []string{"pre", "post"} {
			judge := func(state string) *Result {
				r, err := verifyText(t, strings.Join([]string{header, taught, between, `{"n":3,"server":"n1","event":"timeout","` + part + `":` + state + `}`}, "\n")+"\n", VerifyOptions{})
				require.NoError(t, err)
				return r
			}
			r := judge(c.state)
			require.NotEmpty(t, r.Findings, "%s in %s", name, part)
			require.Equal(t, name, r.Findings[0].Rule.Name, part)
			require.Equal(t, 4, r.Findings[0].Evidence[0].Line)
			require.Empty(t, judge(c.kept).Findings, "%s in %s", name, part)
		}
	}
}
