// Package rewrite makes a copy of a module in which goroutines pass gates (package preempt). The go command takes the copy for the original where
// go.mod says replace; it does not let files of the module cache be overlaid. For packages elsewhere there is [Overlay], and [Here] for one with a file gates in its folder.
//
// A [List] says where gates are: in which functions, and at which calls in them. [Files] rewrites by it; a list that names what the package
// has not is refused, and so is a gate where a lock is held, since everybody who wants the lock would wait with the goroutine.
package rewrite
