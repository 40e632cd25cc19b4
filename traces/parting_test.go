package traces_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// declaredTraces are executions with every kind of event, read anew each time.
func declaredTraces(t *testing.T, each func(name string, again func() *traces.Trace)) {
	t.Helper()
	paths, err := filepath.Glob("testdata/variants/*.trace")
	require.NoError(t, err)
	require.Greater(t, len(paths), 20)
	saved, err := filepath.Glob("../impl/mutant/testdata/clients/*.trace")
	require.NoError(t, err)
	require.NotEmpty(t, saved)
	paths = append(paths, saved...)
	for _, path := range paths {
		each(filepath.Base(path), func() *traces.Trace { return readTrace(t, path) })
	}
}

func readTrace(t *testing.T, path string) *traces.Trace {
	t.Helper()
	read, err := traces.ReadFile(path)
	require.NoError(t, err)
	return read
}

// changes are what can be different in a step; each reports whether it changed anything.
var changes = map[string]func(r *traces.Record) bool{
	"the server": func(r *traces.Record) bool {
		if r.Step == nil {
			return false
		}
		r.Step.Server++
		return true
	},
	"the term that is shown": func(r *traces.Record) bool {
		if r.Step == nil || !r.Step.After.Knows(spec.FieldTerm) {
			return false
		}
		r.Step.After.Term++
		return true
	},
	"the log before": func(r *traces.Record) bool {
		if r.Step == nil || !r.Step.Before.Knows(spec.FieldLog) {
			return false
		}
		r.Step.Before.Log.Base++
		return true
	},
	"what is sent": func(r *traces.Record) bool {
		if r.Step == nil || len(r.Step.Output.Effects) < 2 {
			return false
		}
		r.Step.Output.Effects = r.Step.Output.Effects[1:]
		return true
	},
	"what is lost": func(r *traces.Record) bool {
		for k := range r.Step.Output.Sent {
			if !slices.Contains(r.Lost, k) {
				r.Lost = append(slices.Clone(r.Lost), k)
				return true
			}
		}
		return false
	},
	"the message": func(r *traces.Record) bool {
		if r.Step == nil || r.Step.Input.Kind != spec.Deliver {
			return false
		}
		r.Step.Input.Message.Term++
		return true
	},
	"the power": func(r *traces.Record) bool {
		if r.Step == nil {
			return false
		}
		r.Step.Input.Lossy = !r.Step.Input.Lossy
		return true
	},
}

// Two executions part where the first difference is, wherever and whatever it is, and whichever is first.
func TestExecutionsPartAtTheFirstDifference(t *testing.T) {
	tried := map[string]int{}
	declaredTraces(t, func(name string, again func() *traces.Trace) {
		a := again()
		p := traces.Part(a, again())
		require.True(t, p.Alike(a, again()), name)
		require.Empty(t, p.Contrasts)
		for what, change := range changes {
			for at := range a.Records {
				b := again()
				if b.Records[at].Step == nil || !change(&b.Records[at]) {
					continue
				}
				tried[what]++
				p, q := traces.Part(a, b), traces.Part(b, a)
				require.Equal(t, at, p.Same, "%s: %s of record %d", name, what, at)
				require.Equal(t, p.Same, q.Same)
				require.Len(t, q.Contrasts, len(p.Contrasts))
				for k, c := range p.Contrasts {
					require.NotEqual(t, c.In[0], c.In[1], "%s: %s: %s", name, what, c.What)
					require.Equal(t, traces.Contrast{What: c.What, In: [2]string{c.In[1], c.In[0]}}, q.Contrasts[k])
				}
				cause := slices.Contains([]string{"the server", "the message", "the power"}, what)
				require.Equal(t, cause, len(p.Contrasts) == 0, "%s: another step has nothing to be compared, and another outcome has: %s", name, what)
			}
		}
		for at := range a.Records {
			short := &traces.Trace{Header: a.Header, Records: a.Records[:at]}
			require.Equal(t, at, traces.Part(a, short).Same)
			require.False(t, traces.Part(a, short).Alike(a, short))
		}
	})
	require.Len(t, tried, len(changes))
}

// What only one of two recorders writes down, and how it numbers, makes no difference.
func TestWhatOneRecorderLeavesOutIsNoDifference(t *testing.T) {
	declaredTraces(t, func(name string, again func() *traces.Trace) {
		a, b := again(), again()
		for k := range b.Records {
			r := &b.Records[k]
			r.Number, r.Line, r.MessageID, r.SentIDs, r.Sequence = r.Number+7, 0, 0, nil, 0
			if r.Step != nil {
				r.Step.After.Unknown |= spec.FieldVotedFor
				r.Step.After.VotedFor = spec.None
				r.Step.Output = spec.Output{Unseen: true}
				r.Lost = nil
			}
		}
		require.True(t, traces.Part(a, b).Alike(a, b), name)
	})
}

func TestTwoTracesAreToldTheSameWayEachTime(t *testing.T) {
	a, b := readTrace(t, "testdata/variants/flexible-quorums.trace"), readTrace(t, "testdata/variants/flexible-quorums-too-few-commit.trace")
	tell := func() string {
		var out bytes.Buffer
		require.NoError(t, traces.Layout{}.Compare(&out, &traces.Told{Name: "a", Trace: a}, &traces.Told{Name: "b", Trace: b}))
		return out.String()
	}
	require.Equal(t, tell(), tell())
}
