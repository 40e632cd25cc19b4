// Package rawnode records servers of etcd's raft in words that all its releases share. It is what the wrappers for the releases
// are made of: traces/record/etcd for go.etcd.io/raft/v3 v3.7, traces/record/etcd/raft36 for v3.6. They turn the types of
// their release into those here, and nothing else; programs use the wrappers.
//
// A RawNode tells what it did in Readies. An input that is followed by a Ready is one record with what the Ready brings. Of inputs that
// are followed by other inputs records show only that they happened, and the next Ready, which is of all of them, is a record of
// its own (event "stored"). A Ready is recorded when the program says that it is on disk, as "written, then sent": what the
// library asks of programs.
//
// Before a Ready replaces entries on disk a record without any state is written, so that a crash in the middle of the write does
// not look like a loss of what was there.
package rawnode
