// Package hashicorp searches the executions of github.com/hashicorp/raft, from version 1.7 on: the real code, from go test.
//
// For tests: [Test] searches a world and fails with a story, in one call. [Check] returns what was found. [Servers] makes a
// spec.Factory of the library's servers for scripts, replays and worlds of one's own.
//
// A server is one raft.Raft alone in a bubble of testing/synctest (package bubble), with a transport, stores and a state machine
// of this package. Time stands still, except when an election timer is to fire.
//
// How the library is driven, file by file. Inputs become calls of its API, requests on its transport, or a wake-up of the goroutine whose
// timer fires (inputs.go). A request that it sends is a message, and its goroutine waits until a reply is delivered; a reply
// is tied to what was asked, and calls that nobody waits for any more are hung up (courier.go, message.go). Every write that its stores
// are asked for is a crash point (disk.go, recorder.go): a crash there ends the goroutine that writes. What rules look at comes
// from the API, from the stores and, for what a leader knows of its followers, from its fields (observe.go, inside.go).
//
// The state, by which executions are merged, is the disk, all fields of the library that matter, the calls that are out and the
// votes that it was given. What is left out is named in inside.go. The search keeps putting that to the test: whenever two histories
// lead to one state it gives both the same inputs and compares.
package hashicorp
