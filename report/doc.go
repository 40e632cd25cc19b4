// Package report is what a run tells its user: one value, many ways to write it.
//
// Content: [Report] says what was asked, what was found and what was covered; [Finding] is one broken promise with its evidence.
// Verdict: [Report.Verdict] is held, violated or inconclusive, and says why when it is the last.
// Writing: [JSON] for programs, described by [Schema]; [Text] for people.
//
// A report holds no clock time beside [Search.Seconds], so the same run gives the same bytes.
// It decides nothing: what is right is the business of package spec, and exit codes are those of the command.
package report
