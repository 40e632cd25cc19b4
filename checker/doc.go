// Package checker searches every execution of a world and says which of Raft's promises it breaks.
//
// For tests: [Test] searches a project's own node under go test, in one call.
// For everything else: [Check] takes a world ([cluster.Config]) and [Options], and returns a [Result].
//
// For package fuzz: [Walker] takes single executions over a memo of its own, and makes known only the steps it takes (walker.go,
// walker_memo.go); [TrySaved] and [Failure] are what tests share.
//
// How it works, file by file. A global step changes one server, so every distinct server state, message and history is interned
// as a small number and every local step is run once (memo.go, history.go); rules are judged once for each local step and for
// each pair of server states. Global states are short vectors of numbers, expanded from the memo (expand.go, state.go),
// told apart by fingerprints that a step changes by one addition (fingerprint.go, symmetry.go), and searched layer by layer in
// rounds that give the same result for any number of workers (layer.go, seen.go). Where two or three messages may be in flight, states that differ only
// by these are searched together, with the same result (groups.go and groups_*.go). States that cannot matter are left out, where that is asked for
// (reduce.go, and symmetry.go, orbits.go, noops.go, overtaken.go, losses.go, covered.go, each with the reason why). A violation is found again from six bytes a
// state, run from fresh nodes and judged without the memo before it is told (replay.go). The memo itself is audited: two histories that end
// in the same bytes must behave alike (audit.go).
//
// A search can be kept in files, beyond memory and with a way back, by the functions of package external (kept.go and kept_*.go, filter.go, key.go; by groups, kept_groups.go). It can be
// shared by programs on many machines: [Share] does any part of it, as a function from files to files (shared.go and shared_*.go).
//
// The package knows nothing of Raft beyond package spec, and never imports an implementation.
package checker
