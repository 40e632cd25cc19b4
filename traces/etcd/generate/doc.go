// Package generate runs etcd's raft (go.etcd.io/raft/v3, built with its tag with_tla) in a small simulated cluster and writes what
// it traces. Real executions, legal or with one fault injected from outside, are what the reader in traces/etcd is tested with.
//
//	go test -tags with_tla .
//	go run -tags with_tla ./cmd/etcdtrace -family all5 -events 10000 -seed 300 > all5.ndjson
//
// Everything is decided by the seed: the order of messages, losses, crashes, partitions, ticks and election timeouts.
// It is a module of its own so that raftcheck itself does not depend on etcd.
package generate
