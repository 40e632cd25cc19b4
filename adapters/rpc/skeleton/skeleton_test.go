package skeleton_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/rpc/skeleton"
)

// small searches what the skeleton says in a world that takes a second, right and with a mistake.
const small = `package lab_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/rpc"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
)

func TestSmall(t *testing.T) {
	rpc.Test(t, servers(), func(c *cluster.Config, o *checker.Options) { c.Servers = 2 })
}
`

// TestWhatIsWrittenForTheLabSearchesIt runs the skeleton for examples/lab as it was written, in a copy of the folder.
func TestWhatIsWrittenForTheLabSearchesIt(t *testing.T) {
	const lab = "../../../examples/lab"
	written, err := skeleton.Of(lab, "Raft")
	require.NoError(t, err)
	require.NotContains(t, string(written), "TODO")
	require.Less(t, strings.Count(string(written), "\n"), 60)

	folder := t.TempDir()
	put := func(name string, text []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), text, 0o644))
	}
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	for _, name := range []string{"go.mod", "go.sum", "raft.go"} {
		text, err := os.ReadFile(filepath.Join(lab, name))
		require.NoError(t, err)
		put(name, []byte(strings.ReplaceAll(string(text), "=> ../..", "=> "+root)))
	}
	put("raftcheck_test.go", written)
	put("small_test.go", []byte(small))
	test := func() (string, error) {
		run := exec.Command("go", "test", "-vet=all", "-run", "TestSmall", "-v", ".")
		run.Dir = folder
		out, err := run.CombinedOutput()
		return string(out), err
	}
	said, err := test()
	require.NoError(t, err, said)
	require.Contains(t, said, "rules held in all")

	put("raftcheck_test.go", []byte(strings.Replace(string(written), "lab.Bugs{}", "lab.Bugs{ForgetVote: true}", 1)))
	said, err = test()
	require.Error(t, err)
	require.Contains(t, said, "durable-before-send: ")
	require.Contains(t, said, "go test -run '^TestSmall$' .")
}
