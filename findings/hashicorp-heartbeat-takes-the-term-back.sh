#!/usr/bin/env bash
# github.com/hashicorp/raft v1.8.0: a heartbeat takes a server's term back, and it votes twice in one term.
#
# A heartbeat is handled by the goroutine of its connection (NetworkTransport.SetHeartbeatHandler), beside the main one. appendEntries compares the terms and
# then writes: r.setState(Follower), r.setCurrentTerm(a.Term), with nothing that keeps the main goroutine from taking a later term over in between, as it does
# when a vote is asked for. setCurrentTerm writes what it is given, on disk and in memory. So while a heartbeat of term 2 waits for the disk, the server
# votes in term 3; then it is in term 2 again. When its election timer fires it campaigns in term 3, in which it has voted, and may lead it as well as the one
# that it voted for.
#
# Here one server runs, and two peers are played over TCP. Its StableStore is slow once: when term 2 is written. Seen:
#   n2 votes for n3 in term 3: true
#   n2 is in term 3
#   the heartbeat of term 2 is through, and n2 is in term 2
#   n2 asks n1 for its vote in term 3
#   n2 is Leader in term 3
# It is of the family of the library's issue 695, where the same goroutine raises the term of a leader that is about to append. This
# consequence is reported nowhere that we know of. This script fails when that changes.
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

// disk is slow once: when term 2 is to be written.
type disk struct {
	*raft.InmemStore
	begins, ends chan struct{}
}

func (d *disk) SetUint64(key []byte, value uint64) error {
	if string(key) == "CurrentTerm" && value == 2 {
		close(d.begins)
		<-d.ends
	}
	return d.InmemStore.SetUint64(key, value)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func transport() *raft.NetworkTransport {
	t, err := raft.NewTCPTransport("127.0.0.1:0", nil, 2, time.Minute, io.Discard)
	must(err)
	return t
}

func main() {
	n1, n2, n3 := transport(), transport(), transport()
	var all raft.Configuration
	for id, t := range map[raft.ServerID]*raft.NetworkTransport{"n1": n1, "n2": n2, "n3": n3} {
		all.Servers = append(all.Servers, raft.Server{ID: id, Address: t.LocalAddr()})
	}
	c := raft.DefaultConfig()
	c.LocalID, c.Logger, c.PreVoteDisabled = "n2", hclog.NewNullLogger(), true
	c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = 5*time.Second, 5*time.Second, 5*time.Second
	d := &disk{raft.NewInmemStore(), make(chan struct{}), make(chan struct{})}
	logs, snapshots := raft.NewInmemStore(), raft.NewInmemSnapshotStore()
	must(raft.BootstrapCluster(c, logs, d, snapshots, n2, all))
	r, err := raft.NewRaft(c, machine{}, logs, d, snapshots, n2)
	must(err)

	header := func(id string, t *raft.NetworkTransport) raft.RPCHeader {
		return raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(id), Addr: []byte(t.LocalAddr())}
	}
	through := make(chan error)
	go func() { // n1 leads term 2
		through <- n1.AppendEntries("n2", n2.LocalAddr(), &raft.AppendEntriesRequest{RPCHeader: header("n1", n1), Term: 2, Leader: []byte(n1.LocalAddr())}, new(raft.AppendEntriesResponse))
	}()
	<-d.begins
	var vote raft.RequestVoteResponse // n3 campaigns in term 3
	must(n3.RequestVote("n2", n2.LocalAddr(), &raft.RequestVoteRequest{RPCHeader: header("n3", n3), Term: 3, Candidate: []byte(n3.LocalAddr()), LastLogIndex: 1, LastLogTerm: 1}, &vote))
	fmt.Println("n2 votes for n3 in term 3:", vote.Granted)
	fmt.Println("n2 is in term", r.CurrentTerm())
	close(d.ends)
	must(<-through)
	fmt.Println("the heartbeat of term 2 is through, and n2 is in term", r.CurrentTerm())

	rpc := <-n1.Consumer() // the election timer of n2 fires
	asked := rpc.Command.(*raft.RequestVoteRequest)
	fmt.Println("n2 asks n1 for its vote in term", asked.Term)
	rpc.Respond(&raft.RequestVoteResponse{RPCHeader: header("n1", n1), Term: asked.Term, Granted: true}, nil)
	for r.State() != raft.Leader {
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Println("n2 is", r.State(), "in term", r.CurrentTerm())
}
G
go get github.com/hashicorp/raft@v1.8.0 > get.log 2>&1 && go mod tidy >> get.log 2>&1 || { cat get.log; exit 1; }
got=$(timeout 120 go run . 2>&1)
printf '%s\n' "$got"
want='n2 votes for n3 in term 3: true
n2 is in term 3
the heartbeat of term 2 is through, and n2 is in term 2
n2 asks n1 for its vote in term 3
n2 is Leader in term 3'
[ "$got" = "$want" ] || { echo "this is not what it was"; exit 1; }
