package linearizability

import (
	"context"
	"errors"
	"time"

	"github.com/raftcheck/raftcheck/spec"
)

// ErrEmpty is the error of a history without operations: nothing was recorded, and nothing can be said.
var ErrEmpty = errors.New("the history holds no operations")

// Options say how hard to try and how much to tell.
type Options struct {
	Limit time.Duration // how long porcupine may take for all keys together; 0 is [DefaultLimit]
	All   bool          // explain every key that is wrong, not only the first
	Model Model         // what the store promises; of single operations, the strictest is linearizability
	// Memory is how many bytes the history and the verdict on it may take; 0 is as many as it takes. What would take more is inconclusive.
	Memory int
	// Whole is how long all of the work may take; 0 is as long as it takes. It is not broken off then, but what was found wrong and cannot be shown by
	// few operations until then is told as it is known.
	Whole time.Duration
	// Wrong is called when something was found wrong, before the fewest operations are looked for that show it, with what is known by then: who
	// cannot wait for Verify has a verdict.
	Wrong func(*Result)
	// Progress is called now and then with how many parts are decided of how many.
	Progress func(decided, parts int)
}

// DefaultLimit is how long porcupine may take where Options say nothing.
const DefaultLimit = time.Minute

// Verify decides whether a history is linearizable: whether every operation can have happened at one moment between its call and its
// return, all of them in one order in which every client sees what it saw. A violation is reported only with a witness that porcupine
// and a search of our own both confirm; if they do not, the error is a [*Fault].
//
// Errors: [ErrEmpty]; what [History.Validate] finds; a [*Fault]; the context's error when it ended before anything was decided.
func Verify(ctx context.Context, h *History, o Options) (*Result, error) {
	if len(h.Operations) == 0 {
		return nil, ErrEmpty
	}
	if err := h.Validate(); err != nil {
		return nil, err
	}
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	r := newResult(h)
	d := &decision{ctx: ctx, h: h, options: o, parts: split(h)}
	if o.Whole > 0 {
		d.until = time.Now().Add(o.Whole - min(o.Whole/10, mostToTell))
	}
	if len(h.Broken) > 0 && !o.All {
		r.broken(h, d.parts)
		return r, nil
	}
	if err := d.decide(); err != nil {
		return nil, err
	}
	err := r.conclude(d)
	r.tellBroken(h, o.All)
	return r, err
}

// mostToTell is how long it may take to confirm what was found, and to tell of it.
const mostToTell = 2 * time.Second

// Check decides a small history at once, without evidence: the entry for searches and fuzzing, which see many. It tries at most
// [CheckBudget] steps; if they do not suffice, the answer is Inconclusive. The same history always gives the same answer. It does
// not call Validate. A history that shows nothing is held.
func Check(h *History) spec.Verdict {
	var s search
	return s.history(h)
}

// CheckBudget is how many steps [Check] tries.
const CheckBudget = 1_000_000
