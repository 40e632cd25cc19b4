// Package fuzz looks for broken promises by chance, in worlds that are too large to be searched to the end.
//
// For tests of a node of one's own: [Check] is a property test with rapid, [Add] a native target for go test -fuzz.
// For long campaigns: [Run] takes a world, [Default] or one that [Enlarge] made, and [Options], and returns a [Result].
//
// Whatever is found was run again from fresh nodes without a memo, is shortened, and is a trace that replays; tests save it under
// testdata/raftcheck and try it first the next time, as those of package checker do.
//
// How a campaign works, file by file. Every run is a pure function of the seed, its number and what was known at the beginning of its
// round (round.go), so neither the number of workers nor what their memos hold changes what is found. Runs are chosen by strategies:
// uniform.go, priorities.go, swarm.go, and guided.go, which goes on from a corpus (corpus.go) of beginnings that showed something new
// (coverage.go). The steps themselves are taken by checker.Walker, which runs a server's code once for each distinct local step. What was
// covered is told by sketches that several machines can unite (sketch.go). A finding is shortened by leaving out and then by searching
// the smallest world it fits into (shorten.go).
//
// A campaign proves nothing about executions that it did not make. For every execution within a bound, see package checker.
package fuzz
