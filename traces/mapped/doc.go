// Package mapped reads the log of a program as a trace, by a mapping that says which field of a line is what.
//
// A [Mapping] is read from YAML by [ReadMapping]; [Schema] describes it, docs/verify-your-log.md explains it. [NewReader] then reads a log in
// JSON lines or in logfmt and yields records that are judged like those of the native format.
//
// What a line does not show is unknown. A mapping never fills in a zero, and a field that is null is not shown, but for a vote or a leader,
// where it is nobody.
//
// # Lines and records
//
// A record of the native format is a whole step: what a server was given, what it sent, and what it showed afterwards. Logs tell a step in
// several lines. A line that receives a message, or whose event is an input, begins a step. Others add to the step that their server is
// in where that is sure: a reply to the request that was received from the same server, what a timer or a proposal sends, and lines
// of which the mapping says what they complete. Any other line is a sighting: what the server shows, or has sent, whatever has led to it. A
// step that may still be added to holds back what comes after it, but for no more than [Window] records.
package mapped
