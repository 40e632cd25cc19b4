package spec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

func TestEveryHabitSaysWhatItMeans(t *testing.T) {
	for _, h := range spec.Habits {
		t.Run(string(h.Variant), func(t *testing.T) {
			require.True(t, strings.HasSuffix(h.Sentence, "."), h.Sentence)
			require.NotEmpty(t, h.Seen)
			require.False(t, strings.HasSuffix(h.Seen, "."), h.Seen)
			require.True(t, strings.HasSuffix(h.Safe, "."), h.Safe)
			if len(h.Varied()) > 0 && h.Variant != spec.VolatileUntilReady {
				require.True(t, strings.HasSuffix(h.Instead, "."), "what is judged under it is told")
			}
			if h.Takes != "" {
				require.NoError(t, spec.Variant(h.Takes).Check())
				require.Equal(t, h.Variant, spec.Variant(h.Takes).Name())
			}
			require.Equal(t, h.Needs, h.Variant.Check() != nil)
		})
	}
}

func TestWhatIsDeclaredIsChecked(t *testing.T) {
	for declared, wrong := range map[spec.Variant]string{
		"heartbeats-anywhere":                     "",
		"flexible-quorums:elect=4,commit=2":       "",
		"flexible-quorums:commit=2":               "",
		"inherits-lease":                          "",
		"heartbeat-anywhere":                      `unknown variant "heartbeat-anywhere"`,
		"heartbeats-anywhere:elect=4":             `the variant "heartbeats-anywhere" takes no numbers`,
		"flexible-quorums":                        `the variant "flexible-quorums" needs numbers, as in "flexible-quorums:elect=4,commit=2"`,
		"flexible-quorums:elect=0":                `"elect=0" is not of the form`,
		"flexible-quorums:elect=-1":               `"elect=-1" is not of the form`,
		"flexible-quorums:elect=4,elect=3":        `"elect=3" is not of the form`,
		"flexible-quorums:":                       `"" is not of the form`,
		"flexible-quorums:write=2":                `"write=2" is not of the form`,
		"flexible-quorums:elect=4,commit=2,more":  `"more" is not of the form`,
		"flexible-quorums:elect=4,commit=2000000": `"commit=2000000" is not of the form`,
	} {
		err := declared.Check()
		if wrong == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, wrong)
	}
}

// A vote that is dropped before storage has it was promised to nobody; one that is on disk was.
func TestAVoteThatIsDroppedBeforeItIsStoredBindsNobody(t *testing.T) {
	for _, stored := range []bool{false, true} {
		before, after := follower(1), follower(1)
		before.VotedFor = 2
		if before.Durable.Term = 1; stored {
			before.Durable.VotedFor = 2
		}
		s := step(before, input(spec.Deliver), after)
		s.Input.Message = spec.Message{Kind: spec.AppendEntries, From: 2, To: 1, Term: 1}
		told := 0
		spec.Facts(s, spec.Variants{spec.DropsVoteForLeader, spec.StoresLater}, func(f *spec.Fact) {
			if f.Kind == spec.FactVote {
				told++
			}
		})
		require.Equal(t, stored, told == 1)
	}
}

// Who drops late answers overlooks the term of none but those to what it sent when it led.
func TestLateAnswersAreDropped(t *testing.T) {
	rule, _ := spec.RuleByName("heed-higher-term")
	for _, role := range []spec.Role{spec.Follower, spec.Candidate, spec.Leader} {
		for _, kind := range []spec.MessageKind{spec.RequestVoteReply, spec.AppendEntriesReply, spec.InstallSnapshotReply} {
			at := spec.Observation{Role: role, Term: 1, Config: spec.Configuration{Voters: []spec.ServerID{1, 2, 3}}}
			step := spec.Step{Server: 1, Before: at, After: at, Declared: spec.Variants{spec.LateTerm},
				Input: spec.Input{Kind: spec.Deliver, Message: spec.Message{Kind: kind, From: 2, To: 1, Term: 2}}}
			goesOn := role != spec.Follower
			require.Equal(t, goesOn, rule.JudgeStep(&step) != nil, "%s, %s", role, kind)
			step.Declared = append(step.Declared, spec.DropsLateAnswers)
			require.Equal(t, goesOn && (role == spec.Leader || kind == spec.RequestVoteReply), rule.JudgeStep(&step) != nil, "%s, %s", role, kind)
		}
	}
}
