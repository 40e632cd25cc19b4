package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// tested is the server that is put through scenarios.
const tested spec.ServerID = 1

// cut says where an execution lets the server crash: in the statement that crashes it, during the step-th input of it, at a crash point.
type cut struct {
	step  int
	point int // 0 is right after the step
	lossy bool
}

// execution is one way through a script.
type execution struct {
	ctx     context.Context
	subject *Subject
	script  *Scenario
	cut     *cut // nil: where the script crashes the server it does so right after

	node   spec.Node
	judge  *spec.Judge
	ids    []spec.ServerID
	now    spec.Observation
	names  map[string]uint64
	start  start
	peers  map[spec.ServerID]*peer
	manual bool // hold: what the server does in steps of its own waits

	sent     []spec.Message // since the last input, and what of it was expected
	expected []bool
	told     []spec.Effect // answers and applications since the last input
	sentEver []spec.Message
	toldEver []spec.Effect
	refused  bool // the last input

	at     *statement // the one at hand
	inputs int        // of the statement that crashes the server, so far
	points []int      // crash points of each of them
	down   bool       // the statement at hand ends because the server went down

	outcome  Outcome
	because  string
	within   string // the prelude in which it ended, if it did not come to the end
	done     bool
	breaches []*spec.Breach
	story    strings.Builder
	record   []spec.Step
	given    int
}

// start is where the server begins: numbers in a script count from here.
type start struct {
	term     spec.Term
	end      spec.Index
	lastTerm spec.Term
}

func newExecution(ctx context.Context, subject *Subject, s *Scenario, c *cut) *execution {
	x := &execution{ctx: ctx, subject: subject, script: s, cut: c, judge: spec.NewJudge(spec.Rules, subject.Variants),
		names: map[string]uint64{}, peers: map[spec.ServerID]*peer{}}
	for id := tested; int(id) <= s.Servers; id++ {
		x.ids = append(x.ids, id)
	}
	return x
}

// run goes through the script.
func (x *execution) run() {
	defer func() {
		if value := recover(); value != nil {
			x.end(Faulty, "the node panicked: %v", value)
		}
	}()
	x.node = x.subject.New(tested, x.ids)
	x.now = x.node.Observe()
	x.start = start{x.now.Term, x.now.Log.LastIndex(), x.now.Log.LastTerm()}
	for _, id := range x.ids[1:] {
		x.peers[id] = &peer{id: id, log: spec.Log{Base: x.start.end, BaseTerm: x.start.lastTerm}}
	}
	x.tell("%s", x.shown())
	if voters := x.now.Config.Voters; x.now.Knows(spec.FieldConfig) && len(voters) > 0 && !slices.Equal(voters, x.ids) {
		x.end(NotExercised, "of %d servers only %s have a vote at first", len(x.ids), joined(voters))
		return
	}
	for k := range x.script.steps {
		if x.done {
			return
		}
		if x.ctx.Err() != nil {
			x.end(NotExercised, "it was stopped: %v", x.ctx.Err())
			return
		}
		x.at = &x.script.steps[k]
		x.down = false
		x.perform(x.at)
	}
	if !x.done {
		x.at = nil
		x.end(Met, "")
	}
}

// end is how the execution ends. A rule that was broken weighs more than what could not be done because of it.
func (x *execution) end(o Outcome, format string, args ...any) {
	x.done, x.outcome, x.because = true, o, fmt.Sprintf(format, args...)
	if x.at != nil {
		x.within = x.at.given
	}
	own := slices.IndexFunc(x.breaches, func(b *spec.Breach) bool { return b.Rule.ID == x.script.Requirement })
	if own >= 0 && o != Faulty {
		x.outcome, x.because = Broken, x.breaches[own].Message
	}
	if x.outcome != Met {
		x.tell("%s: %s", x.outcome, x.because)
	}
}

// fail is how an expectation ends that does not hold: within a prelude the server is not where the scenario needs it.
func (x *execution) fail(d demand, format string, args ...any) {
	switch {
	case x.at.given != "":
		x.end(NotExercised, "for %q: %s", x.at.given, fmt.Sprintf(format, args...))
	case d == need:
		x.end(NotExercised, format, args...)
	default:
		x.end(Broken, format, args...)
	}
}

// perform does what a statement says.
func (x *execution) perform(s *statement) {
	if !x.holds(s.when) {
		return
	}
	if s.crash {
		x.inputs, x.points = 0, nil
	}
	switch s.verb {
	case verbLet:
		x.names[s.value] = x.number(s.fields[0].value.first, 0)
	case verbHold:
		x.manual = true
	case verbSettle:
		x.manual = false
		x.settle()
	case verbExpect:
		if !slices.ContainsFunc(s.unless, x.subject.Variants.Has) {
			x.expect(s)
		}
	case verbNothing:
		x.nothingElse()
	case verbHas:
		log := &x.peers[s.peer].log
		log.Entries = x.entriesOf(s.fields[0].value.list)
	default:
		x.asking(s)
		if s.crash && !x.done && x.now.Role != spec.Crashed {
			x.tell("%s crashes", tested)
			x.give(spec.Input{Kind: spec.Crash, Lossy: x.cut != nil && x.cut.lossy})
		}
	}
}

// asking begins anew with what was sent and told, and does what a statement says. Where no peer had anything to answer, all is as it was.
func (x *execution) asking(s *statement) {
	sent, expected, told, before := x.sent, x.expected, x.told, x.given
	x.sent, x.expected, x.told, x.refused = nil, nil, nil, false
	x.act(s)
	if s.verb == verbAnswer && x.given == before {
		x.sent, x.expected, x.told = sent, expected, told
	}
}

// act gives the server what a statement says.
func (x *execution) act(s *statement) {
	switch s.verb {
	case verbInput:
		x.actInput(s)
	case verbDeliver:
		x.deliver(s)
	case verbAgain:
		if last := x.peers[s.peer].last; last != nil {
			x.accepted(s, x.give(spec.Input{Kind: spec.Deliver, Message: *last}))
		} else {
			x.end(NotExercised, "%s has sent nothing that could come again", s.peer)
		}
	case verbAnswer:
		x.answer(s)
	case verbLapse:
		x.lapse()
	}
}

func (x *execution) actInput(s *statement) {
	in := spec.Input{Kind: s.input, Value: s.value, Lossy: s.lossy, Client: s.client}
	switch s.input {
	case spec.Timeout:
		x.accepted(s, x.timeout())
		return
	case spec.Heartbeat:
		x.accepted(s, x.heartbeat())
		return
	case spec.Transfer:
		in.Peer = s.peer
	case spec.Reconfigure:
		in.Change, _ = spec.ParseChange(s.value) // it was read once
		in.Value = ""
	case spec.Tick:
		in.Peer = tested
		for range s.times - 1 {
			x.give(in)
		}
	}
	x.accepted(s, x.give(in))
}

// accepted ends the scenario if the server refused what it needs.
func (x *execution) accepted(s *statement, taken bool) {
	x.refused = !taken
	if !taken && !s.try && !x.done {
		x.fail(need, "%s refuses: %s", tested, s.text)
	}
}

// timeout lets the election timer fire. What binds a voter to a leader runs out first.
func (x *execution) timeout() bool {
	if x.give(spec.Input{Kind: spec.Timeout}) {
		return true
	}
	if x.now.Role == spec.Leader || x.now.Role == spec.Crashed || x.done {
		return false
	}
	x.lapse()
	return x.give(spec.Input{Kind: spec.Timeout})
}

// mostTicks is more than any voter is bound to a leader.
const mostTicks = 32

// lapse lets the time run out that binds a follower to a leader: the shortest election timeout, by an input or by its clock.
func (x *execution) lapse() {
	if x.now.Role == spec.Leader || x.now.Role == spec.Crashed {
		return
	}
	x.give(spec.Input{Kind: spec.Heartbeat})
	for range mostTicks {
		if x.done || !x.give(spec.Input{Kind: spec.Tick, Peer: tested}) {
			return
		}
	}
}

// heartbeat lets a leader's heartbeat timer fire, and those that a leader has for single followers.
func (x *execution) heartbeat() bool {
	taken := x.give(spec.Input{Kind: spec.Heartbeat})
	for _, id := range x.ids[1:] {
		if x.done || x.now.Role == spec.Crashed {
			break
		}
		if x.give(spec.Input{Kind: spec.SendAppendEntries, Peer: id}) {
			taken = true
		}
	}
	return taken
}

// deliver gives the server a message of a peer.
func (x *execution) deliver(s *statement) {
	m, err := x.message(s)
	if err != nil {
		x.end(NotExercised, "%v", err)
		return
	}
	p := x.peers[s.peer]
	var asked *spec.Message
	if !m.Kind.IsRequest() {
		if asked = p.request(&m); asked == nil {
			x.fail(need, "%s has asked %s nothing that %s answers", tested, s.peer, m.Kind)
			return
		}
	} else if m.Kind == spec.AppendEntries {
		p.holds(&m)
	}
	x.accepted(s, x.hand(p, m, asked))
}

// hand lets a message of a peer arrive, in the form that the implementation has for it.
func (x *execution) hand(p *peer, m spec.Message, asked *spec.Message) bool {
	if asked != nil {
		m.Payload = asked.Payload
	}
	if composer, composes := x.node.(spec.Composer); composes {
		composed, possible := composer.Compose(m, asked)
		if !possible {
			x.fail(need, "in its form a message cannot be written: %s", m)
			return true
		}
		m = composed
	}
	p.last = &m
	return x.give(spec.Input{Kind: spec.Deliver, Message: m})
}

const (
	mostAnswers = 24 // of one peer to what one statement brings about
	mostRounds  = 40 // of heartbeats until a peer has all
)

// answer lets peers answer what they were asked.
func (x *execution) answer(s *statement) {
	ids := x.ids[1:]
	if s.peer != spec.None {
		ids = []spec.ServerID{s.peer}
	}
	for _, id := range ids {
		if s.peer == spec.None && (s.how == votes && x.now.Role == spec.Leader || s.how == agrees && x.now.Role != spec.PreCandidate) {
			return
		}
		if s.how == catchesUp {
			x.catchUp(x.peers[id])
		} else {
			x.answerAll(x.peers[id], s.how)
		}
		if x.done || x.now.Role == spec.Crashed {
			return
		}
	}
}

// answerAll lets a peer answer until it is asked nothing more, and reports whether it answered anything.
func (x *execution) answerAll(p *peer, how answering) (any bool) {
	for range mostAnswers {
		k := slices.IndexFunc(p.asked, func(m spec.Message) bool {
			_, answers := p.answer(&m, how)
			return answers
		})
		if k < 0 || x.done || x.now.Role == spec.Crashed {
			return any
		}
		m := p.asked[k]
		p.asked = slices.Delete(p.asked, k, k+1)
		if m.Term < x.now.Term && m.Kind != spec.PreVote {
			continue // it is late
		}
		reply, _ := p.answer(&m, how)
		any = x.hand(p, reply, &m) || any
	}
	return any
}

// catchUp lets a leader send heartbeats, and a peer answer them, until the peer has all of the leader's log.
func (x *execution) catchUp(p *peer) {
	for range mostRounds {
		x.answerAll(p, catchesUp)
		if x.done || x.now.Role != spec.Leader || p.log.LastIndex() == x.now.Log.LastIndex() && p.log.LastTerm() == x.now.Log.LastTerm() {
			return
		}
		x.heartbeat()
	}
	x.answerAll(p, catchesUp)
}

// give gives the server one input and judges what it does. It returns false if the server refused it.
func (x *execution) give(in spec.Input) bool {
	if x.done || x.down {
		return true
	}
	in = x.cutting(in)
	taken := x.step(in)
	if in.Cut > 0 {
		x.down = true
		if !taken {
			x.end(Met, "") // no such crash is possible
		}
		return true
	}
	if taken && !x.manual {
		x.settle()
	}
	return taken
}

// cutting adds to an input where the server crashes during it.
func (x *execution) cutting(in spec.Input) spec.Input {
	if x.at == nil || !x.at.crash || in.Kind == spec.Crash {
		return in
	}
	x.inputs++
	if x.cut != nil && x.cut.step == x.inputs && x.cut.point > 0 {
		in.Cut, in.Lossy = x.cut.point, x.cut.lossy
	}
	return in
}

// step is give without what follows by itself.
func (x *execution) step(in spec.Input) bool {
	s := spec.Step{Server: tested, Before: x.now, Input: in}
	s.Output = cluster.StepOf(x.node, in)
	if s.Output.Fault != nil {
		x.end(Faulty, "%v", s.Output.Fault)
		return true
	}
	s.After = x.node.Observe()
	if x.at != nil && x.at.crash && in.Cut == 0 && in.Kind != spec.Crash {
		points := s.Output.CrashPoints()
		if s.Output.Refused {
			points = -1
		}
		x.points = append(x.points, points)
	}
	x.judged(&s)
	if s.Output.Refused {
		return false
	}
	x.given++
	x.now = s.After
	x.take(&s)
	if s.Output.Redirect != spec.None {
		return false
	}
	return true
}

// judged lets the rules look at a step.
func (x *execution) judged(s *spec.Step) {
	for _, b := range x.judge.Step(spec.Origin(len(x.record)+1), s) {
		if !slices.ContainsFunc(x.breaches, func(known *spec.Breach) bool { return known.Rule == b.Rule }) {
			x.breaches = append(x.breaches, b)
		}
	}
}

// take notes what a step did.
func (x *execution) take(s *spec.Step) {
	x.record = append(x.record, *s)
	x.tellStep(s)
	if s.After.Role == spec.Crashed {
		for _, p := range x.peers {
			p.asked = nil
		}
	}
	for _, e := range s.Output.Effects {
		switch e.Kind {
		case spec.Send:
			x.sent, x.expected, x.sentEver = append(x.sent, e.Message), append(x.expected, false), append(x.sentEver, e.Message)
			if p := x.peers[e.Message.To]; p != nil && e.Message.Kind.IsRequest() {
				p.asked, p.seen = append(p.asked, e.Message), append(p.seen, e.Message)
			}
		case spec.Answer, spec.Apply:
			x.told, x.toldEver = append(x.told, e), append(x.toldEver, e)
		}
	}
}

// mostOwn bounds what a server does by itself after one input.
const mostOwn = 64

// settle lets the server do what it does in steps of its own: append what it has taken on, store what waits, apply what is committed.
func (x *execution) settle() {
	for range mostOwn {
		if x.done || x.down || x.now.Role == spec.Crashed || !x.own() {
			return
		}
	}
}

func (x *execution) own() (any bool) {
	for _, k := range []struct {
		kind spec.InputKind
		does bool
	}{{spec.Append, x.subject.Variants.Has(spec.AppendsLater)}, {spec.Stored, true}, {spec.ApplyNext, x.subject.Variants.Has(spec.AppliesLater)}} {
		if !k.does || x.now.Role == spec.Crashed || x.done {
			continue
		}
		in := x.cutting(spec.Input{Kind: k.kind})
		taken := x.step(in)
		x.down = x.down || in.Cut > 0
		any = any || taken
	}
	return any && !x.down
}

// cuts lists the other ways through a script that crashes the server during a statement.
func (x *execution) cuts() []cut {
	var all []cut
	for k, points := range x.points {
		for point := 1; point <= points; point++ {
			all = append(all, cut{k + 1, point, false}, cut{k + 1, point, true})
		}
	}
	if x.inputs > 0 {
		all = append(all, cut{0, 0, true})
	}
	return all
}
