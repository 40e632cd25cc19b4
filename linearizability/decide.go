package linearizability

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/raftcheck/raftcheck/spec"
)

// The methods that decide a part.
const (
	ByZones     = "zones"     // the log-linear test for registers and lists to which nothing is written twice
	ByGraph     = "graph"     // the dependency graph of transactions
	BySearch    = "search"    // our own search, for a fixed number of steps
	ByPorcupine = "porcupine" // github.com/anishathalye/porcupine, for as long as the limit allows
)

// Methods lists the methods in the order in which they are tried.
var Methods = []string{ByZones, ByGraph, BySearch, ByPorcupine}

// decision is the work of one Verify.
type decision struct {
	ctx     context.Context
	h       *History
	options Options
	parts   []part
	verdict []spec.Verdict // of each part
	method  []string       // that decided it, or tried last
	cores   []*conflict    // what the zones found; nil for others
	seen    [][]int        // the operations of a part without those that nobody can have seen; nil where the zones decide
	judged  []*judged      // what the dependency graph says of a part; nil where it was not asked
	blocked []int64        // of a part that a sweep found wrong: the return at which it showed, as a rank; 0 for others
	until   time.Time      // when what is wrong should be shown; zero for never
	large   []int          // parts that need more memory than there is
	decided int
	telling sync.Mutex
}

// The steps that our own search takes for a part, depth first and then sweeping, before porcupine is asked. It counts steps and not time,
// so that what it decides does not depend on the machine.
const (
	searchBudget = 100_000
	sweepBudget  = 2_000_000
)

// firstRound is how long porcupine tries every part in the first round; in every further round it may take ten times as long, so
// that one hard key does not use up the time of the others.
const firstRound = 100 * time.Millisecond

func (d *decision) decide() error {
	d.verdict = make([]spec.Verdict, len(d.parts))
	d.method = make([]string, len(d.parts))
	d.cores = make([]*conflict, len(d.parts))
	d.seen = make([][]int, len(d.parts))
	d.judged = make([]*judged, len(d.parts))
	d.blocked = make([]int64, len(d.parts))
	if err := d.allAtOnce(); err != nil {
		return err
	}
	if d.options.Model != StrictSerializable {
		return nil
	}
	var rest []int
	wrong := false
	for k, v := range d.verdict {
		wrong = wrong || v == spec.Violated
		if v == spec.Inconclusive && !slices.Contains(d.large, k) {
			rest = append(rest, k)
		}
	}
	if wrong && !d.options.All {
		return nil
	}
	if rest = d.sweep(rest); !d.options.All && slices.Contains(d.verdict, spec.Violated) {
		return nil
	}
	for _, k := range rest {
		d.method[k] = ByPorcupine
	}
	end := time.Now().Add(d.options.Limit)
	for limit := firstRound; len(rest) > 0 && d.ctx.Err() == nil; limit *= 10 {
		left := time.Until(end)
		if left <= 0 {
			break
		}
		rest = d.round(rest, min(limit, left), end)
	}
	return nil
}

// allAtOnce decides all parts by what does not depend on time, several at once.
func (d *decision) allAtOnce() error {
	faults := make([]error, len(d.parts))
	large := make([]bool, len(d.parts))
	room := d.options.Memory - d.h.size()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(d.parts)) {
		workers.Go(func() {
			var own search
			for k := int(next.Add(1)) - 1; k < len(d.parts) && d.ctx.Err() == nil; k = int(next.Add(1)) - 1 {
				if large[k] = d.options.Memory > 0 && needed(d.h, &d.parts[k], d.options.Model) > room; large[k] {
					d.method[k], d.verdict[k] = ByGraph, spec.Inconclusive
					continue
				}
				if faults[k] = d.atOnce(&own, k); d.verdict[k] != spec.Inconclusive {
					d.progress()
				}
			}
		})
	}
	workers.Wait()
	for k, is := range large {
		if is {
			d.large = append(d.large, k)
		}
	}
	for _, err := range faults {
		if err != nil {
			return err
		}
	}
	return d.ctx.Err()
}

// atOnce decides a part by what does not depend on time.
func (d *decision) atOnce(s *search, k int) error {
	p := &d.parts[k]
	found, applies := zonesOf(d.h, p)
	if applies && (found == nil || d.options.Model == StrictSerializable) {
		d.method[k], d.cores[k] = ByZones, found
		if found != nil {
			d.verdict[k] = spec.Violated
		}
		return nil
	}
	if d.options.Model != StrictSerializable || joins(d.h, p) {
		if err := d.byGraph(k); err != nil || d.verdict[k] != spec.Inconclusive || d.options.Model != StrictSerializable {
			return err
		}
	}
	d.method[k] = BySearch
	d.seen[k] = withoutInvisible(d.h, p.ops)
	d.verdict[k] = s.run(d.h, p.keys, d.seen[k], searchSteps(len(d.seen[k])))
	if d.verdict[k] == spec.Held {
		return s.certify(d.h, p)
	}
	if d.verdict[k] == spec.Inconclusive && d.judged[k] == nil {
		return d.byGraph(k)
	}
	return nil
}

// byGraph decides a part by its dependency graph.
func (d *decision) byGraph(k int) error {
	j, err := judge(d.h, &d.parts[k], guidedBudget)
	if err != nil {
		return err
	}
	d.judged[k], d.verdict[k], d.method[k] = j, j.verdict[d.options.Model], ByGraph
	if j.chose {
		d.method[k] = BySearch
	}
	return nil
}

// joins reports whether any operation does several things at once.
func joins(h *History, p *part) bool {
	return slices.ContainsFunc(p.ops, func(k int) bool { return len(h.Operations[k].Do) > 1 })
}

// sweep sweeps the parts that were too long to search, and returns those that it does not decide.
func (d *decision) sweep(parts []int) (rest []int) {
	var s search
	for n, k := range parts {
		if d.ctx.Err() != nil {
			return append(rest, parts[n:]...)
		}
		if d.verdict[k] = s.sweepLoosely(d.h, d.parts[k].keys, d.seen[k]); d.verdict[k] == spec.Inconclusive {
			d.verdict[k] = s.sweep(d.h, d.parts[k].keys, d.seen[k], d.sweepBudget(k))
		}
		if d.verdict[k] == spec.Inconclusive {
			rest = append(rest, k)
			continue
		}
		if d.verdict[k] == spec.Violated {
			d.blocked[k] = s.blocked
		}
		d.progress()
	}
	return rest
}

// sweepBudget is how many steps a sweep may take: fewer for a part with many keys, of which every state takes memory.
func (d *decision) sweepBudget(k int) int {
	room := sweepBytes
	if d.options.Memory > 0 {
		room = min(room, d.options.Memory)
	}
	return sweepSteps(len(d.parts[k].keys), room)
}

// sweepSteps is how many steps a sweep over some keys may take within some memory, in bytes.
func sweepSteps(keys, room int) int { return min(sweepBudget, room/(searchOfState+searchOfKey*keys)) }

// certify goes through the order that a search has found once more: nothing comes before what had returned when it was called, and
// everybody sees what he saw.
func (s *search) certify(h *History, p *part) error {
	state := map[string]Value{}
	earliest := int64(never) // return of what comes later
	done := map[int]bool{}
	for n := len(s.path) - 1; n >= 0; n-- {
		k := s.ops[s.path[n]].index
		done[k] = true
		o := &h.Operations[k]
		if o.callRank() > earliest {
			return &Fault{fmt.Sprintf("the order that the search finds for %s puts operation %d before one that had returned", keyNames(p.keys), k)}
		}
		earliest = min(earliest, o.returnRank())
	}
	for _, n := range s.path {
		o := &h.Operations[s.ops[n].index]
		for a := range o.Do {
			held, set := state[o.Do[a].Key]
			if !set {
				held = h.initial(o.Do[a].Key)
			}
			after, ok := o.Do[a].take(held, o.Outcome == Returned)
			if !ok {
				return &Fault{fmt.Sprintf("the order that the search finds for %s does not explain operation %d", keyNames(p.keys), s.ops[n].index)}
			}
			state[o.Do[a].Key] = after
		}
	}
	for _, k := range p.ops {
		if h.Operations[k].Outcome == Returned && !done[k] {
			return &Fault{fmt.Sprintf("the order that the search finds for %s leaves out operation %d", keyNames(p.keys), k)}
		}
	}
	return nil
}

// round lets porcupine try parts, several at once, and returns those that it did not decide.
func (d *decision) round(parts []int, limit time.Duration, end time.Time) (rest []int) {
	var workers sync.WaitGroup
	next := make(chan int)
	var told sync.Mutex
	for range min(runtime.GOMAXPROCS(0), len(parts)) {
		workers.Go(func() {
			for k := range next {
				v := askPorcupineWithin(d.ctx, d.h, d.parts[k].keys, d.seen[k], min(limit, time.Until(end)), d.porcupineBytes())
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
	d.telling.Lock()
	defer d.telling.Unlock()
	d.decided++
	if d.options.Progress != nil {
		d.options.Progress(d.decided, len(d.parts))
	}
}
