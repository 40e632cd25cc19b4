// Package abstract is Raft as guarded atomic actions, at exactly the grain of Diego Ongaro's TLA+ specification (raft.tla).
//
// It is meant to be read with raft.tla beside it: every action there is one small method here, of the same shape, and the
// comment in front names it. Only what exists for the proof is missing (elections, allLogs, voterLog, mlog), so the number of
// reachable states within given bounds is the number TLC counts, to the last state. That is what the checker is measured by.
//
// Make one: [New], a spec.Factory. What the world offers it: [Inputs]. Where it differs from the paper: [Variants].
//
// It is not an implementation to learn from: it follows raft.tla also where the paper is stricter.
package abstract
