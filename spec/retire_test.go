package spec

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRetiredEntriesAreForgottenAndNothingElse(t *testing.T) {
	entries := []Entry{{Term: 1, Value: "a"}, {Term: 1, Value: "b"}, {Term: 2, Value: "c"}, {Term: 2, Value: "d"}}
	shows := func(id ServerID, log []Entry, commit Index) *Step {
		return &Step{Server: id, Before: Observation{Unknown: ^Field(0)},
			After: Observation{Unknown: ^(FieldRole | FieldTerm | FieldLog | FieldCommit), Term: 2, Log: Log{Entries: log}, CommitIndex: commit}}
	}
	changed := func(at int) []Entry {
		log := append([]Entry{}, entries...)
		log[at].Value = "other"
		return log
	}
	for _, c := range []struct {
		name   string
		keep   Index
		breaks bool
	}{{"kept", 3, true}, {"forgotten", 1, false}} {
		t.Run(c.name, func(t *testing.T) {
			j := NewJudge(Rules, nil)
			j.Incomplete()
			require.Empty(t, j.Step(1, shows(1, entries, 4)))
			require.Empty(t, j.Step(2, shows(2, entries, 3)))
			j.Retire(c.keep)
			require.Equal(t, c.breaks, len(j.Step(3, shows(3, changed(1), 2))) > 0)
			require.NotEmpty(t, j.Step(4, shows(4, changed(3), 4)), "what is above the lowest commitIndex is remembered")
		})
	}
}
