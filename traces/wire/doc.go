// Package wire is the JSON of Raft's vocabulary: messages, entries, what a server shows, what it wrote and sent.
//
// Traces are written in it, and so is whatever else speaks to programs about Raft, so that there is one set of names to learn.
// To write, append the members of an [Object]; to read, walk a line with a [Reader]. The same values give the same bytes.
// Servers are "n1", "n2", …, and null where there is none. Text that is not UTF-8 is base64 in a member whose name ends in Base64.
package wire
