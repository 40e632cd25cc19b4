// Package nats searches the executions of the Raft in nats-server (github.com/nats-io/nats-server/v2/server): the real code with its goroutines,
// of releases from v2.10.22 on, from go test.
//
// Its tests are built by `go test $(go run ./with VERSION)`, with the tag overlaid: package overlay says what that changes, and without it only this comment
// is there. [Servers] makes a spec.Factory of the library's servers, and [World] is what there is to search; checker.Test and fuzz.Check take both.
//
// A server is one Raft alone in a bubble of testing/synctest (package bubble), with all that surrounds it (host.go): what it publishes are messages
// (message.go), what it writes is kept in memory and is a crash point (disk.go). Inputs are calls of the handlers that the library subscribes with, of its API, or an election timer
// that is told to fire (server.go). What rules look at comes from the struct and from the disk (observe.go).
//
// [Servers]: https://github.com/raftcheck/raftcheck/blob/main/adapters/nats/server.go
// [World]: https://github.com/raftcheck/raftcheck/blob/main/adapters/nats/world.go
package nats
