package rawnode

import "github.com/raftcheck/raftcheck/spec"

// With asynchronous storage a Ready is two things: messages that leave at once, and entries, term and vote on their way to the disk,
// with the messages that promise them. The second is done when the program says so.

// handedOut records a Ready of a RawNode whose storage is asynchronous: what it sends at once, and what is in memory.
func (n *Node) handedOut(d *doing) {
	rd, last := &d.Ready, n.last()
	step := n.server.Happens(d.input)
	sent, first := n.sent(rd), n.first(rd)
	if !n.unsureLog(step, d) {
		n.remind(first - 1)
	}
	n.remember(rd)
	if len(rd.Entries) == 0 && rd.SnapshotIndex == 0 && len(sent) == 0 && n.nothingNew(d) {
		return
	}
	for k := range sent {
		step.Send(sent[k])
	}
	n.observeDone(step, d, min(first-1, last, n.window(), earliest(sent)))
}

// Storing notes that a program begins to write what a RawNode asked its storage to.
func (n *Node) Storing(rd *Ready) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if last, _ := n.stored.Last(); rd.SnapshotIndex > 0 || len(rd.Entries) > 0 && spec.Index(rd.Entries[0].Index) <= last {
		n.unsettle()
	}
}

// Stored records that what a RawNode asked its storage to write is on disk, and that the messages that wait for it may leave. What the
// server shows besides is what it showed last: others may be at work on it.
func (n *Node) Stored(rd *Ready) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	last, _ := n.stored.Last()
	n.write(n.stored, rd)
	changed, sent := n.persist(rd), n.sent(rd)
	if !changed && len(sent) == 0 {
		return
	}
	step := n.server.Happens(spec.Input{Kind: spec.Stored})
	from := min(last, n.shown.CommitIndex, n.shown.Log.Base)
	if len(rd.Entries) > 0 {
		from = min(from, spec.Index(rd.Entries[0].Index)-1)
	}
	o := n.shown
	o.Durable = n.disk
	o.Durable.Log = n.stored.After(from)
	if changed {
		step.Persist(o.Durable)
	}
	for k := range sent {
		step.Send(sent[k])
	}
	n.observe(step, o)
}
