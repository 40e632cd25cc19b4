package linearizability_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/linearizability"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// testData is where the module cache keeps porcupine's own test data. It is in the module's zip, so the cache of everybody who builds
// this module has it.
func testData(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/anishathalye/porcupine").Output()
	require.NoError(t, err)
	return filepath.Join(strings.TrimSpace(string(out)), "test_data")
}

// linearizableLogs are the logs of etcd that porcupine's tests publish as linearizable. They publish all others as not, but for log 95,
// which is empty because etcd did not start.
var linearizableLogs = []int{2, 5, 7, 18, 25, 31, 38, 45, 48, 49, 51, 53, 56, 67, 75, 76, 80, 87, 92, 98, 100, 101, 102}

// TestPorcupinesLogsOfEtcd: all 102 verdicts are as published, 23 linearizable and 79 not, and every violation has a small witness.
func TestPorcupinesLogsOfEtcd(t *testing.T) {
	dir := testData(t)
	require.Len(t, linearizableLogs, 23)
	judged := 0
	for n := range 103 {
		path := filepath.Join(dir, "jepsen", fmt.Sprintf("etcd_%03d.log", n))
		h, err := linearizability.ReadFile(path, linearizability.ReadOptions{})
		if n == 95 {
			var fault *traces.InputError
			require.ErrorAs(t, err, &fault)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, linearizability.JepsenLog, h.Format)
		r, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
		require.NoError(t, err, path)
		judged++
		want := spec.Violated
		if slices.Contains(linearizableLogs, n) {
			want = spec.Held
		}
		require.Equal(t, want, r.Verdict, path)
		for _, f := range r.Findings {
			require.True(t, f.Minimal, path)
			require.LessOrEqual(t, len(f.Operations), 12, path)
			require.Equal(t, []string{"porcupine", "exhaustive search"}, f.ConfirmedBy)
			for _, o := range f.Operations {
				require.Positive(t, o.CallLine)
			}
		}
	}
	require.Equal(t, 102, judged)
}

// TestPorcupinesLogsOfStores: the verdicts of the logs of key-value stores are as their names say.
func TestPorcupinesLogsOfStores(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(testData(t), "kv", "*.txt"))
	require.NoError(t, err)
	require.Len(t, paths, 6)
	for _, path := range paths {
		h, err := linearizability.ReadFile(path, linearizability.ReadOptions{})
		require.NoError(t, err)
		r, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
		require.NoError(t, err)
		want := spec.Held
		if strings.HasSuffix(path, "-bad.txt") {
			want = spec.Violated
		}
		require.Equal(t, want, r.Verdict, path)
		for _, f := range r.Findings {
			require.LessOrEqual(t, len(f.Operations), 5, path)
		}
	}
}

// published is where somebody's own histories are, with what was published of them.
var published = flag.String("published", "", "a folder of histories with a file verdicts.tsv: of each line the path of a history below the folder, a tab, and held or violated")

// TestPublishedVerdicts: every history of a folder has the verdict that was published of it. Without -published the folder is one of generated
// histories, whose verdicts are known since they were made so.
func TestPublishedVerdicts(t *testing.T) {
	folder := *published
	if folder == "" {
		folder = generatedFolder(t)
	}
	list, err := os.ReadFile(filepath.Join(folder, "verdicts.tsv"))
	require.NoError(t, err)
	count, operations, wrong := map[string]int{}, 0, 0
	for line := range strings.Lines(string(list)) {
		name, want, ok := strings.Cut(strings.TrimSpace(line), "\t")
		require.True(t, ok && (want == "held" || want == "violated"), "a line of verdicts.tsv is a path, a tab, and held or violated: %q", line)
		h, err := linearizability.ReadFile(filepath.Join(folder, name), linearizability.ReadOptions{})
		require.NoError(t, err)
		r, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
		require.NoError(t, err, name)
		count[r.Verdict.String()]++
		operations += r.Operations
		if r.Verdict.String() != want {
			wrong++
			t.Errorf("%s: %s, and %s was published", name, r.Verdict, want)
		}
	}
	require.NotEmpty(t, count)
	t.Logf("%d operations: %v, %d not as published", operations, count, wrong)
}

// generatedFolder writes some histories, and their verdicts.
func generatedFolder(t *testing.T) string {
	t.Helper()
	folder, list := t.TempDir(), ""
	for seed := range uint64(20) {
		w := linearizability.Load{Operations: 100, Clients: 5, Keys: 3, Actions: 1, Registers: true, Readers: 0.5, Unknown: 0.1, Seed: seed}
		want := "held"
		if seed%2 == 1 {
			w.Plant, want = "G-single-realtime", "violated"
		}
		h, err := linearizability.Generate(w)
		require.NoError(t, err)
		var text bytes.Buffer
		require.NoError(t, linearizability.WriteTo(&text, h))
		name := fmt.Sprintf("%d.ndjson", seed)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), text.Bytes(), 0o600))
		list += name + "\t" + want + "\n"
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "verdicts.tsv"), []byte(list), 0o600))
	return folder
}
