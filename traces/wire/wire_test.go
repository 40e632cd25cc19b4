package wire_test

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// fill gives a value any content that the format can say.
func fill(v reflect.Value, chance *rand.Rand) {
	switch v.Interface().(type) {
	case spec.MessageKind:
		v.SetUint(1 + chance.Uint64N(uint64(spec.TimeoutNow)))
		return
	case spec.EntryKind:
		v.SetUint(chance.Uint64N(uint64(spec.ConfigurationChange) + 1))
		return
	case spec.Role:
		v.SetUint(chance.Uint64N(uint64(spec.Crashed) + 1))
		return
	case spec.Field:
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for k := range v.NumField() {
			fill(v.Field(k), chance)
		}
		if m, is := v.Addr().Interface().(*spec.Message); is {
			m.Unknown &= m.Kind.Uses()
			if m.Kind.Uses()&spec.MessagePrevIndex != 0 && m.PrevLogIndex == 0 {
				m.Unknown &^= spec.MessagePrevIndex | spec.MessagePrevTerm
			}
			hideMessage(m)
		}
	case reflect.Slice:
		if n := chance.IntN(3); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for k := range n {
				fill(v.Index(k), chance)
			}
		}
	case reflect.String:
		v.SetString([]string{"", "x", "a \"b\" \\ \n<>&", "\xff\x00", "世界", "n1,n2"}[chance.IntN(6)])
	case reflect.Bool:
		v.SetBool(chance.IntN(2) == 0)
	default:
		v.SetUint([]uint64{0, 1, 7, 1 << 53}[chance.IntN(4)])
	}
}

// Whatever is written is read back the same, by a reader that knows every member.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var message spec.Message
		var shown spec.Observation
		var effects [3]spec.Effect
		fill(reflect.ValueOf(&message).Elem(), chance)
		fill(reflect.ValueOf(&shown).Elem(), chance)
		fill(reflect.ValueOf(&effects[0].Message).Elem(), chance)
		fill(reflect.ValueOf(&effects[1].Durable).Elem(), chance)
		fill(reflect.ValueOf(&effects[2].Reply).Elem(), chance)
		if effects[2].Reply.NoIndex {
			effects[2].Reply.Index = 0
		}
		effects[0].Kind, effects[1].Kind, effects[2].Kind = spec.Send, spec.Sync, spec.Answer
		shown.Unknown = spec.Field(chance.Uint32()) & wire.EveryField
		shown.Unknown &^= spec.FieldUp // which the role shows
		if !shown.Knows(spec.FieldRole) {
			shown.Unknown |= spec.FieldUp
		}
		shown.Durable.Unknown = 0
		if shown.Knows(spec.FieldLog) && shown.Log.Base > 0 && chance.IntN(2) == 0 {
			shown.Unknown |= spec.FieldCompacted
		}
		want := hidden(shown)

		o := wire.Open(nil)
		o.Always(spec.FieldContact | spec.FieldReads)
		o.Message("message", &message)
		o.Output(&spec.Output{Effects: effects[:]})
		o.Observation("post", &shown)
		line := o.Close()

		strict := wire.NewReader(append([]byte(nil), line...), true)
		readAll(&strict)
		require.NoError(t, strict.Err(), "%s", line)

		r := wire.NewReader(line, false)
		for r.Open('{'); r.More('}'); {
			switch key := r.Key(); string(key) {
			case "message":
				require.Equal(t, message, r.Message())
			case "effects":
				require.Equal(t, effects[:], r.Effects())
			case "post":
				require.Equal(t, want, r.Observation())
			}
		}
		r.End()
		require.NoError(t, r.Err(), "%s", line)
	}
}

// readAll takes what a line of the test shows, whatever it is.
func readAll(r *wire.Reader) {
	for r.Open('{'); r.More('}'); {
		switch key := r.Key(); string(key) {
		case "message":
			r.Message()
		case "effects":
			r.Effects()
		case "post":
			r.Observation()
		}
	}
	r.End()
}

// hideMessage takes out of a message what is not known of it.
func hideMessage(m *spec.Message) {
	for _, f := range []struct {
		field spec.MessageField
		zero  func()
	}{
		{spec.MessageFrom, func() { m.From = 0 }}, {spec.MessageTo, func() { m.To = 0 }}, {spec.MessageTerm, func() { m.Term = 0 }},
		{spec.MessageLastIndex, func() { m.LastLogIndex = 0 }}, {spec.MessageLastTerm, func() { m.LastLogTerm = 0 }},
		{spec.MessageGranted, func() { m.Granted = false }}, {spec.MessagePrevIndex, func() { m.PrevLogIndex = 0 }},
		{spec.MessagePrevTerm, func() { m.PrevLogTerm = 0 }}, {spec.MessageEntries, func() { m.Entries = nil }},
		{spec.MessageCommit, func() { m.LeaderCommit = 0 }}, {spec.MessageSuccess, func() { m.Success = false }},
		{spec.MessageMatch, func() { m.MatchIndex = 0 }},
	} {
		if !m.Knows(f.field) {
			f.zero()
		}
	}
}

// hidden returns an observation without what it does not show.
func hidden(o spec.Observation) spec.Observation {
	for _, f := range []struct {
		field spec.Field
		zero  func()
	}{
		{spec.FieldRole, func() { o.Role = 0 }}, {spec.FieldTerm, func() { o.Term = 0 }}, {spec.FieldVotedFor, func() { o.VotedFor = 0 }},
		{spec.FieldLog, func() { o.Log = spec.Log{} }}, {spec.FieldCommit, func() { o.CommitIndex = 0 }}, {spec.FieldApplied, func() { o.LastApplied = 0 }},
		{spec.FieldVotes, func() { o.Granted = nil }}, {spec.FieldRefused, func() { o.Refused = nil }},
		{spec.FieldContact, func() { o.Contact = nil }}, {spec.FieldReads, func() { o.Reads, o.LastToken = nil, "" }}, {spec.FieldProgress, func() { o.Progress = nil }},
		{spec.FieldConfig, func() { o.Config = spec.Configuration{} }}, {spec.FieldDurable, func() { o.Durable = spec.Durable{} }},
		{spec.FieldLeader, func() { o.LeaderID = 0 }},
	} {
		if !o.Knows(f.field) {
			f.zero()
		}
	}
	return o
}

func TestAStrictReaderRefusesWhatItDoesNotKnow(t *testing.T) {
	for line, column := range map[string]int{
		`{"kind":"PreVote","colour":1}`:                        19,
		`{"kind":"PreVote","entries":[{"term":1,"data":"x"}]}`: 40,
		`{"kind":"AppendEntries", "leadercommit" : 1 }`:        26,
		`{"kind":"PreVote","to":"2"}`:                          24,
		`{"kind":"Vote"}`:                                      9,
		`{"kind":"PreVote","payloadBase64":"?"}`:               35,
	} {
		r := wire.NewReader([]byte(line), true)
		r.Message()
		var wrong *wire.Error
		require.ErrorAs(t, r.Err(), &wrong, line)
		require.Equal(t, column, wrong.Column, "%s: %s", line, wrong)
	}
	r := wire.NewReader([]byte(`{"kind":"PreVote","colour":{"a":[1]}}`), false)
	require.Equal(t, spec.Message{Kind: spec.PreVote, Unknown: spec.PreVote.Uses()}, r.Message(), "what is not shown is not zero")
	require.NoError(t, r.Err())
}
