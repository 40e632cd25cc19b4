// Package traces is the record of an execution: a counterexample, a fuzz failure, a log of a production cluster.
//
// What it does: one format for all of them ([Trace], [Reader], [Writer], [Schema]); checking a trace's own structure
// ([Validate]); running it again ([Replay]); making it short ([Shrink]); telling it well ([Story], [Text], [Mermaid]);
// joining what servers recorded apart ([Join]);
// and judging it by the rulebook ([Verify]), whoever recorded it ([Source]).
//
// What it will never do: merge clocks, sample, guess at what a record does not show, or have a second, binary form. What a
// record leaves out is unknown, and rules that need it say "not checkable" instead of passing.
//
// The format is one JSON object a line. The first line is the [Header]; every other line is a [Record]: one local step of one
// server, or something that happened to the network. See trace.schema.json, which is [Schema].
package traces
