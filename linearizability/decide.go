package linearizability

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/raftcheck/raftcheck/spec"
)

// The methods that decide a part.
const (
	ByZones     = "zones"     // the log-linear test for registers with unique written values
	ByPorcupine = "porcupine" // the general search of github.com/anishathalye/porcupine
)

// decision is the work of one Verify.
type decision struct {
	ctx     context.Context
	h       *History
	options Options
	parts   []part
	verdict []spec.Verdict // of each part
	method  []string       // that decided it, or tried last
	cores   []*conflict    // what the zones found; nil for others
	decided int
}

// firstRound is how long porcupine tries every part in the first round; in every further round it may take ten times as long, so
// that one hard key does not use up the time of the others.
const firstRound = 100 * time.Millisecond

func (d *decision) decide() {
	d.verdict = make([]spec.Verdict, len(d.parts))
	d.method = make([]string, len(d.parts))
	d.cores = make([]*conflict, len(d.parts))
	var rest []int
	for k := range d.parts {
		found, applies := zonesOf(d.h, &d.parts[k])
		if !applies {
			d.verdict[k], d.method[k] = spec.Inconclusive, ByPorcupine
			rest = append(rest, k)
			continue
		}
		d.method[k], d.cores[k] = ByZones, found
		if found != nil {
			d.verdict[k] = spec.Violated
		}
		d.progress()
	}
	end := time.Now().Add(d.options.Limit)
	for limit := firstRound; len(rest) > 0 && d.ctx.Err() == nil; limit *= 10 {
		left := time.Until(end)
		if left <= 0 {
			return
		}
		rest = d.round(rest, min(limit, left), end)
	}
}

// round lets porcupine try parts, several at once, and returns those that it did not decide.
func (d *decision) round(parts []int, limit time.Duration, end time.Time) (rest []int) {
	var workers sync.WaitGroup
	next := make(chan int)
	var told sync.Mutex
	for range min(runtime.GOMAXPROCS(0), len(parts)) {
		workers.Go(func() {
			for k := range next {
				v := askPorcupine(d.ctx, d.h, d.parts[k].keys, d.parts[k].ops, min(limit, time.Until(end)))
				told.Lock()
				if d.verdict[k] = v; v != spec.Inconclusive {
					d.progress()
				}
				told.Unlock()
			}
		})
	}
	for _, k := range parts {
		next <- k
	}
	close(next)
	workers.Wait()
	for _, k := range parts {
		if d.verdict[k] == spec.Inconclusive {
			rest = append(rest, k)
		}
	}
	return rest
}

func (d *decision) progress() {
	d.decided++
	if d.options.Progress != nil {
		d.options.Progress(d.decided, len(d.parts))
	}
}
