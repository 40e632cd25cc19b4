package linearizability

import (
	"fmt"
	"strings"
)

// History is what clients saw of a key-value store: their operations, when each was called and when it returned.
type History struct {
	File        string           // where it was read from, as the user gave it; "" when it was made in memory
	Format      string           // the format it was read in; "" when it was made in memory
	Initial     Value            // what every key holds at first
	InitialOf   map[string]Value // what some keys hold at first instead
	ClientFiles []string         // the files that the clients' operations are in, by client; nil if all are in File
	Broken      []Broken         // what is wrong beyond the order of operations
	Notes       []string         // what was taken for granted when it was read, and was not written there; one sentence each, without a period
	Clients     []string         // their names; Operation.Client is an index
	Operations  []Operation      // in the order of their calls
	Trace       []Moment         // what the cluster did meanwhile, where the history was taken from a trace; ascending by Step

	things []thing // what some keys are parts of: queues, locks, sets
	now    int64   // the moment of the latest Call, Return, Fail or Lose
}

// Moment is something that a trace shows of the cluster, to be told beside the operations.
type Moment struct {
	Step int    // number of the trace's record; operations of a trace are called and return at steps
	Line int    // of the trace's file, from 1; 0 for a trace made in memory
	Text string // in plain words
	Turn bool   // it changes who leads, what is committed or who is up, and is worth telling beside any operation
}

// Outcome is what became of an operation.
type Outcome uint8

// The outcomes. What is not known stays unknown: it may take effect at any time after the call, or never.
const (
	Returned Outcome = iota // it took effect between call and return, and what it saw is known
	Unknown                 // the client was told that it cannot be known (a timeout, Jepsen's info)
	Pending                 // the record ends before it returned; judged like Unknown
	Failed                  // it definitely has no effect, and says nothing about the state
)

var outcomeNames = [...]string{"returned", "unknown", "pending", "failed"}

// String returns the outcome's name.
func (o Outcome) String() string { return outcomeNames[o] }

// Operation is one operation of one client: one action, or several that happen at once (a transaction).
type Operation struct {
	Client  int   // index into History.Clients
	Call    int64 // the moment of the call; the order is all that counts
	Return  int64 // of a Returned operation: ≥ Call. Two that meet at one moment are concurrent
	Outcome Outcome
	manner  manner   // how a queue was taken from
	Do      []Action // in order; at least one

	CallLine   int // line of the call, from 1; 0 when there is none
	ReturnLine int // line of the return; the line of the call where both are on one
}

// Kind says what an action does.
type Kind uint8

// The kinds of actions.
const (
	Read Kind = iota
	Write
	CompareAndSet
	Append
	Add    // of a whole number to the number that the key holds; Absent is 0. It never happens to anything else
	Expect // changes nothing; the operation does not happen at all where the key does not hold Value (or does, with Differs)
)

// Action reads or changes one key.
type Action struct {
	Kind     Kind
	Shown    bool // Read: Value is what was read; otherwise that is not known
	Differs  bool // CompareAndSet that returned: the key did not hold Expected, and nothing was set; Expect: the key must not hold Value
	Key      string
	Value    Value // Read: what was read; Write: what is written; CompareAndSet: what is set; Append: what is appended; Add: the number; Expect: what must be held
	Expected Value // CompareAndSet: what the key must hold
}

// ReadOf returns the action of reading a key.
func ReadOf(key string) Action { return Action{Kind: Read, Key: key} }

// WriteOf returns the action of writing a value.
func WriteOf(key string, v Value) Action { return Action{Kind: Write, Key: key, Value: v} }

// CompareAndSetOf returns the action of setting a key to a value if it holds another.
func CompareAndSetOf(key string, expected, v Value) Action {
	return Action{Kind: CompareAndSet, Key: key, Expected: expected, Value: v}
}

// AppendOf returns the action of appending to what a key holds, see [Value.Append].
func AppendOf(key string, v Value) Action { return Action{Kind: Append, Key: key, Value: v} }

// AddOf returns the action of adding to the number that a key holds.
func AddOf(key string, n int64) Action { return Action{Kind: Add, Key: key, Value: Number(n)} }

// ExpectOf returns the action of making sure that a key holds a value: without that the operation does not happen.
func ExpectOf(key string, v Value) Action { return Action{Kind: Expect, Key: key, Value: v} }

// fileOf returns the file that an operation is in.
func (h *History) fileOf(o *Operation) string {
	if o.Client < len(h.ClientFiles) {
		return h.ClientFiles[o.Client]
	}
	return h.File
}

// initial returns what a key holds at first.
func (h *History) initial(key string) Value {
	if v, own := h.InitialOf[key]; own {
		return v
	}
	return h.Initial
}

// Call records that a client calls an operation now, and returns its number for Return, Fail and Lose. Until one of them is called
// the operation is Pending.
func (h *History) Call(client string, do ...Action) int {
	h.now++
	h.Operations = append(h.Operations, Operation{Client: h.client(client), Call: h.now, Outcome: Pending, Do: do})
	return len(h.Operations) - 1
}

// Return records that an operation returns now. read holds what its Reads saw, in their order; what is left out is not known.
func (h *History) Return(operation int, read ...Value) {
	o := h.end(operation, Returned)
	for k := range o.Do {
		if a := &o.Do[k]; a.Kind == Read && len(read) > 0 {
			a.Value, a.Shown, read = read[0], true, read[1:]
		}
	}
}

// Differ records that an operation returns now whose comparison failed: the key did not hold what was expected.
func (h *History) Differ(operation int) {
	o := h.end(operation, Returned)
	for k := range o.Do {
		o.Do[k].Differs = o.Do[k].Kind == CompareAndSet
	}
}

// Fail records that an operation definitely has no effect.
func (h *History) Fail(operation int) { h.end(operation, Failed) }

// Lose records that the client gave an operation up without knowing whether it has an effect.
func (h *History) Lose(operation int) { h.end(operation, Unknown) }

func (h *History) end(operation int, outcome Outcome) *Operation {
	h.now++
	o := &h.Operations[operation]
	o.Outcome, o.Return = outcome, h.now
	return o
}

func (h *History) client(name string) int {
	for k := len(h.Clients) - 1; k >= 0; k-- {
		if h.Clients[k] == name {
			return k
		}
	}
	h.Clients = append(h.Clients, name)
	return len(h.Clients) - 1
}

// Validate reports the first thing in the history that makes no sense: an operation without an action, a return before the call,
// calls out of order. It returns nil for every history that was made with Call and Return, and for what the readers return.
func (h *History) Validate() error {
	for k := range h.Operations {
		o := &h.Operations[k]
		switch {
		case len(o.Do) == 0:
			return fmt.Errorf("operation %d does nothing", k)
		case o.Client < 0 || o.Client >= len(h.Clients):
			return fmt.Errorf("operation %d is of client %d of %d", k, o.Client, len(h.Clients))
		case o.Outcome == Returned && o.Return < o.Call:
			return fmt.Errorf("operation %d returns at %d, before its call at %d", k, o.Return, o.Call)
		case k > 0 && o.Call < h.Operations[k-1].Call:
			return fmt.Errorf("operation %d is called before operation %d", k, k-1)
		}
	}
	return nil
}

// changes reports whether the action may change the state. certain is false for an action of an operation that did not return.
func (a *Action) changes(certain bool) bool {
	switch a.Kind {
	case Read, Expect:
		return false
	case CompareAndSet:
		return a.Value != a.Expected && !(certain && a.Differs)
	}
	return true
}

// changes reports whether the operation may change the state.
func (o *Operation) changes() bool {
	for k := range o.Do {
		if o.Do[k].changes(o.Outcome == Returned) {
			return true
		}
	}
	return false
}

// take applies the action to what its key holds. It returns what the key holds afterwards, and whether the client could have
// seen what it saw. certain is false for an operation of which it is not known what it saw.
//
// This is the whole meaning of the store: porcupine's model and the brute force of the tests are made of it.
func (a *Action) take(held Value, certain bool) (Value, bool) {
	switch a.Kind {
	case Read:
		return held, !certain || !a.Shown || a.Value == held
	case Write:
		return a.Value, true
	case Append:
		return held.Append(a.Value), true
	case Add:
		return held.plus(a.Value)
	case Expect:
		return held, (held == a.Value) != a.Differs
	}
	fits := held == a.Expected
	switch {
	case certain && a.Differs:
		return held, !fits
	case fits:
		return a.Value, true
	}
	return held, !certain
}

// String prints the action as an operation that returned: "read x: 3", "write x 3", "append x 3", "cas x 3 to 4: differs".
func (a Action) String() string { return a.text(true) }

func (a *Action) text(certain bool) string {
	key := ""
	if a.Key != "" {
		key = " " + keyName(a.Key)
	}
	switch {
	case a.Kind == Read && a.Shown:
		return "read" + key + ": " + a.Value.String()
	case a.Kind == Read:
		return "read" + key
	case a.Kind == Write:
		return "write" + key + " " + a.Value.String()
	case a.Kind == Append:
		return "append" + key + " " + a.Value.String()
	case a.Kind == Add:
		return "add" + key + " " + a.Value.String()
	case a.Kind == Expect && a.Differs:
		return "expect" + key + " not " + a.Value.String()
	case a.Kind == Expect:
		return "expect" + key + " " + a.Value.String()
	}
	said := fmt.Sprintf("cas%s %s to %s", key, a.Expected, a.Value)
	switch {
	case certain && a.Differs:
		said += ": differs"
	case certain:
		said += ": done"
	}
	return said
}

func keyName(key string) string {
	if strings.ContainsAny(key, " \t\n\"") {
		return fmt.Sprintf("%q", key)
	}
	return key
}

// String prints the operation's actions and, where it did not return, its outcome.
func (o Operation) String() string {
	parts := make([]string, len(o.Do))
	for k := range o.Do {
		parts[k] = o.Do[k].text(o.Outcome == Returned)
	}
	s := strings.Join(parts, "; ")
	if o.Outcome != Returned {
		s += " (" + o.Outcome.String() + ")"
	}
	return s
}
