package bubble

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/raftcheck/raftcheck/spec"
)

// How often is enough. On a quiet machine two bubbles nearly always agree, and a third is hardly ever needed. On a busy one, a thread waits for its turn,
// and Go takes the goroutine on it for one that runs for long, interrupts it and lets others go first: some of the bubbles that took long do something else.
const (
	votesAlone    = 2                    // bubbles that must agree when none does anything else, and nobody was interrupted in them
	votesAgainst  = 4                    // bubbles that must agree otherwise, and
	majority      = 2                    // how many of them there must be for each that did something else
	stable        = 8                    // bubbles that make a second outcome more than an accident
	mostAttempts  = 48                   // bubbles after which a step without a stable outcome is a fault
	uninterrupted = 8 * time.Millisecond // Go lets a goroutine run for ten
	likelyCulprit = "likely causes: a clock outside the bubble, a global source of randomness, map order, or several goroutines that are ready at once"
)

// poll counts how often an outcome was seen.
type poll []counted

type counted struct {
	outcome outcome
	votes   int
	calm    int // of bubbles in which nobody can have been interrupted
}

// vote counts an outcome and returns its place.
func (p *poll) vote(o outcome, calm bool) int {
	k := slices.IndexFunc(*p, func(c counted) bool { return c.outcome.difference(&o) == "" })
	if k < 0 {
		k = len(*p)
		*p = append(*p, counted{outcome: o})
	}
	if (*p)[k].votes++; calm {
		(*p)[k].calm++
	}
	return k
}

// settled reports whether there are votes enough for an outcome.
func (p poll) settled(k int) bool {
	others := p.all() - p[k].votes
	return p[k].votes >= max(votesAgainst, majority*others) || others == 0 && p[k].calm >= votesAlone
}

// all returns how many bubbles there were.
func (p poll) all() (n int) {
	for k := range p {
		n += p[k].votes
	}
	return n
}

// torn returns the places of two outcomes that are both stable, and whether there are two.
func (p poll) torn() (int, int, bool) {
	first := -1
	for k := range p {
		if p[k].votes < stable {
			continue
		}
		if first >= 0 {
			return first, k, true
		}
		first = k
	}
	return 0, 0, false
}

// settle finds out what the last input of a moment leads to.
func (l *Lab) settle(m *moment) {
	if err := l.dies(m); err != nil {
		m.outcome = broken(err)
		return
	}
	way := m.way()
	var polled poll
	strays := map[*moment]*poll{}
	for range mostAttempts {
		started := time.Now()
		f, stuck := l.run(m.root, way)
		calm := time.Since(started) < uninterrupted
		if stuck {
			m.outcome = f.got
			return
		}
		got := f.got
		if at := f.at; at != nil {
			l.stats.Divergences++
			if strays[at] == nil {
				strays[at] = &poll{{outcome: at.outcome}}
			}
			if k := strays[at].vote(got, calm); (*strays[at])[k].votes >= stable {
				m.outcome = l.undetermined(at, &at.outcome, &got)
				return
			}
			continue
		}
		k := polled.vote(got, calm)
		if i, j, torn := polled.torn(); torn {
			m.outcome = l.undetermined(m, &polled[i].outcome, &polled[j].outcome)
			return
		}
		if polled.settled(k) {
			l.stats.Divergences += polled.all() - polled[k].votes
			l.stats.Steps++
			m.outcome = got
			return
		}
	}
	one := m
	for at := range strays {
		if len(at.way()) < len(one.way()) || one == m {
			one = at
		}
	}
	m.outcome = broken(fmt.Errorf("the server is not deterministic: %d times in a row it was given the same inputs, and hardly twice did the same%s; %s", mostAttempts, l.where(one), likelyCulprit))
}

// undetermined is the outcome of a step that stably does two things.
func (l *Lab) undetermined(m *moment, one, other *outcome) outcome {
	input := "start"
	if m.before != nil {
		input = m.input.String()
	}
	return broken(fmt.Errorf("the server is not deterministic: after the same %d inputs, %s leads to two things: %s%s; %s",
		max(0, len(m.way())-1), input, one.difference(other), l.where(m), likelyCulprit))
}

// panicked is the fault of a server that panicked in a call of its methods, or beside it in a goroutine of its own.
type panicked struct {
	value  any
	stack  []byte
	beside bool
}

// Error says what the panic said, and where; of a [Mistake] no more than it says.
func (p *panicked) Error() string {
	if mistake, is := p.value.(Mistake); is {
		return mistake.Error()
	}
	if p.beside {
		return fmt.Sprintf("a goroutine of the server panicked: %v\n%s", p.value, p.stack)
	}
	return fmt.Sprintf("the server panicked: %v\n%s", p.value, p.stack)
}

// Panicked tells this fault from those that an adapter may be to blame for.
func (p *panicked) Panicked() {}

// Panic is the fault of a server that panicked where an adapter recovers it: the value, and the stack of the goroutine.
func Panic(value any, stack []byte) error { return &panicked{value: value, stack: stack} }

// Mistake is what an adapter panics with where its user has to say more, or something else. It is told without a stack.
type Mistake string

// Error is what is told.
func (m Mistake) Error() string { return string(m) }

func broken(err error) outcome { return outcome{output: spec.Output{Fault: err}} }

// found is what a bubble showed: what the last input of a way led to, or where an earlier one led to something else than is known.
type found struct {
	got outcome
	at  *moment // nil is the last
}

// run gives a fresh server in a fresh bubble the inputs of a way and returns what the last one led to. If an earlier one led to something
// else than is known, it returns that and the moment where it happened. stuck says that the bubble had to be given up.
func (l *Lab) run(r *root, way []*moment) (f found, stuck bool) {
	if before := runtime.GOMAXPROCS(1); before != 1 {
		defer runtime.GOMAXPROCS(before)
	}
	started := time.Now()
	var shown atomic.Pointer[found] // before the server is ended: who panics with a lock in hand may not end
	var inputs atomic.Int64
	show := func(f found) { shown.Store(&f) }
	catch := func() {
		if value := recover(); value != nil {
			show(found{got: broken(&panicked{value: value, stack: debug.Stack()})})
		}
	}
	err := l.inBubble(func() {
		defer catch()
		server := l.start(r.id, r.servers)
		defer server.Close()
		defer catch()
		show(walk(server, r, way, &inputs))
	})
	l.stats.Bubbles++
	l.stats.Inputs += int(inputs.Load())
	l.stats.Inside += time.Since(started)
	_, stuck = err.(*restless)
	seen := shown.Load()
	if err != nil && (!stuck || seen == nil || seen.got.output.Fault == nil) {
		return found{got: broken(err)}, stuck
	}
	return *seen, stuck
}

// walk gives a fresh server the inputs of a way, inside a bubble. See run.
func walk(server Server, r *root, way []*moment, inputs *atomic.Int64) found {
	if len(way) == 0 {
		return found{got: look(server, spec.Output{})}
	}
	if !bytes.Equal(server.AppendState(nil), r.moment.outcome.state) {
		return found{look(server, spec.Output{}), r.moment}
	}
	for _, m := range way[:len(way)-1] {
		inputs.Add(1)
		out := server.Step(m.input)
		if !bytes.Equal(server.AppendState(nil), m.outcome.state) {
			return found{look(server, out), m}
		}
	}
	inputs.Add(1)
	return found{got: look(server, server.Step(way[len(way)-1].input))}
}

// look returns what a step led to, as the server shows it now.
func look(s Server, out spec.Output) outcome {
	o := outcome{output: out, after: s.Observe(), state: s.AppendState(nil)}
	if r, ok := s.(Refuser); ok {
		o.refuses = r.Refuses()
	}
	return o
}
