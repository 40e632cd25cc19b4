package etcd_test

import (
	"bytes"
	"context"
	"fmt"

	"go.etcd.io/raft/v3"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/record"
	"github.com/raftcheck/raftcheck/traces/record/etcd/raft36"
)

func Example() {
	storage := raft.NewMemoryStorage()
	config := &raft.Config{ID: 1, ElectionTick: 10, HeartbeatTick: 1, Storage: storage, MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 16, Logger: silent{}}
	file := &bytes.Buffer{} // a server records to a file: record.Open("n1.trace", …)
	recorder, err := record.New(file, record.Header{Variants: etcd.Variants}, record.Options{})
	must(err)

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
