package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/linearizability"
	"github.com/raftcheck/raftcheck/spec"
)

// TestWritten: what is planted is found in what was written, in either format, and nothing where nothing was planted.
func TestWritten(t *testing.T) {
	for _, plant := range append(linearizability.Plants(), "") {
		for _, format := range []string{"native", "edn"} {
			w := linearizability.Load{Operations: 300, Clients: 8, Keys: 5, PerKey: 32, Actions: 4, Readers: 0.5, Unknown: 0.02, Plant: plant, Seed: 3}
			r := verdict(t, w, format)
			if plant == "" {
				require.Equal(t, spec.Held, r.Verdict, format)
				continue
			}
			require.Equal(t, spec.Violated, r.Verdict, "%s in %s", plant, format)
			require.Equal(t, []string{plant}, r.Anomalies, format)
		}
	}
}

// TestWrittenRegisters: the same for single operations on registers.
func TestWrittenRegisters(t *testing.T) {
	for _, format := range []string{"native", "edn"} {
		for plant, want := range map[string]spec.Verdict{"": spec.Held, "G-single-realtime": spec.Violated} {
			for values := range 4 {
				w := linearizability.Load{Operations: 300, Clients: 5, Keys: 3, Actions: 1, Registers: true, Values: values, Readers: 0.5, Unknown: 0.02, Plant: plant}
				require.Equal(t, want, verdict(t, w, format).Verdict, "%q with %d values in %s", plant, values, format)
			}
		}
	}
}

func verdict(t *testing.T, w linearizability.Load, format string) *linearizability.Result {
	t.Helper()
	var text bytes.Buffer
	require.NoError(t, run(&text, w, format, nil))
	h, err := linearizability.ReadFrom("h", &text, linearizability.ReadOptions{})
	require.NoError(t, err)
	r, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
	require.NoError(t, err)
	return r
}

func TestMistakes(t *testing.T) {
	w := linearizability.Load{Operations: 1, Clients: 1, Keys: 1, Actions: 1}
	require.ErrorContains(t, run(nil, w, "xml", nil), "native or edn")
	require.ErrorContains(t, run(nil, w, "edn", []string{"more"}), "more")
	w.Plant = "G9"
	require.ErrorContains(t, run(nil, w, "edn", nil), "G9")
}
