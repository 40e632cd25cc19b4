package rpc

import (
	"slices"
	"testing"
	"time"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Server says how to run a Raft whose servers are values of type S, usually a pointer to a struct. Make and Kill are what nearly every one needs;
// what else there is says what cannot be guessed.
type Server[S any] struct {
	// Make starts a server from what is on the disks of its Env.
	Make func(*Env) S
	// Kill makes all goroutines of a server end, now or when they wake up next; it may wait for them. Nil is a server whose goroutines all end with
	// Env.Done.
	Kill func(S)
	// Propose gives a server a command and returns the index at which it will stand if it is ever committed, and whether the server leads. It may also wait
	// until the command is carried out: true answers the client then, with the index or 0, and false tells that nothing is known. Nil is a Raft without clients.
	Propose func(server S, command string) (index int, leads bool)
	// Read asks a server for a linearizable read. It returns the index up to which the reader sees what is committed, or that of no entry if it sees what the server has
	// applied (Env.Applied) by then; false tells that there is no answer. It may wait. Nil is a Raft whose clients do not read.
	Read func(S) (index int, answered bool)
	// Change asks a server for another configuration: who votes, counted from 0. It returns whether the server takes that on; one that does not lead, or cannot change it now, does
	// not. It may wait. Nil is AddServer and RemoveServer, or a Raft whose configuration never changes.
	Change func(server S, voters []int) bool
	// AddServer and RemoveServer are Change for a Raft that is asked for one server more, or one less.
	AddServer, RemoveServer func(server S, other int) bool
	// Members tells whether an entry (an element of the log, or of those that a call carries) is a configuration, and who votes then: whom it names, or who voted before, as
	// it changes that. Before is nil where that is not known; it may be changed. The last configuration in a log is in force, committed or not: World declares
	// spec.ConfigurationInLog. Nil is a Raft whose configuration never changes.
	Members func(entry any, before []int) (voters []int, is bool)
	// Founders is how many of the servers, from 0 on, vote in a new cluster; 0 is all. The others know no configuration, and wait to be added.
	Founders int
	// Compact makes a server take a snapshot and discard its log up to what it has applied. Nil is a Raft that keeps its log.
	Compact func(S)

	// Observe shows what rules look at: what it leaves zero it must name as Unknown. The Env fills in Durable and Config, and Granted and
	// Refused where they are not known. Nil finds fields by their names.
	Observe func(S) spec.Observation
	// Amend changes what was found by names where it is not what the server means: a vote that counts otherwise than all else, entries of a kind of their own.
	Amend func(S, *spec.Observation)
	// Fields names fields of S that are not called as usual, or that lie deeper: "term": "persistent.epoch". The keys are term, votedFor,
	// log, commitIndex, lastApplied, role, leader, nextIndex, matchIndex, baseIndex, baseTerm, and with Members members, the configuration in force; "" is a field that the server does not have.
	Fields map[string]string
	// Roles are the roles that the numbers 0, 1, … of S's role stand for. Nil is follower, candidate, leader. Roles that print are told by their names.
	Roles []spec.Role
	// ID tells which server a number or name in a field means. Nil counts servers from 0, takes what is below 0 for nobody, and knows the names that
	// Env.Name gives.
	ID func(any) spec.ServerID
	// FromZero says that the first entry of a log stands at index 0, and that −1 is none.
	FromZero bool

	// Kinds says of what kind the calls are whose methods are not called as usual. A name may be given with or without what is before its last dot.
	Kinds map[string]spec.MessageKind
	// Receiver is what other servers' calls arrive at, if it is not S itself.
	Receiver func(S) any
	// Marshal and Unmarshal make bytes of arguments and replies, and back. Nil is JSON. Equal values must give equal bytes.
	Marshal   func(any) ([]byte, error)
	Unmarshal func([]byte, any) error
	// Calls is how many calls to one other server may wait for their answers at a time. When there is one more the oldest is given up: it never returns.
	// 0 is 1. With 2, the answer to a call may come when the next call is made already.
	Calls int
	// Serial says that the server does not call another one before its last call to it has returned. Calls that wait then fail when its next
	// timer fires; otherwise a call without an answer never returns, as if it took for ever.
	Serial bool

	// Key says what of S is no state, or has a form of its own: see package statekey. Locks, timers, times, durations, generators of random
	// numbers and what belongs to this package are left out anyhow, and of channels only the number of elements counts.
	Key []statekey.Option
	// Settle is how much time passes after every input, for servers that look now and then whether there is something to do. It must be
	// shorter than the time between two heartbeats.
	Settle time.Duration
	// Preempt lets goroutines of the server be held in the middle of a step, at gates in its source (spec.Input.Gate), Bounds.Preemptions times in an execution. The
	// program must be built with gates: docs/raft-in-go.md says how.
	Preempt bool
	// HoldAt names gates at which goroutines are held, as in "applier/Lock.2", or functions in which they are, as in "applier"; nil is all.
	HoldAt []string
	// Variants are the ways in which the servers differ from the paper by design.
	Variants spec.Variants
	// OutOfReach names the goals that these servers cannot reach, because they have no such behaviour.
	OutOfReach []string
}

// New makes servers. The Node method of what it returns is a [spec.Factory], for checker.Test, fuzz.Check and worlds of your own. It belongs to
// the test t and may be used only while t runs.
func New[S any](t *testing.T, how Server[S]) *bubble.Lab {
	return bubble.New(t, start(newPlan(&how)), bubble.Options{})
}

// Test searches every execution of the servers in a [World], which edit may change, and fails the test with a story when one breaks a promise.
// See checker.Test.
func Test[S any](t *testing.T, how Server[S], edit ...func(*cluster.Config, *checker.Options)) {
	t.Helper()
	world := func(c *cluster.Config, o *checker.Options) {
		*c, o.Workers = World(c.New, how), 1
	}
	checker.Test(t, New(t, how).Node, append([]func(*cluster.Config, *checker.Options){world}, edit...)...)
}

// World is what Test searches: three servers, two terms, two elections, an entry, two commands, two messages in flight that are lost and reordered,
// and a crash, which may be a power failure; with Preempt a goroutine is held once. node is the Node of what [New] returns.
func World[S any](node spec.Factory, how Server[S]) cluster.Config {
	c := cluster.Default(node)
	c.Bounds.Campaigns, c.Bounds.Proposals, c.Faults.Lossy = 2, 2, true
	c.Variants, c.OutOfReach = how.Variants, how.OutOfReach
	if how.Members != nil && !c.Variants.Has(spec.ConfigurationInLog) {
		c.Variants = append(slices.Clone(c.Variants), spec.ConfigurationInLog)
	}
	if how.Preempt {
		c.Bounds.Preemptions = 1
	}
	return c
}

// Reads is an edit for Test: a client reads once, there may be two entries, one message is in flight, and nobody crashes.
func Reads(c *cluster.Config, _ *checker.Options) {
	c.Bounds.Reads, c.Bounds.Log, c.Bounds.Messages, c.Faults.Crash, c.Faults.Lossy = 1, 2, 1, cluster.Off, false
}

// Changes is an edit for Test: a client asks once for another configuration, any that there is. There may be two entries, one message is in flight, and nobody crashes.
func Changes(c *cluster.Config, _ *checker.Options) {
	c.Bounds.Changes, c.Bounds.Log, c.Bounds.Messages, c.Faults.Crash, c.Faults.Lossy = 1, 2, 1, cluster.Off, false
}
