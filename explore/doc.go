// Package explore lets somebody go through a world by hand: see in any state what may happen next and what it would break, take a step, take
// it back, and ask whether there is a way from here to something.
//
// A [World] is what can be explored. [New] makes one of a cluster.Config, in this process. [Remote] is one that another program holds, which
// answers by [Answer]: that is how implementations are explored that would bring their dependencies along.
//
// Nothing is remembered of whoever explores. A state is named by the [Way] that leads to it, so that taking a step back is to leave its
// last number out, and the same way leads to the same state at any time. What may happen is what checker.Explorer lists; a search from
// a state ([World.Find]) is checker.Check.
package explore
