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

// firstDifference compares the fields that both observations show.
func firstDifference(want, got *spec.Observation) string {
	known := func(f spec.Field) bool { return want.Knows(f) && got.Knows(f) }
	switch {
	case known(spec.FieldRole) && want.Role != got.Role:
		return fmt.Sprintf("role %s, not %s", got.Role, want.Role)
	case known(spec.FieldTerm) && want.Term != got.Term:
		return fmt.Sprintf("term %d, not %d", got.Term, want.Term)
	case known(spec.FieldVotedFor) && want.VotedFor != got.VotedFor:
		return fmt.Sprintf("votedFor %s, not %s", got.VotedFor, want.VotedFor)
	case known(spec.FieldLeader) && want.LeaderID != got.LeaderID:
		return fmt.Sprintf("leader %s, not %s", got.LeaderID, want.LeaderID)
	case known(spec.FieldLog) && !sameLog(want.Log, got.Log):
		return fmt.Sprintf("log %s, not %s", got.Log, want.Log)
	case known(spec.FieldCommit) && want.CommitIndex != got.CommitIndex:
		return fmt.Sprintf("commitIndex %d, not %d", got.CommitIndex, want.CommitIndex)
	case known(spec.FieldApplied) && want.LastApplied != got.LastApplied:
		return fmt.Sprintf("lastApplied %d, not %d", got.LastApplied, want.LastApplied)
	case known(spec.FieldVotes) && !slices.Equal(want.Granted, got.Granted):
		return fmt.Sprintf("votes granted %v, not %v", got.Granted, want.Granted)
	case known(spec.FieldRefused) && !slices.Equal(want.Refused, got.Refused):
		return fmt.Sprintf("votes refused %v, not %v", got.Refused, want.Refused)
	case known(spec.FieldProgress) && !slices.Equal(want.Progress, got.Progress):
		return fmt.Sprintf("progress %v, not %v", got.Progress, want.Progress)
	case known(spec.FieldConfig) && (!slices.Equal(want.Config.Voters, got.Config.Voters) || !slices.Equal(want.Config.Outgoing, got.Config.Outgoing) || !slices.Equal(want.Config.Learners, got.Config.Learners)):
		return fmt.Sprintf("configuration %v, not %v", got.Config, want.Config)
	case known(spec.FieldDurable) && !sameDurable(&want.Durable, &got.Durable):
		return fmt.Sprintf("on disk %+v, not %+v", got.Durable, want.Durable)
	case known(spec.FieldContact) && !slices.Equal(want.Contact, got.Contact):
		return fmt.Sprintf("answered by %v, not %v", got.Contact, want.Contact)
	case known(spec.FieldReads) && (want.LastToken != got.LastToken || !slices.EqualFunc(want.Reads, got.Reads, sameRead)):
		return fmt.Sprintf("waiting reads %+v, not %+v", got.Reads, want.Reads)
	}
	return ""
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
