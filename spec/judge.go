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
	latePlans  [128]latePlan
	agreeing   [FactApplied + 1][]int // the rules about each kind of fact, by number
	looking    []int                  // those that compare a step with all that was committed
	keeping    []int                  // with all that was acknowledged
	answering  []int                  // with what clients know
	pairing    []int                  // a server with others
	open       []int                  // goals that are not reached
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

	commitsHidden bool // some step of a server that runs does not show how far it has committed
}

// watched is what a judge remembers of one server.
type watched struct {
	id       ServerID
	sighting sighting
	recalled recollection
	known    Known
	began    began
}

// sighting is how a server was seen.
type sighting struct {
	seen bool        // it was
	now  Observation // what it showed last
	told Observation // what it showed last of each field: facts were told up to here
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
	for k := range Goals {
		j.open = append(j.open, k)
	}
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

// Applicable returns the rules that the declared variants do not make void.
func Applicable(rules []*Rule, declared Variants) []*Rule {
	var kept []*Rule
	for _, r := range rules {
		if !slices.ContainsFunc(r.Unless, declared.Has) && (len(r.Only) == 0 || slices.ContainsFunc(r.Only, declared.Has)) {
			kept = append(kept, r)
		}
	}
	return kept
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
	j.goals(s)
	found := j.steps(s, t)
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
		}
	}
	if j.incomplete || !j.recorded {
		return nil
	}
	known := &j.of(s.Server).known
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
	known.meet(s, &j.binding, j.unnumbered, j.holes, report)
	s.inferConfigurations()
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
		sender.told(m, &sender.now, &j.binding, where(PartInput, 0))
	}
}

// refused judges a step of which the server says that nothing happened.
func (j *Judge) refused(where func(Part, int) Origin, s *Step) []*Breach {
	k := slices.Index(j.rules, refusedHarmless)
	if k < 0 {
		return nil
	}
	j.checked[k]++
	b := refusedHarmless.JudgeStep(s)
	if b == nil || !s.certain(refusedHarmless.Step) {
		return nil
	}
	b.placeAt(where)
	return []*Breach{b}
}

// goals notes the goals that a step reaches.
func (j *Judge) goals(s *Step) {
	if !s.Input.Message.Complete() {
		return
	}
	shown := ^(s.Before.Unknown | s.After.Unknown)
	for at := 0; at < len(j.open); at++ {
		k := j.open[at]
		if g := Goals[k]; shown&g.Shows == g.Shows && g.Reached(s) {
			j.reached[k] = true
			j.open = slices.Delete(j.open, at, at+1)
			at--
		}
	}
}

// JudgeStep applies the rule's Step check. It returns nil when the step keeps the promise, shows too little, or the rule has none.
func (r *Rule) JudgeStep(s *Step) *Breach {
	if r.Step == nil || !r.checkable(s) {
		return nil
	}
	return r.stepBreach(s, r.Step(s))
}

// JudgePair applies the rule's Pair check to two servers at one moment.
func (r *Rule) JudgePair(a, b *Sight) *Breach {
	if r.Pair == nil || !a.Knows(r.Needs) || !b.Knows(r.Needs) {
		return nil
	}
	found := r.Pair(a, b)
	if found == nil {
		return nil
	}
	return r.signed(found, r.pairShape(a, b))
}

// JudgeElected applies the checks of the rule that look at all that was committed: Elected if the step makes its server leader, Answered
// if it answers a read as soon as it comes, and Claimed if it tells of more as committed than it has committed.
func (r *Rule) JudgeElected(s *Step, committed []Fact) *Breach {
	look := r.looksBack(s)
	if look == nil {
		return nil
	}
	return r.laterBreach(s, look(s, committed))
}

// JudgeKept applies the rule's Kept check to a step that makes its server leader.
func (r *Rule) JudgeKept(s *Step, acknowledged []Fact) *Breach {
	if r.Kept == nil || !TookOffice(s) || !r.checkable(s) {
		return nil
	}
	return r.laterBreach(s, r.Kept(s, acknowledged))
}

// looksBack returns the check of the rule that compares this step with all that was committed, or nil.
func (r *Rule) looksBack(s *Step) func(*Step, []Fact) *Breach {
	switch {
	case r.Elected == nil && r.Answered == nil && r.Claimed == nil || !r.checkable(s):
		return nil
	case r.Elected != nil && TookOffice(s):
		return r.Elected
	case r.Answered != nil && !TookOffice(s) && s.answersAtOnce() != nil:
		return r.Answered
	case r.Claimed != nil && ClaimsCommit(s):
		return r.Claimed
	}
	return nil
}

// JudgeTold applies the rule's Told check to a step that tells clients something.
func (r *Rule) JudgeTold(before *Clients, s *Step) *Breach {
	if r.Told == nil || !r.checkable(s) || !s.Output.answers() {
		return nil
	}
	return r.laterBreach(s, r.Told(before, s))
}

// answers reports whether a client is told something.
func (o *Output) answers() bool {
	return slices.ContainsFunc(o.Effects, func(e Effect) bool { return e.Kind == Answer })
}

// JudgeFacts returns the breach of the rule that two disagreeing facts are, or nil if the rule is about other facts. The later one is
// told by the step.
func (r *Rule) JudgeFacts(s *Step, earlier, later *Fact) *Breach {
	if r.Agreement == FactNone || r.Agreement != contradicts(earlier, later) {
		return nil
	}
	b := disagreement(r, earlier, later)
	if r.Pair != nil {
		return r.signed(b, disagree)
	}
	return r.laterBreach(s, b)
}

func (r *Rule) checkable(s *Step) bool { return s.show(r.Needs) && s.After.Knows(r.NeedsAfter) }

// stepBreach signs a breach that a step shows; nil stays nil.
func (r *Rule) stepBreach(s *Step, b *Breach) *Breach {
	if b == nil {
		return nil
	}
	return r.signed(b, stepShape(s, b))
}

// laterBreach is stepBreach for what a step shows together with what came before it. It is nil as well if the step breaks the rule by itself
// in a way that is overlooked: that is the same breach, seen from another side.
func (r *Rule) laterBreach(s *Step, b *Breach) *Breach {
	if b == nil || len(r.overlooked) == 0 || r.Step == nil || !r.checkable(s) {
		return r.stepBreach(s, b)
	}
	if alone := r.Step(s); alone != nil && r.Overlooks(stepShape(s, alone)) {
		return nil
	}
	return r.stepBreach(s, b)
}

// signed puts rule and shape on a breach. It returns nil for one that the rule overlooks.
func (r *Rule) signed(b *Breach, shape string) *Breach {
	if r.Overlooks(shape) {
		return nil
	}
	b.Rule, b.Shape = r, shape
	return b
}

// tellsFacts reports whether the step may tell a fact that its server did not tell before.
func (j *Judge) tellsFacts(s *Step, t traits) bool {
	const concernsVotes = sendsMessage | sendsMessage<<(RequestVoteReply-RequestVote)
	const concernsClients = tellsCommand | doesEffect<<(Apply-Send)
	last := &j.of(s.Server).sighting
	return !last.seen || j.binding.dropsVote || t&(concernsVotes|concernsClients) != 0 || !last.told.tellsNoMore(&s.After) || s.namesLeader()
}

// namesLeader reports whether a message of the step says who leads a term, and the server itself does not.
func (s *Step) namesLeader() bool {
	names := func(m *Message) bool {
		holder := m.leader()
		return holder != None && !s.After.saysLeads(holder, m.Term, s.Server)
	}
	if s.Input.Kind == Deliver && names(&s.Input.Message) {
		return true
	}
	for _, m := range s.Output.Sent {
		if names(m) {
			return true
		}
	}
	return false
}

// agree tells the step's facts. They are what is new since the server last showed the fields that they rest on, which a record
// with gaps may have done before the step's Before.
func (j *Judge) agree(where func(Part, int) Origin, s *Step) (found []*Breach) {
	j.hears(where, s)
	j.teller.facts(&j.of(s.Server).sighting.told, s, &j.binding)
	return j.disagree
}

// heard tells what the message that a step brings says of its sender.
func (j *Judge) heard(where func(Part, int) Origin, s *Step) (found []*Breach) {
	if !j.recorded || j.incomplete || s.Input.Kind != Deliver {
		return nil
	}
	j.hears(where, s)
	j.teller.heard(s, &j.binding)
	return j.disagree
}

// hears makes the judge ready for the facts of a step.
func (j *Judge) hears(where func(Part, int) Origin, s *Step) {
	j.disagree = nil
	if j.teller.yield == nil {
		j.teller.yield = func(f *Fact) { j.disagree = append(j.disagree, j.fact(j.where, j.step, f)...) }
	}
	j.where, j.step = where, s
}

// fact adds a fact that a step tells, and judges it by what is known.
func (j *Judge) fact(where func(Part, int) Origin, s *Step, f *Fact) (found []*Breach) {
	f.Origin = where(f.Part, f.Effect)
	earlier := j.history.Agree(f)
	if f.Kind == FactVote {
		j.of(f.Server).known.votedIn(f.Term)
	}
	j.compared(f.Kind)
	if earlier == nil || !j.recorded && (earlier.Kind == FactAcknowledged || f.Kind == FactAcknowledged) {
		return nil // what is not recorded shows its commitments, and they are seen themselves
	}
	for _, r := range j.rules {
		if b := r.JudgeFacts(s, earlier, f); b != nil {
			found = append(found, b)
		}
	}
	return found
}

// compared counts that a fact of a kind was compared with what is known.
func (j *Judge) compared(kind FactKind) {
	for _, k := range j.agreeing[kind] {
		j.checked[k]++
	}
}

// tellsNoMore reports whether a later observation tells no fact that this one did not tell: leadership, log and commitment are
// as they were, and known as far as they are.
func (o *Observation) tellsNoMore(later *Observation) bool {
	const telling = FieldRole | FieldTerm | FieldLog | FieldCommit | FieldLeader
	if o.Unknown&telling != later.Unknown&telling || o.Role != later.Role || o.Term != later.Term || o.CommitIndex != later.CommitIndex || o.LeaderID != later.LeaderID {
		return false
	}
	a, b := &o.Log, &later.Log
	if a.Base != b.Base || len(a.Entries) != len(b.Entries) {
		return false
	}
	return len(a.Entries) == 0 || &a.Entries[0] == &b.Entries[0]
}

func (j *Judge) elected(s *Step, t traits) (found []*Breach) {
	const claims = sendsMessage<<(AppendEntries-RequestVote) | sendsMessage<<(InstallSnapshot-RequestVote)
	if t&isTakeOffice != 0 {
		found = j.kept(s)
	} else if t&(givenReadIndex|claims) == 0 {
		return nil
	}
	for _, k := range j.looking {
		r := j.rules[k]
		if r.Claimed != nil && s.tellsCommit() && !ClaimsCommit(s) {
			j.checked[k]++
		}
		if r.looksBack(s) == nil || (j.incomplete || j.causal) && r.Answered != nil && !TookOffice(s) {
			continue // when a read came, compared with what others committed, is not known of such a record
		}
		if r.Claimed != nil && j.holes > 0 {
			continue // somebody may have committed it in a step that is not recorded
		}
		if r.Claimed != nil && j.recorded && !j.claimsUncommitted(s) {
			continue
		}
		judge := func(s *Step) *Breach { return r.JudgeElected(s, j.history.Committed()) }
		b := judge(s)
		if b != nil && !s.certain(judge) {
			continue
		}
		j.checked[k]++
		if b != nil {
			found = append(found, b)
		}
	}
	return found
}

// kept compares a new leader with what clients were told.
func (j *Judge) kept(s *Step) (found []*Breach) {
	for _, k := range j.keeping {
		r := j.rules[k]
		if !r.checkable(s) {
			continue
		}
		acknowledged := j.history.Acknowledged()
		judge := func(s *Step) *Breach { return r.JudgeKept(s, acknowledged) }
		b := judge(s)
		if b != nil && !s.certain(judge) {
			continue
		}
		if len(acknowledged) > 0 {
			j.checked[k]++
		}
		if b != nil {
			found = append(found, b)
		}
	}
	return found
}

// told judges what clients are told, and remembers it. In a record that may order steps of different servers otherwise than they
// happened, nobody knows what was told before a read began.
func (j *Judge) told(where func(Part, int) Origin, s *Step, t traits) (found []*Breach) {
	const concerns = tellsCommand | tellsRead | doesEffect<<(Apply-Send) | givenPropose | givenReadIndex | isCrash
	if j.incomplete || j.causal || t&concerns == 0 {
		return nil
	}
	for _, k := range j.answering {
		r := j.rules[k]
		if !r.checkable(s) || t&(tellsCommand|tellsRead) == 0 {
			continue
		}
		judge := func(s *Step) *Breach { return r.JudgeTold(&j.clients, s) }
		b := judge(s)
		if b != nil && !s.certain(judge) {
			continue
		}
		j.checked[k]++
		if b != nil {
			found = append(found, b)
		}
	}
	j.clients = j.clients.After(s, where)
	return found
}

// pairs judges the server beside every other as it showed itself last. A promise on which facts must agree is left to them:
// they see all that a pair sees, and remember it.
func (j *Judge) pairs(where func(Part, int) Origin, s *Step) (found []*Breach) {
	j.look(s, where(PartAfter, 0))
	if j.incomplete {
		return nil
	}
	here, there := &j.beside[0], &j.beside[1]
	*here = Sight{s.Server, &s.After}
	for _, k := range j.pairing {
		r := j.rules[k]
		if !s.After.Knows(r.Needs | FieldUp) {
			continue
		}
		for _, id := range j.order {
			other := &j.of(id).sighting
			if id == s.Server || !other.now.Knows(r.Needs|FieldUp) || other.holes != j.holes {
				continue
			}
			j.checked[k]++
			*there = Sight{id, &other.now}
			b := r.JudgePair(here, there)
			if b == nil {
				b = r.JudgePair(there, here)
			}
			if b != nil {
				found = append(found, b.placeBeside(s.Server, where(PartAfter, 0), other.at))
			}
		}
	}
	return found
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
	if s.After.Unknown == 0 {
		*told = s.After
		return
	}
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
			return j.checked[k] + j.planned(k)
		}
	}
	return 0
}

// Shown reports whether anything that was judged showed what the rule needs: where it did, and the rule was never put to the test, nothing happened
// that the rule is about.
func (j *Judge) Shown(id string) bool {
	for k, r := range j.rules {
		if r.ID == id {
			return j.shown[k] || j.checked[k]+j.planned(k) > 0 || r.Step == nil && len(j.order) > 0 && j.shows(r)
		}
	}
	return false
}

// shows reports whether a server was seen with all that a rule about more than steps needs.
func (j *Judge) shows(r *Rule) bool {
	return slices.ContainsFunc(j.order, func(id ServerID) bool { return j.of(id).sighting.told.Knows(r.Needs) })
}

// Reached reports whether the goal of that name was reached.
func (j *Judge) Reached(goal string) bool {
	for k, g := range Goals {
		if g.Name == goal {
			return j.reached[k]
		}
	}
	return false
}

func (b *Breach) placeAt(where func(Part, int) Origin) {
	for k := range b.Evidence {
		if e := &b.Evidence[k]; e.Part != PartFact {
			e.Origin = where(e.Part, e.Effect)
		}
	}
}

// placeBeside gives the evidence of a pair its places: the server that just stepped first, then the other where it was last seen.
func (b *Breach) placeBeside(stepped ServerID, here, there Origin) *Breach {
	if b.Evidence[0].Server != stepped {
		slices.Reverse(b.Evidence)
	}
	for k := range b.Evidence {
		if e := &b.Evidence[k]; e.Server == stepped {
			e.Role, e.Origin = "here", here
		} else {
			e.Role, e.Part, e.Origin = "at the same time", PartFact, there
		}
	}
	return b
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
