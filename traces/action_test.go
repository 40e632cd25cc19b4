package traces

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

func TestActionsPrintAsTextThatParsesBack(t *testing.T) {
	inputs := []spec.Input{
		{Kind: spec.Timeout},
		{Kind: spec.Timeout, Cut: 2, Lossy: true},
		{Kind: spec.Timeout, Gate: "elect(n2)/set term.2"},
		{Kind: spec.Resume},
		{Kind: spec.Resume, Gate: "beat(n2)/\"after\""},
		{Kind: spec.Crash, Lossy: true},
		{Kind: spec.Propose, Value: `a "quoted" one = two` + "\n\x00\xff"},
		{Kind: spec.Propose},
		{Kind: spec.Transfer, Peer: 3},
		{Kind: spec.Reconfigure, Change: spec.Change{Voters: "n1,n2", Learners: "n3", Joint: true}},
		{Kind: spec.Deliver, Message: spec.Message{Kind: spec.AppendEntries, From: 1, To: 2, Term: 3, PrevLogIndex: 4, PrevLogTerm: 2, LeaderCommit: 4,
			Entries: []spec.Entry{{Term: 2, Value: "x y"}, {Term: 3, Kind: spec.NoOp}, {Term: 3, Kind: spec.ConfigurationChange, Value: "n1:n2"}}, Payload: "p\xff"}},
		{Kind: spec.Deliver, Message: spec.Message{Kind: spec.AppendEntries, From: 1, To: 2, Term: 3, PrevLogIndex: 4, Unknown: spec.MessagePrevTerm, LeaderCommit: 4}},
		{Kind: spec.Deliver, Message: spec.Message{Kind: spec.AppendEntriesReply, From: 1, To: 2, Term: 3, Success: true, MatchIndex: 9, ConflictIndex: 3, ConflictTerm: 1}},
		{Kind: spec.Deliver, Message: spec.Message{Kind: spec.RequestVoteReply, From: 1, To: 2, Term: 3, Granted: true}},
	}
	for _, r := range everything().Records {
		if r.Step != nil {
			inputs = append(inputs, r.Step.Input)
		}
	}
	for _, in := range inputs {
		text := Action(2, &in)
		server, again, err := ParseAction(text)
		require.NoError(t, err, text)
		require.Equal(t, spec.ServerID(2), server)
		require.Equal(t, in, again, text)
	}
}

func TestActionsThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                            `"" is not a server: n1, n2, …`,
		"n1 sleep":                    `no input is called "sleep"`,
		"n1 deliver Letter":           `no message is called "Letter"`,
		"n1 timeout soon":             `"soon" is no part of an action`,
		`n1 propose "x`:               `a quotation mark is not closed in "\"x"`,
		"n1 crash cut=x":              `"x" is not a number`,
		"n1 deliver TimeoutNow from=": `"" is not a server: n1, n2, …`,
	} {
		_, _, err := ParseAction(text)
		require.EqualError(t, err, want, text)
	}
}
