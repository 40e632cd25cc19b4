package hashicorp_test

import (
	"slices"
	"testing"

	"github.com/raftcheck/raftcheck/adapters/hashicorp"
	"github.com/raftcheck/raftcheck/conformance/scenario"
	"github.com/raftcheck/raftcheck/spec"
)

// broken are the directed tests of the conformance suite that the library fails, each of them argued in docs/adapters-hashicorp.md.
var broken = []string{"R5.1-03/timeout-now", "R5.3-17/unverified", "R5.3-17/crash", "R5.6-02/crash", "R7-03/older", "R7-04/conflict", "R8-03/refused", "D3.10-01/stale"}

func TestScenarios(t *testing.T) {
	for name, c := range map[string]struct {
		servers hashicorp.Options
		besides spec.Variants
		broken  []string
	}{
		"pre-votes":    {hashicorp.Options{}, spec.Variants{spec.PreVotes}, broken},
		"no pre-votes": {hashicorp.Options{NoPreVote: true}, nil, append(slices.Clone(broken), "R5.6-02/campaign")},
	} {
		t.Run(name, func(t *testing.T) {
			variants := append(slices.Clone(hashicorp.Variants), c.besides...)
			scenario.Test(t, scenario.Subject{Name: name, New: hashicorp.Servers(t, c.servers).Node, Variants: variants}, 169, c.broken...)
		})
	}
}
