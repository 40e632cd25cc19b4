package explore

import (
	"fmt"
	"strconv"
	"strings"
)

// Way says how a state was come to: for each step, which of all that was possible happened, counted from 0. The empty way leads to the state in
// which nothing has happened.
type Way []int

// maxWay is how many steps a way may have: more than anybody takes by hand.
const maxWay = 10_000

// String prints the way as ParseWay reads it: "3.0.17".
func (w Way) String() string {
	parts := make([]string, len(w))
	for k, n := range w {
		parts[k] = strconv.Itoa(n)
	}
	return strings.Join(parts, ".")
}

// ParseWay reads a way; "" is the empty one.
func ParseWay(text string) (Way, error) {
	if text == "" {
		return nil, nil
	}
	parts := strings.Split(text, ".")
	if len(parts) > maxWay {
		return nil, fmt.Errorf("a way of %d steps: at most %d can be gone", len(parts), maxWay)
	}
	w := make(Way, len(parts))
	for k, part := range parts {
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("step %d of the way: %q is not a number", k+1, part)
		}
		w[k] = int(n)
	}
	return w, nil
}

// NoSuchStep is the error of a way that asks for a step which is not possible.
type NoSuchStep struct {
	Step     int // which step of the way, counted from 1
	Nth      int // what was asked for
	Possible int // how many things may happen there
}

// Error says how many things may happen there.
func (e *NoSuchStep) Error() string {
	return fmt.Sprintf("step %d of the way: of the %d things that may happen there, there is no number %d", e.Step, e.Possible, e.Nth)
}
