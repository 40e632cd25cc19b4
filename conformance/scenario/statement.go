package scenario

import "github.com/raftcheck/raftcheck/spec"

// statement is one line of a script, understood.
type statement struct {
	file  string
	line  int
	text  string // as it is written, with the arguments of a prelude filled in
	given string // the prelude that it is a part of, as it was called: "leader"; "" in the scenario itself

	verb   verb
	crash  bool          // "crash during": it is cut short at every crash point, in one execution after another
	try    bool          // a refusal is not the end
	peer   spec.ServerID // who sends or answers; None is all peers, one after another
	kind   spec.MessageKind
	input  spec.InputKind
	value  string  // of an input: command, read, server or configuration
	times  int     // of tick
	lossy  bool    // of a crash
	client string  // of a command
	fields []field // of a message, an expectation or a peer's log
	how    answering

	demand demand
	what   seen
	unless []spec.Variant // the expectation is not made of who declares one of them
	when   []condition    // it is made, or done, only if all of them hold
}

// verb is what a statement does.
type verb uint8

const (
	verbInput   verb = iota + 1 // the server is given an input
	verbDeliver                 // a message of a peer arrives
	verbAgain                   // the last message of a peer arrives once more
	verbAnswer                  // a peer answers what it was asked
	verbHas                     // a peer's log is set
	verbExpect                  // something must, must not, or may have happened
	verbNothing                 // nothing else was sent
	verbLet                     // a name for a number
	verbHold                    // what the server does by itself in steps of its own waits
	verbSettle                  // it is done
	verbLapse                   // the time that binds a voter to a leader runs out
)

// answering is how a peer answers.
type answering uint8

const (
	votes        answering = iota + 1 // gives votes and pre-votes
	agrees                            // gives pre-votes only
	refuses                           // refuses votes and pre-votes
	acknowledges                      // answers AppendEntries and snapshots as its log has it
	catchesUp                         // the same, heartbeat after heartbeat, until it has all
)

// demand is what is asked of an expectation.
type demand uint8

const (
	must    demand = iota + 1 // or the requirement is broken
	mustNot                   // likewise
	may                       // it is one of what is allowed, before "nothing else"
	need                      // or the scenario is not exercised
)

// seen is what an expectation looks at.
type seen uint8

const (
	inMessages seen = iota + 1 // what was sent since the last input
	inAnswers                  // what clients were told since the last input
	inApplied                  // what the state machine carried out since the last input
	inState                    // what the server shows
	onDisk                     // what is safe on its disk
	inRefusal                  // that the last input was refused
)

// condition is what a statement depends on.
type condition struct {
	not    bool
	ever   bool // of messages and answers: at any time so far
	what   seen
	kind   spec.MessageKind
	value  string
	fields []field
}

// field is a test or an assignment: "term>=now".
type field struct {
	name  string
	op    string
	value value
}
