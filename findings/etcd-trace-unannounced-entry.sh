#!/usr/bin/env bash
# go.etcd.io/raft/v3 v3.7.0 (v3.6.0 too), built with its tag with_tla: an entry that a leader appends may have no event in the trace.
#
# A leader's trace shows a Replicate for every command and a ChangeConf for every change of configuration that it appends. A change
# that names no server (ConfChangeV2{}, which leaves a joint configuration) or only updates one (ConfChangeUpdateNode, which applications
# use to change a member's addresses) has neither: from one event to the next "log" is one more, and all that is shown
# is the acknowledgement that the leader sends itself. A reader that lets a log grow only by what is announced refuses such traces, and
# so does the specification in the library's own tla folder. Learners are in no event either: "conf" and "newconf" list voters.
#
# Seen:
#   log 4 before, 5 after; events between: [SendAppendEntriesResponse]
#   newconf after a learner was added: [1]
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
	"google.golang.org/protobuf/proto"
)

// events are those since the last look.
type tracer struct{ events []*raft.TracingEvent }

func (t *tracer) TraceEvent(e *raft.TracingEvent) { t.events = append(t.events, e) }

func main() {
	t, storage := &tracer{}, raft.NewMemoryStorage()
	quiet := &raft.DefaultLogger{Logger: log.New(io.Discard, "", 0)}
	n, err := raft.NewRawNode(&raft.Config{ID: 1, ElectionTick: 10, HeartbeatTick: 1, Storage: storage, MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 16, Logger: quiet, TraceLogger: t})
	must(err)
	must(n.Bootstrap([]raft.Peer{{ID: 1}}))
	work := func() {
		for n.HasReady() {
			rd := n.Ready()
			must(storage.Append(rd.Entries))
			for _, e := range rd.CommittedEntries {
				if e.GetType() == raftpb.EntryConfChangeV2 {
					var cc raftpb.ConfChangeV2
					must(proto.Unmarshal(e.GetData(), &cc))
					n.ApplyConfChange(&cc)
				}
				if e.GetType() == raftpb.EntryConfChange {
					var cc raftpb.ConfChange
					must(proto.Unmarshal(e.GetData(), &cc))
					n.ApplyConfChange(&cc)
				}
			}
			n.Advance(rd)
		}
	}
	work()
	must(n.Campaign())
	work()
	change := func(kind raftpb.ConfChangeType, id uint64) *raftpb.ConfChangeV2 {
		return &raftpb.ConfChangeV2{Changes: []*raftpb.ConfChangeSingle{{Type: &kind, NodeId: &id}}}
	}
	must(n.ProposeConfChange(change(raftpb.ConfChangeAddLearnerNode, 7)))
	work()
	for _, e := range t.events {
		if e.Name == "ApplyConfChange" {
			defer fmt.Println("newconf after a learner was added:", e.Properties["cc"].(*raft.TracingConfChange).NewConf)
		}
	}
	last := t.events[len(t.events)-1].LogSize
	t.events = nil
	must(n.Propose([]byte("x")))
	if t.events[0].Name != "Replicate" {
		panic("a command is not announced")
	}
	work()
	last, t.events = t.events[len(t.events)-1].LogSize, nil
	must(n.ProposeConfChange(change(raftpb.ConfChangeUpdateNode, 1)))
	var names []string
	for _, e := range t.events {
		names = append(names, e.Name)
	}
	fmt.Printf("log %d before, %d after; events between: %v\n", last, t.events[len(t.events)-1].LogSize, names)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
G
go get go.etcd.io/raft/v3@v3.7.0 > get.log 2>&1 && go mod tidy >> get.log 2>&1 || { cat get.log; exit 1; }
got=$(go run -tags with_tla . 2>&1 | awk '!seen[$0]++')
printf '%s\n' "$got"
want='log 4 before, 5 after; events between: [SendAppendEntriesResponse]'
grep -qxF "$want" <<<"$got" || { echo "no longer so: wanted: $want"; exit 1; }
grep -qxF 'newconf after a learner was added: [1]' <<<"$got" || { echo "no longer so: learners are shown"; exit 1; }
