package etcd

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

func TestChangesTo(t *testing.T) {
	conf := ConfState{Voters: []uint64{1, 2, 3}, Learners: []uint64{4}}
	for _, test := range []struct {
		wanted spec.Change
		want   string
	}{
		{spec.Change{Voters: "n1,n2,n3", Learners: "n4"}, "leave joint"},
		{spec.Change{Voters: "n1,n2,n3"}, "remove n4"},
		{spec.Change{Voters: "n1,n2,n3,n4"}, "add n4"},
		{spec.Change{Voters: "n1,n2", Learners: "n3,n4"}, "add learner n3"},
		{spec.Change{Voters: "n1,n2,n5", Learners: "n4"}, "add n5, remove n3"},
	} {
		changes, err := conf.changesTo(test.wanted)
		require.NoError(t, err)
		require.Equal(t, test.want, Describe(changes), test.wanted.String())
	}
	_, err := conf.changesTo(spec.Change{Voters: "n1,x"})
	require.EqualError(t, err, `"x" is not the name of a server`)
}

func TestFirstConfiguration(t *testing.T) {
	servers := []spec.ServerID{1, 2, 3, 4}
	o := Options{Learners: []spec.ServerID{3}, Blank: []spec.ServerID{4}}
	require.Equal(t, ConfState{Voters: []uint64{1, 2}, Learners: []uint64{3}}, o.first(1, servers))
	require.Equal(t, ConfState{}, o.first(4, servers))
	require.Equal(t, ConfState{Voters: []uint64{2}}, (&Options{Voters: []spec.ServerID{2}}).first(1, servers))

	member, blank := o.disk(1, servers), o.disk(4, servers)
	require.Equal(t, spec.Log{Base: 1, BaseTerm: 1}, member.log)
	require.Equal(t, HardState{Term: 1, Commit: 1}, member.hard)
	require.Equal(t, image{}, blank)
}

func entry(index, term uint64) Entry { return Entry{Term: term, Index: index, Data: "x"} }

func TestImage(t *testing.T) {
	var i image
	i.put([]Entry{entry(1, 1), entry(2, 1), entry(3, 1)})
	before := i
	i.put([]Entry{entry(2, 2)})
	require.Equal(t, []Entry{entry(1, 1), entry(2, 2)}, i.raw)
	require.Equal(t, "[x@1 x@2]", i.log.String())
	require.Equal(t, "[x@1 x@1 x@1]", before.log.String(), "what was shown does not change")

	require.Equal(t, "\x01\x02", i.applied(2))
	i.discard(Snapshot{Index: 1, Term: 1, Data: i.applied(1)})
	require.Equal(t, "[…1@1 x@2]", i.log.String())
	require.Equal(t, []Entry{entry(2, 2)}, i.raw)
	require.Equal(t, "\x01\x02", i.applied(2), "what a snapshot holds is not forgotten")
	i.put([]Entry{entry(1, 1), entry(2, 2), entry(3, 2)})
	require.Equal(t, "[…1@1 x@2 x@2]", i.log.String(), "what was compacted does not come back")
	for index, term := range map[spec.Index]spec.Term{0: 0, 1: 1, 2: 2, 3: 2, 4: 0} {
		require.Equal(t, term, termAt(i.log, &i.snap, index))
	}

	i.restore(Snapshot{Index: 9, Term: 3})
	require.Equal(t, "[…9@3]", i.log.String())
	require.Empty(t, i.raw)
}

func TestWords(t *testing.T) {
	m := Message{Type: MsgAppResp, Index: 2, LogTerm: 1, Reject: true, RejectHint: 1, Context: "r"}
	require.Equal(t, `MsgAppResp index=2 logTerm=1 rejectHint=1 reject context="r"`, m.Words())
	require.Equal(t, "type 99", (&Message{Type: 99}).Words())
}

// Heartbeats prove what a leader knows to match, and rejections say where to try next.
func TestMessagesInThePapersWords(t *testing.T) {
	s := &server{log: spec.Log{Entries: []spec.Entry{{Term: 1}, {Term: 2}}}}
	for _, test := range []struct {
		m    Message
		want string
	}{
		{Message{Type: MsgHeartbeat, From: 1, To: 2, Term: 2, Commit: 2}, "AppendEntries n1->n2 term=2 prev=2@2 entries=[] commit=2"},
		{Message{Type: MsgHeartbeatResp, From: 2, To: 1, Term: 2}, "AppendEntriesReply n2->n1 term=2 success=true match=0"},
		{Message{Type: MsgAppResp, From: 2, To: 1, Term: 2, Index: 5, Reject: true, RejectHint: 1, LogTerm: 1}, "AppendEntriesReply n2->n1 term=2 success=false match=0 conflict=2@1"},
		{Message{Type: MsgAppResp, From: 2, To: 1, Term: 2, Index: 2}, "AppendEntriesReply n2->n1 term=2 success=true match=2"},
		{Message{Type: MsgPreVote, From: 1, To: 2, Term: 3, Index: 2, LogTerm: 2}, "PreVote n1->n2 term=3 last=2@2"},
		{Message{Type: MsgVoteResp, From: 2, To: 1, Term: 3, Reject: true}, "RequestVoteReply n2->n1 term=3 granted=false"},
		{Message{Type: MsgSnap, From: 1, To: 2, Term: 3, Snapshot: Snapshot{Index: 2, Term: 2}}, "InstallSnapshot n1->n2 term=3 last=2@2"},
	} {
		require.Equal(t, test.want, s.told(&test.m).String())
	}
}
