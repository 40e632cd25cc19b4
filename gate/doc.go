// Package gate reads raftcheck.yaml: what a project wants judged before a change goes in, and which findings it accepts.
//
// Reading: [Read] returns a [File] with its checks, each a verb of the command line with its files and settings; [ReadKnown] returns the
// findings that a file of their own accepts. Both are held to [Schema], and what is wrong is a *traces.InputError at its line.
// Writing: [Template] is a commented file to begin with, [Update] puts findings into the text of a file and takes others out, and leaves
// every other line as it is.
// Files: [Find] returns what a pattern matches, and [Match] reports whether it would match a path; "**" stands for folders of any depth.
//
// It judges nothing and runs nothing: that is for the command.
package gate
