package traces_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// The executions in testdata/variants are legal, some with a variant that their header declares, or next to one that is. In the former no rule is
// broken, and without the variant a finding names it; in the latter the record that is wrong says by which rules.

func TestWhatSystemsMayDo(t *testing.T) {
	files, err := filepath.Glob("testdata/variants/*.trace")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	declared := map[spec.Variant]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".trace"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			trace, err := traces.Read(file, strings.NewReader(string(text)))
			require.NoError(t, err)
			found := verified(t, string(text))
			if trace.Header.Origin == "illegal" {
				requireWanted(t, trace, found)
				return
			}
			require.Empty(t, messages(found))
			for _, v := range trace.Header.Variants {
				if v == spec.LeaseReads || v == spec.ConfigurationInLog { // not what the execution is about
					continue
				}
				declared[v.Name()] = true
				without := verified(t, strings.Replace(string(text), `"`+string(v)+`"`, `"term-then-vote"`, 1))
				require.NotEmpty(t, without)
				if v == "flexible-quorums:commit=2" {
					v = "flexible-quorums:elect=4,commit=2"
				}
				require.Contains(t, without[0].ByDesign, spec.Variant(strings.TrimSuffix(string(v), ":ticks=4")), without[0].Message)
			}
		})
	}
	for _, h := range spec.Habits {
		if h.Instead != "" && h.Variant != spec.LateTerm && h.Variant != spec.TellsClients && h.Variant != spec.InstallsAtOnce {
			require.True(t, declared[h.Variant], "%s has an execution that is legal with it", h.Variant)
		}
	}
}

func verified(t *testing.T, text string) []traces.Finding {
	t.Helper()
	lines, err := traces.OpenLines("-", strings.NewReader(text))
	require.NoError(t, err)
	source, err := traces.NewReader(lines, traces.Options{})
	require.NoError(t, err)
	result, err := traces.Verify(context.Background(), source, traces.VerifyOptions{})
	require.NoError(t, err)
	return result.Findings
}

// requireWanted compares findings with what the records say is wrong with them.
func requireWanted(t *testing.T, trace *traces.Trace, found []traces.Finding) {
	t.Helper()
	for _, r := range trace.Records {
		for _, id := range r.Want {
			rules := map[string]int{}
			for _, f := range found {
				rules[f.Rule.ID] = f.Evidence[0].Line
			}
			require.Contains(t, rules, id, "record %d: %s", r.Number, messages(found))
			require.Equal(t, r.Line, rules[id], messages(found))
		}
	}
	require.NotEmpty(t, found)
}

func messages(found []traces.Finding) (all []string) {
	for _, f := range found {
		all = append(all, f.Rule.Name+": "+f.Message)
	}
	return all
}
