// Package spec says what Raft promises, and nothing else in raftcheck does.
//
// Vocabulary: [Term], [Index], [Entry], [Log], [Message], [Observation], [Step], in the words of the Raft paper.
// Contract: [Node] is one server as a deterministic state machine; [Input] goes in, [Output] comes out.
// Promises: [Rules] lists them, [RuleByName] finds one; a [Rule] returns a [Breach] with evidence, never a bare bool.
// Facts: what a step establishes for ever ([Facts]), and the [History] in which no two may disagree.
// Goals: [Goals] lists what bounds must let happen, or a pass is vacuous.
// Judging: a [Judge] watches any execution step by step; search, fuzzing and traces all rest on it.
//
// The package imports only the standard library.
package spec
