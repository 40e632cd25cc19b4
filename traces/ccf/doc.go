// Package ccf reads the traces that the consensus of Microsoft's CCF writes when it is built with CCF_RAFT_TRACING: JSON lines with the tag
// raft_trace, and those of 2023 with the tag tla. Lines of other tags, commands of the scenario driver and its drawings are passed over.
//
// # What is judged
//
// A transaction of CCF is committed with the signature that follows it, and never by itself. Whatever stands behind the last signature of
// a log can be given up at any time, also by who acknowledged it, and candidates and voters compare logs up to there. So CCF is a Raft
// over the part of a log that ends with a signature, and this is the log that records show: the rulebook is judged on it as on any
// other. What messages say of transactions behind it (the previous entry, the entries, what is acknowledged) is left unknown.
//
// The reader itself holds every line against what it knows of the whole log: see [Reader.Checked]. What it finds is reported under the rule of
// the rulebook that is broken, or under X-TR-01.
//
// # Servers
//
// CCF's names of nodes are any text. Node "0" is n1, "1" is n2 and so on; other names are numbered as they come, and reports say which is which.
package ccf
