package spec_test

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

//go:embed testdata/rulebook.txt
var rulebook string

// liveness is why what the rulebook says that must happen some day is no rule about steps.
const liveness = "liveness: it is judged on the finished graph of a search, and not step by step"

// notRules are the requirements of the rulebook that need not be rules, each with the reason.
var notRules = map[string]string{
	"R5.2-10": liveness,
	"R5.2-13": liveness,
	"R5.2-14": liveness,
	"R5.3-09": liveness,
	"R5.3-12": liveness,
	"R5.5-01": liveness,
	"R6-04":   liveness,
	"R6-12":   liveness,
	"R7-08":   liveness,
	"R5.2-11": "a node has no clock and does not show when its driver winds the election timer again; what a voter owes its leader meanwhile is judged by R8-06 and R5.1-02",
	"R5.2-12": "a statistical property of many elections; docs/simulation.md measures it, fixed timeouts against random ones",
	"R7-07":   "the reference has no state machine beside its log, so a snapshot is an index, a term and a configuration; R7-03, R7-04, R5.3-19 and R8-08 judge what follows from them",
	"X-ST-01": "the reference applies again after a restart and keeps no applied index on disk; R5.3-19 judges where it begins",
}

// Every one of the 96 requirements of the rulebook is a rule, or there is a reason why not.
func TestEveryRequirementIsARule(t *testing.T) {
	ids := strings.Fields(rulebook)
	require.Len(t, ids, 96)
	for _, id := range ids {
		_, known := spec.RuleByName(id)
		require.True(t, known || notRules[id] != "", "%s is no rule, and nothing says why", id)
	}
	for id := range notRules {
		require.Contains(t, ids, id)
	}
}
