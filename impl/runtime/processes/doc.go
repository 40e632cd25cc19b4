// Package processes runs a cluster of the reference on this machine: each server a process of its own, which can be killed and cut off, with a door for
// clients that stays when its server is gone, clients of its own, and a record of what each server does and of what every client asks and is told.
//
// [Run] is the cluster, and [Serve] is what each of its processes does. Files are in one folder: the state and the trace of each server ([TraceOf]), and
// the history of the clients ([HistoryOf]), as raftcheck verify and raftcheck linearize read them.
package processes
