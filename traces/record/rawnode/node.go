package rawnode

import (
	"slices"
	"sync"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/record"
)

// Options say what records show.
type Options struct {
	// Value stands for a command; nil is record.Value, which does not tell it.
	Value func(command []byte) string
	// Keep is how many committed entries at the end of the log are kept in memory for records to show; 0 is 256.
	Keep int
}

// Node records one RawNode. Its methods may be used by several goroutines; those of a RawNode may not.
type Node struct {
	server   *record.Server
	options  Options
	id       spec.ServerID
	async    bool                   // storage is asynchronous
	progress func() []spec.Progress // what a leader believes of the others

	mutex  sync.Mutex
	tail   *record.Tail // the log
	stored *record.Tail // the log on disk: the same, unless storage is asynchronous
	disk   spec.Durable // without its log
	config spec.Configuration
	shown  spec.Observation // what the server showed last, all of it
	hidden bool             // the last record showed less

	latest Status // that was seen
	held   []held // inputs since the last Ready that are not written yet: at most one, but while a Ready is being done
	inputs int    // since the last Ready, of which some effect is yet to come
	doing  *doing
}

// doing is a Ready that was handed out and is not done yet.
type doing struct {
	Ready
	input spec.Input // that it came of, or Stored
	after Status     // when it was handed out, so that its entries are all that the server has
	known bool       // the input is what it came of
}

// held is an input that is not written yet, and what the server was after it.
type held struct {
	input spec.Input
	after Status
}

// Start records that a server starts, with what is on its disk, and returns its recorder. progress returns what the leader believes
// of every other server, ascending.
func Start(server *record.Server, o Options, disk Disk, now Status, progress func() []spec.Progress) *Node {
	if o.Value == nil {
		o.Value = record.Value
	}
	if o.Keep == 0 {
		o.Keep = 256
	}
	n := &Node{server: server, options: o, id: server.ID(), async: disk.Async, progress: progress, config: configuration(&disk.Conf),
		disk: spec.Durable{Term: spec.Term(disk.Term), VotedFor: spec.ServerID(disk.Vote)}}
	log := spec.Log{Base: spec.Index(disk.FirstIndex - 1), BaseTerm: spec.Term(disk.BeforeTerm)}
	for k := range disk.Entries {
		log.Entries = append(log.Entries, n.entry(&disk.Entries[k]))
	}
	n.tail = record.NewTail(log, o.Keep)
	if n.stored = n.tail; n.async {
		n.stored = record.NewTail(log, o.Keep)
	}
	n.latest = now
	first := n.show(&now, log.Base)
	if disk.behind(&now) {
		first.Unknown |= spec.FieldLog
		n.inputs = 1 // its effects are in the next Ready
	}
	n.observe(server.Happens(spec.Input{Kind: spec.Restart}), first)
	return n
}

// behind reports whether something happened before the server was recorded, so that it may hold entries that are not on disk: a
// cluster is founded so.
func (d *Disk) behind(now *Status) bool {
	return now.Term != d.Term || now.Vote != d.Vote || now.Commit != d.Commit
}

// Input records that something happened, after it did. ready tells whether the RawNode then has a Ready: if it has not, nothing
// else came of it. A Ready that follows with no other input between is what came of it.
func (n *Node) Input(in spec.Input, after Status, ready bool) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.happened(in, after, ready)
}

func (n *Node) happened(in spec.Input, after Status, ready bool) {
	n.latest = after
	switch {
	case n.doing == nil && n.inputs == 0 && !ready:
		n.observe(n.server.Happens(in), n.showAll(&after, n.window()))
		return
	case n.doing == nil:
		n.release()
	}
	n.held = append(n.held, held{in, after})
	n.inputs++
}

// Changed records an input only if it changed something that records show: most ticks do not.
func (n *Node) Changed(in spec.Input, before, after Status, ready bool) {
	if before != after {
		n.Input(in, after, ready)
	}
}

// Other notes that something happened for which records have no words, and from which a Ready may come. It is recorded, as "stored",
// only if it made the server another than it was.
func (n *Node) Other(after Status, ready bool) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.other(after, ready)
}

func (n *Node) other(after Status, ready bool) {
	switch {
	case !after.sameOffice(&n.latest):
		n.happened(spec.Input{Kind: spec.Stored}, after, ready)
	case n.doing != nil || n.inputs > 0 || ready:
		n.inputs++
	case n.shown.Role == spec.Leader && n.shown.Knows(spec.FieldProgress): // a report may have made it believe something else of others
		n.shown.Unknown |= spec.FieldProgress
		n.hidden = true
	}
	n.latest = after
}

// Receive records that a message arrived, after it was stepped.
func (n *Node) Receive(m *Message, after Status, ready bool) {
	switch m.Type {
	case MsgProp:
		for k := range m.Entries {
			n.Input(spec.Input{Kind: spec.Propose, Value: n.options.Value(m.Entries[k].Data)}, after, ready)
		}
	case MsgTransferLeader:
		n.Input(spec.Input{Kind: spec.Transfer, Peer: spec.ServerID(m.From)}, after, ready)
	default:
		if told, is := n.message(m); is && told.To == n.id && told.From != n.id {
			n.Input(spec.Input{Kind: spec.Deliver, Message: told}, after, ready)
		} else {
			n.Other(after, ready)
		}
	}
}

// Propose records a proposal that a client makes here.
func (n *Node) Propose(data []byte, after Status, ready bool) {
	n.Input(spec.Input{Kind: spec.Propose, Value: n.options.Value(data)}, after, ready)
}

// Configured notes that a change of the configuration took effect.
func (n *Node) Configured(c ConfState) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.config = configuration(&c)
}

// Ready notes what the RawNode hands out. Unless storage is asynchronous it is recorded by Saved, and what it refers to must stay until then.
func (n *Node) Ready(rd Ready, now Status) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	d := &doing{Ready: rd, input: spec.Input{Kind: spec.Stored}, after: now}
	if len(n.held) == 1 && n.inputs == 1 {
		d.input, d.known, n.held = n.held[0].input, true, n.held[:0]
	}
	n.release()
	n.inputs, n.latest = 0, now
	if n.async {
		n.handedOut(d)
		return
	}
	if last, _ := n.tail.Last(); rd.SnapshotIndex > 0 || len(rd.Entries) > 0 && spec.Index(rd.Entries[0].Index) <= last {
		n.unsettle()
	}
	n.doing = d
}

// Saved records the Ready that was handed out last: it is on disk, and its messages may leave.
func (n *Node) Saved() {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.saved()
}

func (n *Node) saved() {
	if n.doing == nil {
		return
	}
	d := n.doing
	n.doing = nil
	n.done(d)
	if n.inputs > 1 {
		n.release()
	}
}

// Advance is Saved, and notes whether more is Ready, which came of the last one and of no input.
func (n *Node) Advance(after Status, more bool) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.saved()
	if more {
		n.other(after, more)
	}
	if n.inputs > 1 {
		n.release()
	}
}

func (n *Node) done(d *doing) {
	rd, last := &d.Ready, n.last()
	step := n.server.Happens(d.input)
	sent, first := n.sent(rd), n.first(rd)
	if !n.unsureLog(step, d) {
		n.remind(first - 1)
	}
	n.remember(rd)
	changed := n.persist(rd)
	if !changed && len(sent) == 0 && n.nothingNew(d) {
		return
	}
	from := min(first-1, last, n.window(), earliest(sent))
	if changed {
		disk := n.disk
		disk.Log = n.tail.After(from)
		step.Persist(disk)
	}
	for k := range sent {
		step.Send(sent[k])
	}
	n.observeDone(step, d, from)
}

// observeDone ends a record with what the server shows after a Ready. What a leader believes of others is of the input alone.
func (n *Node) observeDone(step *record.Step, d *doing, from spec.Index) {
	if d.known {
		n.observe(step, n.showAll(&d.after, from))
	} else {
		n.observe(step, n.show(&d.after, from))
	}
}

// release writes inputs of which it is not known what came of them: that they happened, and nothing else.
func (n *Node) release() {
	for k := range n.held {
		n.note(n.held[k].input)
	}
	n.held = n.held[:0]
}

// note writes a record that shows no state. The next one says what the server showed last.
func (n *Node) note(in spec.Input) {
	n.server.Happens(in).Observe(record.Nothing())
	n.hidden = true
}

// unsettle notes that what is on disk is about to be replaced, so that nobody takes it for lost if the record ends here.
func (n *Node) unsettle() { n.note(spec.Input{Kind: spec.Stored}) }

// unsureLog makes a step that is of several inputs begin with a log of which nothing is known, if entries were removed and it is not
// known by which of them, or if the server led and may have sent entries that it has no more. It reports whether it did.
func (n *Node) unsureLog(step *record.Step, d *doing) bool {
	before := n.shown
	leadsOn := before.Role != spec.Leader || d.after.Role == Leader && spec.Term(d.after.Term) == before.Term
	if d.known || n.first(&d.Ready) > n.last() && leadsOn {
		return false
	}
	before.Unknown |= spec.FieldLog
	step.Before(before)
	n.hidden = false
	return true
}

// window is the index after which records show the log, unless they are about more of it: what is not committed, if it is not too much.
func (n *Node) window() spec.Index {
	from := n.shown.CommitIndex
	if last, keep := n.last(), spec.Index(n.options.Keep); last > keep {
		from = max(from, last-keep)
	}
	return from
}

// remind makes the next record say what the log was, if it is about more of it than the last one showed.
func (n *Node) remind(from spec.Index) {
	log := n.tail.After(from)
	if !n.shown.Knows(spec.FieldLog) || log.Base >= n.shown.Log.Base {
		return
	}
	n.shown.Log, n.hidden = log, true
	if n.shown.Durable.Log = log; n.async {
		n.shown.Durable.Log = n.stored.After(from)
	}
}

// nothingNew reports whether a Ready that writes and sends nothing brings nothing that a record shows.
func (n *Node) nothingNew(d *doing) bool {
	o := n.show(&d.after, n.shown.Log.Base)
	return !d.known && !n.hidden && o.Role == n.shown.Role && o.Term == n.shown.Term && o.VotedFor == n.shown.VotedFor &&
		o.LeaderID == n.shown.LeaderID && o.CommitIndex == n.shown.CommitIndex
}

// observe ends a step, with what the server showed before it if the last record does not say so.
func (n *Node) observe(step *record.Step, o spec.Observation) {
	if n.hidden {
		step.Before(n.shown)
	}
	step.Observe(o)
	n.shown, n.hidden = o, false
	n.tail.Commit(o.CommitIndex)
	n.stored.Commit(o.CommitIndex)
}

func (n *Node) last() spec.Index {
	last, _ := n.tail.Last()
	return last
}

// first returns the first index that a Ready writes.
func (n *Node) first(rd *Ready) spec.Index {
	switch {
	case rd.SnapshotIndex > 0:
		return spec.Index(rd.SnapshotIndex) + 1
	case len(rd.Entries) > 0:
		return spec.Index(rd.Entries[0].Index)
	}
	return n.last() + 1
}

// remember makes the log what it is with a Ready.
func (n *Node) remember(rd *Ready) {
	n.write(n.tail, rd)
	if rd.SnapshotIndex > 0 && rd.Conf != nil {
		n.config = configuration(rd.Conf)
	}
}

func (n *Node) write(log *record.Tail, rd *Ready) {
	if rd.SnapshotIndex > 0 {
		log.Reset(spec.Index(rd.SnapshotIndex), spec.Term(rd.SnapshotTerm))
	}
	if len(rd.Entries) > 0 {
		entries := make([]spec.Entry, len(rd.Entries))
		for k := range rd.Entries {
			entries[k] = n.entry(&rd.Entries[k])
		}
		log.Append(spec.Index(rd.Entries[0].Index), entries...)
	}
}

// persist notes what a Ready puts on disk, and reports whether that changes anything there. The log is n.stored already.
func (n *Node) persist(rd *Ready) (changed bool) {
	changed = rd.SnapshotIndex > 0 || len(rd.Entries) > 0
	if term, vote := spec.Term(rd.Term), spec.ServerID(rd.Vote); rd.Hard && (term != n.disk.Term || vote != n.disk.VotedFor) {
		n.disk.Term, n.disk.VotedFor, changed = term, vote, true
	}
	return changed
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
		Unknown: spec.FieldVotes | spec.FieldProgress | spec.FieldCompacted,
		Role:    roles[now.Role], Term: spec.Term(now.Term), VotedFor: spec.ServerID(now.Vote), LeaderID: spec.ServerID(now.Lead),
		Log: n.tail.After(from), Config: n.config, Durable: n.disk,
	}
	o.CommitIndex = spec.Index(now.Commit)
	o.LastApplied = min(spec.Index(now.Applied), o.CommitIndex)
	if o.Durable.Log = o.Log; n.async {
		o.Durable.Log = n.stored.After(from)
	}
	return o
}

// showAll is show, and what a leader believes of others.
func (n *Node) showAll(now *Status, from spec.Index) spec.Observation {
	o := n.show(now, from)
	o.Unknown &^= spec.FieldProgress
	if o.Role == spec.Leader {
		o.Progress = n.progress()
	}
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
