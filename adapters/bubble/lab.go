package bubble

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/raftcheck/raftcheck/spec"
)

// Server is one server inside a bubble. Its methods are called inside the bubble, one at a time, and return when all is quiet:
// when every goroutine of the server waits for something that only another call can bring.
type Server interface {
	spec.Node
	// Close ends every goroutine of the server. Nothing is called afterwards.
	Close()
}

// Refuser is a Server that can tell without a bubble which inputs its Step would refuse. It only saves time.
type Refuser interface {
	Server
	// Refuses returns a function that tells it of the server as it is now, even when the server is gone.
	Refuses() func(*spec.Input) bool
}

// Start makes a server as it is before its first step. It is called inside the bubble.
type Start func(id spec.ServerID, servers []spec.ServerID) Server

// Options says how a Lab works. The zero value merges states by the server's AppendState.
type Options struct {
	// ByHistory makes the history of inputs the state: nothing is merged, so nothing can be merged wrongly. Searches then need a
	// bound on their depth, for histories have no end.
	ByHistory bool
	// Patience is how long a bubble may take by the clock of the machine before the server is taken for one that does not come to rest. 0 is a minute.
	Patience time.Duration
	// Compose writes messages as other servers would send them, for those who play the peers of a server; nil is that nobody can.
	// servers is the whole cluster. It is called outside of bubbles. See spec.Composer.
	Compose func(servers []spec.ServerID, m spec.Message, asked *spec.Message) (spec.Message, bool)
	// Rename writes messages as they are when servers and values have other names; nil is that servers are not interchangeable. See spec.EntryRenamer. It is
	// called outside of bubbles.
	Rename func(m spec.Message, rename func(spec.ServerID) spec.ServerID, value func(string) string) spec.Message
}

// Stats says what a Lab has done so far.
type Stats struct {
	Steps       int           // distinct steps that were found out, each by at least two bubbles that agreed
	Bubbles     int           // bubbles run
	Inputs      int           // inputs given in all of them
	Divergences int           // bubbles thrown away because they did something else than others before them
	Inside      time.Duration // time spent in bubbles
}

// Lab makes nodes out of servers in bubbles. Its nodes share what was found out: a step is run again only to be sure of it.
type Lab struct {
	t       *testing.T
	start   Start
	options Options
	place   int // among the Labs of its test
	notes   *notes

	mu    sync.Mutex // one bubble at a time
	roots []*root
	stats Stats
}

// root is a server before its first step.
type root struct {
	id      spec.ServerID
	servers []spec.ServerID
	moment  *moment
}

// New returns a Lab. Bubbles belong to the test t: its nodes may be stepped only while t runs, and not from inside a bubble.
//
// A panic in a goroutine of a server ends the program. The next program that makes the same Lab of the same test finds out of which step, and takes the panic for
// the fault of that.
func New(t *testing.T, start Start, o Options) *Lab {
	l := &Lab{t: t, start: start, options: o, place: newPlace(t)}
	l.tryHere()
	l.notes = openNotes(t, l.place)
	return l
}

// Fresh returns a Lab of the same servers that has found out nothing yet, to confirm what this one says.
func (l *Lab) Fresh() *Lab { return &Lab{t: l.t, start: l.start, options: l.options, notes: &notes{}} }

// Stats returns what was done so far.
func (l *Lab) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

// Node is a spec.Factory. Its nodes are spec.Cloners: a copy costs nothing.
func (l *Lab) Node(id spec.ServerID, servers []spec.ServerID) spec.Node {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := slices.IndexFunc(l.roots, func(r *root) bool { return r.id == id && slices.Equal(r.servers, servers) })
	if k < 0 {
		k = len(l.roots)
		r := &root{id: id, servers: slices.Clone(servers)}
		r.moment = &moment{root: r}
		l.roots = append(l.roots, r)
		l.settle(r.moment)
	}
	n := &node{lab: l, at: l.roots[k].moment}
	switch {
	case l.options.Rename != nil:
		return renaming{composing{n}}
	case l.options.Compose != nil:
		return composing{n}
	}
	return n
}

// node is a server at some moment of its history.
type node struct {
	lab *Lab
	at  *moment
}

// Step gives the server an input. A refused input, or one that breaks the server, leaves the node where it is.
func (n *node) Step(in spec.Input) spec.Output {
	n.lab.mu.Lock()
	defer n.lab.mu.Unlock()
	if n.at.outcome.output.Fault != nil {
		return n.at.outcome.output
	}
	if refuses := n.at.outcome.refuses; refuses != nil && refuses(&in) {
		return spec.Output{Refused: true}
	}
	next := n.lab.after(n.at, in)
	if out := next.outcome.output; !out.Refused && out.Fault == nil {
		n.at = next
	}
	return next.outcome.output
}

// Observe shows the server as it was when all was quiet after the last step.
func (n *node) Observe() spec.Observation { return n.at.outcome.after }

// AppendState appends the server's state, or its history.
func (n *node) AppendState(dst []byte) []byte {
	if n.lab.options.ByHistory {
		return append(dst, n.at.history[:]...)
	}
	return append(dst, n.at.outcome.state...)
}

// Clone returns a node at the same moment.
func (n *node) Clone() spec.Node {
	c := *n
	return &c
}

// composing is a node whose messages can be composed.
type composing struct{ *node }

var _ spec.Composer = composing{}

// Compose is part of spec.Composer.
func (c composing) Compose(m spec.Message, asked *spec.Message) (spec.Message, bool) {
	if c.lab.options.Compose == nil {
		return m, false
	}
	return c.lab.options.Compose(c.at.root.servers, m, asked)
}

// Clone returns a node at the same moment.
func (c composing) Clone() spec.Node {
	n := *c.node
	return composing{&n}
}

// renaming is a node whose messages can be renamed.
type renaming struct{ composing }

var _ spec.EntryRenamer = renaming{}

// RenamesEntries is part of spec.EntryRenamer.
func (renaming) RenamesEntries() {}

// Rename is part of spec.Renamer.
func (r renaming) Rename(m spec.Message, rename func(spec.ServerID) spec.ServerID, value func(string) string) spec.Message {
	return r.lab.options.Rename(m, rename, value)
}

// Clone returns a node at the same moment.
func (r renaming) Clone() spec.Node { return renaming{r.composing.Clone().(composing)} }
