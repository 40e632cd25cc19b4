package spec

import (
	"fmt"
	"slices"
	"strings"
)

// Liveness is the half of a promise that only an execution without end can break: that something is reached at last. The rule is
// broken by an execution that is fair (see Fairness) and from some moment on always waits.
type Liveness struct {
	// Each makes the promise one to each server: Waits, Ends, Again and Within are asked about one server after another, `of`.
	// Otherwise `of` is None.
	Each bool
	// Waits reports whether, at this moment, what is promised is wanting.
	Waits func(c *Cluster, of ServerID) bool
	// Ends reports whether the step is what was waited for although the cluster waits on; nil is that no step is.
	Ends func(s *Step, of ServerID) bool
	// Again reports whether the step is one that must happen again and again for the waiting to count; nil is that none must.
	Again func(s *Step, of ServerID) bool
	// Within reports whether, from this moment on, a moment that does not belong to Within or a step that Ends must be within reach,
	// if everybody helps; nil is that nothing is promised. It is judged where the bounds leave room for one more term and one more entry.
	Within func(c *Cluster, of ServerID) bool
	// Says tells what goes on for ever in an execution that waits at this moment: "n2 and n3 are up, and neither is ever elected".
	Says func(c *Cluster, of ServerID) string

	Needs     Field  // the fields without which a server cannot be judged
	Reaches   string // what a pass says of Within: "a leader can be elected"; "" where Within is nil
	Avoids    string // what a pass says of Waits: "no fair execution goes on for ever without a leader"
	DiskHangs bool   // storage need not finish what it was given
	Proposes  bool   // Within needs clients that propose, or a leader that appends an entry of its own
}

// Fairness says which executions without end liveness rules are about, in sentences.
var Fairness = []string{
	"Every server that is up goes on: its heartbeat timer fires again and again, and storage finishes what it was given.",
	"The election timer of a server that is up fires again and again, unless again and again it is reset by the leader of the server's term or by a vote that it gives.",
	"A message that is sent or in flight again and again, to a server that is up and not cut off, arrives again and again.",
	"Faults cease: from some moment on nothing crashes, restarts, is cut off or reached again. Messages may still be lost, reordered and, where that is on, duplicated.",
	"Clients ask for nothing more.",
}

// Cluster is all servers at one moment.
type Cluster struct {
	Servers []Sight                  // ascending
	Cuts    func(a, b ServerID) bool // reports whether a partition lies between two servers; nil is that there is none
}

// sight returns what the server shows, or nil if it is not one of the cluster.
func (c *Cluster) sight(id ServerID) *Sight {
	for k := range c.Servers {
		if c.Servers[k].Server == id {
			return &c.Servers[k]
		}
	}
	return nil
}

// Knows reports whether every server shows all the given fields.
func (c *Cluster) Knows(f Field) bool {
	return !slices.ContainsFunc(c.Servers, func(s Sight) bool { return !s.Knows(f) })
}

// Reach reports whether two servers are up and no partition lies between them.
func (c *Cluster) Reach(a, b ServerID) bool {
	s, t := c.sight(a), c.sight(b)
	return s != nil && t != nil && s.Role != Crashed && t.Role != Crashed && (c.Cuts == nil || !c.Cuts(a, b))
}

// around calls yield for every server that is up and that the given one reaches, itself included.
func (c *Cluster) around(id ServerID) func(yield func(*Sight) bool) {
	return func(yield func(*Sight) bool) {
		for k := range c.Servers {
			if s := &c.Servers[k]; c.Reach(id, s.Server) && !yield(s) {
				return
			}
		}
	}
}

// inCharge reports whether the servers that the given one reaches can decide: of those with the most up-to-date log, whom all others may
// vote for, one goes by a configuration of which they are a majority.
func (c *Cluster) inCharge(id ServerID) bool {
	for s := range c.around(id) {
		latest := true
		for t := range c.around(id) {
			latest = latest && t.Log.UpToDate(s.Log.LastTerm(), s.Log.LastIndex())
		}
		if latest && s.Config.Majority(func(peer ServerID) bool { return c.Reach(id, peer) }) {
			return true
		}
	}
	return false
}

// leaderless returns a server of a group that can decide and that no server leads, or None.
func (c *Cluster) leaderless() ServerID {
	for k := range c.Servers {
		id := c.Servers[k].Server
		if c.Servers[k].Role == Crashed || !c.inCharge(id) {
			continue
		}
		led := false
		for s := range c.around(id) {
			led = led || s.Role == Leader
		}
		if !led {
			return id
		}
	}
	return None
}

// leaderOf returns a leader that reaches a majority of its configuration and knows of no higher term than any server that it reaches, or nil.
func (c *Cluster) leaderOf() *Sight {
	for k := range c.Servers {
		leader := &c.Servers[k]
		if leader.Role != Leader || !leader.Config.Majority(func(id ServerID) bool { return c.Reach(leader.Server, id) }) {
			continue
		}
		latest := true
		for s := range c.around(leader.Server) {
			latest = latest && s.Term <= leader.Term
		}
		if latest {
			return leader
		}
	}
	return nil
}

// names lists the servers that the given one reaches: "n1, n2 and n3".
func (c *Cluster) names(id ServerID) string {
	var all []string
	for s := range c.around(id) {
		all = append(all, s.Server.String())
	}
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// matched returns what a leader knows of a follower.
func (o *Observation) matched(id ServerID) (Progress, bool) {
	k := slices.IndexFunc(o.Progress, func(p Progress) bool { return p.Server == id })
	if k < 0 {
		return Progress{}, false
	}
	return o.Progress[k], true
}

// commitRises reports whether the step lets a server commit more.
func commitRises(s *Step, _ ServerID) bool { return s.After.CommitIndex > s.Before.CommitIndex }

// matchRises reports whether the step lets a leader know that a follower matches further.
func matchRises(s *Step, of ServerID) bool {
	before, _ := s.Before.matched(of)
	after, known := s.After.matched(of)
	return known && after.MatchIndex > before.MatchIndex
}

// refusedBy reports whether the step gives a leader a refusal of its own term from that follower.
func refusedBy(s *Step, of ServerID) bool {
	m := &s.Input.Message
	return s.delivered(AppendEntriesReply) && s.Before.Role == Leader && m.From == of && m.Term == s.Before.Term && !m.Success
}

// behind returns the leader that reaches a follower which is not known to have all of its log, or nil.
func (c *Cluster) behind(of ServerID) (*Sight, Progress) {
	leader := c.leaderOf()
	if leader == nil || leader.Server == of || !c.Reach(leader.Server, of) {
		return nil, Progress{}
	}
	p, known := leader.matched(of)
	if !known || p.MatchIndex >= leader.Log.LastIndex() {
		return nil, Progress{}
	}
	return leader, p
}

// saysBehind tells of a follower that a leader does not bring up.
func saysBehind(what string) func(*Cluster, ServerID) string {
	return func(c *Cluster, of ServerID) string {
		leader, p := c.behind(of)
		return fmt.Sprintf("%s, the leader of term %d, reaches %s and has entries up to index %d; %s, and of it %s knows no more than index %d",
			leader.Server, leader.Term, of, leader.Log.LastIndex(), what, leader.Server, p.MatchIndex)
	}
}
