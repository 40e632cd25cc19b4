// Code generated from ../options.go by go generate; DO NOT EDIT.

package hashicorp

import (
	"math/rand"

	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// Options says what kind of servers of the library are searched. The zero value is a cluster of voters with the library's
// defaults.
type Options struct {
	// Learners are the servers that are bootstrapped as non-voters. The others are voters.
	Learners []spec.ServerID
	// NoPreVote switches pre-votes off, which versions before 1.7 do not have.
	NoPreVote bool
	// WholeVotes keeps crashes from coming between the two writes by which the library records a vote, as if they were one:
	// hashicorp/raft#661 is then out of the way.
	WholeVotes bool
	// RestoreCommitted keeps on disk how far the log is committed, from where a server that starts again applies it at once, as
	// raft.Config.RestoreCommittedLogs; since 1.8.
	RestoreCommitted bool
	// Barriers makes a read wait for an entry of its own (Barrier) in place of the leader's being confirmed (VerifyLeader).
	Barriers bool
	// Preempt lets goroutines of the library be held at its gates (spec.Input.Gate). The program must be built with the copy that package
	// adapters/preempt/rewrite makes of the library by the file gates in this folder.
	Preempt bool
	// HoldAt names gates at which goroutines are held, as in "appendEntries/setCurrentTerm", or functions in which they are, as in "appendEntries"; nil is
	// every gate.
	HoldAt []string
	// ByHistory makes the history of inputs the state of a server, so that no two are ever taken for the same.
	ByHistory bool

	// named is set where the configuration changes: a server that is added comes last in the library's list, whatever its name, so lists are not those of
	// servers with other names.
	named        bool
	key          *statekey.Key
	bootstrapped map[int]*disk // by how many servers there are: of a server before it first starts
}

// seed starts the random numbers that the library draws its timeouts from at the same place in every bubble. It has an effect only
// where GODEBUG says randseednop=0, and nothing depends on it: the clock is always moved until a timer has fired.
func seed() {
	rand.Seed(1) //nolint:staticcheck // the library draws from the global source
}
