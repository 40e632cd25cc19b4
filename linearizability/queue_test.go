package linearizability_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/linearizability"
	"github.com/raftcheck/raftcheck/spec"
)

// onQueue is what a client did to a queue, for one element: put it in, take it out, find the queue empty, or take nobody knows what.
type onQueue struct {
	what      byte // p, t, e
	element   int
	call, end int
	sure      bool
}

// orderedQueue looks for an order of the operations that a queue without an order allows, trying all of them. Without empty, those that found
// it empty say nothing.
func orderedQueue(left []onQueue, in map[int]int, empty bool) bool {
	if !slices.ContainsFunc(left, func(o onQueue) bool { return o.sure }) {
		return true
	}
	for k, o := range left {
		if slices.ContainsFunc(left, func(p onQueue) bool { return p.sure && p.end < o.call }) {
			continue
		}
		rest := slices.Delete(slices.Clone(left), k, k+1)
		total := 0
		for _, n := range in {
			total += n
		}
		switch {
		case o.what == 'p':
			in[o.element]++
			found := orderedQueue(rest, in, empty)
			in[o.element]--
			if found {
				return true
			}
		case o.what == 't' && in[o.element] > 0:
			in[o.element]--
			found := orderedQueue(rest, in, empty)
			in[o.element]++
			if found {
				return true
			}
		case o.what == 'u': // a drain may take any number: all that helps is that it takes
			for e := range in {
				if in[e] == 0 {
					continue
				}
				in[e]--
				found := orderedQueue(left, in, empty)
				in[e]++
				if found {
					return true
				}
			}
		case o.what == 'e' && (total == 0 || !empty):
			if orderedQueue(rest, in, empty) {
				return true
			}
		}
	}
	return false
}

// randomQueue makes a history of a queue as Jepsen writes it, right or wrong, and what it means.
func randomQueue(g *rand.Rand) (string, []onQueue) {
	var text strings.Builder
	var all []onQueue
	under := map[int]*onQueue{} // by process
	drains := map[int]bool{}
	next, process := 0, 3
	processes := []int{0, 1, 2}
	lines := 0
	line := func(p int, kind, f, value string) {
		fmt.Fprintf(&text, "{:process %d, :type :%s, :f :%s, :value %s}\n", p, kind, f, value)
		lines++
	}
	for range 6 + g.IntN(8) {
		slot := g.IntN(len(processes))
		p := processes[slot]
		o := under[p]
		if o == nil {
			o = &onQueue{call: lines}
			switch g.IntN(5) {
			case 0, 1, 2:
				if o.what, o.element = 'p', next; g.IntN(4) == 0 && next > 0 {
					o.element = g.IntN(next)
				} else {
					next++
				}
				line(p, "invoke", "enqueue", fmt.Sprint(o.element))
			case 3:
				o.what = 't'
				line(p, "invoke", "dequeue", "nil")
			default:
				o.what, drains[p] = 't', true
				line(p, "invoke", "drain", "nil")
			}
			under[p] = o
			continue
		}
		name := map[bool]string{true: "drain", false: "dequeue"}[drains[p]]
		o.end = lines
		switch fate := g.IntN(6); {
		case fate == 0: // nobody knows
			if o.end = 1 << 30; o.what == 'p' {
				line(p, "info", "enqueue", fmt.Sprint(o.element))
			} else {
				o.what = 'u'
				line(p, "info", name, "nil")
			}
			all = append(all, *o)
			processes[slot] = process
			process++
		case fate == 1:
			if o.what == 'p' {
				line(p, "fail", "enqueue", fmt.Sprint(o.element))
			} else {
				line(p, "fail", name, "nil")
			}
		case o.what == 'p':
			o.sure = true
			all = append(all, *o)
			line(p, "ok", "enqueue", fmt.Sprint(o.element))
		case drains[p]:
			var taken []string
			for range g.IntN(3) {
				o.element, o.sure = g.IntN(next+1), true
				taken = append(taken, fmt.Sprint(o.element))
				all = append(all, *o)
			}
			o.what, o.sure = 'e', true
			all = append(all, *o)
			line(p, "ok", "drain", "["+strings.Join(taken, " ")+"]")
		default:
			if o.sure = true; g.IntN(4) == 0 {
				o.what = 'e'
				line(p, "ok", "dequeue", "nil")
			} else {
				o.element = g.IntN(next + 1)
				line(p, "ok", "dequeue", fmt.Sprint(o.element))
			}
			all = append(all, *o)
		}
		delete(under, p)
		delete(drains, p)
	}
	for _, p := range processes {
		if o := under[p]; o != nil && o.what == 'p' {
			o.end = 1 << 30
			all = append(all, *o)
		} else if o != nil {
			line(p, "fail", map[bool]string{true: "drain", false: "dequeue"}[drains[p]], "nil")
		}
	}
	return text.String(), all
}

// TestQueuesAgreeWithBruteForce: a queue that is called wrong is wrong, and one that holds is right but for moments at which it is empty as a
// whole.
func TestQueuesAgreeWithBruteForce(t *testing.T) {
	g := rand.New(rand.NewPCG(7, 7))
	var held, wrong, between int
	for range 3_000 {
		text, all := randomQueue(g)
		h, err := linearizability.ReadFrom("queue.edn", strings.NewReader(text), linearizability.ReadOptions{})
		if err != nil { // there was no element
			require.ErrorContains(t, err, "the file holds no operation of a client")
			require.False(t, slices.ContainsFunc(all, func(o onQueue) bool { return o.what == 'p' || o.what == 't' }), text)
			continue
		}
		r, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
		require.NoError(t, err, text)
		if r.Verdict == spec.Violated {
			wrong++
			require.False(t, orderedQueue(all, map[int]int{}, true), text)
			continue
		}
		held++
		if r.Verdict == spec.Inconclusive { // nobody saw anything
			require.False(t, slices.ContainsFunc(all, func(o onQueue) bool { return o.what == 't' }), text)
		}
		require.True(t, orderedQueue(all, map[int]int{}, false), text)
		if !orderedQueue(all, map[int]int{}, true) {
			between++
		}
	}
	t.Logf("%d right, %d wrong, %d wrong only in that the queue was empty as a whole", held, wrong, between)
	require.Positive(t, held)
	require.Positive(t, wrong)
}
