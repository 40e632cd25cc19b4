// Package impl is the reference Raft, written to be read beside Figure 2 of the Raft paper.
//
// Start: [New] makes servers from [Options]; each is a spec.Node, a deterministic step machine.
// State: server.go has the fields of Figure 2, each with its invariant as an inequality.
// Leader election (5.2, 5.4.1): election.go.
// Log replication (5.3): replication.go.
// Commitment (5.3, 5.4.2): commit.go.
// Persistence, crash and restart: disk.go.
// One input in, one output out: node.go; what is shown of it: state.go.
//
// What follows is off unless [Options] turns it on; D is Ongaro's dissertation.
// Log compaction and snapshots (7): snapshot.go.
// PreVote (D9.6): prevote.go. CheckQuorum (D6.2): checkquorum.go. Leadership transfer (D3.10): transfer.go.
// Reads that bypass the log (D6.4): read.go; leases and clocks (D6.4.1): lease.go.
// Membership changes, one server at a time (D4) and joint (6), learners, removal of the leader: membership.go.
// Clients and exactly-once (D6.3): client.go. Asynchronous storage (D10.2.1) and storage errors: storage.go.
//
// Three choices that the paper leaves open keep the state space small. A proposal is only appended and synced; it leaves
// with the leader's next heartbeat. A reply changes what the leader knows, and makes it send nothing; a retry too leaves with
// the next heartbeat. A server applies what it commits in the same step, so lastApplied is always commitIndex.
// As in Figure 2, a new leader sends AppendEntries to every other server in the step in which it wins.
//
// # Decisions
//
// Each judgement of Figure 2 that a real system is known to have got wrong is a method of [Paper], next to the code that asks
// it: "is this log up to date?", "which entries go?", "what is on disk before what is sent?". The code reads
// s.decide.UpToDate(…), and in a server made by New that is Paper's answer. A mutant is a type that embeds Paper and answers
// one question wrong; see package impl/mutant. So there is no faulty line and no flag among the right ones.
package impl
