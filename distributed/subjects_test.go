package distributed

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSubjectsOfOtherPrograms holds searches of what is not in raftcheck against check: libraries, releases of one in one cluster, and a program of the user's. With -kills there are more, and
// workers are killed too.
func TestSubjectsOfOtherPrograms(t *testing.T) {
	server := filepath.Join(t.TempDir(), "server")
	build := exec.Command("go", "build", "-o", server, "./examples/servers/go")
	build.Dir = ".."
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)
	compared := [][]string{{"--exec", server, "--depth", "4"}, {"--impl", "etcd:async-storage"}}
	if *kills > 0 {
		compared = append(compared, []string{"--impl", "etcd", "--messages", "1"}, []string{"--impl", "etcd@v3.1.1:reads", "--terms", "3", "--campaigns", "2", "--log", "3"},
			[]string{"--impl", "hashicorp", "--depth", "8"}, []string{"--impl", "hashicorp:no-pre-vote", "--faults", "drop,crash=1"},
			[]string{"--impl", "n1=etcd@v3.3.27", "--impl", "etcd@v3.5.35:bootstrapped", "--messages", "1", "--terms", "2", "--campaigns", "1"})
	}
	for _, flags := range compared {
		want, wantCode := check(t, flags...)
		got, code := search(t, raftcheck, Options{Layers: 4}, 3, flags...)
		require.Equal(t, want, got, "%v", flags)
		require.Equal(t, wantCode, code)
	}
	if *kills > 0 {
		pooled(t)
	}
	for _, flags := range compared[:len(compared)*min(*kills, 1)] {
		want, wantCode := check(t, flags...)
		replaced(t, *kills, want, wantCode, 3, flags...)
	}
}
