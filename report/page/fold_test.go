package page_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/report/page"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// beats is a leader that sends heartbeats, each of which its follower hears and answers, and in the round with that number appends something else.
func beats(rounds, other int) *traces.Trace {
	tr := &traces.Trace{Header: traces.Header{Servers: []spec.ServerID{1, 2}, Origin: "test"}}
	leader, follower := spec.Observation{Role: spec.Leader, Term: 3}, spec.Observation{Role: spec.Follower, Term: 3, LeaderID: 1}
	add := func(s *spec.Step) { tr.Records = append(tr.Records, traces.RecordOf(len(tr.Records)+1, s)) }
	for n := range rounds {
		beat := spec.Message{Kind: spec.AppendEntries, From: 1, To: 2, Term: 3, LeaderCommit: spec.Index(n)} // so that they differ
		if n == other {
			beat.Entries = []spec.Entry{{Term: 3, Value: "x"}}
		}
		answer := spec.Message{Kind: spec.AppendEntriesReply, From: 2, To: 1, Term: 3, Success: true}
		out := &spec.Step{Server: 1, Input: spec.Input{Kind: spec.Heartbeat}, Before: leader, After: leader}
		send(out, beat)
		add(out)
		hear := &spec.Step{Server: 2, Input: spec.Input{Kind: spec.Deliver, Message: beat}, Before: follower, After: follower}
		send(hear, answer)
		add(hear)
		add(&spec.Step{Server: 1, Input: spec.Input{Kind: spec.Deliver, Message: answer}, Before: leader, After: leader})
	}
	return tr
}

// Heartbeats that follow each other are drawn once with their count, the one that brings something stands by itself, and none is left uncounted.
func TestHeartbeatsAreFolded(t *testing.T) {
	more := regexp.MustCompile(`heartbeat t3, (\d+) more up to (\d+)`)
	line := regexp.MustCompile(`<path class="m[ "]`)
	for _, c := range []struct{ rounds, other int }{{1, -1}, {2, -1}, {30, -1}, {30, 11}, {30, 0}, {60, 59}, {200, 100}} {
		name := fmt.Sprint(c)
		drawn := unjudged(t, beats(c.rounds, c.other))
		folded := 0
		for _, m := range more.FindAllStringSubmatch(drawn, -1) {
			n, err := strconv.Atoi(m[1])
			require.NoError(t, err)
			folded += n
		}
		named := len(regexp.MustCompile(`>heartbeat t3[,<]`).FindAllString(drawn, -1))
		want := c.rounds
		if c.other >= 0 {
			want--
			holds(t, drawn, ">append 1 t3<", name)
		}
		require.Equal(t, want, folded+named, name)
		if c.rounds <= 60 {
			require.LessOrEqual(t, len(line.FindAllString(drawn, -1)), 5, "%s: two lines, and three where something comes between", name)
		}
	}
	holds(t, unjudged(t, beats(30, -1)), "heartbeat t3, 29 more up to 89")
	guilty := executionOf(beats(30, -1)) // its disk holds no term
	require.NotEmpty(t, guilty.Findings)
	var drawn bytes.Buffer
	require.NoError(t, guilty.SVG(&drawn))
	holds(t, drawn.String(), "heartbeat t3, 28 more up to 89", "what breaks a rule stands by itself")
}

func unjudged(t *testing.T, tr *traces.Trace) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, (&page.Execution{Trace: tr}).SVG(&out))
	return out.String()
}
