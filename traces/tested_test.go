package traces_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// What the records of a trace put to the test is, all together, what a verdict on the trace says was put to the test; and telling it changes nothing.
func TestTestedIsWhatAVerdictCounts(t *testing.T) {
	files, err := filepath.Glob("testdata/variants/*.trace")
	require.NoError(t, err)
	tried := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		trace, err := traces.Read(file, bytes.NewReader(text))
		require.NoError(t, err)
		before := written(t, trace)
		tested := map[string]bool{}
		for _, of := range traces.Tested(trace, spec.Rules) {
			for _, k := range of {
				tested[spec.Rules[k].Name] = true
			}
		}
		require.Equal(t, before, written(t, trace), file)
		source, err := traces.NewReader(lines(t, file, text), traces.Options{})
		require.NoError(t, err)
		result, err := traces.Verify(context.Background(), source, traces.VerifyOptions{KeepGoing: true})
		require.NoError(t, err)
		for _, r := range result.Rules {
			require.Equal(t, r.Checked > 0, tested[r.Rule.Name], "%s: %s", file, r.Rule.Name)
		}
		tried += len(tested)
	}
	require.Greater(t, tried, 500)
}

func written(t *testing.T, trace *traces.Trace) string {
	t.Helper()
	var out bytes.Buffer
	w, err := traces.NewWriter(&out, trace.Header)
	require.NoError(t, err)
	for k := range trace.Records {
		require.NoError(t, w.Record(&trace.Records[k]))
	}
	require.NoError(t, w.Flush())
	return out.String()
}

func lines(t *testing.T, name string, text []byte) *traces.Lines {
	t.Helper()
	all, err := traces.NewLines(name, bytes.NewReader(text))
	require.NoError(t, err)
	t.Cleanup(func() { all.Close() })
	return all
}
