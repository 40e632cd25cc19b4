//go:build with_tla

package generate

import (
	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

// Fault is something wrong that is done to the library from outside.
type Fault string

// The faults. Those that change what a server does also change what it traces, as if the library itself were wrong; those that change
// messages on their way leave the sender's trace as it is.
const (
	NoFault        Fault = ""
	ForgetVote     Fault = "forget-vote"     // a restart loses the vote
	ForgetState    Fault = "forget-state"    // a restart loses term and vote
	ForgetEntries  Fault = "forget-entries"  // a restart loses the last entries
	SendFirst      Fault = "send-first"      // messages leave before what they promise is written, and a crash loses it
	GrantAlways    Fault = "grant-always"    // a server grants votes it must refuse
	ForgeGrant     Fault = "forge-grant"     // a refusal becomes a vote on its way
	ForgeAck       Fault = "forge-ack"       // an acknowledgement on its way acknowledges more
	InventAck      Fault = "invent-ack"      // acknowledgements arrive that nobody sent
	ReplayVote     Fault = "replay-vote"     // a vote of an earlier term arrives with the current one
	RaiseCommit    Fault = "raise-commit"    // a heartbeat on its way tells a higher commitIndex
	ForgeLastIndex Fault = "forge-lastindex" // a request for votes on its way shows a longer log
)

// Faults lists them all.
var Faults = []Fault{ForgetVote, ForgetState, ForgetEntries, SendFirst, GrantAlways, ForgeGrant, ForgeAck, InventAck, ReplayVote,
	RaiseCommit, ForgeLastIndex}

// struck notes that the fault took effect before the next event.
func (c *cluster) struck() {
	if c.summary.Fault == 0 {
		c.summary.Fault = c.tracer.events + 1
	}
}

// damage does to a server's disk what a faulty crash does.
func (c *cluster) damage(n *node) {
	hs, _, err := n.storage.InitialState()
	must(err)
	switch c.options.Fault {
	case ForgetVote:
		if hs.Vote != 0 {
			hs.Vote = 0
			must(n.storage.SetHardState(hs))
			c.struck()
		}
	case ForgetState:
		if hs.Term > 1 {
			hs.Term, hs.Vote = 1, 0
			must(n.storage.SetHardState(hs))
			c.struck()
		}
	case ForgetEntries:
		c.shorten(n, hs, 2)
	case SendFirst:
		// The latest write never happened, though its messages left.
		if last, _ := n.storage.LastIndex(); hs != n.before.hard || last != n.before.last {
			if n.before.last < last {
				c.shorten(n, n.before.hard, last-n.before.last)
			} else {
				must(n.storage.SetHardState(n.before.hard))
				c.struck()
			}
		}
	}
}

// shorten drops the last entries of a disk.
func (c *cluster) shorten(n *node, hs pb.HardState, by uint64) {
	first, _ := n.storage.FirstIndex()
	last, _ := n.storage.LastIndex()
	if last < first+by || last-by < n.applied {
		return
	}
	kept, err := n.storage.Entries(first, last-by+1, 1<<40)
	must(err)
	snap, err := n.storage.Snapshot()
	must(err)
	shorter := raft.NewMemoryStorage()
	if first > 1 {
		return
	}
	if snap.Metadata.Index > 0 {
		return
	}
	must(shorter.Append(kept))
	hs.Commit = min(hs.Commit, last-by)
	must(shorter.SetHardState(hs))
	n.storage = shorter
	c.struck()
}

// forge changes a message on its way, and reports whether it did.
func (c *cluster) forge(m *pb.Message) bool {
	switch {
	case c.options.Fault == GrantAlways && m.Type == pb.MsgVoteResp && m.Reject:
		m.Reject = false // and so says the trace, see lie
	case c.options.Fault == ForgeGrant && m.Type == pb.MsgVoteResp && m.Reject:
		m.Reject = false
		return true
	case c.options.Fault == ForgeAck && m.Type == pb.MsgAppResp && !m.Reject && m.Index > 0 && c.chance.IntN(4) == 0:
		return c.raise(m, &m.Index)
	case c.options.Fault == RaiseCommit && m.Type == pb.MsgHeartbeat:
		return c.raise(m, &m.Commit)
	case c.options.Fault == ForgeLastIndex && m.Type == pb.MsgVote && c.chance.IntN(2) == 0:
		m.Index += 5
		m.LogTerm++
		return true
	}
	return false
}

// raise sets an index to the last one that the receiver of a message has.
func (c *cluster) raise(m *pb.Message, index *uint64) bool {
	to := c.nodes[m.To]
	if to == nil || !to.up() || to.raft.BasicStatus().Term != m.Term {
		return false
	}
	if last, _ := to.storage.LastIndex(); last > *index {
		*index = last
		return true
	}
	return false
}

// inject lets a message arrive that nobody sent.
func (c *cluster) inject(n *node) {
	switch c.options.Fault {
	case InventAck:
		s := n.raft.BasicStatus()
		if s.RaftState != raft.StateLeader || c.chance.IntN(50) > 0 {
			return
		}
		last, _ := n.storage.LastIndex()
		for _, id := range c.ids {
			if id != n.id && last > s.Commit {
				c.struck()
				_ = n.raft.Step(pb.Message{Type: pb.MsgAppResp, From: id, To: n.id, Term: s.Term, Index: last})
			}
		}
	case ReplayVote:
		s := n.raft.BasicStatus()
		if s.RaftState != raft.StateCandidate || c.chance.IntN(4) > 0 {
			return
		}
		for _, m := range c.saved {
			if m.Type == pb.MsgVoteResp && m.To == n.id && !m.Reject && m.Term < s.Term {
				m.Term = s.Term
				c.struck()
				_ = n.raft.Step(m)
				return
			}
		}
	}
}

// lie changes what is traced, for faults of the library itself.
func (c *cluster) lie(e *raft.TracingEvent) {
	if c.options.Fault == GrantAlways && e.Name == "SendRequestVoteResponse" && e.Message.Reject {
		e.Message.Reject = false
		if c.summary.Fault == 0 {
			c.summary.Fault = c.tracer.events
		}
	}
}
