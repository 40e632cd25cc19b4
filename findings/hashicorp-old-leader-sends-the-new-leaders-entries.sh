#!/usr/bin/env bash
# github.com/hashicorp/raft v1.8.0: a leader that was deposed sends the next leader's entries in its own old term, and a follower stores them.
#
# When a peer could not be reached, replicateTo (replication.go) waits before it tries again, 10 ms at first and up to 10 s after many failures (backoff in util.go), and only then builds the request: with
# the term that its leader was elected in, from the log as it is by then. A leader that steps down closes stopCh, which is not looked at during that wait. So
# if it has taken in entries of the next leader meanwhile, AppendEntries of the old term leaves with entries of the new one. A follower that is still in the
# old term finds nothing wrong with it: it has an entry of a later term than its own then, from a server that leads nobody. Nothing is lost by it as far as we
# can tell, since the entries are those of the new leader, and whoever was deposed counts no answers; but no message of Raft tells of an entry of a later term
# than its own (Raft paper, 5.1), and a trace with one looks like a fault.
#
# Here n1 and n3 run and n2 is played. Seen:
#   n1 is Leader in term 2
#   n1 cannot reach n3
#   n1 is Follower in term 3 with an entry of term 3 at index 3 from n2
#   n1 reaches n3
#   n3 is in term 2 with an entry of term 3 at index 3
# Reported nowhere that we know of. This script fails when that changes.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
cat > go.mod <<'M'
module finding
go 1.24
M
cat > main.go <<'G'
package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

type machine struct{}

func (machine) Apply(*raft.Log) any                 { return nil }
func (machine) Snapshot() (raft.FSMSnapshot, error) { return nil, errors.New("none") }
func (machine) Restore(io.ReadCloser) error         { return nil }

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func until(done func() bool) {
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			panic("it never happens")
		}
	}
}

var all raft.Configuration

// start runs a server that campaigns when it has heard from no leader for so long.
func start(id raft.ServerID, t *raft.InmemTransport, patience time.Duration) (*raft.Raft, *raft.InmemStore) {
	c := raft.DefaultConfig()
	c.LocalID, c.Logger, c.PreVoteDisabled = id, hclog.NewNullLogger(), true
	c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = patience, patience, patience
	disk, snapshots := raft.NewInmemStore(), raft.NewInmemSnapshotStore()
	must(raft.BootstrapCluster(c, disk, disk, snapshots, t, all))
	r, err := raft.NewRaft(c, machine{}, disk, disk, snapshots, t)
	must(err)
	return r, disk
}

// follow plays n2: it votes for whoever asks, and takes in what comes, but nothing at index 3.
func follow(n2 *raft.InmemTransport) {
	for rpc := range n2.Consumer() {
		switch m := rpc.Command.(type) {
		case *raft.RequestVoteRequest:
			rpc.Respond(&raft.RequestVoteResponse{RPCHeader: header("n2"), Term: m.Term, Granted: true}, nil)
		case *raft.AppendEntriesRequest:
			last := m.PrevLogEntry + uint64(len(m.Entries))
			rpc.Respond(&raft.AppendEntriesResponse{RPCHeader: header("n2"), Term: m.Term, LastLog: min(last, 2), Success: last < 3}, nil)
		}
	}
}

func header(id string) raft.RPCHeader {
	return raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(id), Addr: []byte(id)}
}

func termAt(disk *raft.InmemStore, index uint64) uint64 {
	var entry raft.Log
	if disk.GetLog(index, &entry) != nil {
		return 0
	}
	return entry.Term
}

func main() {
	transports := map[string]*raft.InmemTransport{}
	for _, id := range []string{"n1", "n2", "n3"} {
		all.Servers = append(all.Servers, raft.Server{ID: raft.ServerID(id), Address: raft.ServerAddress(id)})
		_, transports[id] = raft.NewInmemTransport(raft.ServerAddress(id))
	}
	for a, t := range transports {
		for b, peer := range transports {
			if a != b {
				t.Connect(raft.ServerAddress(b), peer)
			}
		}
	}
	go follow(transports["n2"])
	n3, disk3 := start("n3", transports["n3"], time.Hour)
	n1, disk1 := start("n1", transports["n1"], time.Second)
	until(func() bool { return n1.State() == raft.Leader && n3.AppliedIndex() == 2 })
	fmt.Println("n1 is", n1.State(), "in term", n1.CurrentTerm())

	transports["n1"].Disconnect("n3")
	fmt.Println("n1 cannot reach n3")
	n1.Apply([]byte("x"), 0)
	until(func() bool { return termAt(disk1, 3) == 2 })
	time.Sleep(3 * time.Second) // many attempts fail, so the next one is seconds away

	var taken raft.AppendEntriesResponse // n2 leads term 3
	must(transports["n2"].AppendEntries("n1", "n1", &raft.AppendEntriesRequest{RPCHeader: header("n2"), Term: 3, Leader: []byte("n2"), PrevLogEntry: 2, PrevLogTerm: 2,
		Entries: []*raft.Log{{Index: 3, Term: 3, Type: raft.LogNoop}}, LeaderCommitIndex: 2}, &taken))
	if !taken.Success {
		panic("n1 refuses n2")
	}
	fmt.Println("n1 is", n1.State(), "in term", n1.CurrentTerm(), "with an entry of term", termAt(disk1, 3), "at index 3 from n2")
	transports["n1"].Connect("n3", transports["n3"])
	fmt.Println("n1 reaches n3")
	until(func() bool { return termAt(disk3, 3) > 0 })
	fmt.Println("n3 is in term", n3.CurrentTerm(), "with an entry of term", termAt(disk3, 3), "at index 3")
}
G
go get github.com/hashicorp/raft@v1.8.0 > get.log 2>&1 && go mod tidy >> get.log 2>&1 || { cat get.log; exit 1; }
got=$(timeout 120 go run . 2>&1) || true
printf '%s\n' "$got"
want='n1 is Leader in term 2
n1 cannot reach n3
n1 is Follower in term 3 with an entry of term 3 at index 3 from n2
n1 reaches n3
n3 is in term 2 with an entry of term 3 at index 3'
[ "$got" = "$want" ] || { echo "this is not what it was"; exit 1; }
