// Package linearizability judges what clients of a key-value store saw: whether every operation can have taken effect at one moment
// between its call and its return (Herlihy and Wing, 1990), so that all clients see one store.
//
// The history: [History], of [Operation], of [Action] on keys that hold a [Value]. Registers, compare-and-set, append, and transactions of
// several of them. What is not known stays unknown: see [Outcome].
// Getting one: [ReadFile] and [ReadFrom] for files of every format in [Formats]; [FromTrace] for the clients in a trace of a cluster;
// [History.Call] and [History.Return] in a program. [WriteTo] writes the native format, described by [Schema].
// Judging: [Verify], with evidence; [Check] and [Memo] for the many small histories of a search.
// Looking: [Finding] is the smallest part that is still wrong, and why; [Picture] is porcupine's.
//
// How it decides: keys that no transaction joins are judged by themselves. A register to which no value is written twice, and a list to
// which nothing is added twice, are judged in log-linear time (zones.go, chains.go); everything else by a search of our own for a fixed
// number of steps (search.go), and then by porcupine, within a time limit. What is wrong is shrunk by sound steps only (shrink.go, view.go),
// and reported only after porcupine and our search find the rest wrong too.
package linearizability
