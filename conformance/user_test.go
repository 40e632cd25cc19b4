package conformance_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// user is the test of a project of its own, whose Raft is newServer. What is the user's is five lines.
const user = `package user

import (
	"testing"

	"github.com/raftcheck/raftcheck/conformance"
	"github.com/raftcheck/raftcheck/impl"
)

var newServer = impl.New(impl.Options{})

func TestRaft(t *testing.T) {
	conformance.Test(t, newServer)
}
`

// TestAUsersModule: go test in a module of its own has a subtest for each requirement, which -run selects.
func TestAUsersModule(t *testing.T) {
	dir := t.TempDir()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	own, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	sums, err := os.ReadFile("../go.sum")
	require.NoError(t, err)
	version := regexp.MustCompile(`(?m)^go .*$`).Find(own)
	for name, text := range map[string]string{
		"go.mod":       "module example.com/user\n\n" + string(version) + "\n\nrequire github.com/raftcheck/raftcheck v0.0.0\n\nreplace github.com/raftcheck/raftcheck => " + root + "\n",
		"go.sum":       string(sums),
		"user_test.go": user,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	cmd := exec.Command("go", "test", "-v", "-run", "TestRaft/R5.[24]", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	said := string(out)
	for _, line := range []string{"--- PASS: TestRaft ", "    --- PASS: TestRaft/R5.2-02/election-safety ", "    --- PASS: TestRaft/R5.4.1-01/vote-up-to-date ", "not covered: "} {
		require.Contains(t, said, line)
	}
	require.NotContains(t, said, "TestRaft/R6-", "-run leaves them out")
	require.Equal(t, 1, strings.Count(said, "R5.2-02/election-safety ("))
}
