// Package preempt holds goroutines of a server in the middle of a step: what a race between a server's own goroutines needs.
//
// A gate is a place in the server's source, rewritten when it is built (package rewrite) so that a goroutine which comes there calls [Pass] first.
// Where nobody watches, that does nothing. In a bubble (package bubble) an adapter makes a [Watch], and a goroutine that it holds is
// one more that waits: the rest of the step happens, other inputs are given, and then it goes on.
//
// A gate is named by the function that it is in and what is called there, as in dispatchLogs/getCurrentTerm. Names do not depend on the order
// in which goroutines run; where several goroutines run one function, the name says for whom: heartbeat(n2)/randomTimeout.
package preempt
