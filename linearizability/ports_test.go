package linearizability

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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

// linearizableLogs are the numbers of porcupine's logs of etcd that its tests find linearizable; the others are not. Log 95 is empty,
// because etcd did not start.
var linearizableLogs = map[int]bool{
	2: true, 5: true, 7: true, 18: true, 25: true, 31: true, 38: true, 45: true, 48: true, 49: true, 51: true, 52: true,
}

func TestPorcupinesLogsOfEtcd(t *testing.T) {
	dir := testData(t)
	seen := map[spec.Verdict]int{}
	for n := range 103 {
		path := filepath.Join(dir, "jepsen", fmt.Sprintf("etcd_%03d.log", n))
		h, err := ReadFile(path, ReadOptions{})
		if n == 95 {
			var fault *traces.InputError
			require.ErrorAs(t, err, &fault)
			continue
		}
		require.NoError(t, err)
		start := time.Now()
		r, err := Verify(context.Background(), h, Options{})
		require.NoError(t, err, path)
		seen[r.Verdict]++
		nf := 0
		if len(r.Findings) > 0 {
			f := r.Findings[0]
			nf = len(f.Operations)
			t.Log(f.Message, f.Minimal, f.ConfirmedBy)
		}
		t.Log(n, r.Verdict, time.Since(start), nf)
	}
	require.Equal(t, map[spec.Verdict]int{spec.Held: 23, spec.Violated: 79}, seen)
}
