package fuzz

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Check tests a node with rapid: what may happen in a world are the actions of a state machine, and every step is judged by the whole
// rulebook. An execution that breaks a promise is shortened, saved in testdata/raftcheck, and fails the test with its story; the next
// run tries it first. The world is Default, and edit may change it. Rapid's flags say how many executions there are, and how long
// they may be: go test -rapid.checks=10000 -rapid.steps=100. Without -rapid.checks, a campaign of five CPU seconds follows (one with
// -short), the same in every run. A node that is in breach of the contract of package spec, or with which some goal is never reached that is within
// the bounds, fails too.
func Check(t checker.TB, node spec.Factory, edit ...func(*cluster.Config)) {
	t.Helper()
	p, err := newPlayer(t.Name(), node, edit)
	if err != nil {
		t.Fatalf("raftcheck: %v", err)
		return
	}
	if checker.TrySaved(t, &p.config, spec.Rules) {
		return
	}
	ctx, cancel := checker.BeforeDeadline(t)
	defer cancel()
	if !checker.KeepsContract(ctx, t, &p.config) {
		return
	}
	way, failure := p.falsify()
	switch {
	case failure != "":
		t.Fatalf("raftcheck: %s", failure)
	case way != nil:
		p.fail(t, way)
	default:
		p.work(ctx, t, given("rapid.checks"))
	}
}

// segments is how many times as long as -rapid.steps says an execution is: a Raft does little in the 30 steps that suit other machines.
const segments = 4

// falsify lets rapid look for an execution that breaks a promise, and make it small. It returns the execution, or what kept rapid
// from looking.
func (p *player) falsify() (way []checker.Choice, failure string) {
	tb := &quiet{name: "raftcheck-" + strings.Map(plainLetter, p.name)}
	done := make(chan struct{})
	go func() { // rapid ends a failing test by ending its goroutine
		defer close(done)
		rapid.Check(tb, func(rt *rapid.T) {
			m := &machine{player: p}
			if err := p.walker.Begin(); err != nil {
				tb.fault = err
				return
			}
			for actions, n := m.actions(), 0; n < segments && !m.over(); n++ {
				rt.Repeat(actions)
			}
			if m.broken {
				way = slices.Clone(m.way)
			}
			if m.err != nil {
				tb.fault = m.err
			}
			if m.broken || m.err != nil {
				rt.FailNow()
			}
		})
	}()
	<-done
	// Rapid saves random bits of its own. The execution, as a trace, is all that is needed.
	_ = os.RemoveAll(filepath.Join("testdata", "rapid", tb.name))
	_ = os.Remove(filepath.Join("testdata", "rapid"))
	switch {
	case tb.fault != nil:
		return nil, checker.FaultText(tb.fault)
	case tb.failed && way == nil:
		return nil, tb.said.String()
	}
	return way, ""
}

// plainLetter leaves of a test's name what can be in the name of a file.
func plainLetter(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return r
	}
	return '-'
}

// machine is one execution as rapid sees it.
type machine struct {
	*player
	way    []checker.Choice
	broken bool
	err    error
}

// actions returns what may happen. Names say how often each is drawn: messages arrive more often than anything else happens.
func (m *machine) actions() map[string]func(*rapid.T) {
	f := &m.config.Faults
	all := map[string]func(*rapid.T){
		"deliver": m.message(checker.DoDeliver, 0), "deliver oldest": m.message(checker.DoDeliver, 1), "deliver newest": m.message(checker.DoDeliver, -1),
	}
	for server := range m.config.Servers {
		for _, in := range m.walker.Inputs(server) {
			all[in.Kind.String()] = m.input(in.Kind)
		}
	}
	for _, fault := range []struct {
		on   bool
		name string
		do   func(*rapid.T)
	}{
		{f.Drop != cluster.Off, "drop", m.message(checker.DoDrop, 0)},
		{f.Duplicate != cluster.Off, "duplicate", m.message(checker.DoStay, 0)},
		{m.config.Duplications, "copy", m.message(checker.DoCopy, 0)},
		{f.Partition != cluster.Off, "partition", m.partition},
	} {
		if fault.on {
			all[fault.name] = fault.do
		}
	}
	return all
}

// input returns the action of giving one of the servers an input of a kind.
func (m *machine) input(kind spec.InputKind) func(*rapid.T) {
	return func(rt *rapid.T) {
		c := checker.Choice{Kind: checker.DoOwn, At: uint8(rapid.IntRange(0, m.config.Servers-1).Draw(rt, "server"))}
		var of []uint8
		for n, in := range m.walker.Inputs(int(c.At)) {
			if in.Kind == kind {
				of = append(of, uint8(n))
			}
		}
		if len(of) == 0 {
			rt.Skip()
		}
		c.Nth = rapid.SampledFrom(of).Draw(rt, "input")
		c.Cut = m.cut(rt)
		m.do(rt, c)
	}
}

// message returns the action of doing something to a message in flight: any for 0, the oldest for 1, the newest for -1.
func (m *machine) message(kind checker.ChoiceKind, which int) func(*rapid.T) {
	return func(rt *rapid.T) {
		n := m.walker.InFlight()
		if n == 0 || m.over() {
			rt.Skip()
		}
		place := 0
		switch which {
		case 0:
			place = rapid.IntRange(0, n-1).Draw(rt, "message")
		case -1:
			place = n - 1
		}
		c := checker.Choice{Kind: kind, At: uint8(place)}
		if kind == checker.DoDeliver {
			c.Cut = m.cut(rt)
		}
		m.do(rt, c)
	}
}

func (m *machine) partition(rt *rapid.T) {
	ways, partitioned := m.walker.Splits()
	switch {
	case partitioned:
		m.do(rt, checker.Choice{Kind: checker.DoHeal})
	case ways > 0:
		m.do(rt, checker.Choice{Kind: checker.DoSplit, At: uint8(rapid.IntRange(0, ways-1).Draw(rt, "far side"))})
	default:
		rt.Skip()
	}
}

// cut draws a crash in the middle of a step: mostly none.
func (m *machine) cut(rt *rapid.T) uint8 {
	if m.config.Faults.Crash == cluster.Off || rapid.IntRange(0, 15).Draw(rt, "crash in the middle") < 15 {
		return 0
	}
	cut := uint8(rapid.IntRange(1, 4).Draw(rt, "crash point")) << 1
	if m.config.Faults.Lossy && rapid.Bool().Draw(rt, "lossy") {
		cut |= 1
	}
	return cut
}

func (m *machine) over() bool { return m.broken || m.err != nil }

// do makes a choice happen, unless the execution is over. What is not possible is no action.
func (m *machine) do(rt *rapid.T, c checker.Choice) {
	if m.over() {
		return
	}
	h, err := m.walker.Do(c)
	if err != nil {
		m.err = err
		return
	}
	if !h.Possible {
		rt.Skip()
	}
	m.way = append(m.way, c)
	m.broken = h.Broken
}

// quiet is a test that keeps to itself what rapid says.
type quiet struct {
	name   string
	failed bool
	said   strings.Builder
	fault  error
}

func (q *quiet) Helper()                      {}
func (q *quiet) Name() string                 { return q.name }
func (q *quiet) Logf(string, ...any)          {}
func (q *quiet) Log(...any)                   {}
func (q *quiet) Skipf(string, ...any)         { q.SkipNow() }
func (q *quiet) Skip(...any)                  { q.SkipNow() }
func (q *quiet) SkipNow()                     { runtime.Goexit() }
func (q *quiet) Errorf(f string, args ...any) { q.failed = true; fmt.Fprintf(&q.said, f, args...) }
func (q *quiet) Error(args ...any)            { q.failed = true; fmt.Fprint(&q.said, args...) }
func (q *quiet) Fatalf(f string, args ...any) { q.Errorf(f, args...); q.FailNow() }
func (q *quiet) Fatal(args ...any)            { q.Error(args...); q.FailNow() }
func (q *quiet) Fail()                        { q.failed = true }
func (q *quiet) FailNow()                     { q.failed = true; runtime.Goexit() }
func (q *quiet) Failed() bool                 { return q.failed }
