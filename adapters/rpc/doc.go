// Package rpc lets raftcheck search and fuzz a Raft in Go as it is: with goroutines, timers, locks and remote calls that block.
//
// A [Server] says how one is made, ended and asked, and [New] or [Test] do the rest. What the server shares with its surroundings goes
// through its [Env]: [Env.Peer] is the end of a connection to another server, [Env.Disk] keeps what a crash must not take, and [Apply]
// takes what it applies. Every server lives in a bubble of its own (package adapters/bubble), in which time stands still unless a timer
// is to fire.
//
// A remote call is two messages, the arguments and the reply, which are lost, doubled and reordered as others are. Their fields, and those
// of the server, are found by their names, as most people write them; [Server.Fields], [Server.Kinds] and [Server.Observe] say what is
// called otherwise. Each save is a crash point. What a disk holds is found out by starting a server from it.
//
// File by file: server.go is what the user says; env.go, call.go, handler.go and disk.go are what a server has around it; plan.go, life.go, step.go, reads.go, changes.go and
// look.go make a node of it, and gates.go holds its goroutines; names.go, message.go and observe.go find by its name what Raft calls otherwise. Package skeleton writes the test from a
// Raft's source.
//
// Non-goals: calls between servers that are not Raft's, more than one Raft in a server, clocks that differ.
package rpc
