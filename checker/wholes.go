package checker

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// wholeSteps keeps local steps as they were when they were made, for the histories that they are judged with: most are asked for soon
// afterwards, and need not be run again.
type wholeSteps []wholeStep

type wholeStep struct {
	number uint32
	step   *spec.Step
}

// keptSteps is how many steps are kept at most, and bytesOfStep about how many bytes each takes.
const (
	keptSteps   = 1 << 12
	bytesOfStep = 2000
)

// get returns a step; nil if it is not kept.
func (w wholeSteps) get(number uint32) *spec.Step {
	if len(w) == 0 {
		return nil
	}
	if kept := &w[number%keptSteps]; kept.number == number {
		return kept.step
	}
	return nil
}

// put keeps a step. What it did is copied, as its node may write its next effects into the same place.
func (w *wholeSteps) put(number uint32, step *spec.Step) {
	if *w == nil {
		*w = make(wholeSteps, keptSteps)
	}
	kept := *step
	kept.Output.Effects = slices.Clone(step.Output.Effects)
	(*w)[number%keptSteps] = wholeStep{number, &kept}
}
