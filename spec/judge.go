package spec

import "slices"

// Judge watches an execution step by step and says which promises are broken. It is the slow, obvious way to judge, and the
// way every finding is confirmed; the checker memoises the very same rules.
type Judge struct {
	all        []*Rule // as they were given
	rules      []*Rule // those of them that are not void
	declared   Variants
	binding    binding
	incomplete bool
	causal     bool
	recorded   bool
	unnumbered bool
	history    History
	clients    Clients
	servers    map[ServerID]*watched
	near       [16]*watched // of servers, by the last digits of their names
	order      []ServerID   // of first sight
	checked    []int        // how often each of the rules was put to the test
	plans      map[kindOfStep]*plan
	latePlans  [512]*plan
	agreeing   [FactApplied + 1][]int // the rules about each kind of fact, by number
	looking    []int                  // those that compare a step with all that was committed
	keeping    []int                  // with all that was acknowledged
	answering  []int                  // with what clients know
	pairing    []int                  // a server with others
	shown      []bool                 // whether the record shows what each of the rules needs
	reached    []bool                 // each of Goals
	requests   requests
	beside     [2]Sight // scratch of pairs

	teller   teller
	where    func(Part, int) Origin // of the step whose facts are told,
	step     *Step                  // the step,
	disagree []*Breach              // and what they break
	holes    int                    // in the record so far
	hearsay  hearsay

	unsettled []*Breach // the first of each rule that a start explains, if there was one that the record does not tell of

	commitsHidden bool // some step of a server that runs does not show how far it has committed
}

// watched is what a judge remembers of one server.
type watched struct {
	id       ServerID
	sighting sighting
	recalled recollection
	known    Known
	began    began
	leads    compared
}

// sighting is how a server was seen.
type sighting struct {
	seen bool        // it was
	now  Observation // what it showed last
	told Observation // what it showed last of its role, term, leader, log and commit index, and which fields it ever showed: facts were told up to here
	at   Origin      // where now was seen

	holes int // in the record up to there
}

// NewJudge returns a judge for the given rules and an implementation's declared variants.
func NewJudge(rules []*Rule, declared Variants) *Judge {
	j := &Judge{all: rules, rules: Applicable(rules, declared), declared: declared, servers: map[ServerID]*watched{}, reached: make([]bool, len(Goals)),
		plans: map[kindOfStep]*plan{}}
	j.checked, j.shown = make([]int, len(j.rules)), make([]bool, len(j.rules))
	for k, r := range j.rules {
		add := func(to *[]int, is bool) {
			if is {
				*to = append(*to, k)
			}
		}
		add(&j.agreeing[r.Agreement], r.Agreement != FactNone)
		add(&j.looking, r.Elected != nil || r.Answered != nil || r.Claimed != nil)
		add(&j.keeping, r.Kept != nil)
		add(&j.answering, r.Told != nil)
		add(&j.pairing, r.Pair != nil && r.Agreement == FactNone)
	}
	j.binding = bindingOf(declared)
	return j
}

// Incomplete tells the judge that the record may leave steps out or order steps of different servers differently than they
// happened. What two servers showed last was then not shown at one moment, and Pair checks are left out.
func (j *Judge) Incomplete() { j.incomplete = true }

// Causal tells the judge that the record orders steps of different servers by cause, and not by time: it is one of the orders in which
// they may have happened, and no server could tell them apart. Clients could, and clocks can. So what a read must see is not
// judged by what comes before it, which is for the clients' own history.
func (j *Judge) Causal() { j.causal = true }

// Recorded tells the judge that steps come from a record, which need not show all. What is known of each server is then carried from step to
// step ([Known]); a server that is run in memory shows all of itself, and is what it was.
func (j *Judge) Recorded() { j.recorded = true }

// Unnumbered tells the judge that nothing in the record says whether steps are left out. A step that begins otherwise than the one before it
// ended is then one that others came before.
func (j *Judge) Unnumbered() { j.unnumbered = true }

// Retire forgets facts about entries that every server seen so far has committed, but for the latest keep of them. Memory is then
// bounded by how far the slowest server is behind.
func (j *Judge) Retire(keep Index) {
	lowest := ^Index(0)
	for _, id := range j.order {
		told := &j.of(id).sighting.told
		if !told.Knows(FieldCommit) {
			return
		}
		lowest = min(lowest, told.CommitIndex)
	}
	if len(j.order) > 0 && lowest > keep {
		j.history.Retire(lowest - keep)
	}
}

// Step judges the next step, seen at origin, and returns the promises it breaks in the order of the rules.
func (j *Judge) Step(origin Origin, s *Step) []*Breach {
	return j.StepAt(func(Part, int) Origin { return origin }, s)
}

// StepAt is Step for a record whose parts were seen at different places: where tells the place of each part, and for
// PartEffect of the effect with that index.
func (j *Judge) StepAt(where func(Part, int) Origin, s *Step) []*Breach {
	if s.Output.Refused {
		return j.refused(where, s)
	}
	s = s.Judged()
	s.Declared = j.declared
	s.recalled = j.recall(s)
	met := j.meet(where, s)
	s.recalled.asks(s)
	t := s.traits()
	p := j.planFor(s, t)
	j.goals(s, p)
	found := j.steps(s, p)
	if j.tellsFacts(s, t) {
		found = append(found, j.agree(where, s)...)
	}
	found = append(found, j.heard(where, s)...)
	found = append(found, j.elected(s, t)...)
	found = append(found, j.told(where, s, t)...)
	found = append(found, met...)
	found = append(found, j.hear(where, s, len(found) > 0)...)
	for _, b := range found {
		b.placeAt(where)
	}
	found = append(found, j.pairs(where, s)...)
	found = j.firstOfEach(found)
	for _, b := range found {
		b.ByDesign = j.designs(b, s)
	}
	s.recalled.remember(s)
	j.learn(where, s)
	return found
}

// meet compares a step with what is known of its server, and adds that to it.
func (j *Judge) meet(where func(Part, int) Origin, s *Step) (found []*Breach) {
	if s.Hole {
		j.holes++
		for _, id := range j.order {
			j.withdraw(id)
			j.of(id).known.mayLose()
		}
	}
	if j.incomplete || !j.recorded {
		return nil
	}
	known := &j.of(s.Server).known
	if s.Gap || !known.seen {
		known.mayLose()
	}
	if s.Gap || s.crashes() || s.Input.Kind == Restart {
		j.withdraw(s.Server)
	}
	report := func(r *Rule, b *Breach) {
		if slices.Contains(j.rules, r) {
			if b = r.stepBreach(s, b); b != nil {
				found = append(found, b)
			}
		}
	}
	unsettled := func(r *Rule, b *Breach) {
		if slices.Contains(j.rules, r) && !slices.ContainsFunc(j.unsettled, func(u *Breach) bool { return u.Rule == r }) {
			if b = r.stepBreach(s, b); b != nil {
				b.placeAt(where)
				j.unsettled = append(j.unsettled, b)
			}
		}
	}
	known.meet(s, &j.binding, j.unnumbered, j.holes, where, report, unsettled)
	s.inferConfigurations()
	if m := &s.Input.Message; s.Input.Kind == Deliver && m.Knows(MessageFrom) && m.From != s.Server && m.From != None {
		sender := &j.of(m.From).known
		if b := sender.grantsBeside(s, &j.binding, !j.causal && !j.unnumbered && sender.hole == j.holes); b != nil {
			report(voteOnce, b)
		}
	}
	if s.Input.Kind == Deliver && !j.causal && !j.unnumbered && !j.binding.volatile && s.Input.Message.Knows(MessageFrom) && s.Input.Message.From != s.Server {
		sender := &j.of(s.Input.Message.From).known
		if b := sender.sent(s, j.holes); b != nil {
			report(traceConsistent, b)
		}
	}
	return found
}

// inferConfigurations fills in configurations that a record does not show and that follow from the logs that it shows.
func (s *Step) inferConfigurations() {
	s.inferred = false
	if !s.Declared.Has(ConfigurationInLog) {
		return
	}
	for _, o := range [...]*Observation{&s.Before, &s.After} {
		if o.Knows(FieldConfig) || !o.Knows(FieldLog) {
			continue
		}
		if c, _, found := s.lastConfiguration(&o.Log, o.Log.LastIndex()); found {
			o.Config, o.Unknown, s.inferred = c, o.Unknown&^FieldConfig, o == &s.After
		}
	}
}

// of returns what is remembered of a server.
func (j *Judge) of(server ServerID) *watched {
	near := &j.near[server%ServerID(len(j.near))]
	if w := *near; w != nil && w.id == server {
		return w
	}
	w := j.servers[server]
	if w == nil {
		w = &watched{id: server, sighting: sighting{told: Observation{Unknown: ^Field(0)}}, recalled: recollection{requests: &j.requests},
			known: Known{now: Observation{Unknown: ^Field(0)}}}
		j.servers[server] = w
	}
	*near = w
	return w
}

// learn adds what the step shows to what is known, of its server and of the one that sent it a message.
func (j *Judge) learn(where func(Part, int) Origin, s *Step) {
	if j.incomplete || !j.recorded {
		return
	}
	j.begins(s)
	j.of(s.Server).known.learn(s, &j.binding, j.holes, where)
	m := &s.Input.Message
	if s.Input.Kind == Deliver && !j.causal && !s.Output.Refused && m.Knows(MessageFrom) && m.From != s.Server && m.From != None &&
		j.binding.promises() {
		sender := &j.of(m.From).known
		sender.told(m, true, &sender.now, &j.binding, where(PartInput, 0))
	}
	if !j.causal && !s.crashes() && j.binding.promises() {
		j.believes(s, where(PartAfter, 0))
	}
}

// believes adds what others have told a candidate or a leader, as it shows that: their votes, and what they acknowledged.
func (j *Judge) believes(s *Step, at Origin) {
	o := &s.After
	if !o.Knows(FieldRole|FieldTerm) || o.Role != Candidate && o.Role != Leader {
		return
	}
	if o.Knows(FieldVotes) {
		for _, id := range o.Granted {
			if id != s.Server {
				j.of(id).known.grants(o.Term, s.Server, at)
			}
		}
	}
	if !o.Knows(FieldProgress) || o.Role != Leader || j.binding.healsFirst {
		return
	}
	for _, p := range o.Progress {
		if p.Server != s.Server && p.MatchIndex > 0 {
			j.of(p.Server).known.promised.acked.extend(o.Term, p.MatchIndex, at)
		}
	}
}

// refused judges a step of which the server says that nothing happened.
func (j *Judge) refused(where func(Part, int) Origin, s *Step) []*Breach {
	k := slices.Index(j.rules, refusedHarmless)
	if k < 0 {
		return nil
	}
	j.shown[k] = true
	if refusedHarmless.Exercises(s) {
		j.checked[k]++
	}
	b := refusedHarmless.JudgeStep(s)
	if b == nil || !s.certain(refusedHarmless.Step) {
		return nil
	}
	b.placeAt(where)
	return []*Breach{b}
}

// look remembers what the server shows after the step.
func (j *Judge) look(s *Step, at Origin) {
	seen := &j.of(s.Server).sighting
	if !seen.seen {
		seen.seen = true
		j.order = append(j.order, s.Server)
	}
	if !j.incomplete {
		seen.now, seen.at, seen.holes = s.After, at, j.holes
	}
	told := &seen.told
	if s.After.Knows(FieldRole) {
		told.Role = s.After.Role
	}
	if s.After.Knows(FieldTerm) {
		told.Term = s.After.Term
	}
	if s.After.Knows(FieldLeader) {
		told.LeaderID = s.After.LeaderID
	}
	if s.After.Knows(FieldLog) {
		told.Log = s.After.Log
	}
	if s.After.Knows(FieldCommit) {
		told.CommitIndex = s.After.CommitIndex
	}
	told.Unknown &= s.After.Unknown
}

// Checked returns how many times the rule was put to the test: 0 says that nothing was shown about it.
func (j *Judge) Checked(id string) int {
	for k, r := range j.rules {
		if r.ID == id {
			j.countPlanned()
			return j.checked[k]
		}
	}
	return 0
}

// Tests tells of each rule that is judged how many times it was put to the test so far, as [Judge.Checked] does, in the order of the rules.
func (j *Judge) Tests(tell func(r *Rule, times int)) {
	j.countPlanned()
	for k, r := range j.rules {
		tell(r, j.checked[k])
	}
}

// Shown reports whether anything that was judged showed what the rule needs: where it did, and the rule was never put to the test, nothing happened
// that the rule is about.
func (j *Judge) Shown(id string) bool {
	for k, r := range j.rules {
		if r.ID == id {
			return j.shown[k] || j.checked[k] > 0 || r.Step == nil && len(j.order) > 0 && j.shows(r)
		}
	}
	return false
}

// shows reports whether a server was seen with all that a rule about more than steps needs.
func (j *Judge) shows(r *Rule) bool {
	return slices.ContainsFunc(j.order, func(id ServerID) bool { return j.of(id).sighting.told.Knows(r.Needs) })
}

// Unsettled returns, in a record that does not say whether steps are missing, the first breach of each rule which there is unless the server started again
// in a step that is missing.
func (j *Judge) Unsettled() []*Breach { return j.unsettled }

// Reached reports whether the goal of that name was reached.
func (j *Judge) Reached(goal string) bool {
	for k, g := range Goals {
		if g.Name == goal {
			return j.reached[k]
		}
	}
	return false
}

// firstOfEach keeps the first breach of every rule, in the order of the rules.
func (j *Judge) firstOfEach(found []*Breach) []*Breach {
	if len(found) == 0 {
		return nil
	}
	var kept []*Breach
	for _, r := range j.rules {
		if k := slices.IndexFunc(found, func(b *Breach) bool { return b.Rule == r }); k >= 0 {
			kept = append(kept, found[k])
		}
	}
	return kept
}
