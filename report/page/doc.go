// Package page writes what a run says as one HTML file that opens from disk, from the artifacts of a CI job and in mail.
//
// Whole pages: [Page] says what is on one, [Page.Write] writes it. [Execution] is an execution with what is wrong with it.
// Parts, for other pages: [Execution.Diagram], [Execution.Steps], [Execution.State], with [Style] and [Script].
// Pictures: [Execution.SVG] is the diagram and its sentences as a file of its own.
//
// A page loads nothing and sends nothing: its content-security policy forbids both. Without a script it shows the verdict, the diagram, all
// steps and the last state. It holds the trace, so that whoever has the page can run it again. The same input gives the same bytes.
// Names and values that somebody else chose are data in it, never markup and never script.
package page
