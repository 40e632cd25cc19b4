package spec_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// waits is a read that waits at index 1, with who has confirmed it.
func waits(token string, confirmed ...spec.ServerID) feature {
	return func(o *spec.Observation) {
		o.Reads = append(o.Reads, spec.PendingRead{Value: "x", Index: 1, Token: token, Confirmed: confirmed})
	}
}

func lastToken(token string) feature { return func(o *spec.Observation) { o.LastToken = token } }

// confirms is a reply that repeats a token.
func confirms(term spec.Term, token string) spec.Message {
	m := accepts(term, 1)
	m.Payload = token
	return m
}

var readCases = []stepCase{
	{"R8-04", "asked for", step(leader(1, log(1), commit(1), lastToken("1")), input(spec.ReadIndex), leader(1, log(1), commit(1), waits("2"))), ""},
	{"R8-04", "confirmed now", step(leader(1, log(1), waits("1")), receives(confirms(1, "1")), leader(1, log(1)), answers(true, 1)), ""},
	{"R8-04", "by an answer that begins with its name", step(leader(1, log(1), waits("1")), receives(confirms(1, "1 it is")), leader(1, log(1)), answers(true, 1)), ""},
	{"R8-04", "by one that begins with a longer name", step(leader(1, log(1), waits("1")), receives(confirms(1, "12 it is")), leader(1, log(1)), answers(true, 1)),
		"n1, leader of term 1, answers a read with confirmation by n1"},
	{"R8-04", "by an answer that does not show its term", step(leader(2, log(1), waits("1")), receives(spec.Message{Kind: spec.AppendEntriesReply, From: 2, Payload: "1", Unknown: spec.MessageTerm}), leader(2, log(1)), answers(true, 1)), ""},
	{"R8-04", "confirmed for a read that came later", step(leader(1, log(1), waits("1"), waits("2")), receives(confirms(1, "2")), leader(1, log(1)), answers(true, 1)), ""},
	{"R8-04", "there is nobody to ask", step(leader(1, voters(1)), input(spec.ReadIndex), leader(1, voters(1)), answers(true, 1)), ""},
	{"R8-04", "a name is used again", step(leader(1, log(1), commit(1), lastToken("1")), input(spec.ReadIndex), leader(1, log(1), commit(1), waits("1"))),
		`n1 asks for confirmation of read "x" by the name "1", as it did for another read`},
	{"R8-04", "nobody was asked", step(leader(1, log(1), commit(1)), input(spec.ReadIndex), leader(1, log(1), commit(1)), answers(true, 1)),
		"n1, leader of term 1, answers a read with confirmation by n1"},
	{"R8-04", "by an answer to an earlier round", step(leader(1, log(1), waits("2")), receives(confirms(1, "1")), leader(1, log(1)), answers(true, 1)),
		"n1, leader of term 1, answers a read with confirmation by n1"},
	{"R8-04", "by an answer of an earlier term", step(leader(2, log(1), waits("1")), receives(confirms(1, "1")), leader(2, log(1)), answers(true, 1)),
		"n1, leader of term 2, answers a read with confirmation by n1"},
}

// A read that is answered at once is compared with what any server has committed before.
func TestLeaseReadsAreFresh(t *testing.T) {
	rule, _ := spec.RuleByName("lease-read-fresh")
	commits := step(leader(2, log(1, 2), commit(1)), receives(accepts(2, 2)), leader(2, log(1, 2), commit(2)))
	commits.Server = 2
	read := step(leader(1, log(1), commit(1)), input(spec.ReadIndex), leader(1, log(1), commit(1)), answers(true, 1))

	judge := spec.NewJudge([]*spec.Rule{rule}, spec.Variants{spec.LeaseReads})
	require.Empty(t, judge.Step(1, read))
	require.Empty(t, judge.Step(2, commits))
	broken := judge.Step(3, read)
	require.Len(t, broken, 1)
	require.Equal(t, "n1, leader of term 1, answers a read at index 1 after b@2 was committed at index 2", broken[0].Message)
	require.Equal(t, spec.Origin(2), broken[0].Evidence[1].Origin)

	late := step(leader(1, log(1), commit(1)), receives(accepts(1, 1)), leader(1, log(1), commit(1)), answers(true, 1))
	require.Empty(t, judge.Step(4, late), "when that read came is not known")

	judge = spec.NewJudge([]*spec.Rule{rule}, spec.Variants{spec.LeaseReads})
	judge.Incomplete()
	judge.Step(1, commits)
	require.Empty(t, judge.Step(2, read), "which of the two was first is not known")

	judge = spec.NewJudge([]*spec.Rule{rule}, spec.Variants{spec.LeaseReads})
	judge.Causal()
	judge.Step(1, commits)
	require.Empty(t, judge.Step(2, read), "nor is it in a record whose order is one of causes")
}
