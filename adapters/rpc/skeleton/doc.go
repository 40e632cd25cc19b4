// Package skeleton writes the test that searches a Raft in Go as it is (package adapters/rpc), as far as its source tells what goes where.
//
// [Of] reads the package of a type. File by file: source.go reads; make.go looks for how a server is made, and of what; asks.go for how it is ended and
// given a command, changes.go for how its configuration is changed; shows.go for what rules look at. What none of them can tell is left to the user, in a line that says TODO.
package skeleton
