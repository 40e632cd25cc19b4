// Package runtime drives the reference Raft, the very node that is searched, in real time: on a clock, over a network, with a disk.
//
// A node has no clock, no sockets and no files; it is given inputs and says what it did. Everything else is here:
//
// When inputs come: [Timing] and [Driver], which draws election timeouts, beats the heart and asks again for votes. It has no clock
// of its own; whoever drives it says what time it is. So tests and simulations run on a clock that they make up.
// What becomes of outputs: [Replica] writes to a [Disk] before it sends, keeps a key-value store ([Machine]) up to date with the log, and
// answers clients. It has no goroutine and no clock either.
// The disk: [OpenFile] is one file, written ahead of every promise and read back after a kill at any byte.
// For real: [Start] runs a Replica on the real clock, with a network ([Listen]) and clients over HTTP ([Server.ServeHTTP]).
//
// A cluster of such servers, each a process of its own: package processes.
//
// What a server does is recorded by package traces/record, and raftcheck verify judges it. See docs/run.md.
package runtime
