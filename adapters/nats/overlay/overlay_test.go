package overlay

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/preempt/rewrite"
)

// small is a raft.go with all that is needed, and nothing else.
const small = `package server

type WAL interface {
	StoreMsg(subj string, hdr, msg []byte) (uint64, int64, error)
	PurgeEx(subject string, seq, keep uint64) (uint64, error)
	Delete() error
}

type raft struct{ term uint64 }

func (n *raft) subscribe(subject string, cb msgHandler) (*subscription, error) { return nil, nil }
func (n *raft) unsubscribe(sub *subscription) {}
func (n *raft) newInbox() string { return "" }
func (n *raft) newCatchupInbox() string { return "" }
func (n *raft) sendRPC(subject, reply string, msg []byte) { n.sendReply(subject, msg) }
func (n *raft) sendReply(subject string, msg []byte) {}
func (n *raft) readTermVote() (term uint64, voted string, err error) { return 0, "", nil }
func (n *raft) peerNames() []string { return nil }
func (n *raft) Propose(data []byte) error { return nil }
func (n *raft) InstallSnapshot(data []byte) error { return writeFileWithSync(n.snapfile, data, 0) }
func (n *raft) setupLastSnapshot() { os.Stat(n.sd); os.Remove(n.snapfile) }
func encodePeerState(ps *peerState) []byte { return nil }
func writeTermVote(sd string, wtv []byte) error { return nil }
func writePeerState(sd string, ps *peerState) error { return nil }
func readPeerState(sd string) (ps *peerState, err error) { return nil, nil }
`

// written writes the overlay of a release with this raft.go, and returns both files.
func written(t *testing.T, source string) (renamed, added string, err error) {
	t.Helper()
	module, to := t.TempDir(), t.TempDir()
	path := filepath.Join(module, "server", "raft.go")
	require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(source), 0o600))
	list, err := Write(module, to, nil)
	if err != nil {
		return "", "", err
	}
	var l struct{ Replace map[string]string }
	text, err := os.ReadFile(list)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &l))
	require.Len(t, l.Replace, 2)
	read := func(name string) string {
		text, err := os.ReadFile(l.Replace[filepath.Join(module, "server", name)])
		require.NoError(t, err)
		return string(text)
	}
	return read("raft.go"), read("raftcheck.go"), nil
}

// asItWas takes the names back that the overlay changes.
var asItWas = strings.NewReplacer(suffix, "", "insideOS.", "os.", "insideWriteFile(", "writeFileWithSync(")

// Of the release's own text nothing changes but the names of what it declares, and each of them is declared again beside it.
func TestOnlyNamesOfDeclarationsChange(t *testing.T) {
	renamed, added, err := written(t, small)
	require.NoError(t, err)
	require.Equal(t, small, asItWas.Replace(renamed))
	require.Equal(t, 12, strings.Count(renamed, suffix))
	require.Contains(t, renamed, "{ n.sendReply(subject, msg) }", "who calls it calls the other one")
	require.Contains(t, renamed, "{ os.Stat(n.sd); insideOS.Remove(n.snapfile) }")
	require.Contains(t, renamed, "return insideWriteFile(n.snapfile, data, 0)")
	for _, f := range replaced {
		name := f.name[strings.IndexByte(f.name, '.')+1:]
		require.Equal(t, strings.Contains(small, " "+name+"("), strings.Contains(added, " "+name+"("), name)
	}
}

// A release that is not as expected is refused, with the place where it is not.
func TestAnUnknownReleaseIsRefused(t *testing.T) {
	for _, f := range replaced {
		name := f.name[strings.IndexByte(f.name, '.')+1:]
		_, _, err := written(t, strings.Replace(small, " "+name+"(", " other(", 1))
		if f.optional {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, "raft.go: this release has no "+f.name)
	}
	for _, change := range [][3]string{
		{"(subject string, msg []byte)", "(subject string, rest []byte)", ": raft.sendReply of this release has no parameter msg"},
		{"wtv []byte", "text []byte", ": writeTermVote of this release has no parameter wtv"},
		{"	Delete() error\n", "", "no WAL.Delete"},
		{"package server", "package", "expected"},
	} {
		require.Contains(t, small, change[0])
		_, _, err := written(t, strings.Replace(small, change[0], change[1], 1))
		require.ErrorContains(t, err, change[2])
	}
}

// What is added differs as the releases do.
func TestWhatIsAddedFollowsTheRelease(t *testing.T) {
	_, added, err := written(t, small)
	require.NoError(t, err)
	require.Contains(t, added, "r.n.Propose(command)")
	_, added, err = written(t, strings.Replace(small, "Propose(data []byte)", "Propose(term uint64, data []byte)", 1))
	require.NoError(t, err)
	require.Contains(t, added, "r.n.Propose(r.n.Term(), command)")
	require.Contains(t, added, "r.n.InstallSnapshot(content)")
	_, added, err = written(t, strings.Replace(small, "InstallSnapshot(data []byte)", "InstallSnapshot(data []byte, force bool)", 1))
	require.NoError(t, err)
	require.Contains(t, added, "r.n.InstallSnapshot(content, false)")
}

// With gates nothing changes besides but what calls them, and no line moves; the gates that the adapter lists are some of the release's.
func TestGatesAreAdded(t *testing.T) {
	version, err := required("..")
	require.NoError(t, err)
	source, err := download("..", version)
	require.NoError(t, err)
	f, err := os.Open("../gates")
	require.NoError(t, err)
	defer f.Close()
	list, err := rewrite.Read("gates", f)
	require.NoError(t, err)
	to := t.TempDir()
	_, err = Write(source, to, list)
	require.NoError(t, err)
	was, err := os.ReadFile(filepath.Join(source, "server", "raft.go"))
	require.NoError(t, err)
	now, err := os.ReadFile(filepath.Join(to, "raft.go"))
	require.NoError(t, err)
	calls := regexp.MustCompile(`raftcheck_preempt\.Pass\([^)]*\); |; import raftcheck_preempt "[^"]*"`)
	require.Equal(t, string(was), asItWas.Replace(calls.ReplaceAllString(string(now), "")))
	told, err := os.ReadFile(filepath.Join(to, "raftcheck_gates.go"))
	require.NoError(t, err)
	require.Contains(t, string(told), `Rewritten("github.com/nats-io/nats-server/v2/server", `)
	require.Contains(t, string(told), `"StepDown/sendAppendEntry"`)
}

// The release that go.mod requires is one that is known.
func TestTheRequiredRelease(t *testing.T) {
	version, err := required("..")
	require.NoError(t, err)
	source, err := download("..", version)
	require.NoError(t, err)
	to := t.TempDir()
	_, err = Write(source, to, nil)
	require.NoError(t, err)
	was, err := os.ReadFile(filepath.Join(source, "server", "raft.go"))
	require.NoError(t, err)
	now, err := os.ReadFile(filepath.Join(to, "raft.go"))
	require.NoError(t, err)
	require.Equal(t, string(was), asItWas.Replace(string(now)))
	_, err = parser.ParseFile(token.NewFileSet(), filepath.Join(to, "raftcheck.go"), nil, parser.SkipObjectResolution)
	require.NoError(t, err)
}
