package spec_test

import (
	_ "embed"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

//go:embed testdata/rulebook.txt
var rulebook string

// Every one of the 96 requirements of the rulebook is a rule, or there is a reason why not.
func TestEveryRequirementIsARule(t *testing.T) {
	ids := strings.Fields(rulebook)
	require.Len(t, ids, 96)
	for _, id := range ids {
		known := slices.ContainsFunc(spec.AllRules(), func(r *spec.Rule) bool { return r.ID == id })
		reason := slices.ContainsFunc(spec.NotJudged, func(u spec.Unjudged) bool { return u.ID == id && u.Because != "" })
		require.NotEqual(t, known, reason, "%s is a rule or there is a reason why not, and never both", id)
	}
	for _, u := range spec.NotJudged {
		require.Contains(t, ids, u.ID)
	}
}
