// Package external keeps a breadth-first search in files, so that it needs no more memory than it is given and can go on after
// it was ended at any moment. It knows nothing of Raft: a state is a row of words under a key of 128 bits.
//
//	expand     takes the states of a layer to candidates for the next    [Layer.Blocks], [Create], [Candidates.Append]
//	merge      drops the candidates that were seen before                [Merge] of what was [Found], [Sort], [Compact]
//	manifest   says which files are the search, once a layer is done      [Write], [Read], [Verify], [Sweep]
//
// Where states are members of sets that are known by numbers, a layer is a file of sets: [CreateSets], [OpenSets], [MergeSets], [CompactSets].
//
// Each is a function from files to files: it changes none that is there, and what it makes counts only when a manifest names it.
// Whatever ends a program in between, the last manifest and the files that it names are whole, and the layer after them is made again.
//
// One program keeps its search in a [Folder]; any number of programs share one in a [Shared] folder, where files have the names of what is in them.
//
// The first of equal candidates is kept, and candidates that are new stay in the order in which they were appended to their
// partition. So a search that is kept in files numbers the states of a layer as one that holds them in memory does.
//
// docs/search-directory.md describes the files byte by byte.
package external
