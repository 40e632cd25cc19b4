#!/usr/bin/env bash
# go.etcd.io/raft/v3 v3.7.0 (v3.6.0 too), built with its tag with_tla: the trace tells of a change of configuration that was not made.
#
# A leader's ChangeConf comes before the entry is appended, and before it is decided whether it is: with MaxUncommittedEntriesSize reached, the
# proposal is dropped (ErrProposalDropped) and the log stays as it was. Of commands nothing is traced in that case: their Replicate comes after the
# decision. A reader that appends what ChangeConf announces has an entry too many from there on.
#
# Seen:
#   propose: raft proposal dropped; events: [ChangeConf]; log 4 before, 4 after
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
	"fmt"
	"io"
	"log"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

type tracer struct{ events []*raft.TracingEvent }

func (t *tracer) TraceEvent(e *raft.TracingEvent) { t.events = append(t.events, e) }

func main() {
	t, storage := &tracer{}, raft.NewMemoryStorage()
	quiet := &raft.DefaultLogger{Logger: log.New(io.Discard, "", 0)}
	n, err := raft.NewRawNode(&raft.Config{ID: 1, ElectionTick: 10, HeartbeatTick: 1, Storage: storage, MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 16,
		MaxUncommittedEntriesSize: 1, Logger: quiet, TraceLogger: t})
	must(err)
	must(n.Bootstrap([]raft.Peer{{ID: 1}, {ID: 2}}))
	work := func() {
		for n.HasReady() {
			rd := n.Ready()
			must(storage.Append(rd.Entries))
			for _, e := range rd.CommittedEntries {
				if e.GetType() == raftpb.EntryConfChange {
					n.ApplyConfChange(&raftpb.ConfChange{}) // both are members already
				}
			}
			n.Advance(rd)
		}
	}
	work()
	must(n.Campaign())
	work()
	from, to, term := uint64(2), uint64(1), uint64(2)
	must(n.Step(&raftpb.Message{Type: raftpb.MsgVoteResp.Enum(), From: &from, To: &to, Term: &term}))
	work()
	must(n.Propose([]byte("x"))) // the other server is away: it stays uncommitted
	work()
	last := t.events[len(t.events)-1].LogSize
	t.events = nil
	id, kind := uint64(3), raftpb.ConfChangeAddNode
	err = n.ProposeConfChange(&raftpb.ConfChange{Type: &kind, NodeId: &id})
	var names []string
	for _, e := range t.events {
		names = append(names, e.Name)
	}
	fmt.Printf("propose: %v; events: %v; log %d before, ", err, names, last)
	n.Tick()
	fmt.Printf("%d after\n", t.events[len(t.events)-1].LogSize)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
G
go get go.etcd.io/raft/v3@v3.7.0 > get.log 2>&1 && go mod tidy >> get.log 2>&1 || { cat get.log; exit 1; }
got=$(go run -tags with_tla . 2>&1)
printf '%s\n' "$got"
want='propose: raft proposal dropped; events: [ChangeConf]; log 4 before, 4 after'
[ "$got" = "$want" ] || { echo "no longer so: wanted: $want"; exit 1; }
