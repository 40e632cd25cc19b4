package etcd

import (
	"bytes"
	"context"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Events that another goroutine decodes come to what lines read in turn come to, of traces that are legal, that are not, and that are damaged.
func TestReadingAheadChangesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 7))
	verdicts := map[spec.Verdict]int{}
	faults := 0
	compare := func(text []byte, o traces.VerifyOptions) {
		want, wantErr := verifyWith(text, o)
		o.Ahead = true
		got, gotErr := verifyWith(text, o)
		require.Equal(t, wantErr, gotErr)
		require.Equal(t, want, got)
		if want == nil {
			faults++
		} else {
			verdicts[want.Verdict]++
		}
	}
	for _, file := range legal(t) {
		lines := linesOf(t, file)
		compare(bytes.Join(lines, []byte("\n")), traces.VerifyOptions{})
		for n := range 6 {
			changed, _, is := mutate(r, lines, &mutations[r.IntN(len(mutations))])
			if !is {
				continue
			}
			text := bytes.Join(changed, []byte("\n"))
			if n%3 == 2 {
				text[r.IntN(len(text))] = byte(r.IntN(256))
			}
			compare(text, traces.VerifyOptions{KeepGoing: n%2 == 0})
		}
	}
	compare([]byte(`{"level":"info","msg":"no event"}`), traces.VerifyOptions{})
	t.Logf("%v, %d errors", verdicts, faults)
	require.NotZero(t, verdicts[spec.Held])
	require.NotZero(t, verdicts[spec.Violated])
	require.NotZero(t, faults)
}

func verifyWith(text []byte, o traces.VerifyOptions) (*traces.Result, error) {
	lines, err := traces.NewLines("t", bytes.NewReader(append(bytes.Clone(text), '\n')))
	if err != nil {
		return nil, err
	}
	r, err := NewReader(lines, traces.Options{})
	if err != nil {
		return nil, err
	}
	return traces.Verify(context.Background(), r, o)
}

// Whoever stops early is told of the lines and events that were judged, however far others were decoded.
func TestPositionIsOfTheEventThatWasTaken(t *testing.T) {
	lines := linesOf(t, filepath.Join("testdata", "calm3-300.ndjson.gz"))
	text := bytes.Join(lines, []byte("\n"))
	source := func() *Reader {
		l, err := traces.NewLines("t", bytes.NewReader(text))
		require.NoError(t, err)
		r, err := NewReader(l, traces.Options{})
		require.NoError(t, err)
		return r
	}
	one, other := source(), source()
	end := other.ReadAhead()
	for range 40 {
		a, err := one.Next()
		require.NoError(t, err)
		b, err := other.Next()
		require.NoError(t, err)
		require.Equal(t, a.Line, b.Line)
		_, want := one.Position()
		_, got := other.Position()
		require.Equal(t, want, got)
		require.Equal(t, one.Events(), other.Events())
	}
	end()
	require.Equal(t, one.Drain(), other.Drain())
}
