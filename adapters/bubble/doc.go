// Package bubble makes a [spec.Node] of a server that is not a step machine: one with goroutines, timers and locks of its own.
//
// The server lives in a bubble of testing/synctest, alone, where time stands still unless everybody waits. It gets one stimulus
// at a time and is looked at when all is quiet. A bubble cannot be copied or put aside, so a state is reached again by giving a
// fresh server in a fresh bubble the whole history of inputs. A [Lab] does that, and remembers what every history led to, so that
// a bubble is needed only for steps that nobody has seen yet.
//
// Goroutines run in an order that Go does not promise, so nothing is believed at once. GOMAXPROCS is 1 while a bubble runs. The
// state is compared after every input that is given again; a bubble in which it differs is thrown away and the run repeated. A new step
// counts when two bubbles did the same. A step that stably does two things is a fault: the server is not deterministic.
package bubble
