package traces

import (
	"fmt"
	"hash/maphash"
	"math/bits"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/internal/prints"
)

// sending remembers what was sent, while a trace streams by, to put records in order, and to tell a message that arrives though nobody sent
// it. The latter only of a server whose records are all there, as their numbers show, and show all that it did: elsewhere a message that no line
// shows to be sent was sent all the same, unless its sender cannot have sent it ([spec.Known]). Messages may be lost, doubled and late; no event
// need say so.
//
// Two records of one message must agree in all that both show. A server whose record has gaps may have sent what no line shows: what it
// did before its first line, if that is a restart, and what it did before a restart that no crash announces, as of a process
// that died with lines not yet written. Both lie in terms up to the one in which it starts again.
type sending struct {
	servers map[spec.ServerID]*recordedServer
	late    *recordedServer // looked up last
	holes   bool            // records are left out
	seed    maphash.Seed    // fingerprints never leave this process
	secret  uint64          // likewise
}

// recordedServer is what matters here of a server's own record.
type recordedServer struct {
	gaps bool      // it may have sent what no line shows,
	upTo spec.Term // in terms up to this
	down bool      // it was last seen to stop
	part bool      // a record of it does not show all that it did
	seen bool      // there is a record of it
	says bool      // and one of what it sent

	id   spec.ServerID
	sent [spec.TimeoutNow + 1]*sentSet // by kind; nil is none
}

// sentGeneration is how many messages a table holds before another one is begun.
const sentGeneration = 1 << 18

// sentSet holds two generations of messages by their fingerprints. When the later is full the earlier is forgotten, and what is not
// found may have been in it.
type sentSet struct {
	now, before prints.Table[optional]
	forgot      bool             // or not shown to whom, or of which term
	rough       map[rough]hidden // what messages were sent
	late        [4]noted         // of rough, noted lately, by the last digits of whom they were sent to
}

// hidden is which fields are not shown of messages, each way once.
type hidden []spec.MessageField

// noted is what is noted of messages.
type noted struct {
	about rough
	ways  hidden // nil is nothing
}

// rough is what messages that are not shown whole are told apart by.
type rough struct {
	to   spec.ServerID
	term spec.Term
}

// leftOut is what a record leaves out of a message, but for the one term that fingerprints allow for.
func leftOut(m *spec.Message) spec.MessageField { return m.Unknown &^ spec.MessagePrevTerm }

// optional is what a record of a message may leave out; 0 is left out. Sent messages that differ in nothing else have one fingerprint.
type optional struct {
	prevTerm uint64 // 1 more than it is
	values   uint64 // of all entries; left out if one is
	chunk    uint64 // of a snapshot, 1 more than twice its offset, or 2 if there is more
	hint     uint64 // where a refusal says that logs conflict
}

func (o optional) agrees(p optional) bool {
	return (o.prevTerm == p.prevTerm || o.prevTerm == 0 || p.prevTerm == 0) && (o.values == p.values || o.values == 0 || p.values == 0) &&
		(o.chunk == p.chunk || o.chunk == 0 || p.chunk == 0) && (o.hint == p.hint || o.hint == 0 || p.hint == 0)
}

// record takes in a record and returns the contradiction that its message is, or nil.
func (s *sending) record(r *Record) *Contradiction {
	s.begin()
	s.follow(r.Step)
	var found *Contradiction
	if r.Step.Input.Kind == spec.Deliver {
		found = s.arrives(r)
	}
	for _, m := range r.Step.Output.Sent {
		s.leaves(m)
	}
	return found
}

func (s *sending) begin() {
	if s.servers == nil {
		s.servers, s.seed = map[spec.ServerID]*recordedServer{}, maphash.MakeSeed()
		s.secret = maphash.String(s.seed, "")
	}
}

// of returns what is remembered of a server, from now on.
func (s *sending) of(id spec.ServerID) *recordedServer {
	server := s.known(id)
	if server.id != id {
		s.begin()
		server = &recordedServer{id: id}
		s.servers[id] = server
	}
	s.late = server
	return server
}

// known returns what is remembered of a server; of one of which nothing is, what is remembered of nobody.
func (s *sending) known(id spec.ServerID) *recordedServer {
	if s.late != nil && s.late.id == id {
		return s.late
	}
	if server := s.servers[id]; server != nil {
		return server
	}
	return &recordedServer{id: id + 1}
}

// hasLeft reports whether a message was sent, or may have been among those that are forgotten.
func (s *sending) hasLeft(m *spec.Message) bool {
	set := s.known(m.From).sent[m.Kind]
	if set == nil {
		return false
	}
	if !m.Knows(spec.MessageTo | spec.MessageTerm) {
		return true // what the two records show of it cannot be compared by a fingerprint
	}
	for _, way := range set.noted(rough{m.To, m.Term}) {
		if way != leftOut(m) {
			return true // likewise
		}
	}
	print, told := s.fingerprint(m)
	if _, is := set.now.Find(print, told.agrees); is || set.forgot {
		return true
	}
	_, is := set.before.Find(print, told.agrees)
	return is
}

// follow looks for gaps in a server's record.
func (s *sending) follow(step *spec.Step) {
	server := s.of(step.Server)
	if !server.seen {
		server.begins(step)
		server.seen = true
	}
	s.holes = s.holes || step.Hole
	server.part = server.part || step.Gap || step.Output.Unseen
	if step.Input.Kind == spec.Restart && !server.down && step.Before.Role != spec.Crashed && step.After.Term > 0 {
		server.gaps, server.upTo = true, max(server.upTo, step.After.Term)
	}
	server.down = step.Input.Kind == spec.Crash || step.Input.Cut > 0 || step.After.Knows(spec.FieldRole) && step.After.Role == spec.Crashed
}

// begins says what a server may have sent before the first step of it that is recorded: nothing if it is as it was before it ever heard of anything.
func (r *recordedServer) begins(step *spec.Step) {
	o := &step.Before
	if step.Input.Kind == spec.Restart || !o.Knows(spec.FieldTerm) {
		o = &step.After
	}
	if !o.Knows(spec.FieldTerm) {
		r.gaps, r.upTo = true, ^spec.Term(0)-1
	} else if o.Term > 0 {
		r.gaps, r.upTo = true, o.Term
	}
}

func (s *sending) leaves(m *spec.Message) {
	s.begin()
	server := s.of(m.From)
	server.says = true
	of := &server.sent[m.Kind]
	if *of == nil {
		*of = &sentSet{rough: map[rough]hidden{}}
	}
	set := *of
	if set.now.Len() >= sentGeneration {
		set.forgot = set.forgot || set.before.Len() > 0
		set.before, set.now = set.now, prints.Table[optional]{}
	}
	set.forgot = set.forgot || !m.Knows(spec.MessageTo|spec.MessageTerm)
	set.note(rough{m.To, m.Term}, leftOut(m))
	print, told := s.fingerprint(m)
	set.now.Add(print, told, func(o optional) bool { return o == told })
}

// noted returns which fields are not shown of messages that were sent.
func (set *sentSet) noted(about rough) hidden {
	late := set.lately(about)
	if late.ways == nil || late.about != about {
		*late = noted{about, set.rough[about]}
	}
	return late.ways
}

// note notes which fields are not shown of a message.
func (set *sentSet) note(about rough, way spec.MessageField) {
	ways := set.noted(about)
	if slices.Contains(ways, way) {
		return
	}
	ways = append(ways, way)
	set.rough[about], set.lately(about).ways = ways, ways
}

func (set *sentSet) lately(about rough) *noted {
	return &set.late[about.to%spec.ServerID(len(set.late))]
}

func (s *sending) arrives(r *Record) *Contradiction {
	m := &r.Step.Input.Message
	if server := s.known(m.From); s.holes || !server.seen || server.part || !server.says || s.mayBeUnseen(m) || s.hasLeft(m) {
		return nil
	}
	rule, known := spec.RuleByName("X-TR-01")
	if !known {
		return nil
	}
	return &Contradiction{Line: r.Line, Member: "message", Breach: &spec.Breach{Rule: rule,
		Message:  fmt.Sprintf("%s receives %s that %s never sent", r.Step.Server, article(m.Kind), m.From),
		Evidence: []spec.Evidence{{Role: "here", Server: r.Step.Server, Part: spec.PartInput}},
		Hint:     "the message was made up or changed on its way, or the trace lacks the step that sent it"}}
}

// mayBeUnseen reports whether the sender's record has a gap in which it may have sent the message. The term of a pre-vote is the one
// to come, and a reply to it tells that of the candidate.
func (s *sending) mayBeUnseen(m *spec.Message) bool {
	server := s.known(m.From)
	switch {
	case !server.gaps:
		return false
	case m.Kind == spec.PreVote:
		return m.Term <= server.upTo+1
	}
	return m.Kind == spec.PreVoteReply || m.Term <= server.upTo
}

// fingerprint stands for what every record of a message shows; what some may leave out is returned besides. Entries of which a term is left out are not
// shown: another record may leave all of them out.
func (s *sending) fingerprint(m *spec.Message) (uint64, optional) {
	h := s.secret
	for _, n := range [...]uint64{uint64(flags(m.Granted, m.Success)), uint64(m.To), uint64(m.Term), uint64(m.LastLogIndex), uint64(m.LastLogTerm),
		uint64(m.PrevLogIndex), uint64(m.LeaderCommit), uint64(m.MatchIndex)} {
		h = mixed(h, n)
	}
	carries := m.Knows(spec.MessageEntries)
	if carries && m.Kind != spec.InstallSnapshot { // which need not say what it carries
		h = mixed(h, uint64(len(m.Entries)))
		for k := range m.Entries {
			h = mixed(mixed(h, uint64(m.Entries[k].Kind)), uint64(m.Entries[k].Term))
		}
	}
	if m.Payload != "" {
		h = mixed(h, maphash.String(s.seed, m.Payload))
	}
	var told optional
	if m.Knows(spec.MessagePrevTerm) {
		told.prevTerm = uint64(m.PrevLogTerm) + 1
	}
	if (m.Offset != 0 || m.Partial) && m.Knows(spec.MessageOffset) { // a chunk that is the whole snapshot need not say so
		told.chunk = 2*m.Offset + 1 + uint64(flags(m.Partial, false))
	}
	if m.ConflictIndex > 0 || m.ConflictTerm > 0 {
		told.hint = uint64(m.ConflictIndex)<<32 ^ uint64(m.ConflictTerm)
	}
	if carries && (m.Kind != spec.InstallSnapshot || len(m.Entries) > 0) {
		told.values = s.values(m.Entries)
	}
	return h, told
}

// values stands for the values of entries: 0 if one is not shown. Those of Raft's own entries are left out: most have none, and where they have one (nats-server) it
// cannot be told from none that it is not shown.
func (s *sending) values(entries []spec.Entry) uint64 {
	h := s.secret
	for k := range entries {
		e := &entries[k]
		if e.Kind == spec.NoOp {
			continue
		}
		if e.Value == "" {
			return 0
		}
		h = mixed(h, maphash.String(s.seed, e.Value))
	}
	return max(h, 1)
}

// mixed adds a number to a hash.
func mixed(h, n uint64) uint64 {
	high, low := bits.Mul64(h^n^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return high ^ low
}

func flags(a, b bool) (bits byte) {
	if a {
		bits = 1
	}
	if b {
		bits |= 2
	}
	return bits
}

func article(kind spec.MessageKind) string {
	switch kind {
	case spec.AppendEntries, spec.AppendEntriesReply, spec.InstallSnapshot, spec.InstallSnapshotReply:
		return "an " + kind.String()
	}
	return "a " + kind.String()
}
