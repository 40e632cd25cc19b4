package scenario_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/raftcheck/raftcheck/conformance/scenario"
	"github.com/raftcheck/raftcheck/impl"
)

func reference(o impl.Options) scenario.Subject {
	return scenario.Subject{Name: "reference", New: impl.New(o), Variants: o.Variants()}
}

// The reference with its plain options meets every scenario that is about it.
func TestTheReferenceMeets(t *testing.T) {
	runner := scenario.NewRunner(reference(impl.Options{}))
	for _, s := range scenario.All() {
		r := runner.Run(t.Context(), s)
		assert.NotContains(t, []scenario.Outcome{scenario.Broken, scenario.Faulty}, r.Outcome, "%s:%d %s: %s\n%s", s.File, r.Line, s.Name, r.Because, r.Story)
		for _, b := range r.Breaches {
			assert.Fail(t, b.Message, "%s breaks %s\n%s", s.Name, b.Rule.ID, r.Story)
		}
		t.Log(s.Name, r.Outcome, r.Because, r.Runs, r.Steps)
	}
}
