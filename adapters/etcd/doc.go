// Package etcd makes a server of etcd's raft library a spec.Node: a RawNode on its MemoryStorage, one input at a time.
//
// This package knows what an input means, what is written and sent in which order, and what a crash leaves. It does not import
// the library, of which every version has the same few import paths: a release is behind the interface [Library], and nested
// modules beside this file implement it, one for each API that releases share.
//
//	raft37   go.etcd.io/raft/v3 v3.7
//	raft36   go.etcd.io/raft/v3 v3.6
//	raft35   go.etcd.io/etcd/raft/v3 v3.5
//	coreos   github.com/coreos/etcd v3.1 to v3.3
//
// [New] makes a factory of servers; [Options] says which features are on, and [Options.Inputs], [Options.Variants] and [OutOfReach]
// complete a cluster.Config for them. docs/adapters.md shows how.
package etcd
