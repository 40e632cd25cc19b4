package mutant

import (
	"slices"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// Mutant is the reference Raft with one bug that a real system has had, or that the literature warns of.
type Mutant struct {
	Name      string    // stable, as in "el-stale-vote-resp"
	Mechanism Mechanism // which part of Raft it is in
	Title     string    // the bug in one line
	Source    string    // where it was seen; "from the literature" when no single report is behind it
	Story     string    // what goes wrong, in plain words
	Rules     []string  // ids of all rules by which a search of Bounds catches it, those that need fewer steps first
	Steps     int       // the fewest steps in which Rules[0] is broken
	Bounds    Bounds    // the world in which they do
	Options   impl.Options
}

// Mechanism is the part of Raft that a bug is in.
type Mechanism string

// The mechanisms.
const (
	Election    Mechanism = "election"
	Replication Mechanism = "replication"
	Commitment  Mechanism = "commitment"
	Storage     Mechanism = "storage"
	Snapshot    Mechanism = "snapshot"
	Membership  Mechanism = "membership"
	Reading     Mechanism = "read"
	Clients     Mechanism = "client"
)

// Bounds is a world: how many servers, how far they go, and what goes wrong around them. Messages may be lost and may overtake
// each other in all of them. Zero is none of a fault, and no limit of its own for campaigns, proposals and depth.
type Bounds struct {
	Servers    int
	Terms      spec.Term  // highest term of any server
	Log        spec.Index // most entries in any log
	Messages   int        // most messages in flight
	Campaigns  int        // most election timeouts in one execution
	Proposals  int        // most commands that clients propose in one execution
	Crashes    int        // most crashes in one execution, between steps and at crash points
	Lossy      bool       // crashes may lose what was not synced
	Duplicates int        // most messages that arrive twice in one execution
	Depth      int        // most steps in one execution
	FIFO       bool       // messages between two servers arrive in the order in which they were sent, unless they are lost

	Compactions int    // most logs compacted in one execution
	Transfers   int    // most requests to hand over leadership
	Changes     int    // most changes of the configuration
	To          string // those that may be asked for, as in "voters=n1,n2; voters=n2,n3"; "" is every set of voters
	Reads       int    // most reads
	Ticks       int    // how far any server's clock goes; 0 is no clocks
	Drift       int    // how far two clocks differ at most

	StorageErrors int // most times that a disk refuses to write
	Values        int // different commands that clients propose; 0 means 1
}

// Variants are the parts of Raft that the mutant has and rules must know of.
func (m *Mutant) Variants() spec.Variants { return m.Options.Variants() }

// Factory makes the mutant's servers.
func (m *Mutant) Factory() spec.Factory { return impl.New(m.Options) }

// Every lists the mutants of All and then those of Starving.
func Every() []Mutant { return slices.Concat(All, Starving) }

// ByName returns the mutant of All or Starving of that name, and whether there is one.
func ByName(name string) (Mutant, bool) {
	for _, m := range Every() {
		if m.Name == name {
			return m, true
		}
	}
	return Mutant{}, false
}
