// Package disk keeps the disk of a server in Go that is a step machine, so that crashes are nobody's burden.
//
// A [spec.Node] has to know what a crash leaves: it is asked to crash at a point in the middle of a step (Input.Cut), refuses all but a restart while it is
// down, and comes back with what was on disk. A [Server] says only what it writes and syncs, as effects among the messages that it sends, and is
// thrown away when it crashes; [Nodes] does the rest, as raftcheck check --exec does for programs.
//
// A server of goroutines and timers has its disk from package adapters/rpc.
package disk
