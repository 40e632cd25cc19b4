package bubble

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	"github.com/raftcheck/raftcheck/spec"
)

// How often is enough. On a quiet machine two bubbles nearly always agree, and a third is hardly ever needed.
const (
	votesAlone    = 2  // bubbles that must agree when none does anything else
	votesAgainst  = 4  // bubbles that must agree when one did something else
	stable        = 2  // bubbles that make a second outcome more than an accident
	mostAttempts  = 12 // bubbles after which a step without a stable outcome is a fault
	likelyCulprit = "likely causes: a clock outside the bubble, a global source of randomness, map order, or several goroutines that are ready at once"
)

// poll counts how often an outcome was seen.
type poll []struct {
	outcome outcome
	votes   int
}

// vote counts an outcome and returns its place.
func (p *poll) vote(o outcome) int {
	for k := range *p {
		if (*p)[k].outcome.difference(&o) == "" {
			(*p)[k].votes++
			return k
		}
	}
	*p = append(*p, struct {
		outcome outcome
		votes   int
	}{o, 1})
	return len(*p) - 1
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
	way := m.way()
	var polled poll
	strays := map[*moment]*poll{}
	for range mostAttempts {
		got, at := l.run(m.root, way)
		if at != nil {
			l.stats.Divergences++
			if strays[at] == nil {
				strays[at] = &poll{{at.outcome, 0}}
			}
			if k := strays[at].vote(got); (*strays[at])[k].votes >= stable {
				m.outcome = undetermined(at, &at.outcome, &got)
				return
			}
			continue
		}
		k := polled.vote(got)
		if i, j, torn := polled.torn(); torn {
			m.outcome = undetermined(m, &polled[i].outcome, &polled[j].outcome)
			return
		}
		if polled[k].votes >= votesAgainst || len(polled) == 1 && polled[k].votes >= votesAlone {
			l.stats.Divergences += len(polled) - 1
			l.stats.Steps++
			m.outcome = got
			return
		}
	}
	m.outcome = broken(fmt.Errorf("%d bubbles in a row did not show what it does; %s", mostAttempts, likelyCulprit))
}

// undetermined is the outcome of a step that stably does two things.
func undetermined(m *moment, one, other *outcome) outcome {
	input := "start"
	if m.before != nil {
		input = m.input.String()
	}
	return broken(fmt.Errorf("the server is not deterministic: after the same %d inputs, %s leads to two things: %s; %s",
		max(0, len(m.way())-1), input, one.difference(other), likelyCulprit))
}

// panicked is the fault of a server that panicked in a call of its methods. A panic in one of its goroutines ends the whole program.
type panicked struct {
	value any
	stack []byte
}

// Error says what the panic said, and where.
func (p *panicked) Error() string {
	return fmt.Sprintf("the server panicked: %v\n%s", p.value, p.stack)
}

func broken(err error) outcome { return outcome{output: spec.Output{Fault: err}} }

// run gives a fresh server in a fresh bubble the inputs of a way and returns what the last one led to. If an earlier one led to something
// else than is known, it returns that and the moment where it happened.
func (l *Lab) run(r *root, way []*moment) (got outcome, at *moment) {
	if before := runtime.GOMAXPROCS(1); before != 1 {
		defer runtime.GOMAXPROCS(before)
	}
	started := time.Now()
	defer func() {
		l.stats.Bubbles++
		l.stats.Inside += time.Since(started)
		if value := recover(); value != nil { // goroutines remained in the bubble
			got, at = broken(fmt.Errorf("the bubble broke: %v", value)), nil
		}
	}()
	synctest.Test(l.t, func(*testing.T) {
		defer func() {
			if value := recover(); value != nil {
				got, at = broken(&panicked{value, debug.Stack()}), nil
			}
		}()
		server := l.start(r.id, r.servers)
		defer server.Close()
		if len(way) == 0 || !bytes.Equal(server.AppendState(nil), r.moment.outcome.state) {
			got = look(server, spec.Output{})
			if len(way) > 0 {
				at = r.moment
			}
			return
		}
		for _, m := range way[:len(way)-1] {
			l.stats.Inputs++
			out := server.Step(m.input)
			if !bytes.Equal(server.AppendState(nil), m.outcome.state) {
				got, at = look(server, out), m
				return
			}
		}
		l.stats.Inputs++
		got = look(server, server.Step(way[len(way)-1].input))
	})
	return got, at
}

// look returns what a step led to, as the server shows it now.
func look(s Server, out spec.Output) outcome {
	o := outcome{output: out, after: s.Observe(), state: s.AppendState(nil)}
	if r, ok := s.(Refuser); ok {
		o.refuses = r.Refuses()
	}
	return o
}
