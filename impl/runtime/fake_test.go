package runtime_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"math/rand/v2"

	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/linearizability"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/record"
)

// fake is a cluster on a clock that the test makes up. Messages are late, lost and doubled, servers are killed and started again,
// clients call, try again and give up. Everything follows from the seed.
type fake struct {
	t       *testing.T
	options impl.Options
	random  *rand.Rand
	now     time.Duration
	servers []spec.ServerID
	up      map[spec.ServerID]*runtime.Replica
	disks   map[spec.ServerID]*memory
	traces  map[spec.ServerID]*bytes.Buffer
	record  map[spec.ServerID]*record.Server
	cut     spec.ServerID // whom nobody reaches
	flying  []flying
	clients []*caller
	history linearizability.History

	compact, kills, snapshots int
}

type flying struct {
	at       time.Duration
	envelope runtime.Envelope
}

var errPower = errors.New("power failure")

// memory is a disk that keeps what is saved, until it is to fail: then it saves nothing more, or that and nothing more.
type memory struct {
	saved runtime.Saved
	fails int // when this falls to 0
	late  bool
}

func (m *memory) Save(s runtime.Saved) error {
	if m.fails > 0 {
		if m.fails--; m.fails == 0 {
			if m.late {
				m.saved = s
			}
			return errPower
		}
	}
	m.saved = s
	return nil
}

func newFake(t *testing.T, servers int, seed uint64, o impl.Options) *fake {
	f := &fake{t: t, options: o, random: rand.New(rand.NewPCG(seed, 0)), compact: 8,
		up: map[spec.ServerID]*runtime.Replica{}, disks: map[spec.ServerID]*memory{}, traces: map[spec.ServerID]*bytes.Buffer{}, record: map[spec.ServerID]*record.Server{}}
	for id := spec.ServerID(1); int(id) <= servers; id++ {
		f.servers = append(f.servers, id)
	}
	for _, id := range f.servers {
		f.traces[id] = &bytes.Buffer{}
		r, err := record.New(f.traces[id], record.Header{Servers: f.servers, Variants: o.Variants()}, record.Options{})
		require.NoError(t, err)
		f.disks[id], f.record[id] = &memory{}, r.Server(id)
		f.start(id)
	}
	return f
}

func (f *fake) start(id spec.ServerID) {
	f.disks[id].fails = 0
	r, err := runtime.NewReplica(runtime.Config{ID: id, Servers: f.servers, Options: f.options, Timing: runtime.DefaultTiming, Compact: f.compact, Seed: f.random.Uint64(), Recorder: f.record[id]},
		f.disks[id], f.disks[id].saved, f.send, f.now)
	require.NoError(f.t, err)
	f.up[id] = r
}

// send loses some messages and doubles some.
func (f *fake) send(e runtime.Envelope) {
	copies := 1
	switch p := f.random.IntN(100); {
	case e.Message.From == f.cut || e.Message.To == f.cut || p < 3:
		copies = 0
	case p < 6:
		copies = 2
	}
	for range copies {
		f.flying = append(f.flying, flying{f.now + time.Duration(f.random.IntN(int(10*time.Millisecond))), e})
	}
}

// run lets time pass, a millisecond at a time.
func (f *fake) run(d time.Duration) {
	for end := f.now + d; f.now < end; f.now += time.Millisecond {
		var later, due []flying
		for _, m := range f.flying {
			if m.at <= f.now {
				due = append(due, m)
			} else {
				later = append(later, m)
			}
		}
		f.flying = later
		for _, m := range due {
			if r := f.up[m.envelope.Message.To]; r != nil {
				r.Receive(f.now, m.envelope)
				if m.envelope.Message.Kind == spec.InstallSnapshot {
					f.snapshots++
				}
			}
		}
		for _, c := range f.clients {
			c.call()
		}
		for _, id := range f.servers {
			if r := f.up[id]; r != nil {
				r.Settle(f.now)
				if r.Err() != nil {
					require.ErrorIs(f.t, r.Err(), errPower)
					delete(f.up, id)
				}
			}
		}
	}
}

// chaos lets time pass in which servers are killed, mostly in the middle of a write, started again and cut off.
func (f *fake) chaos(rounds int) {
	for range rounds {
		id := f.servers[f.random.IntN(len(f.servers))]
		switch {
		case f.up[id] == nil:
			f.start(id)
		case f.random.IntN(3) == 0:
			f.cut = id
		case f.random.IntN(3) == 0:
			delete(f.up, id)
			f.kills++
		default:
			f.disks[id].fails, f.disks[id].late = 1+f.random.IntN(3), f.random.IntN(2) == 0
			f.kills++
		}
		f.run(time.Duration(100+f.random.IntN(400)) * time.Millisecond)
		if f.random.IntN(2) == 0 {
			f.cut = spec.None
		}
	}
	f.cut = spec.None
	for _, id := range f.servers {
		if f.up[id] == nil {
			f.start(id)
		}
		f.disks[id].fails = 0
	}
}

// caller is a client: one request at a time, sent again under the same number, and given up in the end.
type caller struct {
	*fake
	name      string
	keys      []string
	number    uint64
	command   runtime.Command
	operation int
	busy      bool
	asked     bool // of this request, an answer is outstanding
	again     time.Duration
	giveUp    time.Duration
	at        spec.ServerID
	seen      map[string]string
	done      int
}

func (f *fake) addClients(n int) {
	for k := range n {
		f.clients = append(f.clients, &caller{fake: f, name: fmt.Sprintf("c%d", k+1), keys: []string{"x", "y"}, at: 1, seen: map[string]string{}})
	}
}

func (c *caller) call() {
	if !c.busy {
		c.begin()
	}
	switch {
	case c.now >= c.giveUp:
		c.history.Lose(c.operation)
		c.busy = false
		return
	case c.asked && c.now < c.again:
		return
	}
	r := c.up[c.at]
	if r == nil || c.asked {
		c.at = c.servers[c.random.IntN(len(c.servers))]
	}
	if r = c.up[c.at]; r == nil || c.at == c.cut && c.random.IntN(4) > 0 {
		return
	}
	c.asked, c.again = true, c.now+40*time.Millisecond
	number := c.number
	r.Do(c.now, c.command, func(a runtime.Answer) {
		if c.number == number && c.busy {
			c.answer(a)
		}
	})
}

func (c *caller) begin() {
	c.number++
	c.busy, c.asked, c.giveUp = true, false, c.now+time.Second
	key := c.keys[c.random.IntN(len(c.keys))]
	value := fmt.Sprintf("%s-%d", c.name, c.number)
	c.command = runtime.Command{Client: c.name, Number: c.number, Op: []runtime.Op{runtime.Get, runtime.Put, runtime.Replace, runtime.Delete, runtime.Create, runtime.Append}[c.random.IntN(6)], Key: key, Value: value, Expected: c.seen[key]}
	text := linearizability.Text
	var a linearizability.Action
	switch c.command.Op {
	case runtime.Get:
		a = linearizability.ReadOf(key)
	case runtime.Put:
		a = linearizability.WriteOf(key, text(value))
	case runtime.Append:
		a = linearizability.AppendOf(key, text(value))
	case runtime.Delete:
		a = linearizability.WriteOf(key, linearizability.Absent)
	case runtime.Create:
		a = linearizability.CompareAndSetOf(key, linearizability.Absent, text(value))
	case runtime.Replace:
		a = linearizability.CompareAndSetOf(key, text(c.command.Expected), text(value))
	}
	c.operation = c.history.Call(c.name, a)
}

func (c *caller) answer(a runtime.Answer) {
	switch a.Outcome {
	case runtime.Redirect:
		c.at, c.asked = a.Leader, false
	case runtime.Refused:
		c.asked, c.again = true, c.now+20*time.Millisecond
	case runtime.Done:
		c.busy = false
		c.done++
		switch {
		case a.Result.Differs:
			c.history.Differ(c.operation)
		case c.command.Op == runtime.Get && a.Result.Found:
			c.seen[c.command.Key] = a.Result.Value
			c.history.Return(c.operation, linearizability.Text(a.Result.Value))
		case c.command.Op == runtime.Get:
			c.history.Return(c.operation, linearizability.Absent)
		default:
			c.history.Return(c.operation)
		}
	}
}

// verify joins the traces and judges them.
func (f *fake) verify() *traces.Result {
	var sources []traces.Source
	for _, id := range f.servers {
		lines, err := traces.NewLines(id.String(), bytes.NewReader(f.traces[id].Bytes()))
		require.NoError(f.t, err)
		source, err := traces.NewReader(lines, traces.Options{})
		require.NoError(f.t, err)
		sources = append(sources, source)
	}
	var joined bytes.Buffer
	require.NoError(f.t, traces.Join(&joined, sources...))
	lines, err := traces.NewLines("cluster.trace", &joined)
	require.NoError(f.t, err)
	source, err := traces.NewReader(lines, traces.Options{})
	require.NoError(f.t, err)
	result, err := traces.Verify(context.Background(), source, traces.VerifyOptions{})
	require.NoError(f.t, err)
	return result
}

func (f *fake) requireHeld() *traces.Result {
	result := f.verify()
	for _, finding := range result.Findings {
		f.t.Errorf("%s: %s\n%s", finding.Rule.ID, finding.Message, f.around(&finding))
	}
	require.Equal(f.t, spec.Held, result.Verdict)
	judged, err := linearizability.Verify(context.Background(), &f.history, linearizability.Options{})
	require.NoError(f.t, err)
	require.Equal(f.t, spec.Held, judged.Verdict, "%v", judged.Findings)
	return result
}

func (f *fake) around(finding *traces.Finding) string {
	var b strings.Builder
	for _, p := range finding.Evidence {
		fmt.Fprintf(&b, "  %s:%d %s: %s\n", p.File, p.Line, p.Role, p.Text)
	}
	return b.String()
}
