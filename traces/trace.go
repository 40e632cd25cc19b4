package traces

import (
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// Version is the version of the format that this package reads and writes.
const Version = wire.FormatVersion

// FormatName is what a header calls the format.
const FormatName = wire.FormatName

// Trace is a recorded execution that fits in memory.
type Trace struct {
	Header  Header
	Records []Record
}

// Header says what was recorded and how.
type Header struct {
	Version        int             // of the format; 0 is written as Version
	Servers        []spec.ServerID // the whole cluster, ascending; empty when the recorder did not know it
	Origin         string          // who recorded: "check", "fuzz", a program's name
	Implementation string          // what ran: "reference", "mutant:NAME", "spec", a program's name
	Features       []string        // parts of Raft beyond the core that were on: "pre-vote", "snapshot"
	Variants       spec.Variants   // the ways in which the implementation declares to differ from the paper
	Rules          []string        // ids of the rules that were selected; empty is all
	Breaks         []string        // ids of the rules that this trace breaks, if it was saved because of that
	Bounds         []Setting       // of the search that found it, in the order of its report
	Faults         []Setting       // that were on, with their budgets
	Seed           uint64          // of a random search; 0 is none
	Network        string          // how messages travel: "unordered", "fifo", "ever-sent" (a message stays in flight for ever); "" is not known
	Joined         bool            // records of different servers are in an order of causes and not of time: each wrote its own
	Loop           int             // the execution goes on for ever as it does from the record with this number to the last; 0 is that it ends
	Records        int             // how many records follow; 0 is not known. A shorter file is truncated.
	Extra          Extra           // fields this package does not know, kept as they are
}

// Setting is one named bound or fault budget.
type Setting struct {
	Name  string
	Value string // an integer is written as a JSON number
}

// Extra holds the members of a JSON object that this package does not know, in their order.
type Extra []Member

// Member is a member of a JSON object as it was written.
type Member struct {
	Name  string
	Value string // JSON text
}

// The events that happen to the network and not to a server. All other events are the names of spec.InputKind.
const (
	EventDrop      = "drop"      // Message, in flight, is lost
	EventDuplicate = "duplicate" // Message, in flight, is there once more
	EventPartition = "partition" // servers of different Groups no longer reach each other
	EventHeal      = "heal"      // all servers reach each other again
)

// Record is one line of a trace.
type Record struct {
	Number  int               // position in the trace, ascending, from 1
	Event   string            // the input's kind, or one of the network events
	Step    *spec.Step        // what the server did; nil for a network event
	Message spec.Message      // EventDrop, EventDuplicate
	Groups  [][]spec.ServerID // EventPartition
	Stays   bool              // Deliver: the message was duplicated and stays in flight
	Lost    []int             // indexes of Step.Output.Effects whose message the network lost at once, having no room for it

	Sequence  int      // the server's own count of its records, from 1; 0 is not recorded
	MessageID uint64   // id of the message delivered, dropped or duplicated; 0 is not recorded
	SentIDs   []uint64 // ids of the messages sent, one for each Send effect; empty is not recorded

	Want  []string // ids of the rules whose breach must be reported here, for a trace that is a test
	Extra Extra    // fields this package does not know, kept as they are

	Line    int    // line it was read from; 0 when made in memory
	Where   *Where // the lines of its parts, when it was put together from several; nil when all is on Line
	carried bool   // the state before the step is what the server showed last, which the record leaves out

	Found []Contradiction // what the reader itself found wrong, beyond what rules see in Step
}

// Where gives the line of every part of a record that was put together from several lines. 0 is a part that no line shows.
type Where struct {
	Before, Input, After int
	Effects              []int // one for each of Step.Output.Effects
}

// Contradiction is a broken promise that a reader found while putting records together, with the lines it rests on
// in Breach.Evidence[k].Origin, whatever the part.
type Contradiction struct {
	*spec.Breach
	Line   int    // where it became certain; the guilty line, Breach.Evidence[0].Origin, may be earlier
	Member string // the JSON member of the guilty line that is wrong, as "msg.term"; "" is not known
}

// LineOf returns the line that shows a part of the record; effect says which for spec.PartEffect.
func (r *Record) LineOf(part spec.Part, effect int) int {
	if r.Where == nil {
		return r.Line
	}
	line := 0
	switch part {
	case spec.PartBefore:
		line = r.Where.Before
	case spec.PartInput:
		line = r.Where.Input
	case spec.PartAfter:
		line = r.Where.After
	case spec.PartEffect:
		if effect < len(r.Where.Effects) {
			line = r.Where.Effects[effect]
		}
	}
	if line == 0 {
		return r.Line
	}
	return line
}

// Server returns the server the record is about, or spec.None for a network event.
func (r *Record) Server() spec.ServerID {
	if r.Step == nil {
		return spec.None
	}
	return r.Step.Server
}

// InputKindOf returns the kind of input with that name, and whether there is one.
func InputKindOf(name string) (spec.InputKind, bool) {
	kind, known := inputKinds[name]
	return kind, known
}

// inputKinds are the kinds of inputs by their names.
var inputKinds = func() map[string]spec.InputKind {
	kinds := map[string]spec.InputKind{}
	for k := spec.Timeout; k <= spec.Resume; k++ {
		kinds[k.String()] = k
	}
	return kinds
}()

// MessageKindOf returns the kind of message with that name, and whether there is one.
func MessageKindOf(name string) (spec.MessageKind, bool) {
	for k := spec.RequestVote; k <= spec.TimeoutNow; k++ {
		if k.String() == name {
			return k, true
		}
	}
	return 0, false
}

func isNetworkEvent(event string) bool {
	switch event {
	case EventDrop, EventDuplicate, EventPartition, EventHeal:
		return true
	}
	return false
}

// RecordOf makes the record of a step.
func RecordOf(number int, s *spec.Step) Record {
	return Record{Number: number, Event: s.Input.Kind.String(), Step: s}
}
