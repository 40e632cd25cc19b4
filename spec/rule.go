package spec

// Level is how binding a rule is.
type Level uint8

// The levels of RFC 2119 that the rulebook uses.
const (
	Must Level = iota
	Should
)

// String returns "must" or "should".
func (l Level) String() string { return nameOf([]string{"must", "should"}, int(l)) }

// Profile is the part of Raft a rule belongs to; an implementation without that part is not judged by it.
type Profile string

// The profiles.
const (
	Core       Profile = "core"
	Membership Profile = "membership"
	Snapshot   Profile = "snapshot"
	Read       Profile = "read"
	Storage    Profile = "storage"
	PreVoting  Profile = "prevote"   // pre-votes, leaders that check for a majority, transfer of leadership
	Recording  Profile = "recording" // about records of executions, whatever ran
)

// Rule is one promise of Raft, with the means to tell whether it was broken. A rule has at least one of Step, Pair,
// Agreement, Elected, Answered, Claimed, Kept, Told and Live; where it has several, each sees the same promise from another side.
type Rule struct {
	ID       string // stable, as in "R5.2-02"
	Name     string // plain, as in "election-safety"
	Sentence string // what is promised, one sentence with a period
	Why      string // why it matters and what usually breaks it, in a few plain sentences
	Section  string // where: "Raft paper, 5.2 and Figure 3"
	Level    Level
	Profile  Profile
	Catches  []string // slugs of documented faults that break it
	NoMutant string   // why no mutant of the reference can break it, as a sentence; "" when one does
	// Outcome says that the rule is about what becomes of any fault in the end: two leaders, two logs, a lost entry. That such a rule
	// is broken says little about where the fault is.
	Outcome bool
	Unless  []Variant // declared differences that make it void
	Only    []Variant // declared differences without one of which it is void, because a stricter rule is judged then; empty is none
	Varies  []Variant // declared differences under which it is judged otherwise: see Step.Declared

	Needs      Field // the fields of Before and After without which a step cannot be judged; of both servers for Pair
	NeedsAfter Field // further fields that only After must show; none for Pair

	// Step judges one local step. It returns nil when the promise is kept.
	Step func(*Step) *Breach
	// Pair judges two servers at the same moment. It is called for both orders, and never with a server against itself.
	// Its evidence names a first and b second, both with PartAfter.
	Pair func(a, b *Sight) *Breach
	// Agreement is the kind of fact on which all servers must agree for ever.
	Agreement FactKind
	// Elected judges a server that has just become leader (leader.After) against everything committed so far.
	Elected func(leader *Step, committed []Fact) *Breach
	// Answered judges a leader that answers a read as soon as it comes (After) against everything committed so far.
	Answered func(leader *Step, committed []Fact) *Breach
	// Claimed judges a leader that tells of more as committed than it has committed itself (ClaimsCommit) against everything committed so far.
	Claimed func(leader *Step, committed []Fact) *Breach
	// Kept judges a server that has just become leader (leader.After) against what clients were told is done, ascending by index.
	Kept func(leader *Step, acknowledged []Fact) *Breach
	// Told judges what a step tells clients against what clients knew before it.
	Told       func(before *Clients, s *Step) *Breach
	overlooked []string // shapes of breaches that do not count

	// Live is what only executions without end can break; nil is nothing. Rules that have nothing else are in LivenessRules only.
	Live *Liveness
}

// Sight is one server as seen at one moment.
type Sight struct {
	Server ServerID
	*Observation
}

// Part says which part of a step a piece of evidence is.
type Part uint8

// The parts of a step.
const (
	PartAfter  Part = iota // what the server showed after the step
	PartBefore             // what it showed before
	PartInput              // the message or event that it was given
	PartEffect             // one of the effects: Evidence.Effect says which
	PartFact               // a fact established earlier: Evidence.Origin says where
)

// Evidence is one place that a finding rests on.
type Evidence struct {
	Role   string // what it shows, in words: "first vote", "vote in the same term again"
	Server ServerID
	Part   Part
	Effect int    // PartEffect: index into Output.Effects
	Field  Field  // PartBefore and PartAfter: the part of the state; 0 is the one that tells most about the rule
	Told   bool   // PartFact: a message that left or arrived there tells it
	Origin Origin // where it was seen; filled by Judge for the step at hand
}

// Origin is where something was observed: a step number of a search or an index of a trace's records. The reader knows which.
type Origin int

// Condition is a condition of the specification that refused a step, with the values that made it false.
type Condition struct {
	Text   string // "reply.term = currentTerm"
	Values string // "1 is not 2"
}

// Breach is a broken rule: what happened, on what evidence, and what would have been right.
type Breach struct {
	Rule     *Rule
	Message  string      // one line, no period: "n3 votes for n2 in term 7 but voted for n1 in term 7"
	Evidence []Evidence  // the guilty place first, then what it contradicts
	Refused  []Condition // the conditions that did not hold
	Allowed  string      // what the server could have done instead; "" when nothing useful can be said
	Hint     string      // a guess at the cause; "" when there is none
	// Shape says in what way the rule is broken: the same whatever the servers, terms, indexes and values are; "" when no step shows it.
	Shape string
	// ByDesign are the variants of which any one, declared besides, makes this finding go away, in the order of Habits: those under which the
	// rule is judged otherwise, or if there is none those that make it void. Filled by Judge.
	ByDesign []Variant
}
