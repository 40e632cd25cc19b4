// Package cluster is the world that servers live in: a network, faults, clients and bounds.
//
// A [Config] says which servers, which network, which faults and which bounds; it prints itself for every report.
// A [World] is one execution in that world: [World.Actions] lists what may happen, [World.Apply] makes one thing happen.
// An [Action] is one thing that happens: an input to a server, or something the network does by itself.
//
// A World runs plain nodes one action at a time. It is the slow, obvious meaning of an execution: the checker searches the
// same world over interned states, and every violation it finds is run again here, from fresh nodes, before it is told.
package cluster
