package process_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/process"
	"github.com/raftcheck/raftcheck/checker"
)

// A program that is not a function of its state and inputs ends the search as a fault, which names the first difference.
func TestProgramsThatAreNotDeterministic(t *testing.T) {
	for how, want := range map[string]string{
		// It looks at the clock.
		"state start clock": "effects.",
		"clock":             "answers otherwise than before, after the same inputs since the same start: effects.2.send.payload is",
		// What it sends depends on how many inputs it had, and its state does not say so.
		"state start hidden": "answers otherwise than before, after the same inputs since the same start: effects.",
		// Started again in the same process, it still counts the inputs of its former life.
		"state start start-keeps": "answers otherwise than before, after the same inputs since the same start: effects.",
		// Every process of it is another. Which of two checks notices first depends on the processes.
		"state start process": "answers otherwise than before, after the same inputs since the same start: effects.|two histories that end in equal AppendState bytes behave differently",
		// Set to a state, it is not what it was there.
		"load loads-badly": "than when it went through all inputs since the start: ",
	} {
		t.Run(how, func(t *testing.T) {
			p := themselves(t, how, process.Options{})
			c := small(p.Node)
			c.Bounds.Depth = 6
			_, err := checker.Check(context.Background(), c, checker.Options{})
			var fault *checker.Fault
			require.ErrorAs(t, err, &fault)
			require.Regexp(t, want, err.Error())
		})
	}
}

// The same programs are sound without what makes them unsound: their states are not compared, or they are not started again.
func TestHistoriesNeedNoState(t *testing.T) {
	for _, how := range []string{"start hidden", "hidden", "load"} {
		p := themselves(t, how, process.Options{})
		c := small(p.Node)
		c.Bounds.Depth = 4
		_, err := checker.Check(context.Background(), c, checker.Options{})
		require.NoError(t, err, how)
	}
}
