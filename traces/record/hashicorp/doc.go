// Package hashicorp records what a server of github.com/hashicorp/raft 1.7 or later does, by wrappers around what it is made with.
//
//	recorder, err := record.Open("n1.trace", record.Header{Variants: hashicorp.Variants}, record.Options{})
//	…
//	w, err := hashicorp.Wrap(recorder, hashicorp.Parts{Config: config, Logs: logs, Stable: stable, Snapshots: snapshots, Transport: transport},
//		hashicorp.Options{Servers: servers})
//	…
//	r, err := raft.NewRaft(config, fsm, w.Logs, w.Stable, w.Snapshots, w.Transport)
//	…
//	w.Attach(r)
//
// A request that arrives is one record, with all that is written until it is answered, and the answer. What the library does by
// itself is a record for each thing: a role, a write, a request that leaves, a reply that comes. A record is written before the
// message that it shows as sent leaves.
//
// Term, vote and log are what the stores hold. Role, leader and commit index are the library's own, and unknown until Attach.
//
// # What is left out
//
// A leader that hears of a higher term in a reply takes its time, so the record of such a reply shows no state. A request to campaign at
// once (TimeoutNow) has no term, and is recorded as a timer that fires. A candidate may ask for votes while its own is still being
// written; nobody counts on that one yet, and the records of these requests show neither vote nor disk.
package hashicorp
