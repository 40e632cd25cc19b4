package hashicorp_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/record"
	"github.com/raftcheck/raftcheck/traces/record/hashicorp"
)

func Example() {
	servers := []raft.Server{{ID: "a", Address: "a:1"}}
	config := raft.DefaultConfig()
	config.LocalID, config.Logger = "a", hclog.NewNullLogger()
	store, snapshots := raft.NewInmemStore(), raft.NewInmemSnapshotStore()
	_, transport := raft.NewInmemTransport("a:1")
	must(raft.BootstrapCluster(config, store, store, snapshots, transport, raft.Configuration{Servers: servers}))
	file := &bytes.Buffer{} // a server records to a file: record.Open("n1.trace", …)
	recorder, err := record.New(file, record.Header{Variants: hashicorp.Variants}, record.Options{})
	must(err)

	// guide
	parts := hashicorp.Parts{Config: config, Logs: store, Stable: store, Snapshots: snapshots, Transport: transport}
	w, err := hashicorp.Wrap(recorder, parts, hashicorp.Options{Servers: servers})
	must(err)
	r, err := raft.NewRaft(config, &machine{}, w.Logs, w.Stable, w.Snapshots, w.Transport)
	must(err)
	w.Attach(r)
	// end

	for r.Apply([]byte("x"), time.Second).Error() != nil { // until it leads
		time.Sleep(time.Millisecond)
	}
	must(r.Shutdown().Error())
	must(recorder.Close())

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
