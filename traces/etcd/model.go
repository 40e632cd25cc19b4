package etcd

import (
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// model explains a trace line by line: it knows what each server must show next, given what it showed before, what it received
// and what may have happened unseen. A line that nothing explains is a contradiction.
type model struct {
	configs  *configs
	servers  map[spec.ServerID]*server
	near     [8]*server // of servers, by the last digits of their names
	order    []*server
	network  network
	leaders  map[spec.Term]*leadership
	reached  map[spec.Term]inTerm // terms that were handed to storage, and by whom
	joint    map[entryKey]bool    // whether a configuration entry enters a joint configuration, once it is known
	history  []*membership        // configurations that were applied, ascending by index
	possible []*membership        // and those that may have been
	rules    map[string]*spec.Rule
	checked  counts
	out      []*emitted // steps of the current line
	leaving  []sent     // scratch of beatsSent
	spare    []*emitted
	found    []traces.Contradiction
	heard    map[spec.ServerID]heard // servers of which messages arrived and no line was read
	shows    progressOf              // whose progress a MsgApp shows
	gaps     bool                    // some entries of some log, or some configuration, may be unknown
	line     int
	elected  int
	events   int
}

// leadership is what the leader of a term holds: entries that arrive with that term are copies of these.
type leadership struct {
	leader spec.ServerID
	line   int
	log    spec.Log
	blind  bool
	hidden spec.Index // as of the leader
}

type entryKey struct {
	index spec.Index
	term  spec.Term
}

// inTerm is who was in a term: one server, or several.
type inTerm struct {
	one     spec.ServerID
	several bool
}

func newModel(configs *configs) *model {
	m := &model{configs: configs, servers: map[spec.ServerID]*server{}, leaders: map[spec.Term]*leadership{},
		reached: map[spec.Term]inTerm{}, heard: map[spec.ServerID]heard{}, joint: map[entryKey]bool{}, rules: map[string]*spec.Rule{}}
	for _, r := range spec.Rules {
		m.rules[r.ID] = r
	}
	return m
}

// event takes in the next line.
func (m *model) event(e *event) {
	m.line = e.line
	if m.events++; m.events%retireEvery == 0 {
		m.retire()
	}
	s := m.server(e.node)
	if s == nil {
		s = m.meet(e)
	}
	if s.adrift && !m.boards(s, e) {
		m.drift(s, e)
		s.line = e.line
		return
	}
	if s.undecided > 0 && e.name != initState {
		m.decide(s, e.state.conf)
	}
	if s.vaguePeers && e.name == sendAppend && m.aside(s, e) {
		s.line = e.line
		return
	}
	if e.name.sends() && e.message.kind.sender() != e.name {
		m.refuse(s, traceConsistent, e.line, "%s: %s of a %s", s.id, e.name, e.message.kind)
		m.check(s, e, lastMayGrow)
		s.giveUp()
		s.line = e.line
		return
	}
	for {
		i := s.awaited()
		if i == nil || e.name == initState {
			m.begin(s, e)
			break
		}
		likely := m.likelihood(s, i)
		if i.fits(s, e) && (likely == surely || m.couldBe(s, i, e)) {
			m.take(s, s.pop(), e)
			break
		}
		if likely == surely {
			m.missing(s, i, e)
			s.giveUp()
			continue
		}
		m.skip(s, s.pop())
	}
	s.line = e.line
}

// server returns a server of which a line was read, or nil.
func (m *model) server(id spec.ServerID) *server {
	near := &m.near[id%spec.ServerID(len(m.near))]
	if s := *near; s != nil && s.id == id {
		return s
	}
	s := m.servers[id]
	if s != nil {
		*near = s
	}
	return s
}

// meet makes the server of an event that is its first.
func (m *model) meet(e *event) *server {
	s := &server{id: e.node}
	s.standOn(stand{membership: &membership{conf: m.configs.of(nil, nil)}})
	s.now.conf = s.members.conf
	m.servers[e.node] = s
	m.order = append(m.order, s)
	if e.name != initState {
		m.join(s, e)
	}
	return s
}

// begin takes an event that starts a call.
func (m *model) begin(s *server, e *event) {
	m.settle(s)
	s.call = call{name: e.name, line: e.line, before: e.state}
	if e.name == initState {
		m.start(s, e)
		return
	}
	m.campaigning(s, e)
	if len(s.others) > 0 {
		s.at = moment{s.now, s.lead}
	}
	switch {
	case e.name.receives():
		m.receive(s, e)
	case e.name == ready:
		m.check(s, e)
		m.ready(s, e)
	case e.name == becomeFollower:
		m.stepDown(s, e)
	case e.name == becomeCandidate:
		m.campaign(s, e)
	case e.name == replicate, e.name == changeConf:
		m.propose(s, e)
	case e.name == applyConfChange:
		m.applyConf(s, e)
	case e.name == sendAppendResponse && e.message.to == s.id:
		m.check(s, e, lastMayGrow)
		m.appendUnseen(s, e)
	case e.name == sendAppend && e.message.kind == msgHeartbeat:
		m.beat(s, e)
	case e.name == sendAppend:
		m.transfer(s, e)
	case e.name == becomeLeader:
		m.usurps(s, e)
	default:
		m.check(s, e)
		m.uncalled(s, e)
	}
}

// settle ends what the server's last call left open.
func (m *model) settle(s *server) {
	m.beatsSent(s)
	if s.call.name.receives() && !s.call.emitted && s.call.line > 0 {
		m.delivered(s, s.call.line)
	}
}

// campaigning recognises that the server became a pre-candidate, which no event tells: its role is the only trace of it.
func (m *model) campaigning(s *server, e *event) {
	if e.state.role != spec.PreCandidate || s.now.role != spec.Follower && s.now.role != spec.Candidate {
		return
	}
	want := s.now
	want.role = spec.PreCandidate
	if e.state != want || !m.promotable(s) {
		return
	}
	s.doubt = doubt{e.line, s.now, "becomes a pre-candidate"}
	s.now.role = spec.PreCandidate
	s.follows(spec.None)
	s.granted, s.refused = nil, nil
	m.emit(s, spec.Input{Kind: spec.Timeout}, e.line, e.line)
}

func (m *model) promotable(s *server) bool {
	return s.now.conf.has(s.id) && !s.members.learner(s.id)
}

// take handles an event that was awaited.
func (m *model) take(s *server, i item, e *event) {
	switch i.want {
	case wantFollower:
		m.tookFollower(s, i, e)
	case wantMessage:
		if i.open != 0 {
			m.settles(s, &i, e)
		}
		if len(s.others) > 0 {
			m.reconsider(s, &i, e)
		}
		m.check(s, e)
		m.sends(s, &i.message, e)
	case wantBeat:
		m.check(s, e)
		m.heartbeat(s, i, e)
	case wantApp:
		m.check(s, e)
		m.sendsApp(s, e, i.mode)
	case wantApps:
		m.check(s, e)
		m.sendsApp(s, e, i.mode)
		s.first(item{want: wantApps, to: i.to, mode: withEntries})
	case wantBeats:
		m.beatsFor(s, e)
	case wantCommit, wantAnswered:
		m.commits(s, i, e)
	case wantLeader:
		m.leads(s, e)
	case wantReplicate, wantMore:
		m.check(s, e)
		m.more(s, i, e)
	case wantSelfAck:
		m.check(s, e, lastMayGrow)
		m.appends(s, e)
	case wantRestored:
		m.restored(s, e)
	case wantInstalled:
		m.installed(s, e)
	case wantBooted:
		m.booted(s, e)
	}
}

// skip accepts that an event which was only possible did not come.
func (m *model) skip(s *server, i item) {
	if i.want == wantApp || i.want == wantApps || i.want == wantAnswered {
		m.passed(s, &i)
	}
	if i.want == wantInstalled {
		m.answerSnapshot(s, i.open)
	}
	if i.want == wantFollower && s.call.name.receives() {
		m.delivered(s, s.call.line)
	}
}

// uncalled refuses an event that nothing led to.
func (m *model) uncalled(s *server, e *event) {
	switch e.name {
	case commit:
		m.refuse(s, traceConsistent, e.line, "%s evaluates its commitIndex though nothing was acknowledged", s.id)
	case sendVoteResponse:
		if e.message.to != s.id && !e.message.reject {
			m.refuse(s, "R5.2-03", e.line, "%s votes for %s in term %d though it was not asked", s.id, e.message.to, e.message.term)
			break
		}
		m.refuse(s, traceConsistent, e.line, "%s answers a request for its vote that it did not receive", s.id)
	case sendAppendResponse:
		m.refuse(s, traceConsistent, e.line, "%s answers %s, from which it received nothing", s.id, e.message.to)
	case sendVote:
		m.refuse(s, traceConsistent, e.line, "%s asks %s for its vote though it starts no election here", s.id, e.message.to)
	default:
		m.refuse(s, traceConsistent, e.line, "%s: nothing leads to %s here", s.id, e.name)
	}
	if e.name.sends() {
		m.release(s, &e.message, e.line)
	}
}

// lead makes a server the leader of its term.
func (m *model) lead(s *server, line int) {
	if l := m.leaders[s.now.term]; l != nil && l.leader != s.id {
		return
	}
	m.leaders[s.now.term] = &leadership{leader: s.id, line: line, log: s.log, blind: s.blind, hidden: s.hidden}
}

// holds brings the record of what the leader of the term holds up to date.
func (m *model) holds(s *server) {
	if l := m.leaders[s.now.term]; l != nil && l.leader == s.id {
		l.log, l.blind, l.hidden = s.log, s.blind, s.hidden
	}
}

// entries returns the entries that a MsgApp carries, copied from the leader of its term, and whether they are known.
func (m *model) entries(msg *message) ([]spec.Entry, bool) {
	if msg.entries == 0 {
		return nil, true
	}
	l := m.leaders[msg.term]
	if l == nil || msg.index < l.log.Base || msg.index+msg.entries > l.log.LastIndex() {
		return nil, false
	}
	from := msg.index - l.log.Base
	return l.log.Entries[from : from+msg.entries : from+msg.entries], true
}

// learn takes the term of the entry before a log from the first event that shows it. Where that entry is committed, other
// servers have the same.
func (m *model) learn(s *server, i spec.Index, t spec.Term) {
	if !s.blind || i != s.log.Base {
		return
	}
	s.blind, s.log.BaseTerm = false, t
	if l := m.leaders[s.now.term]; l != nil && l.leader == s.id && l.blind && l.log.Base == i {
		l.blind, l.log.BaseTerm = false, t
	}
	if i > s.now.commit {
		return
	}
	for _, other := range m.order { // what is committed is the same everywhere
		if other.blind && other.log.Base == i && i <= other.now.commit {
			other.blind, other.log.BaseTerm = false, t
		}
	}
}

// visited notes that the server was in its term, for the next Ready to make known.
func (s *server) visited() {
	if len(s.terms) == 0 || s.terms[len(s.terms)-1] != s.now.term {
		s.terms = append(s.terms, s.now.term)
	}
}

// anybodyElse reports whether another server was in that term and let messages go since.
func (m *model) anybodyElse(s *server, t spec.Term) bool {
	who := m.reached[t]
	return who.several || who.one != spec.None && who.one != s.id
}

// ready lets go what was queued and remembers what was handed to storage.
func (m *model) ready(s *server, e *event) {
	d := s.handOver(e.line)
	s.readyAt, s.installing = s.now.commit, false
	for _, t := range s.terms {
		if who := m.reached[t]; who.one == spec.None {
			m.reached[t] = inTerm{one: s.id}
		} else if who.one != s.id && !who.several {
			m.reached[t] = inTerm{s.id, true}
		}
	}
	s.terms = append(s.terms[:0], s.now.term)
	for k := range s.unsent {
		q := &s.unsent[k]
		if q.message.to == s.id {
			s.inbox = append(s.inbox, home{q.message, q.line, e.line})
			continue
		}
		if q.flight.left == 0 {
			q.flight.left, q.flight.lost = e.line, 0
			if q.message.kind.waits() {
				d.flights = append(d.flights, q.flight)
			}
		}
	}
	s.unsent = s.unsent[:0]
	s.handed(d)
	m.checked.ready++
	if s.owed.index > 0 {
		m.collect(s)
	}
}

// release queues a message for the next Ready.
func (m *model) release(s *server, msg *message, line int) {
	q := queued{message: *msg, line: line}
	if msg.to != s.id {
		q.flight = m.network.queue(msg, line)
	}
	s.unsent = append(s.unsent, q)
}

// sends checks that a message is the one that must be sent, and queues it.
func (m *model) sends(s *server, want *message, e *event) {
	if want.kind == msgVote {
		m.learn(s, s.now.last, e.message.logTerm)
		want.logTerm, _ = s.lastTerm()
	}
	if e.message != *want {
		m.wrongMessage(s, want, e)
	}
	m.release(s, &e.message, e.line)
	switch e.message.kind {
	case msgVoteResp:
		m.votes(s, e)
	case msgVote:
		m.asks(s, e)
	case msgAppResp, msgHeartbeatResp:
		m.replies(s, e)
	}
}

// crash forgets what was only in memory.
func (m *model) crash(s *server) {
	for k := range s.unsent {
		if f := s.unsent[k].flight; f != nil && f.left == 0 {
			f.lost = m.line
		}
	}
	s.unsent = s.unsent[:0]
	s.inbox, s.late, s.beats = s.inbox[:0], nil, s.beats[:0]
	s.granted, s.refused, s.vagueVotes = nil, nil, false
	s.follows(spec.None)
	s.unsettled, s.undecided = s.stands, 0
	s.call = call{}
	s.giveUp()
}
