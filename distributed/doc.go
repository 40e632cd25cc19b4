// Package distributed runs an exhaustive search of raftcheck on Apache Beam, and so on whatever runs Beam: Prism on one machine, Flink, Dataflow or Spark on many.
//
//	[Search]    what is searched, by which program and in which folder
//	[Run]       carries a search to its end: jobs of some layers each, given again when they fail
//	pipeline.go a layer as stages: expand, fill, merge, close
//	hand.go     the program that does a part of the search, a child of the worker
//	head.go     how far the search has come, in files
//
// Nothing here knows what a state is. A part of the search is done by raftcheck check --share (docs/scale.md), which takes names of files and answers with a name;
// names go through the shuffle, and states through files, in a folder that all workers see. So a part that is done twice does no harm, and nothing that a runner may do to a bundle changes
// the result: it is that of raftcheck check, to the last count.
//
// What it is not: a file system. A folder on object storage must be mounted.
package distributed
