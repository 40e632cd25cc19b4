#!/usr/bin/env bash
# github.com/hashicorp/raft v1.8.0: RestoreCommittedLogs does not work behind the library's own LogCache.
#
# RestoreCommittedLogs wants a log store that keeps the commit index (CommitTrackingLogStore). LogCache, which the library offers to wrap a log store in,
# passes on the optional interface MonotonicLogStore but not this one. So a server whose store keeps the commit index starts without the cache, and with it
# NewRaft refuses it: what is to be true of a store has to be true of every wrapper around it, a recorder's or a metric's too.
#
# Seen:
#   the store alone: <nil>
#   behind LogCache: refused: true (log store does not implement some required methods or malformed)
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

func main() {
	fmt.Println("the store alone:", start(raft.NewInmemCommitTrackingStore()))
	cache, err := raft.NewLogCache(16, raft.NewInmemCommitTrackingStore())
	if err != nil {
		panic(err)
	}
	err = start(cache)
	fmt.Printf("behind LogCache: refused: %v (%v)\n", err != nil, err)
}

func start(logs raft.LogStore) error {
	c := raft.DefaultConfig()
	c.LocalID, c.Logger, c.RestoreCommittedLogs = "n1", hclog.NewNullLogger(), true
	_, transport := raft.NewInmemTransport("n1")
	r, err := raft.NewRaft(c, machine{}, logs, raft.NewInmemStore(), raft.NewInmemSnapshotStore(), transport)
	if err != nil {
		return err
	}
	return r.Shutdown().Error()
}
G
go get github.com/hashicorp/raft@v1.8.0 > get.log 2>&1 && go mod tidy >> get.log 2>&1 || { cat get.log; exit 1; }
got=$(go run . 2>&1)
printf '%s\n' "$got"
want='the store alone: <nil>
behind LogCache: refused: true (log store does not implement some required methods or malformed)'
[ "$got" = "$want" ] || { echo "no longer so: wanted: $want"; exit 1; }
