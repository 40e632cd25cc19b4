package record_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/record"
)

var header = record.Header{Servers: []spec.ServerID{1, 2, 3}, Implementation: "reference", Variants: spec.Variants{spec.OptimisticNext}}

// execution is a run of the reference: a leader is elected, a follower crashes, an entry is replicated.
func execution(t testing.TB) []*spec.Step {
	t.Helper()
	config := cluster.Default(impl.New(impl.Options{}))
	config.Bounds.Messages, config.Bounds.Log = 10, 5
	w, err := cluster.New(&config)
	require.NoError(t, err)
	var steps []*spec.Step
	give := func(id spec.ServerID, in spec.Input) {
		outcome, err := w.Apply(cluster.Action{Kind: cluster.Give, Server: id, Input: in})
		require.NoError(t, err)
		require.False(t, outcome.Refused)
		steps = append(steps, outcome.Step)
	}
	settle := func() {
		for len(w.InFlight()) > 0 {
			m := w.InFlight()[0]
			give(m.To, spec.Input{Kind: spec.Deliver, Message: m})
		}
	}
	give(1, spec.Input{Kind: spec.Timeout})
	settle()
	give(2, spec.Input{Kind: spec.Crash})
	give(2, spec.Input{Kind: spec.Restart})
	for _, value := range []string{"x", "a \"b\" \xff"} {
		give(1, spec.Input{Kind: spec.Propose, Value: value})
		give(1, spec.Input{Kind: spec.Heartbeat})
		settle()
	}
	return steps
}

// write records a step as whoever runs a server does.
func write(s *record.Server, step *spec.Step) {
	var now *record.Step
	if step.Input.Kind == spec.Deliver {
		now = s.Receive(step.Input.Message)
	} else {
		now = s.Happens(step.Input)
	}
	for _, e := range step.Output.Effects {
		switch e.Kind {
		case spec.Send:
			now.Send(e.Message)
		case spec.Write:
			now.Write(e.Durable)
		case spec.Sync:
			now.Persist(e.Durable)
		case spec.Answer:
			now.Answer(e.Reply)
		}
	}
	now.Redirect(step.Output.Redirect)
	now.Observe(step.After)
}

// What is recorded is what package traces would write, byte for byte.
func TestARecordIsALineOfTheFormat(t *testing.T) {
	var got, want bytes.Buffer
	r, err := record.New(&got, header, record.Options{})
	require.NoError(t, err)
	w, err := traces.NewWriter(&want, traces.Header{Servers: header.Servers, Origin: "record", Implementation: header.Implementation, Variants: header.Variants})
	require.NoError(t, err)
	for k, step := range execution(t) {
		step.Before = spec.Observation{Unknown: ^spec.Field(0)} // which is what it showed last
		write(r.Server(step.Server), step)
		line := traces.RecordOf(k+1, step)
		require.NoError(t, w.Record(&line))
	}
	require.NoError(t, w.Flush())
	require.NoError(t, r.Close())
	require.Equal(t, strings.ReplaceAll(want.String(), `,"pre":{}`, ""), got.String())
}

func TestARecordingIsVerified(t *testing.T) {
	var out bytes.Buffer
	r, err := record.New(&out, header, record.Options{})
	require.NoError(t, err)
	steps := execution(t)
	for _, step := range steps {
		write(r.Server(step.Server), step)
	}
	result := verify(t, out.Bytes())
	require.Equal(t, spec.Held, result.Verdict)
	require.Equal(t, len(steps), result.Records)
	trace, err := traces.Read("recorded", bytes.NewReader(out.Bytes())) // which checks its structure
	require.NoError(t, err)
	require.Len(t, trace.Records, len(steps))
}

// Servers that record apart, each in a file of its own, make one execution.
func TestServersThatRecordApartAreJoined(t *testing.T) {
	outs := map[spec.ServerID]*bytes.Buffer{}
	steps := execution(t)
	for _, id := range header.Servers {
		outs[id] = &bytes.Buffer{}
		r, err := record.New(outs[id], header, record.Options{})
		require.NoError(t, err)
		for _, step := range steps {
			if step.Server == id {
				write(r.Server(id), step)
			}
		}
	}
	var sources []traces.Source
	for _, id := range []spec.ServerID{3, 1, 2} {
		lines, err := traces.NewLines("recorded", outs[id])
		require.NoError(t, err)
		source, err := traces.NewReader(lines, traces.Options{})
		require.NoError(t, err)
		sources = append(sources, source)
	}
	var out bytes.Buffer
	require.NoError(t, traces.Join(&out, sources...))
	trace, err := traces.Read("joined", bytes.NewReader(out.Bytes())) // which sees that what arrives was sent
	require.NoError(t, err)
	require.Len(t, trace.Records, len(steps))
	result := verify(t, out.Bytes())
	require.Equal(t, spec.Held, result.Verdict)
	require.Len(t, result.Servers, 3)
}

func verify(t testing.TB, trace []byte) *traces.Result {
	t.Helper()
	lines, err := traces.NewLines("recorded", bytes.NewReader(trace))
	require.NoError(t, err)
	source, err := traces.NewReader(lines, traces.Options{})
	require.NoError(t, err)
	result, err := traces.Verify(context.Background(), source, traces.VerifyOptions{})
	require.NoError(t, err)
	return result
}

// Wherever a crash cuts the file, what came before the cut line is there, and the server goes on after it.
func TestACrashLosesAtMostTheLineAtHand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n1.trace")
	r, err := record.Open(path, header, record.Options{})
	require.NoError(t, err)
	for term := range 3 {
		elect(r.Server(1), spec.Term(term))
	}
	require.NoError(t, r.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, 4, bytes.Count(whole, []byte("\n")))
	for cut := range len(whole) + 1 {
		require.NoError(t, os.WriteFile(path, whole[:cut], 0o666))
		r, err := record.Open(path, header, record.Options{})
		require.NoError(t, err, "cut after %d bytes", cut)
		elect(r.Server(1), 9)
		require.NoError(t, r.Close())
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		kept := bytes.LastIndexByte(whole[:cut], '\n') + 1
		if kept == 0 { // not even the header
			kept = bytes.IndexByte(whole, '\n') + 1
		}
		require.Equal(t, string(whole[:kept]), string(got[:kept]))
		require.Equal(t, fmt.Sprintf(`{"n":%d,"server":"n1","event":"timeout","effectCount":0,"post":{"role":"candidate","term":9}}`+"\n", bytes.Count(whole[:kept], []byte("\n"))), string(got[kept:]))
	}
}

func elect(s *record.Server, term spec.Term) {
	now := record.Nothing()
	now.Unknown &^= spec.FieldRole | spec.FieldTerm
	now.Role, now.Term = spec.Candidate, term
	s.Happens(spec.Input{Kind: spec.Timeout}).Observe(now)
}

func TestWhatIsNotATraceIsLeftAlone(t *testing.T) {
	for _, text := range []string{"hello", "hello\n", "{}\n", `{"format":"other"}` + "\n", `{"format":"raftcheck-traces","version":1}` + "\nx", "\n", "[1]\n"} {
		path := filepath.Join(t.TempDir(), "notes")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		_, err := record.Open(path, header, record.Options{})
		require.ErrorContains(t, err, "not a trace to go on with", "%q", text)
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, string(got))
	}
	_, err := record.Open(t.TempDir(), header, record.Options{})
	require.Error(t, err)
	_, err = record.Open(filepath.Join(t.TempDir(), "no", "such", "folder"), header, record.Options{})
	require.Error(t, err)
}

// Servers that are recorded by many goroutines at once come out as whole lines, each server's in the order of its own.
func TestManyGoroutinesRecord(t *testing.T) {
	var out bytes.Buffer
	r, err := record.New(&out, record.Header{}, record.Options{Buffer: 1000})
	require.NoError(t, err)
	const goroutines, each = 8, 200
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for term := range each {
				elect(r.Server(spec.ServerID(g+1)), spec.Term(term))
			}
		})
	}
	all.Wait()
	require.NoError(t, r.Flush())
	result := verify(t, out.Bytes())
	require.Equal(t, goroutines*each, result.Records)
	require.Equal(t, spec.Held, result.Verdict)
	require.Len(t, result.Servers, goroutines)
	numbers := 0
	for line := range strings.Lines(out.String()) {
		if numbers > 0 {
			require.True(t, strings.HasPrefix(line, fmt.Sprintf(`{"n":%d,`, numbers)), line)
		}
		numbers++
	}
}

// full is a disk that is full after some bytes.
type full struct {
	room int
	bytes.Buffer
}

var errFull = errors.New("no space left on device")

func (f *full) Write(p []byte) (int, error) {
	if f.Len()+len(p) > f.room {
		n, _ := f.Buffer.Write(p[:f.room-f.Len()])
		return n, errFull
	}
	return f.Buffer.Write(p)
}

// When a trace can no longer be written the server goes on as if nothing were.
func TestAFullDiskEndsTheRecording(t *testing.T) {
	out := &full{room: 300}
	r, err := record.New(out, header, record.Options{})
	require.NoError(t, err)
	for term := range 100 {
		elect(r.Server(1), spec.Term(term))
	}
	require.ErrorIs(t, r.Err(), errFull)
	require.ErrorIs(t, r.Flush(), errFull)
	written := out.String()
	out.room = 10_000
	elect(r.Server(1), 100)
	require.Equal(t, written, out.String(), "nothing follows half a line")
	require.ErrorIs(t, r.Close(), errFull)
	require.ErrorIs(t, r.Err(), record.ErrClosed)
	require.NoError(t, r.Close())

	_, err = record.New(&full{}, header, record.Options{})
	require.ErrorIs(t, err, errFull)
}

func TestAValueTellsCommandsApart(t *testing.T) {
	require.Equal(t, record.Value([]byte("x")), record.Value([]byte("x")))
	require.NotEqual(t, record.Value([]byte("x")), record.Value([]byte("y")))
	require.Equal(t, "#cbf29ce484222325", record.Value(nil))
}

func TestTail(t *testing.T) {
	entries := func(from, to int, term spec.Term) (all []spec.Entry) {
		for i := from; i <= to; i++ {
			all = append(all, spec.Entry{Term: term, Value: fmt.Sprint(i)})
		}
		return all
	}
	show := func(t *record.Tail, after spec.Index) string { return t.After(after).String() }
	tail := record.NewTail(spec.Log{}, 4)
	require.Equal(t, "[]", show(tail, 0))
	tail.Append(1, entries(1, 3, 1)...)
	require.Equal(t, "[1@1 2@1 3@1]", show(tail, 0))
	require.Equal(t, "[…2@1 3@1]", show(tail, 2))
	require.Equal(t, "[…3@1]", show(tail, 9))
	shown := tail.After(0)
	tail.Append(3, entries(3, 4, 2)...)
	require.Equal(t, "[1@1 2@1 3@2 4@2]", show(tail, 0))
	require.Equal(t, "[1@1 2@1 3@1]", shown.String(), "what was shown stays")
	tail.Append(5, entries(5, 12, 2)...)
	require.Equal(t, spec.Index(0), tail.After(0).Base, "nothing is committed")
	tail.Commit(6)
	require.Equal(t, "[…6@2 7@2 8@2 9@2 10@2 11@2 12@2]", show(tail, 0), "what is not committed is kept")
	tail.Append(13, entries(13, 15, 2)...)
	tail.Commit(15) // nine are more than twice four
	require.Equal(t, "[…11@2 12@2 13@2 14@2 15@2]", show(tail, 0))
	term, kept := tail.Term(11)
	require.True(t, kept && term == 2)
	_, kept = tail.Term(10)
	require.False(t, kept)
	shown = tail.After(0)
	tail.Truncate(13)
	require.Equal(t, "[…11@2 12@2 13@2]", show(tail, 0))
	tail.Append(14, entries(14, 14, 3)...)
	require.Equal(t, "[…11@2 12@2 13@2 14@2 15@2]", shown.String(), "what was shown stays")
	tail.Append(7, entries(7, 7, 3)...) // from before what is kept
	require.Equal(t, "[…6@0 7@3]", show(tail, 0))
	tail.Reset(20, 5)
	tail.Append(21, entries(21, 21, 5)...)
	require.Equal(t, "[…20@5 21@5]", show(tail, 0))
	tail.Append(30, entries(30, 30, 6)...) // a gap: the log begins anew
	require.Equal(t, "[…29@0 30@6]", show(tail, 0))
	tail.Truncate(5)
	require.Equal(t, "[…5@0]", show(tail, 0))
	last, lastTerm := tail.Last()
	require.Equal(t, spec.Index(5), last)
	require.Zero(t, lastTerm)
}

func Example() {
	r, err := record.New(os.Stdout, record.Header{Servers: []spec.ServerID{1, 2}}, record.Options{})
	if err != nil {
		panic(err)
	}
	n2 := r.Server(2)
	step := n2.Receive(spec.Message{Kind: spec.RequestVote, From: 1, To: 2, Term: 7})
	step.Persist(spec.Durable{Term: 7, VotedFor: 1})
	step.Send(spec.Message{Kind: spec.RequestVoteReply, From: 2, To: 1, Term: 7, Granted: true})
	now := record.Nothing()
	now.Role, now.Term, now.VotedFor = spec.Follower, 7, 1
	now.Unknown &^= spec.FieldRole | spec.FieldTerm | spec.FieldVotedFor
	step.Observe(now)
	// Output:
	// {"format":"raftcheck-trace","version":1,"servers":["n1","n2"],"origin":"record"}
	// {"n":1,"server":"n2","event":"deliver","message":{"kind":"RequestVote","from":"n1","to":"n2","term":7,"lastLogIndex":0,"lastLogTerm":0},"effects":[{"sync":{"term":7,"votedFor":"n1","log":{"entries":[]}}},{"send":{"kind":"RequestVoteReply","from":"n2","to":"n1","term":7,"granted":true}}],"effectCount":2,"post":{"role":"follower","term":7,"votedFor":"n1"}}
}
