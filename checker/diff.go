package checker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Difference is an input that two implementations do not take alike, in states that the same inputs led to and in which all was
// alike until then.
type Difference struct {
	Server spec.ServerID
	Way    []string // the inputs before, from the start
	Input  string
	Names  [2]string // of the two implementations
	Does   [2]string // what each does; "" if the input was never given there
	Shows  [2]string // what each shows afterwards; "" where what it does differs already
}

// String tells the difference: how the server got there, and what each implementation does then.
func (d *Difference) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, after", d.Server)
	for _, in := range d.Way {
		fmt.Fprintf(&b, "\n  %s", in)
	}
	if len(d.Way) == 0 {
		b.WriteString(" nothing")
	}
	fmt.Fprintf(&b, "\non %s", d.Input)
	for k, name := range d.Names {
		text := d.Does[k]
		switch {
		case text == "":
			text = "(this input does not arise)"
		case d.Shows[k] != "":
			text += "\n    and is " + d.Shows[k]
		}
		fmt.Fprintf(&b, "\n  %s %s", name, text)
	}
	return b.String()
}

// DiffOptions says how to compare.
type DiffOptions struct {
	A, B LearnOptions
	Most int // differences to list; 0 is all
}

// Diff searches the same world with two implementations, and lists the local steps that differ, those with the shortest ways
// first, and after them the inputs that arise with one only. Only the first difference on each way is told: what follows from it
// is not. Payloads of messages are compared as far as both options put them into words.
func Diff(ctx context.Context, a, b *cluster.Config, o DiffOptions) ([]Difference, error) {
	first, err := Learn(ctx, a, o.A)
	if err != nil {
		return nil, err
	}
	second, err := Learn(ctx, b, o.B)
	if err != nil {
		return nil, err
	}
	return Compare(first, second, o.Most), nil
}

// Compare lists the local steps in which two automata differ, at most so many; 0 is all of them.
func Compare(a, b *Automaton, most int) []Difference {
	var found []Difference
	for slot := range min(len(a.Servers), len(b.Servers)) {
		c := comparison{a: a, b: b, slot: slot, seen: map[[2]int]int{}}
		c.walk()
		found = append(found, c.found...)
	}
	slices.SortStableFunc(found, func(x, y Difference) int {
		if x.oneSided() != y.oneSided() {
			return ranked(x.oneSided()) - ranked(y.oneSided())
		}
		return len(x.Way) - len(y.Way)
	})
	if most > 0 && len(found) > most {
		found = found[:most]
	}
	return found
}

// oneSided reports whether the input arises with one implementation only, mostly because another server did something else.
func (d *Difference) oneSided() bool { return d.Does[0] == "" || d.Does[1] == "" }

func ranked(b bool) int {
	if b {
		return 1
	}
	return 0
}

// comparison walks the automata of one server side by side.
type comparison struct {
	a, b  *Automaton
	slot  int
	pairs []statePair
	seen  map[[2]int]int
	found []Difference
}

// statePair is a state of each, reached by the same inputs.
type statePair struct {
	states [2]int
	from   int // the pair before; -1 at the start
	input  string
}

func (c *comparison) walk() {
	x, y := c.a.Servers[c.slot], c.b.Servers[c.slot]
	c.meet(statePair{from: -1})
	if x[0].Shows != y[0].Shows {
		c.differ(0, "the start", [2]string{"is " + x[0].Shows, "is " + y[0].Shows}, [2]string{})
		return
	}
	for k := 0; k < len(c.pairs); k++ {
		p := c.pairs[k]
		c.compare(k, x[p.states[0]].Steps, y[p.states[1]].Steps)
	}
}

func (c *comparison) meet(p statePair) {
	if _, met := c.seen[p.states]; !met {
		c.seen[p.states] = len(c.pairs)
		c.pairs = append(c.pairs, p)
	}
}

// compare goes through the steps of two states, both ascending by input.
func (c *comparison) compare(pair int, x, y []Step) {
	for len(x) > 0 || len(y) > 0 {
		switch {
		case len(y) == 0 || len(x) > 0 && x[0].Input < y[0].Input:
			c.differ(pair, x[0].Input, [2]string{x[0].Outcome, ""}, [2]string{})
			x = x[1:]
		case len(x) == 0 || y[0].Input < x[0].Input:
			c.differ(pair, y[0].Input, [2]string{"", y[0].Outcome}, [2]string{})
			y = y[1:]
		default:
			c.step(pair, &x[0], &y[0])
			x, y = x[1:], y[1:]
		}
	}
}

func (c *comparison) step(pair int, x, y *Step) {
	switch {
	case x.Outcome != y.Outcome:
		c.differ(pair, x.Input, [2]string{x.Outcome, y.Outcome}, [2]string{})
	case x.Next < 0 && y.Next < 0:
	case x.Next < 0 || y.Next < 0:
		c.differ(pair, x.Input, [2]string{x.Outcome, y.Outcome}, [2]string{c.after(c.a, x.Next), c.after(c.b, y.Next)})
	case c.after(c.a, x.Next) != c.after(c.b, y.Next):
		c.differ(pair, x.Input, [2]string{x.Outcome, y.Outcome}, [2]string{c.after(c.a, x.Next), c.after(c.b, y.Next)})
	default:
		c.meet(statePair{[2]int{x.Next, y.Next}, pair, x.Input})
	}
}

func (c *comparison) after(a *Automaton, state int) string {
	if state < 0 {
		return "outside the bounds"
	}
	return a.Servers[c.slot][state].Shows
}

func (c *comparison) differ(pair int, input string, does, shows [2]string) {
	var way []string
	for at := pair; c.pairs[at].from >= 0; at = c.pairs[at].from {
		way = append(way, c.pairs[at].input)
	}
	slices.Reverse(way)
	c.found = append(c.found, Difference{Server: spec.ServerID(c.slot + 1), Way: way, Input: input,
		Names: [2]string{c.a.Name, c.b.Name}, Does: does, Shows: shows})
}
