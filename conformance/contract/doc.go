// Package contract tries whether an adapter keeps what spec.Node asks of it, before anything is said about the Raft behind it.
//
// [Try] takes a world ([cluster.Config]) and drives its servers, one input at a time, with messages, crashes and restarts between them; [Checks]
// lists what they are held to, each with a name and a sentence. A [Failure] is the adapter's, and says so.
//
// File by file: checks.go is the list; play.go drives a cluster; given.go looks at each input that a server is given; copies.go at copies of
// it; crash.go at crashes and restarts; repeat.go gives the same inputs again to fresh servers; differences.go says where two outputs, states or
// observations differ, and suspects.go why; failure.go is what is told.
//
// It knows nothing of Raft's promises: whatever a rule of package spec would judge, it leaves to the rule.
package contract
