#!/usr/bin/env bash
# github.com/hashicorp/raft v1.8.0: with RestoreCommittedLogs a server starts again without its configuration.
#
# NewRaft takes the configuration from the entries of the log after the snapshot and after what is applied. With RestoreCommittedLogs the entries that are
# known to be committed are applied just before, so that configurations among them are passed over: the server comes back with an empty configuration, or
# with that of its snapshot. It then knows no peers and does not campaign ("no known peers, aborting election"), until an entry with a configuration comes.
#
# Seen, of a server that was bootstrapped with three, and starts again with two entries of which the first is committed:
#   without RestoreCommittedLogs it knows 3 servers
#   with RestoreCommittedLogs it knows 0 servers
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

func main() {
	fmt.Println("without RestoreCommittedLogs it knows", known(false), "servers")
	fmt.Println("with RestoreCommittedLogs it knows", known(true), "servers")
}

func known(restore bool) int {
	c := raft.DefaultConfig()
	c.LocalID, c.Logger, c.RestoreCommittedLogs = "n1", hclog.NewNullLogger(), restore
	logs, stable, snapshots := raft.NewInmemCommitTrackingStore(), raft.NewInmemStore(), raft.NewInmemSnapshotStore()
	_, transport := raft.NewInmemTransport("n1")
	var all raft.Configuration
	for _, id := range []raft.ServerID{"n1", "n2", "n3"} {
		all.Servers = append(all.Servers, raft.Server{ID: id, Address: raft.ServerAddress(id)})
	}
	must(raft.BootstrapCluster(c, logs, stable, snapshots, transport, all))
	must(logs.StageCommitIndex(1))
	must(logs.StoreLogs([]*raft.Log{{Index: 2, Term: 1, Type: raft.LogCommand, Data: []byte("x")}}))
	r, err := raft.NewRaft(c, machine{}, logs, stable, snapshots, transport)
	must(err)
	servers := r.GetConfiguration().Configuration().Servers
	must(r.Shutdown().Error())
	return len(servers)
}
G
go get github.com/hashicorp/raft@v1.8.0 > get.log 2>&1 && go mod tidy >> get.log 2>&1 || { cat get.log; exit 1; }
got=$(go run . 2>&1)
printf '%s\n' "$got"
want='without RestoreCommittedLogs it knows 3 servers
with RestoreCommittedLogs it knows 0 servers'
[ "$got" = "$want" ] || { echo "this is not what it was"; exit 1; }
