package etcdtest

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/checker"
)

var (
	store    = flag.String("automaton", "", "write the automaton to this `file`, as JSON")
	messages = flag.Int("messages", 1, "messages in flight in the world of which automata are learnt")
	against  = flag.String("against", "", "list the local steps that differ from the automaton in this `file`")
)

// Automaton learns what servers of a release do in World, with one message in flight unless the flag -messages says more. With the flag -automaton it writes that to a file, and with -against it
// lists what differs from a file that was written before, by another release:
//
//	(cd raft35 && go test -run Automaton -args -automaton /tmp/35.json)
//	(cd raft36 && go test -run Automaton -v -args -against /tmp/35.json)
func Automaton(t *testing.T, release Release, name string, words func(payload string) string) *checker.Automaton {
	t.Helper()
	c := World(release, etcd.Options{})
	c.Bounds.Messages = *messages
	a, err := checker.Learn(context.Background(), c, checker.LearnOptions{Name: name, Payload: words})
	require.NoError(t, err)
	if *store != "" {
		text, err := json.Marshal(a)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(*store, text, 0o666))
	}
	if *against != "" {
		found := checker.Compare(read(t, *against), a, 0)
		t.Logf("%d local steps differ", len(found))
		for k := range min(len(found), 10) {
			t.Log(found[k].String())
		}
	}
	return a
}

func read(t *testing.T, path string) *checker.Automaton {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	a := &checker.Automaton{}
	require.NoError(t, json.Unmarshal(text, a))
	return a
}

// OfModule returns the automaton of the release in another module's folder, which does not fit into one program with this one since
// both have the same import path.
func OfModule(t *testing.T, folder string) *checker.Automaton {
	t.Helper()
	path := filepath.Join(t.TempDir(), "automaton.json")
	test := exec.Command("go", "test", "-run", "^TestAutomaton$", "-count=1", ".", "-args", "-automaton", path, "-messages", strconv.Itoa(*messages))
	test.Dir = folder
	out, err := test.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return read(t, path)
}
