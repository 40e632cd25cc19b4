// Package etcd reads the traces that etcd's raft writes when it is built with its tag with_tla, and explains them line by line.
//
// [NewReader] yields records that the rulebook judges like any others. Beyond that it holds every line against what etcd's raft
// may do, given what its server showed before, what it received and what may have happened unseen: ticks, pre-votes, reads,
// transfers, compaction, reports of the application, the order of storage writes. Messages may be lost, doubled and reordered. A
// line that nothing explains is reported as a contradiction, under the rule of the rulebook it breaks or, where it breaks
// none, under X-TR-01.
//
// The format shows no terms of entries, so logs are reconstructed: a leader appends with its own term, a follower copies from the
// leader of the message's term, a snapshot installs a prefix.
//
// # What a restart may lose
//
// A Ready is handed to storage, and a crash may come before it is written: with asynchronous storage, several may be under way. A restart
// without what the latest Readys handed over is accepted as long as nothing that waited for them (an answer to a request for a vote or for
// entries, or a message of the server to itself) has arrived anywhere. If such a message arrives later, the restart is the
// guilty line.
//
// # What no reader can see
//
// Some changes of a trace make another trace that etcd's raft may write as well. They go unnoticed:
//
//   - a message that was lost, or arrives twice, when its receiver neither changes nor answers;
//   - a message that arrives with exactly the fields of another that was sent on the same way;
//   - a Ready more or less, while nothing arrives that it alone let go;
//   - a MsgApp that the leader did not send because its window was full or its peer was reported unreachable, or sent because
//     leadership is to be handed over;
//   - the line from which on a server shows itself as pre-candidate, since becoming one is not traced;
//   - an ApplyConfChange that is still to come when the trace ends, and in its last lines a Replicate that could be a change of
//     configuration that changes nothing.
//
// # Traces that begin anywhere
//
// A trace may begin with servers that have data on disk, in the middle of a leadership, of a joint change or of a call, and may lack
// whole servers. What is not known then is taken for nothing: neither the terms of old entries nor changes of
// configuration among them, neither learners nor the leader a follower knows, neither what a leader believes of others nor what was on
// its way. A line is explained with what is known, which grows with every line: what a server answers settles what its log must have held. A
// message may have been sent before its sender's first line, unless what that line shows rules it out. Whatever is cut off a
// legal trace, what is left is legal; the tests cut at random.
package etcd
