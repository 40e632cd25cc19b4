#!/usr/bin/env bash
# github.com/hashicorp/raft v1.8.0 (v1.7.3 too): a transfer of leadership to a server without a vote is accepted, deposes the leader, and is
# reported as a success.
#
# LeadershipTransferToServer sends TimeoutNow to whatever server it is given, a nonvoter included. That server campaigns, though it is no voter:
# every voter refuses it and takes its term, so the leader steps down, and a leader that steps down during a transfer answers the caller's
# future with nil, whoever leads next. The documentation of LeadershipTransfer says that what cannot be promoted fails gracefully.
# So the answer nil does not mean that the server that was named leads: callers should ask LeaderWithID afterwards, and a trace or a test that takes
# nil for "it leads" is wrong.
#
# Seen:
#   transfer to the nonvoter: <nil>; the term rose: true; the nonvoter leads: false; a voter leads: true
# LeadershipTransfer, which picks the server itself, passes over nonvoters (hashicorp/raft pull request 398); that a named one is taken is reported
# nowhere that we know of. This script fails when that changes.
set -euo pipefail
work=$(mktemp -d); trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT; cd "$work"
cat > go.mod <<'M'
module finding
go 1.24
M
cat > main.go <<'G'
package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

type machine struct{}

func (machine) Apply(*raft.Log) any                 { return nil }
func (machine) Snapshot() (raft.FSMSnapshot, error) { return nil, fmt.Errorf("none") }
func (machine) Restore(io.ReadCloser) error         { return nil }

func main() {
	ids := []raft.ServerID{"voter-1", "voter-2", "voter-3", "nonvoter"}
	var configuration raft.Configuration
	var transports []*raft.InmemTransport
	for _, id := range ids {
		_, t := raft.NewInmemTransport(raft.ServerAddress(id))
		transports = append(transports, t)
		suffrage := raft.Voter
		if id == "nonvoter" {
			suffrage = raft.Nonvoter
		}
		configuration.Servers = append(configuration.Servers, raft.Server{ID: id, Address: raft.ServerAddress(id), Suffrage: suffrage})
	}
	servers := map[raft.ServerID]*raft.Raft{}
	for k, id := range ids {
		for l, t := range transports {
			if l != k {
				transports[k].Connect(raft.ServerAddress(ids[l]), t)
			}
		}
		c := raft.DefaultConfig()
		c.LocalID, c.Logger = id, hclog.NewNullLogger()
		store := raft.NewInmemStore()
		must(raft.BootstrapCluster(c, store, store, raft.NewInmemSnapshotStore(), transports[k], configuration))
		r, err := raft.NewRaft(c, machine{}, store, store, raft.NewInmemSnapshotStore(), transports[k])
		must(err)
		servers[id] = r
	}
	leader := lead(servers)
	must(servers[leader].Barrier(10 * time.Second).Error())
	before := term(servers[leader])
	err := servers[leader].LeadershipTransferToServer("nonvoter", "nonvoter").Error()
	next := lead(servers)
	fmt.Printf("transfer to the nonvoter: %v; the term rose: %v; the nonvoter leads: %v; a voter leads: %v\n",
		err, term(servers[next]) > before, next == "nonvoter", next != "nonvoter")
}

// lead waits until some server leads.
func lead(servers map[raft.ServerID]*raft.Raft) raft.ServerID {
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		for id, r := range servers {
			if r.State() == raft.Leader && r.VerifyLeader().Error() == nil {
				return id
			}
		}
	}
	panic("nobody leads")
}

func term(r *raft.Raft) uint64 {
	n, err := strconv.ParseUint(r.Stats()["term"], 10, 64)
	must(err)
	return n
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
G
go get "github.com/hashicorp/raft@${VERSION:-v1.8.0}" > get.log 2>&1 && go mod tidy >> get.log 2>&1 || { cat get.log; exit 1; }
got=$(go run . 2>&1)
printf '%s\n' "$got"
want='transfer to the nonvoter: <nil>; the term rose: true; the nonvoter leads: false; a voter leads: true'
[ "$got" = "$want" ] || { echo "no longer so: wanted: $want"; exit 1; }
