package traces

import (
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// differingField compares two observations. It returns "" when they show the same, else the first differing field with
// both values, as in "term 2, not 3". A field that one shows and the other does not is a difference.
func differingField(want, got *spec.Observation) string {
	const always = wire.EveryField &^ (spec.FieldContact | spec.FieldReads | spec.FieldUp)
	if want.Unknown&always != got.Unknown&always {
		return fmt.Sprintf("shown fields %#x, not %#x", got.Unknown, want.Unknown)
	}
	return firstDifference(want, got)
}

// field is a part of what a server shows, and how it is compared and told.
type field struct {
	bit  spec.Field
	name string
	same func(a, b *spec.Observation) bool
	tell func(o *spec.Observation) string
}

// fields are all that observations are compared by, in the order in which differences are told.
var fields = []field{
	{spec.FieldRole, "role", func(a, b *spec.Observation) bool { return a.Role == b.Role }, func(o *spec.Observation) string { return o.Role.String() }},
	{spec.FieldTerm, "term", func(a, b *spec.Observation) bool { return a.Term == b.Term }, func(o *spec.Observation) string { return fmt.Sprint(o.Term) }},
	{spec.FieldVotedFor, "votedFor", func(a, b *spec.Observation) bool { return a.VotedFor == b.VotedFor }, func(o *spec.Observation) string { return o.VotedFor.String() }},
	{spec.FieldLeader, "leader", func(a, b *spec.Observation) bool { return a.LeaderID == b.LeaderID }, func(o *spec.Observation) string { return o.LeaderID.String() }},
	{spec.FieldLog, "log", func(a, b *spec.Observation) bool { return sameLog(a.Log, b.Log) }, func(o *spec.Observation) string { return o.Log.String() }},
	{spec.FieldCommit, "commitIndex", func(a, b *spec.Observation) bool { return a.CommitIndex == b.CommitIndex }, func(o *spec.Observation) string { return fmt.Sprint(o.CommitIndex) }},
	{spec.FieldApplied, "lastApplied", func(a, b *spec.Observation) bool { return a.LastApplied == b.LastApplied }, func(o *spec.Observation) string { return fmt.Sprint(o.LastApplied) }},
	{spec.FieldVotes, "votes granted", func(a, b *spec.Observation) bool { return slices.Equal(a.Granted, b.Granted) }, func(o *spec.Observation) string { return fmt.Sprint(o.Granted) }},
	{spec.FieldRefused, "votes refused", func(a, b *spec.Observation) bool { return slices.Equal(a.Refused, b.Refused) }, func(o *spec.Observation) string { return fmt.Sprint(o.Refused) }},
	{spec.FieldProgress, "progress", func(a, b *spec.Observation) bool { return slices.Equal(a.Progress, b.Progress) }, func(o *spec.Observation) string { return fmt.Sprint(o.Progress) }},
	{spec.FieldConfig, "configuration", sameConfig, func(o *spec.Observation) string { return fmt.Sprint(o.Config) }},
	{spec.FieldDurable, "on disk", func(a, b *spec.Observation) bool { return sameDurable(&a.Durable, &b.Durable) }, func(o *spec.Observation) string { return fmt.Sprintf("%+v", o.Durable) }},
	{spec.FieldContact, "answered by", func(a, b *spec.Observation) bool { return slices.Equal(a.Contact, b.Contact) }, func(o *spec.Observation) string { return fmt.Sprint(o.Contact) }},
	{spec.FieldReads, "waiting reads", sameReads, func(o *spec.Observation) string { return fmt.Sprintf("%+v", o.Reads) }},
}

// differ reports whether two observations both show the field, and not alike.
func (f *field) differ(a, b *spec.Observation) bool {
	return a.Knows(f.bit) && b.Knows(f.bit) && !f.same(a, b)
}

// firstDifference compares the fields that both observations show.
func firstDifference(want, got *spec.Observation) string {
	for k := range fields {
		if f := &fields[k]; f.differ(want, got) {
			return fmt.Sprintf("%s %s, not %s", f.name, f.tell(got), f.tell(want))
		}
	}
	return ""
}

func sameConfig(a, b *spec.Observation) bool {
	return slices.Equal(a.Config.Voters, b.Config.Voters) && slices.Equal(a.Config.Outgoing, b.Config.Outgoing) && slices.Equal(a.Config.Learners, b.Config.Learners)
}

func sameReads(a, b *spec.Observation) bool {
	return a.LastToken == b.LastToken && slices.EqualFunc(a.Reads, b.Reads, sameRead)
}

func sameRead(a, b spec.PendingRead) bool {
	return a.Value == b.Value && a.Index == b.Index && a.Token == b.Token && slices.Equal(a.Confirmed, b.Confirmed)
}

func sameLog(a, b spec.Log) bool {
	return a.Base == b.Base && a.BaseTerm == b.BaseTerm && slices.Equal(a.Entries, b.Entries)
}

func sameDurable(a, b *spec.Durable) bool {
	return a.Term == b.Term && a.VotedFor == b.VotedFor && a.Config == b.Config && sameLog(a.Log, b.Log)
}

func sameMessage(a, b *spec.Message) bool { return a.Equal(*b) }

func sameEffect(a, b *spec.Effect) bool {
	return a.Kind == b.Kind && sameReply(a.Reply, b.Reply) && sameMessage(&a.Message, &b.Message) && sameDurable(&a.Durable, &b.Durable)
}

// sameReply compares what clients are told. Who asked, and of which term the entry is, need not be recorded.
func sameReply(a, b spec.Reply) bool {
	if a.Term == 0 || b.Term == 0 {
		a.Term, b.Term = 0, 0
	}
	if a.Client == "" || b.Client == "" {
		a.Client, b.Client = "", ""
	}
	return a == b
}
