package rawnode

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/record"
)

// Options say what records show.
type Options struct {
	// Value stands for a command; nil is record.Value, which does not tell it.
	Value func(command []byte) string
	// Keep is how many entries at the end of the log are kept in memory for records to show; 0 is 256.
	Keep int
}

// Node records one RawNode. Like a RawNode it is used by one goroutine at a time.
type Node struct {
	server  *record.Server
	options Options
	id      spec.ServerID
	tail    *record.Tail
	disk    spec.Durable // without its log, which is the tail
	config  spec.Configuration
	termAt  func(uint64) (uint64, bool)
	commit  spec.Index       // that was shown last
	shown   spec.Observation // all that was, without logs

	held   []held // inputs since the last Ready that are not written yet: at most one, but while a Ready is being done
	inputs int    // since the last Ready
	doing  *doing
}

// doing is a Ready that was handed out and is not done yet.
type doing struct {
	Ready
	input spec.Input // that it came of, or Stored
	at    Status     // when it was handed out, so that its entries are all that the server has
}

// held is an input that is not written yet, and what the server was after it.
type held struct {
	input spec.Input
	after Status
}

// Start records that a server starts, with what is on its disk, and returns its recorder.
func Start(server *record.Server, o Options, disk Disk, now Status) *Node {
	if o.Value == nil {
		o.Value = record.Value
	}
	if o.Keep == 0 {
		o.Keep = 256
	}
	n := &Node{server: server, options: o, id: server.ID(), config: configuration(&disk.Conf), termAt: disk.TermAt,
		disk: spec.Durable{Term: spec.Term(disk.Term), VotedFor: spec.ServerID(disk.Vote)}}
	log := spec.Log{Base: spec.Index(disk.FirstIndex - 1), BaseTerm: spec.Term(disk.BeforeTerm)}
	for k := range disk.Entries {
		log.Entries = append(log.Entries, n.entry(&disk.Entries[k]))
	}
	n.tail = record.NewTail(log, o.Keep)
	server.Happens(spec.Input{Kind: spec.Restart}).Observe(n.show(&now, log.Base))
	return n
}

// Input records that something happened, after it did. A Ready that follows with no other input between is what came of it.
func (n *Node) Input(in spec.Input, after Status) {
	if n.doing == nil {
		n.release()
	}
	n.held = append(n.held, held{in, after})
	n.inputs++
}

// Changed records an input only if it changed something that records show: most ticks do not.
func (n *Node) Changed(in spec.Input, before, after Status) {
	if before != after {
		n.Input(in, after)
	}
}

// Receive records that a message arrived, after it was stepped.
func (n *Node) Receive(m *Message, after Status) {
	switch m.Type {
	case MsgProp:
		for k := range m.Entries {
			n.Input(spec.Input{Kind: spec.Propose, Value: n.options.Value(m.Entries[k].Data)}, after)
		}
	case MsgTransferLeader:
		n.Input(spec.Input{Kind: spec.Transfer, Peer: spec.ServerID(m.From)}, after)
	default:
		if told, is := n.message(m); is && told.To == n.id && told.From != n.id {
			n.Input(spec.Input{Kind: spec.Deliver, Message: told}, after)
		}
	}
}

// Propose records a proposal that a client makes here.
func (n *Node) Propose(data []byte, after Status) {
	n.Input(spec.Input{Kind: spec.Propose, Value: n.options.Value(data)}, after)
}

// Configured notes that a change of the configuration took effect.
func (n *Node) Configured(c ConfState) { n.config = configuration(&c) }

// Ready notes what the RawNode hands out. It is recorded by Advance, when it is done. What it refers to must stay until then.
func (n *Node) Ready(rd Ready, now Status) {
	d := &doing{Ready: rd, input: spec.Input{Kind: spec.Stored}, at: now}
	if len(n.held) == 1 && n.inputs == 1 {
		d.input, n.held = n.held[0].input, n.held[:0]
	}
	n.release()
	n.doing, n.inputs = d, 0
}

// Advance records the Ready that was handed out last: it is on disk, and then its messages have left. more tells that something is
// Ready again, which came of the last one and of no input.
func (n *Node) Advance(more bool) {
	if n.doing == nil {
		return
	}
	n.done(n.doing)
	n.doing = nil
	if more {
		n.inputs++ // the next Ready is not of one input alone
	}
	if n.inputs > 1 {
		n.release()
	}
}

func (n *Node) done(d *doing) {
	rd, in, after := &d.Ready, d.input, d.at
	sent := n.sent(rd)
	last, _ := n.tail.Last()
	first, changed, kept := n.persist(rd)
	if in.Kind == spec.Stored && !changed && len(sent) == 0 && spec.Index(after.Commit) == n.commit {
		return // nothing that a record shows
	}
	step := n.server.Happens(in)
	if !kept || in.Kind == spec.Stored && first <= last {
		step.Before(n.unsure()) // it is not known what was replaced, or which of the inputs did it
	}
	from := min(first-1, n.commit, earliest(sent))
	if changed {
		disk := n.disk
		disk.Log = n.tail.After(from)
		step.Persist(disk)
	}
	for k := range sent {
		step.Send(sent[k])
	}
	step.Observe(n.show(&after, from))
}

// release writes inputs of which it is not known what came of them. They may have committed entries that no Ready has brought.
func (n *Node) release() {
	for k := range n.held {
		h := &n.held[k]
		h.after.Commit = min(h.after.Commit, uint64(n.commit))
		n.server.Happens(h.input).Observe(n.show(&h.after, n.commit))
	}
	n.held = n.held[:0]
}

// persist notes what a Ready puts on disk. It returns the first index that it changes, whether it changes anything, and whether
// what was there before is known.
func (n *Node) persist(rd *Ready) (first spec.Index, changed, kept bool) {
	last, _ := n.tail.Last()
	first, kept = last+1, true
	if rd.SnapshotIndex > 0 {
		n.tail.Reset(spec.Index(rd.SnapshotIndex), spec.Term(rd.SnapshotTerm))
		first, changed = spec.Index(rd.SnapshotIndex)+1, true
		if rd.Conf != nil {
			n.config = configuration(rd.Conf)
		}
	}
	if len(rd.Entries) > 0 {
		first, changed = spec.Index(rd.Entries[0].Index), true
		entries := make([]spec.Entry, len(rd.Entries))
		for k := range rd.Entries {
			entries[k] = n.entry(&rd.Entries[k])
		}
		kept = n.tail.Append(first, entries...)
	}
	if term, vote := spec.Term(rd.Term), spec.ServerID(rd.Vote); rd.Hard && (term != n.disk.Term || vote != n.disk.VotedFor) {
		n.disk.Term, n.disk.VotedFor, changed = term, vote, true
	}
	return first, changed, kept
}

// sent returns the messages of a Ready that go to other servers.
func (n *Node) sent(rd *Ready) (all []spec.Message) {
	for k := range rd.Messages {
		if m, is := n.message(&rd.Messages[k]); is && m.To != n.id && m.From == n.id {
			all = append(all, m)
		}
	}
	return all
}

// earliest returns the lowest index that messages say something of.
func earliest(sent []spec.Message) spec.Index {
	i := ^spec.Index(0)
	for k := range sent {
		if m := &sent[k]; m.Kind == spec.AppendEntries && len(m.Entries) > 0 {
			i = min(i, m.PrevLogIndex)
		}
	}
	return i
}

// show is what the server shows, of its log what follows an index.
func (n *Node) show(now *Status, from spec.Index) spec.Observation {
	o := spec.Observation{
		Unknown: spec.FieldVotes | spec.FieldProgress,
		Role:    roles[now.Role], Term: spec.Term(now.Term), VotedFor: spec.ServerID(now.Vote), LeaderID: spec.ServerID(now.Lead),
		Log: n.tail.After(from), Config: n.config, Durable: n.disk,
	}
	o.CommitIndex = spec.Index(now.Commit)
	o.LastApplied = min(spec.Index(now.Applied), o.CommitIndex)
	o.Durable.Log = o.Log
	n.commit, n.shown = o.CommitIndex, o
	return o
}

// unsure is what was shown last, but for the log.
func (n *Node) unsure() spec.Observation {
	o := n.shown
	o.Unknown |= spec.FieldLog
	index, term := n.tail.Last()
	o.Durable.Log = spec.Log{Base: index, BaseTerm: term}
	return o
}

var roles = [...]spec.Role{Follower: spec.Follower, Candidate: spec.Candidate, Leader: spec.Leader, PreCandidate: spec.PreCandidate}

func configuration(c *ConfState) spec.Configuration {
	return spec.Configuration{Voters: ids(c.Voters), Outgoing: ids(c.Outgoing), Learners: ids(c.Learners)}
}

func ids(numbers []uint64) []spec.ServerID {
	var all []spec.ServerID
	for _, n := range numbers {
		all = append(all, spec.ServerID(n))
	}
	slices.Sort(all)
	return all
}
