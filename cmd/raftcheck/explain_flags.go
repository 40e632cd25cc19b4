package main

import (
	"fmt"
	"io"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/subject"
)

// word is a value of a flag: what it means in a line, and in a few sentences.
type word struct{ name, gist, more string }

// wordTopics makes topics of the values of a flag. alias goes before a value where a topic of another kind has the same name; use is a command
// that has the value in the place of %s.
func wordTopics(kind, alias, use string, words []word) []topic {
	topics := make([]topic, len(words))
	for k, v := range words {
		topics[k] = topic{[]string{v.name, alias + v.name}, v.gist, func(w io.Writer) {
			fmt.Fprintf(w, "%s  (%s)\n\n%s.\n\n", v.name, kind, report.Sentence(v.gist))
			if v.more != "" {
				fmt.Fprintf(w, "%s\n\n", report.Wrapped(v.more, 100))
			}
			fmt.Fprintf(w, "  "+use+"\n", v.name)
		}}
	}
	return topics
}

var faultTopics = wordTopics("fault", "fault:", "raftcheck check --faults %s", []word{
	{"drop", "a message in flight is lost", "Without it, messages arrive in any order, but all of them do. What has no room in the network is lost too. drop=2 lets it happen twice in one execution."},
	{"duplicate", "a message arrives and stays in flight, to arrive again", "duplicate=1 lets it happen once in one execution. The network ever-sent lets any message arrive any number of times without counting them."},
	{"crash", "a server stops, between two steps or in the middle of one, and restarts later", "In the middle is between any two of its writes and messages, in their order: crash points. Everything that was written to disk is there when it restarts."},
	{"lossy-crash", "a crash in which power fails too: writes that were not synced are lost", "It is in addition to crashes that lose nothing, and shares their budget."},
	{"storage-error", "a disk refuses the next write, and the server is told", "Only implementations that can be told take it. A server that promises what it could not write breaks error-stops-promise."},
	{"partition", "the servers split in two sides between which nothing arrives, until it heals", "Messages between the sides stay in flight. Where messages may be lost anyway, partitions add nothing to a search to the end, and are left out."},
})

var featureTopics = wordTopics("feature of the reference", subject.ReferenceName+":", "raftcheck check --features %s", []word{
	{"no-op", "a new leader appends an entry without a command, to have one of its own term to commit", ""},
	{"conflict-hints", "a follower that refuses AppendEntries says where its log may match", "The leader goes back by a term at a time and not by an entry (Raft paper, end of 5.3)."},
	{"one-entry", "a message carries one entry at the most", ""},
	{"flexible-quorums", "three of four servers elect a leader and two commit an entry", "Any election quorum meets any quorum that commits, and that is all that is needed. It is declared as the variant of that name."},
	{"term-jumps", "a candidate may raise its term by more than one", "Declared as the variant of that name."},
	{"heartbeats-at-commit", "heartbeats name the last committed entry", "Declared as the variant heartbeats-anywhere."},
	{"drops-vote", "a server that learns who leads its term forgets for whom it voted in it", "Declared as the variant drops-vote-for-leader."},
	{"drops-unacknowledged", "a leader that steps down removes its own entries that nobody has acknowledged", "Declared as the variant of that name."},
	{"snapshots", "servers compact their logs, and leaders send snapshots", "--compactions says how often in one execution."},
	{"pre-vote", "a server asks whether it could win before it campaigns", "So that one that was cut off does not depose a leader with its term (dissertation, 9.6)."},
	{"pre-vote-by-some", "every server answers requests for pre-votes, and only n1 asks for them", "As in the middle of an upgrade."},
	{"check-quorum", "a leader that no majority answers steps down, and servers that hear from a leader vote for nobody else", "Dissertation, 6.2 and 4.2.3."},
	{"transfer", "a leader is asked to hand over, and tells another server to campaign at once", "--transfers says how often in one execution (dissertation, 3.10)."},
	{"membership", "the configuration changes by one server at a time", "--changes says how often in one execution, --change-to what to (dissertation, 4.1)."},
	{"joint", "the configuration changes through a joint one", "Decisions take majorities of the old and of the new half meanwhile (Raft paper, 6)."},
	{"sessions", "servers know repeated commands of a client again, and carry them out once", "Dissertation, 6.3."},
	{"async-storage", "a step hands its writes to storage, and what promises them leaves when they are stored", "Declared as the variant stores-later."},
	{"read-index", "a leader answers reads after a round of heartbeats has confirmed that it leads", "--reads says how often in one execution (dissertation, 6.4)."},
	{"lease-reads", "a leader answers reads at once while it holds a lease", "Servers have clocks, which --ticks bounds, and which differ by --drift at the most (dissertation, 6.4.1)."},
})

var networkTopics = wordTopics("network", "network:", "raftcheck check --network %s", []word{
	{"unordered", "messages in flight arrive in any order", "--messages says how many may be in flight. This is how it is unless told otherwise."},
	{"fifo", "messages from one server to another arrive in the order in which they were sent", "As over TCP while a connection lasts."},
	{"ever-sent", "every message that was ever sent may arrive, any number of times", "Nothing is lost, since it may as well never arrive, and --messages bounds nothing."},
})

var reductionTopics = wordTopics("way to search fewer states", "reduction:", "raftcheck check --reduce %s", []word{
	{"losses", "messages are lost only where there is no room for what is sent", "A message that never arrives does what a lost one does. docs/reductions.md says where each reduction holds, and what it saves."},
	{"covered", "a state is left out that differs from one met before only in that fewer messages are in flight", "It takes losses in, and saves states and memory rather than time."},
	{"no-ops", "messages that can change nothing any more, whatever happens, are taken out of the network", ""},
	{"symmetry", "states that differ only by the names of servers and values count as one", "For nodes that can be renamed: the reference, etcd's raft, programs that say so. --symmetry asks for the same."},
})

var levelTopics = wordTopics("level of the suite", "level:", "raftcheck conform --level %s", []word{
	{"quick", "for every commit: about 10 CPU seconds for a node in memory", ""},
	{"standard", "for every merge: about two minutes", ""},
	{"deep", "for releases: about an hour", ""},
})

var strategyTopics = wordTopics("strategy of random executions", "strategy:", "raftcheck fuzz --strategy %s", []word{
	{"mix", "each run draws one of the others", "What runs that are guided go on from, the others find. This is how fuzz works unless told otherwise."},
	{"uniform", "everything that may happen next is equally likely", ""},
	{"pct", "everything has a priority of its own, and the highest goes first, but at a few moments", "Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): all goes well but for a few timers and faults, so that long executions come far."},
	{"swarm", "each run leaves out some kinds of actions and faults, and makes others likely or rare", "Groce et al., ISSTA 2012."},
	{"guided", "a run repeats the beginning of one that showed something new, and goes on from there", ""},
})

var formatTopics = wordTopics("format of reports", "format:", "raftcheck show -o %s TRACE", []word{
	{"text", "for people, as wide as the terminal; colours on one", "--verbose says what else happened in a story, --per-rule what came of each rule."},
	{"json", "all of the report, for programs", "raftcheck explain report-schema prints its schema. Fields are added and never change their meaning within a version."},
	{"sarif", "for code scanning: SARIF 2.1.0, each finding with the steps that lead there", ""},
	{"junit", "for test reports: one case for each rule", ""},
	{"github", "for pull requests: annotations of GitHub Actions", ""},
	{"markdown", "for the summary of a job: the story as a diagram", "In GitHub Actions, -o markdown=$GITHUB_STEP_SUMMARY."},
	{"html", "a page for a browser, in one file that needs no network", ""},
	{"svg", "the diagram of an execution alone, of raftcheck show", ""},
	{"mermaid", "the diagram of an execution as text, of raftcheck show", ""},
})

var traceFormatTopics = wordTopics("format of traces", "trace:", "raftcheck verify --format %s TRACE", []word{
	{"native", "raftcheck's own: one JSON object a line, with what a server did and what it shows after it", "docs/trace-format.md says what each member means; raftcheck explain trace-schema prints the schema."},
	{"etcd", "the state trace of etcd's raft, as its own TLA+ validation reads it", "docs/verify-etcd.md says how to record one."},
	{"ccf", "the trace of CCF's consensus", "docs/verify-ccf.md says what is judged."},
})

var historyFormatTopics = wordTopics("format of histories", "history:", "raftcheck linearize --format %s HISTORY", []word{
	{"native", "raftcheck's own: a line when a client calls and one when it is answered, or one for each whole operation", "docs/linearizability.md says what each member means; raftcheck explain history-schema prints the schema."},
	{"jepsen", "EDN as Jepsen and Maelstrom write it, history.edn, and porcupine's logs of key-value stores", ""},
	{"jepsen-json", "the same in JSON: a list of objects, or one after the other", ""},
	{"jepsen-log", "lines of Jepsen's log or its history.txt, such as porcupine's logs of etcd", ""},
	{"maelstrom", "the messages between Maelstrom's clients and nodes, one JSON object a line", ""},
	{"etcd-operations", "what clients of etcd's robustness tests did: client-*/operations.json, or the folder of a whole report", ""},
	{"trace", "a native trace: the operations of the cluster's clients", ""},
})
