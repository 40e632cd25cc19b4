// Package statekey writes the state of a Go object as canonical bytes, and says where two objects differ.
//
// A node that is someone else's code has no AppendState of its own. A [Key] makes one: it walks an object, unexported fields
// included, and appends bytes that are equal when the objects are. What cannot matter (loggers, statistics, what randomness left)
// is named with [Skip]; what has several forms of one meaning (a ring buffer) is given a [Canonical] form; [Key.Unmatched] names
// options that matched nothing, which are usually misspelt. [Key.Difference] names the first field in which two objects differ,
// and [Find] reads one unexported field.
//
// Distinguishing too much costs time and is sound; leaving out what matters makes a search skip states. Three things cannot be
// seen: what a closure holds, what a goroutine's stack holds, and what is in a channel. Functions are told apart by their code,
// and a channel that is not skipped is a panic, or with [Channels] the number of elements that wait in it.
package statekey
