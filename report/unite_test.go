package report_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/report"
)

// TestUnite: what some part reached is reached, and of a known finding the part tells that says the most, in whatever order they come.
func TestUnite(t *testing.T) {
	goals := [][]report.GoalResult{{{Name: "g", Possible: true}}, {{Name: "g", Possible: true, Reached: true, Times: 2}}}
	known := [][]report.Known{{{Rule: "r", Status: report.NotSeen}}, {{Rule: "r", Status: report.StillOccurs, Finding: &report.Finding{}}}}
	for _, order := range [][]int{{0, 1}, {1, 0}} {
		var g []report.GoalResult
		var n []report.Known
		for _, k := range order {
			g, n = report.UniteGoals(g, goals[k]), report.UniteKnown(n, known[k])
		}
		require.Equal(t, goals[1], g)
		require.Equal(t, known[1], n)
	}
}
