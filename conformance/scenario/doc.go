// Package scenario is the directed half of the conformance suite: tests of one server, of which the suite plays the peers, the clients,
// the disk and the clock.
//
// A [Scenario] is a script, and [All] lists them: one file a requirement under scripts/, embedded. scripts/README.md says how they are written.
// A [Subject] is what is put through them: a factory of nodes, and the variants that they declare.
// [Run] puts a subject through a scenario, and a [Result] says what came of it: met, broken, allowed otherwise, not applicable, not exercised.
// A [Runner] does the same for many scenarios, and asks only once which features a subject has.
// [Unscripted] lists the requirements that no single server can break, each with the reason.
//
// A server is brought to where a scenario needs it by its own means only: it is elected by votes, deposed by a higher term, given a log by a leader
// that the suite plays. Beside what a script expects, every step is judged by the rulebook of package spec.
package scenario
