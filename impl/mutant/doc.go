// Package mutant is the reference Raft with one documented bug each: the proof that raftcheck's rules have teeth.
//
// Find: [All] lists the mutants, [ByName] looks one up by the name it has in the catalogue of bugs.
// Read: a [Mutant] tells where its bug was seen, what goes wrong, which rules must catch it and how little it takes.
// Run: [Mutant.Factory] makes its servers; [Mutant.Bounds] is a world small enough to be searched to the end.
//
// A mutant is a type that embeds impl.Paper, which decides as the Raft paper does, and answers one question wrong. Nothing
// else differs from the reference. The types are grouped by what they get wrong: voting.go, terms.go, replicating.go,
// committing.go and storing.go, all of which all.go lists; and with what they break elections.go (PreVote, CheckQuorum, transfer of
// leadership), snapshots.go, reading.go, membership.go and failing.go (disks that refuse or delay, clients).
//
// A bug that never breaks safety, only progress, is in [Starving]: only liveness rules catch it, on the graph of all states of a search.
// [NotModelled] lists documented bugs of that kind that this world cannot show, and why.
package mutant
