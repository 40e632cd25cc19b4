// Package conformance is the numbered suite that any spec.Node can be put through: which of Raft's requirements does it meet, which not, and
// which could not be tried?
//
// For tests: [Test] puts a factory through the suite, with a subtest for each requirement.
// For everything else: [Run] takes a [Subject] and [Options] and returns a [Statement], which [Statement.Text] and [Statement.Markdown] tell,
// encoding/json writes ([Schema] is its shape), and [Compare] holds against an older one.
//
// First the adapter is tried (package contract). Then servers go through worlds, a few for each part of Raft (worlds.go), each searched up to a
// bound in states, and through a campaign of random executions (search.go). Bounds are numbers of states and steps, never times, so that a
// statement is the same to the byte wherever it is made. What came of it is put together for each requirement (judge.go). Nothing is met that
// was not exercised.
package conformance
