package conformance

import (
	_ "embed"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/traces"
)

// Format is the number of the shape of a [Statement]; it rises when a field changes its meaning or goes away.
const Format = 1

// Schema is the JSON Schema (draft 2020-12) of a statement.
//
//go:embed statement.schema.json
var Schema []byte

// Statement says which of Raft's requirements an implementation was shown to meet, which not, and which could not be tried. It holds no time: the
// same suite, implementation and options make the same statement to the byte.
type Statement struct {
	Format         int             `json:"format"`
	Suite          string          `json:"suite"` // version of raftcheck, whose suite it is
	Implementation string          `json:"implementation"`
	Variants       []string        `json:"variants"` // how it declares to differ from the paper, and what it promises besides
	Level          string          `json:"level"`
	Profiles       []string        `json:"profiles"`
	Seed           uint64          `json:"seed"`
	Verdict        string          `json:"verdict"` // conforming, not conforming or inconclusive
	Because        []string        `json:"because,omitempty"`
	Counts         Counts          `json:"counts"`
	Adapter        Adapter         `json:"adapter"`
	Worlds         []WorldResult   `json:"worlds"`
	Campaign       *CampaignResult `json:"campaign,omitempty"`
	Requirements   []Requirement   `json:"requirements"` // in the order of the rulebook

	// Fault is what ended the run: the adapter's failure, or an error of the implementation; nil is that it came to its end.
	Fault error `json:"-"`
}

// The verdicts of a statement.
const (
	Conforming    = "conforming"
	NotConforming = "not conforming"
	Inconclusive  = "inconclusive"
)

// The outcomes of a requirement.
const (
	Met              = "met"
	Broken           = "broken"
	AllowedOtherwise = "allowed otherwise" // a declared variant makes it void
	NotApplicable    = "not applicable"    // the implementation has not got what it is about
	NotExercised     = "not exercised"
)

// Outcomes lists the outcomes, in the order in which they are counted.
var Outcomes = []string{Met, Broken, AllowedOtherwise, NotApplicable, NotExercised}

// Counts is how many requirements have each outcome.
type Counts struct {
	Met              int `json:"met"`
	Broken           int `json:"broken"`
	AllowedOtherwise int `json:"allowedOtherwise"`
	NotApplicable    int `json:"notApplicable"`
	NotExercised     int `json:"notExercised"`
}

// Adapter is what was tried of the adapter, before anything else.
type Adapter struct {
	Inputs int     `json:"inputs"` // that its servers were given
	Checks []Check `json:"checks"`
}

// Check is one thing that the adapter is held to.
type Check struct {
	Name    string   `json:"name"`
	Outcome string   `json:"outcome"` // met, broken or not exercised
	Tried   int      `json:"tried"`
	Message string   `json:"message,omitempty"` // broken: what happened
	Story   []string `json:"story,omitempty"`
}

// WorldResult is what came of one world.
type WorldResult struct {
	Name        string   `json:"name"`
	About       string   `json:"about"`
	World       string   `json:"world,omitempty"` // servers, bounds and faults
	Left        string   `json:"left,omitempty"`  // why it was left out; "" if it was not
	States      uint64   `json:"states"`          // different ones, of all searches of the world together
	Transitions uint64   `json:"transitions"`
	Depth       int      `json:"depth"`
	Complete    bool     `json:"complete"` // no state within the bounds was left out
	Broken      []string `json:"broken,omitempty"`
}

// CampaignResult is what came of random executions.
type CampaignResult struct {
	World  string   `json:"world"`
	Seed   uint64   `json:"seed"`
	Runs   uint64   `json:"runs"`
	Steps  uint64   `json:"steps"`
	Broken []string `json:"broken,omitempty"`
}

// Requirement is what came of one numbered requirement.
type Requirement struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Level    string    `json:"level"` // must or should
	Profile  string    `json:"profile"`
	Outcome  string    `json:"outcome"`
	Because  string    `json:"because,omitempty"`  // of all outcomes but met
	Variants []string  `json:"variants,omitempty"` // declared ones that make it void, or under which it is judged otherwise
	Directed *Directed `json:"directed,omitempty"` // its scenarios; nil when it has none
	Steps    int       `json:"steps,omitempty"`    // different local steps that put it to the test
	Worlds   []string  `json:"worlds,omitempty"`   // where
	Shape    string    `json:"shape,omitempty"`    // broken: in what way, the same whatever the servers, terms and values are
	Sentence string    `json:"sentence"`
	Story    []string  `json:"story,omitempty"` // broken: the shortest execution found

	// Finding is what Story tells, for formats that draw it; nil unless broken, or when it was read from a file.
	Finding *traces.Finding `json:"-"`
	// Trace is its execution.
	Trace *traces.Trace `json:"-"`
}

// Directed is what came of the scenarios of one requirement.
type Directed struct {
	Scenarios int      `json:"scenarios"`
	Met       int      `json:"met"`
	Steps     int      `json:"steps"` // of the tested server, in those that were met
	Broken    []string `json:"broken,omitempty"`

	because string // of the first that was neither
	absent  bool
}

// add adds one search of the world.
func (w *WorldResult) add(r *checker.Result) {
	w.States += r.Search.Distinct
	w.Transitions += r.Search.Transitions
	w.Depth, w.Complete = max(w.Depth, r.Search.Depth), r.Search.Complete
}
