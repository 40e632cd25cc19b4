// Code generated from ../inside.go by go generate; DO NOT EDIT.

package hashicorp

import (
	"reflect"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// What the library does not show, read from its fields while all is quiet.

// replication returns the library's record of a follower, or nil.
func (s *server) replication(id spec.ServerID) any {
	all := reflect.ValueOf(s.raft).Elem().FieldByName("leaderState").FieldByName("replState")
	found := all.MapIndex(reflect.ValueOf(raft.ServerID(nameFor(id))))
	if !found.IsValid() || found.IsNil() {
		return nil
	}
	return reflect.NewAt(found.Type().Elem(), found.UnsafePointer()).Interface()
}

// poke does what one of the library's timers does when it fires: it wakes the goroutine that waits for the channel.
func poke(replication any, channel string) {
	ch, ok := statekey.Find[chan struct{}](replication, channel)
	if !ok {
		panic("this version of the library has no " + channel)
	}
	select {
	case *ch <- struct{}{}:
	default:
	}
}

// nextIndexOf returns the index of the entry that goes to a follower next.
func nextIndexOf(replication any) spec.Index {
	next, ok := statekey.Find[uint64](replication, "nextIndex")
	if !ok {
		panic("this version of the library has no nextIndex")
	}
	return spec.Index(*next)
}

// matchIndexes returns what a leader knows to be stored where.
func (s *server) matchIndexes() map[raft.ServerID]uint64 {
	matches, ok := statekey.Find[map[raft.ServerID]uint64](s.raft, "leaderState.commitment.matchIndexes")
	if !ok {
		panic("this version of the library has no matchIndexes")
	}
	return *matches
}

// inside knows how to write the library's own state. What it leaves out are the ways in (channels that are empty when all is
// quiet), what never changes, times, locks, and how often a follower was tried in vain, which only makes the next attempt later.
// Futures are left out because they follow from the log.
// newKey returns what writes it.
func newKey() *statekey.Key {
	const path = "github.com/hashicorp/raft."
	return statekey.New(
		statekey.Skip(path+"Raft",
			"applyCh", "conf", "confReloadMu", "fsm", "fsmMutateCh", "fsmSnapshotCh", "lastContact", "lastContactLock", "leaderLock",
			"leaderCh", "logger", "logs", "configurationChangeCh", "latestConfiguration", "rpcCh", "shutdownCh", "shutdownLock",
			"snapshots", "userSnapshotCh", "userRestoreCh", "stable", "trans", "verifyCh", "configurationsCh", "bootstrapCh",
			"observersLock", "observers", "leadershipTransferCh", "mainThreadSaturation"),
		statekey.Skip(path+"raftState", "lastLock", "routinesGroup"),
		statekey.Skip(path+"leaderState", "inflight", "notify"),
		statekey.Skip(path+"commitment", "Mutex"),
		statekey.Skip(path+"followerReplication",
			"peerLock", "commitment", "stopCh", "triggerDeferErrorCh", "lastContact", "lastContactLock", "failures", "notify", "notifyLock"),
		statekey.Canonical(func(dst []byte, ch *chan struct{}) []byte { return append(dst, byte(len(*ch))) }),
	)
}
