package spec_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

func TestRulesAreValid(t *testing.T) {
	require.NoError(t, spec.ValidateRules(spec.AllRules()))
}

// The rules come in the order of the rulebook, and the core of it is complete.
func TestRulesAreTheRulebooks(t *testing.T) {
	var ids []string
	for _, r := range spec.Rules {
		if r.Profile == spec.Core {
			ids = append(ids, r.ID)
		}
	}
	require.Equal(t, []string{
		"R5.1-01", "R5.1-02", "R5.1-03", "R5.1-04", "R5.1-05", "R5.1-06", "R5.1-07", "R5.1-08", "R5.1-09",
		"R5.2-01", "R5.2-02", "R5.2-03", "R5.2-04", "R5.2-05", "R5.2-06", "R5.2-07", "R5.2-08", "R5.2-09", "R5.2-10", "R5.2-15",
		"R5.3-01", "R5.3-02", "R5.3-03", "R5.3-04", "R5.3-05", "R5.3-06", "R5.3-07", "R5.3-08", "R5.3-10", "R5.3-11", "R5.3-13", "R5.3-15", "R5.3-21", "R5.3-22",
		"R5.4.1-01", "R5.4.1-02", "R5.4.1-03", "R5.4.1-04", "R5.4.2-01", "R5.4.2-02", "R5.3-16", "R5.3-17", "R5.3-20", "R5.3-18", "R5.3-19",
		"R5.4.3-01", "R5.4.3-02", "R5.6-01",
	}, ids)
}

func TestValidateRulesSaysAllThatIsWrong(t *testing.T) {
	good := func() *spec.Rule {
		return &spec.Rule{ID: "R1-01", Name: "good", Sentence: "It is good.", Why: "So it is.", Section: "1", Profile: spec.Core,
			Step: func(*spec.Step) *spec.Breach { return nil }}
	}
	tests := []struct {
		change func(*spec.Rule)
		want   string
	}{
		{func(r *spec.Rule) { r.ID = "R1" }, `rule R1: the id "R1" is not of the form R5.2-02`},
		{func(r *spec.Rule) { r.Name = "Good Rule" }, `rule R1-01: the name "Good Rule" is not words with hyphens`},
		{func(r *spec.Rule) { r.Sentence = "It is good" }, `rule R1-01: the sentence is not one sentence with a period`},
		{func(r *spec.Rule) { r.Sentence = "It is good. Very." }, `rule R1-01: the sentence is not one sentence with a period`},
		{func(r *spec.Rule) { r.Why = "" }, `rule R1-01: nothing says why, or it does not end with a period`},
		{func(r *spec.Rule) { r.Section = "" }, `rule R1-01: the section is missing`},
		{func(r *spec.Rule) { r.Profile = "" }, `rule R1-01: the profile is missing`},
		{func(r *spec.Rule) { r.Step = nil }, `rule R1-01: it has no check`},
		{func(r *spec.Rule) { r.Catches = []string{"el-good", "Bad"} }, `rule R1-01: "Bad" is no slug of a fault`},
	}
	require.NoError(t, spec.ValidateRules([]*spec.Rule{good()}))
	for _, test := range tests {
		r := good()
		test.change(r)
		require.EqualError(t, spec.ValidateRules([]*spec.Rule{r}), test.want)
	}
	require.EqualError(t, spec.ValidateRules([]*spec.Rule{good(), nil, good()}),
		"rule number 1 is nil\nrule R1-01: \"R1-01\" is used twice\nrule R1-01: \"good\" is used twice")
}

func ExampleRuleByName() {
	r, known := spec.RuleByName("election-safety")
	fmt.Println(r.ID, r.Sentence, known)
	// Output: R5.2-02 At most one leader is elected in a term. true
}

func TestLookups(t *testing.T) {
	for _, name := range []string{"R5.2-03", "r5.2-03", "vote-once", "Vote-Once"} {
		r, known := spec.RuleByName(name)
		require.True(t, known)
		require.Equal(t, "vote-once", r.Name)
	}
	_, known := spec.RuleByName("vote")
	require.False(t, known)
}
