package report

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/raftcheck/raftcheck/traces"
)

// Format is the number of the shape of a [Report]; it rises when a field changes its meaning or goes away.
const Format = 1

// Report is the outcome of one run of one verb.
type Report struct {
	Format     int            `json:"format"`
	Version    string         `json:"version"` // of raftcheck
	Command    string         `json:"command"` // the verb: check, verify, replay, …
	Verdict    string         `json:"verdict"` // held, violated or inconclusive
	Because    []string       `json:"because,omitempty"`
	Hints      []string       `json:"hints,omitempty"` // what to do about an inconclusive verdict
	Subject    string         `json:"subject"`         // what was judged: reference, spec, mutant:NAME, or files
	Bounds     *Bounds        `json:"bounds,omitempty"`
	Faults     []string       `json:"faults"` // that could happen, in a fixed order; none for a perfect network and disk
	Seed       uint64         `json:"seed"`   // 0 when no chance was involved
	Trace      string         `json:"trace"`  // where the first finding's execution was saved; "" when none was
	Rules      []RuleResult   `json:"rules"`
	Goals      []GoalResult   `json:"goals"`
	Search     *Search        `json:"search,omitempty"`
	Liveness   *Liveness      `json:"liveness,omitempty"` // check: what was judged of executions without end
	Campaign   *Campaign      `json:"campaign,omitempty"` // fuzz, merge
	Files      []File         `json:"files,omitempty"`
	Histories  []History      `json:"histories,omitempty"`  // linearize
	Comparison *Comparison    `json:"comparison,omitempty"` // diff
	Steps      int            `json:"steps,omitempty"`      // replay, shrink: of the trace, judged
	Mended     string         `json:"mended,omitempty"`     // replay: how a saved violation is no longer repeated
	Findings   []Finding      `json:"findings"`
	DebugGoal  *DebugGoal     `json:"debugGoal,omitempty"`  // check --debug-goal
	NotCovered []string       `json:"notCovered,omitempty"` // what a pass says nothing about
	Known      []Known        `json:"known,omitempty"`      // accepted findings that the run was given, and what became of them
	Errors     []InputProblem `json:"errors,omitempty"`     // what could not be judged, and why
	Checks     []Check        `json:"checks,omitempty"`     // gate: what was judged, each with its own report
	Shard      *Shard         `json:"shard,omitempty"`      // gate: which part of it was judged; nil for all in one run

	// Execution is what was replayed, for formats that draw it; nil where nothing was, or findings have their own.
	Execution *traces.Trace `json:"-"`
	// Root is the folder that relative paths start from, below the root of the repository: as in "services/kv". Formats that name
	// places for others to find, sarif and github, put it before them.
	Root string `json:"-"`
	// Place is the file that stands for what was judged, where a finding has no place of its own: the program, or raftcheck.yaml.
	Place Place `json:"-"`
}

// Place is a line of a file; 0 is the whole file.
type Place struct {
	File string
	Line int
}

// Check is one of the checks of a gate.
type Check struct {
	Name    string  `json:"name"`
	Skipped string  `json:"skipped,omitempty"` // why it was left out
	Exit    int     `json:"exit"`              // the exit code that its verb would end with
	Report  *Report `json:"report,omitempty"`  // nil when it was left out
	Nth     int     `json:"nth,omitempty"`     // its place among all checks of the gate, from 1
	Line    int     `json:"line,omitempty"`    // of raftcheck.yaml, where it is declared
	Allowed bool    `json:"allowed,omitempty"` // it passes without an answer
}

// Shard is a part of a gate, as one machine of several judges it.
type Shard struct {
	Nth  int    `json:"nth,omitempty"` // which, from 1; 0 for all, merged
	Of   int    `json:"of"`            // how many there are, at least 1
	Plan string `json:"plan"`          // fingerprint of what they have in common; only those with the same can be merged
}

// Bounds is how far a search was allowed to go.
type Bounds struct {
	Nodes      int `json:"nodes"`                // servers in the cluster, ≥ 1
	Terms      int `json:"terms"`                // highest term, ≥ 1
	Log        int `json:"log"`                  // longest log in entries, ≥ 0
	Messages   int `json:"messages"`             // in flight at once, ≥ 1
	Duplicates int `json:"duplicates,omitempty"` // copies of one message in flight at once
	Values     int `json:"values,omitempty"`     // different client commands
	Campaigns  int `json:"campaigns,omitempty"`  // election timeouts in one execution; 0 is no bound
	Proposals  int `json:"proposals,omitempty"`  // client commands in one execution; 0 is no bound, -1 is none at all
	Depth      int `json:"depth,omitempty"`      // longest execution in steps; 0 is no bound

	// What follows happens at most so often in one execution; 0 is never.
	Compactions int `json:"compactions,omitempty"` // of logs
	Transfers   int `json:"transfers,omitempty"`   // requests that the leader hand over to another server
	Changes     int `json:"changes,omitempty"`     // of the configuration that are asked for
	Reads       int `json:"reads,omitempty"`
	Preemptions int `json:"preemptions,omitempty"` // of goroutines of servers, at gates
	Ticks       int `json:"ticks,omitempty"`       // how far the clock of any server goes; 0 is no clocks
	Drift       int `json:"drift,omitempty"`       // how far any two clocks differ at most

	Network  string `json:"network"`  // unordered, fifo or ever-sent
	Symmetry bool   `json:"symmetry"` // states that differ only in the names of servers were merged
}

// RuleResult is what a run says about one rule.
type RuleResult struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Verdict string `json:"verdict"`           // held, violated, known, inconclusive, not checkable, not exercised or not applicable
	Checked int    `json:"checked,omitempty"` // times it was put to the test, where that was counted
}

// The verdicts on a rule beside held and violated.
const (
	NotCheckable  = "not checkable"  // the record does not show what the rule needs
	NotExercised  = "not exercised"  // nothing happened that the rule is about
	NotApplicable = "not applicable" // the implementation declares a variant that makes the rule void
	KnownBroken   = "known"          // it was broken in ways that are known and accepted, and in no other
)

// GoalResult is whether a goal was reached.
type GoalResult struct {
	Name     string `json:"name"`
	Reached  bool   `json:"reached"`
	Possible bool   `json:"possible"`        // the bounds and faults leave room for it
	Times    int    `json:"times,omitempty"` // steps between different states that reach it, where that was counted
}

// Search is how much was searched.
type Search struct {
	Distinct    uint64  `json:"distinct"`            // different states
	Transitions uint64  `json:"transitions"`         // steps between them
	Depth       int     `json:"depth"`               // longest shortest execution, in steps: the initial state has depth 0
	Complete    bool    `json:"complete"`            // no state within the bounds was left out
	LocalStates uint64  `json:"localStates"`         // different states of one server
	Messages    uint64  `json:"messages"`            // different messages
	Executions  uint64  `json:"executions"`          // times the implementation's own code was run
	Audits      uint64  `json:"audits"`              // times more, to see whether equal states behave alike
	Bytes       float64 `json:"bytesPerState"`       // memory that fingerprints and paths cost, for each distinct state
	Collision   float64 `json:"collisionChance"`     // at most this likely did two states pass for one, their fingerprints being equal
	Bits        int     `json:"fingerprintBits"`     // of which a fingerprint is made: 64, or 128 with --dir
	Disk        int64   `json:"diskBytes,omitempty"` // --dir: of the files that the search is kept in
	Seconds     float64 `json:"seconds"`
	Inside      float64 `json:"secondsInside"` // of them, in the implementation's own code

	Reductions []Reduction `json:"reductions,omitempty"` // ways to search fewer states that were asked for
	StandsFor  uint64      `json:"standsFor,omitempty"`  // states that those searched stand for, or fewer with no-ops; 0 was not counted
}

// Reduction is a way to search fewer states for the same verdict.
type Reduction struct {
	Name string `json:"name"`
	Off  string `json:"off,omitempty"` // why it was not applied; "" if it was
}

// Liveness is what was judged of executions without end.
type Liveness struct {
	States      uint64         `json:"states"`      // of the graph of all states, without what happened earlier
	Transitions uint64         `json:"transitions"` // between them
	Depth       int            `json:"depth"`       // steps to the deepest
	Bytes       uint64         `json:"bytes"`       // of memory that the graph took
	Seconds     float64        `json:"seconds"`
	Fairness    []string       `json:"fairness"` // which executions are meant, in sentences
	Rules       []LivenessRule `json:"rules"`    // up to the first that is violated
}

// LivenessRule is what the graph says about one rule.
type LivenessRule struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Verdict string `json:"verdict"`           // held, violated or not applicable
	Waiting uint64 `json:"waiting"`           // states in which what is promised is wanting
	Within  uint64 `json:"within"`            // states from which what is promised was found to be within reach
	Skipped string `json:"skipped,omitempty"` // why it was not judged whether it is within reach
	Avoids  string `json:"avoids"`            // what a pass says of fair executions
	Reaches string `json:"reaches,omitempty"` // what a pass says is within reach
}

// Comparison is how two implementations compare in one world.
type Comparison struct {
	Implementations []Compared   `json:"implementations"` // two
	Differing       int          `json:"differing"`       // local steps that differ, though the inputs before were alike
	Differences     []Difference `json:"differences"`     // the first of them
}

// Compared is one of the implementations.
type Compared struct {
	Name        string `json:"name"`
	LocalStates int    `json:"localStates"` // different states of single servers
	LocalSteps  int    `json:"localSteps"`  // inputs to single servers in them
}

// Difference is a local step that differs. Its lists have an entry for each implementation.
type Difference struct {
	Node  string   `json:"node"`
	Way   []string `json:"way"` // the inputs before, from the start
	Input string   `json:"input"`
	Does  []string `json:"does"`  // what each does on it; "" where it never arises
	Shows []string `json:"shows"` // what each shows afterwards; "" where what they do differs already
}

// File is one trace that was read.
type File struct {
	Path      string   `json:"path"` // "-" for standard input
	Format    string   `json:"format"`
	Verdict   string   `json:"verdict"`
	Lines     int      `json:"lines"`   // judged, from the first
	Records   int      `json:"records"` // what happened in them
	Steps     int      `json:"steps"`   // of them, what servers did
	Servers   []string `json:"servers"`
	Names     []Name   `json:"names,omitempty"` // what the file calls its servers, where it calls them otherwise, ascending
	FirstTerm uint64   `json:"firstTerm"`
	LastTerm  uint64   `json:"lastTerm"`
	Elections int      `json:"elections"`       // times a server took office
	Unmet     []string `json:"unmet,omitempty"` // fields that the mapping names and no line has, each in a sentence with its line of the mapping
	Hidden    []Hidden `json:"hidden,omitempty"`

	// Execution is what is in the file, and Broken what it breaks, for formats that draw it; nil where none does. Original are its lines, if they
	// are of another format than the native. Left says what of the file is not in Execution; "" is nothing.
	Execution *traces.Trace     `json:"-"`
	Broken    []*traces.Finding `json:"-"`
	Original  []string          `json:"-"`
	Left      string            `json:"-"`
}

// Name is what a file calls a server.
type Name struct {
	Server string `json:"server"`
	Name   string `json:"name"`
}

// Hidden is a part of a server's state that a trace does not show, or not always.
type Hidden struct {
	Field string `json:"field"`
	Steps int    `json:"steps"` // that do not show it
	Line  int    `json:"line"`  // the first of them
}

// Finding is one broken promise.
type Finding struct {
	Rule     string      `json:"rule"` // its id, as in R5.2-02
	Name     string      `json:"name"`
	Sentence string      `json:"sentence"`
	Section  string      `json:"section"`
	Message  string      `json:"message"`
	Evidence []Evidence  `json:"evidence"` // the guilty place first
	Refused  []Condition `json:"refused,omitempty"`
	Allowed  string      `json:"allowed,omitempty"`
	Hint     string      `json:"hint,omitempty"`
	ByDesign []string    `json:"byDesign,omitempty"` // variants of which any one, declared, makes this finding go away
	Story    []string    `json:"story,omitempty"`    // the execution and why it is wrong, one drawn line each; findings that share it tell it once
	Steps    int         `json:"steps,omitempty"`    // its length
	Loop     int         `json:"loop,omitempty"`     // it goes on for ever as it does from this step on; 0 is that it ends
	Shortest bool        `json:"shortest,omitempty"`
	Faults   int         `json:"faults,omitempty"` // check: crashes, disk errors, partitions, and messages lost or duplicated
	// FewestFaults says that no execution as short breaks a rule with fewer of them.
	FewestFaults bool     `json:"fewestFaults,omitempty"`
	Trace        string   `json:"trace,omitempty"`     // where it was saved
	Checked      int      `json:"checked,omitempty"`   // verify: lines before the guilty one that break nothing
	Unchecked    int      `json:"unchecked,omitempty"` // verify: lines after it that were not looked at
	Witness      *Witness `json:"witness,omitempty"`   // linearize: the operations that no order explains

	// Shape says in what way the rule is broken, the same whatever the servers, terms, indexes and values are, and Fingerprint is a
	// number for rule and shape together: known findings are told by it.
	Shape       string `json:"shape,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"`

	// Execution is what Story tells, for formats that draw it; nil for a finding in a file.
	Execution *traces.Trace `json:"-"`
	// Breach is what the execution breaks at its end, with the places it rests on; nil for a finding in a file.
	Breach *traces.Finding `json:"-"`
}

// Fingerprint is a short name for the way in which a rule is broken.
func Fingerprint(rule, shape string) string {
	sum := sha256.Sum256([]byte(rule + "\n" + shape))
	return hex.EncodeToString(sum[:8])
}

// Evidence is one place that a finding rests on.
type Evidence struct {
	File   string `json:"file"`             // "" when the execution was not saved
	Line   int    `json:"line"`             // from 1; 0 when the execution was not saved
	Column int    `json:"column,omitempty"` // from 1, in bytes; 0 is the whole line
	Width  int    `json:"width,omitempty"`  // in bytes
	Step   int    `json:"step"`             // of the execution, from 1; 0 is the initial state
	Node   string `json:"node"`
	Role   string `json:"role"`           // what this place shows
	Text   string `json:"text,omitempty"` // the line itself, where it was read
}

// Condition is a condition that refused a step, with the values that made it false.
type Condition struct {
	Text   string `json:"text"`
	Values string `json:"values"`
}

// InputProblem is why a file could not be judged.
type InputProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`   // from 1; 0 when it is about the file
	Column  int    `json:"column,omitempty"` // from 1, in bytes; 0 when it is about the line
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}
