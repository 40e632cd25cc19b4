// Package rawnode records servers of etcd's raft in words that all its releases share. It is what the wrappers for the releases
// are made of: traces/record/etcd for go.etcd.io/raft/v3 v3.7, traces/record/etcd/raft36 for v3.6. They turn the types of
// their release into those here, and nothing else; programs use the wrappers.
//
// A RawNode tells what it did in Readies. An input that is followed by a Ready is one record with what the Ready brings; inputs that are
// followed by other inputs are records without effects, and the next Ready, which is of all of them, is a record of its own
// (event "stored"). A Ready is recorded when it is advanced, as "written to disk, then sent": what the library asks of programs.
package rawnode
