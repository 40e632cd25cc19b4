package etcd_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/raft/v3"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/record"
	"github.com/raftcheck/raftcheck/traces/record/etcd"
)

func Example() {
	storage := raft.NewMemoryStorage()
	config := &raft.Config{ID: 1, ElectionTick: 10, HeartbeatTick: 1, Storage: storage, MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 16, Logger: silent{}}
	file := &bytes.Buffer{} // a server records to a file: record.Open("n1.trace", …)
	recorder, err := record.New(file, record.Header{Variants: etcd.Variants}, record.Options{})
	must(err)

	// guide
	plain, err := raft.NewRawNode(config)
	must(err)
	node, err := etcd.Wrap(plain, config, recorder.Server(spec.ServerID(config.ID)), etcd.Options{})
	must(err)
	save := func(rd raft.Ready) { // to disk
		must(storage.Append(rd.Entries))
		if !raft.IsEmptyHardState(rd.HardState) {
			must(storage.SetHardState(rd.HardState))
		}
	}
	send := func(messages []message) {} // to the other servers
	work := func() {
		for node.HasReady() {
			rd := node.Ready()
			save(rd)
			node.Saved() // new: the Ready is recorded, and what it sends may leave
			send(rd.Messages)
			node.Advance(rd)
		}
	}
	// end

	must(node.Bootstrap([]raft.Peer{{ID: 1}}))
	work()
	node.ApplyConfChange(change(addNode, 1))
	must(node.Campaign())
	work()
	must(node.Propose([]byte("x")))
	work()

	lines, err := traces.NewLines("n1.trace", file)
	must(err)
	source, err := traces.NewReader(lines, traces.Options{})
	must(err)
	result, err := traces.Verify(context.Background(), source, traces.VerifyOptions{})
	must(err)
	fmt.Println(result.Verdict, result.Elections)
	// Output: held 1
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// The guide says what the example does.
func TestTheGuideShowsTheExample(t *testing.T) {
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	_, code, _ := strings.Cut(string(example), "\t// guide\n")
	code, _, _ = strings.Cut(code, "\t// end\n")
	guide, err := os.ReadFile("../../../docs/record.md")
	if os.IsNotExist(err) {
		t.Skip("the guide is in the repository, not in the module")
	}
	require.NoError(t, err)
	require.Contains(t, string(guide), strings.ReplaceAll("\n"+code, "\n\t", "\n"))
}
