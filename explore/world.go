package explore

import (
	"bytes"
	"context"
	"time"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// World is what can be explored. Its methods may be called from several goroutines.
type World interface {
	// Look shows the state that a way leads to. The error is a *NoSuchStep when it leads nowhere, and else the implementation's fault.
	Look(ctx context.Context, way Way) (*View, error)
	// Follow goes the way that a trace was recorded on, as far as the same happens here, and says why it goes no further; "" if it goes to the end.
	Follow(ctx context.Context, t *traces.Trace) (way Way, apart string, err error)
	// Quests lists what can be asked for.
	Quests(ctx context.Context) ([]Quest, error)
	// Find searches for the shortest way from a state to what is asked for. It tells how far it is through progress, unless that is nil.
	// When ctx ends, or the budget is used up, it says what it covered.
	Find(ctx context.Context, way Way, quest string, b Budget, progress func(Progress)) (*Found, error)
}

// View is a state of the world, and how it was come to.
type View struct {
	Way      Way
	State    string             // tells states apart: equal states have equal names
	Trace    Recording          // what happened on the way; it can be saved and replayed
	Servers  []spec.Observation // what each server shows, n1 first
	First    []spec.Observation // what each showed before anything happened
	InFlight []spec.Message
	Next     []Step   // all that may happen now; the number of a step is its place
	Broken   []Broken // promises that were broken on the way, in its order
	Goals    []Goal   // goals that were reached on the way, each at its first step
}

// Step is something that may happen next.
type Step struct {
	Server string   // to which it happens, "n1"; "" is the network
	Event  string   // the kind of input, or what happens to the network: traces.Record.Event
	Says   string   // in a sentence
	Notes  []string // what becomes of messages besides
	Breaks []Broken // promises that it would break
	Goals  []string // goals that it would reach, in sentences
	Idle   bool     // it would change nothing
}

// Broken is a promise that a step breaks.
type Broken struct {
	Step    int // of the way, counted from 1
	Rule    string
	Name    string
	Message string
}

// Goal is a goal that a step of the way reaches.
type Goal struct {
	Step     int // counted from 1
	Name     string
	Sentence string
}

// Recording is a trace, perhaps of nothing yet, that is written as text where it is a part of JSON.
type Recording struct{ *traces.Trace }

// MarshalText writes the trace in the native format.
func (r Recording) MarshalText() ([]byte, error) {
	var b bytes.Buffer
	if len(r.Records) > 0 {
		err := traces.Write(&b, r.Trace)
		return b.Bytes(), err
	}
	w, err := traces.NewWriter(&b, r.Header)
	if err != nil {
		return nil, err
	}
	err = w.Flush()
	return b.Bytes(), err
}

// UnmarshalText reads what MarshalText wrote.
func (r *Recording) UnmarshalText(text []byte) (err error) {
	const name = "the trace of a way"
	if bytes.Count(text, []byte("\n")) > 1 {
		r.Trace, err = traces.Read(name, bytes.NewReader(text))
		return err
	}
	lines, err := traces.NewLines(name, bytes.NewReader(text))
	if err != nil {
		return err
	}
	reader, err := traces.NewReader(lines, traces.Options{})
	if err != nil {
		return err
	}
	r.Trace = &traces.Trace{Header: reader.Header()}
	return nil
}

// Budget is what a search may use up; 0 is no bound.
type Budget struct {
	States uint64
	Time   time.Duration
	Memory int // bytes
}

// Progress is how far a search has come.
type Progress struct {
	States  uint64 // different states found
	Depth   int    // steps from where it began
	Seconds float64
}

// Found is what a search found.
type Found struct {
	Progress
	Way     Way    // leads there, from the very beginning; nil if nothing was found
	Steps   int    // of it, how many come after where the search began
	Already bool   // it is so where the search began
	None    bool   // there is no such way: every execution within the bounds was tried
	Reason  string // why nothing can be said, if nothing was found
}
