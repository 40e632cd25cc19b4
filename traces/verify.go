package traces

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math/bits"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// VerifyOptions say what to judge and how far.
type VerifyOptions struct {
	Rules     []*spec.Rule // nil is all of spec.Rules
	KeepGoing bool         // report every finding, not only those at the first guilty record
	Most      int          // with KeepGoing, stop after so many findings; 0 is 100
	// Reopen opens the file again, to quote lines that have gone by; nil leaves them unquoted.
	Reopen func() (*Lines, error)
	// Ahead reads records in a goroutine of its own while others are judged. The result is the same. It is for files: where a source waits for
	// records to be written, what was read may be judged late.
	Ahead bool
	// Found, if not nil, is called with what a record is found to break, as soon as it is judged. enough says that no other record will be. Evidence
	// has no text of the lines yet.
	Found func(found []Finding, enough bool)
	// Progress, if not nil, is called now and then with the line reached.
	Progress func(line int)
}

// Result is what a recorded execution showed.
type Result struct {
	File           string
	Header         Header
	Verdict        spec.Verdict
	Rules          []RuleResult // in the rulebook's order
	Goals          []GoalResult // in the order of spec.Goals
	Findings       []Finding    // in the order of the trace
	Unsettled      []Finding    // the first of each rule that is one unless the server started again between two lines, which the trace does not tell
	Lines          int          // read and judged, from the first
	LastLine       int          // of the file; lines above Lines were not judged
	Records        int          // judged
	Steps          int          // of them, what servers did
	Servers        []spec.ServerID
	FirstTerm      spec.Term // lowest and highest term that a server showed
	LastTerm       spec.Term
	Elections      int          // how many times a server took office
	Unknown        []FieldCount // how much was not shown, for fields that some step left out
	NotExplainable int          // records of events that no rule looks at
}

// Tallies say how often a reader put rules to the test by itself, by their ids. A Source that does has a method Tally which returns them.
type Tallies [8]struct {
	Rule  string
	Times int
}

// of returns how often a rule was put to the test.
func (t *Tallies) of(rule string) (times int) {
	for k := range t {
		if t[k].Rule == rule {
			times += t[k].Times
		}
	}
	return times
}

// tallying is a Source that puts rules to the test by itself.
type tallying interface{ Tally() Tallies }

// RuleResult says what became of one rule. Inconclusive is one that was never put to the test: not checkable if the trace never shows what it
// needs, and not exercised if it does and nothing happens that the rule is about. One that was tested is inconclusive if it has an unsettled finding.
type RuleResult struct {
	Rule    *spec.Rule
	Verdict spec.Verdict
	Checked int  // how many times it was put to the test
	Shown   bool // the trace shows what it needs
}

// GoalResult says whether the execution reached a goal.
type GoalResult struct {
	Goal    *spec.Goal
	Reached bool
}

// FieldCount says in how many steps a field of a server's state was not shown.
type FieldCount struct {
	Name  string // "votedFor"
	Steps int
	First int // the first line that leaves it out
}

// keptEntries is how many entries below the lowest commitIndex of all servers are remembered. An older one can no longer differ
// without a server losing what it committed, which is seen by itself.
const keptEntries = 10_000

// Verify judges an execution record by record, in memory bounded by what Raft's promises make it remember: one fact for each
// term, vote and entry. It closes the source. The error is an *InputError for a record that cannot be read, or the context's.
func Verify(ctx context.Context, source Source, options VerifyOptions) (*Result, error) {
	defer source.Close()
	if err := undeclared(source); err != nil {
		return nil, err
	}
	if r, is := source.(interface{ streamed() }); is {
		r.streamed()
	}
	v := newVerifier(source, options)
	records := v.records()
	defer records.end()
	for v.again() {
		r, line, err := records.Next()
		if errors.Is(err, io.EOF) {
			v.result.Lines = line
			break
		}
		if err != nil {
			return nil, err
		}
		if v.result.Records%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			v.judge.Retire(keptEntries)
			if options.Progress != nil {
				options.Progress(r.Line)
			}
		}
		v.result.Lines = line
		before := len(v.result.Findings)
		v.record(r)
		if found := v.result.Findings[before:]; len(found) > 0 && options.Found != nil {
			options.Found(found, !v.again())
		}
	}
	v.tallies = records.tallies()
	records.end()
	return v.finish()
}

// records yields the records of the source, each with the line that was read last for it.
func (v *verifier) records() interface {
	Next() (*Record, int, error)
	tallies() Tallies
	end()
} {
	if v.options.Ahead {
		return newAhead(v.source)
	}
	return inTurn{v.source}
}

type verifier struct {
	source  Source
	options VerifyOptions
	judge   *spec.Judge
	rules   []*spec.Rule
	result  *Result
	shown   map[spec.ServerID]*lastLines
	unknown [len(fieldNames)]FieldCount
	pointer interface {
		Members(spec.Part, int, spec.Field) []string
	}
	native  bool // the reader reads the native format
	sending sending
	tallies Tallies // of the source, up to the last record
	current *Record
	before  spec.Field                       // what the current record itself leaves out of the state before its step
	where   func(spec.Part, int) spec.Origin // places of the parts of current
}

func newVerifier(source Source, options VerifyOptions) *verifier {
	h := source.Header()
	rules := options.Rules
	if rules == nil {
		rules = spec.Rules
	}
	file, _ := source.Position()
	v := &verifier{source: source, options: options, rules: rules, judge: spec.NewJudge(rules, h.Variants),
		result: &Result{File: file, Header: h}, shown: map[spec.ServerID]*lastLines{}}
	v.where = v.place
	_, v.native = source.(interface{ nativeFormat() })
	v.pointer, _ = source.(interface {
		Members(spec.Part, int, spec.Field) []string
	})
	if i, ok := source.(interface{ Incomplete() bool }); ok && i.Incomplete() {
		v.judge.Incomplete()
	}
	if h.Joined {
		v.judge.Causal()
	}
	v.judge.Recorded()
	if u, ok := source.(interface{ Unnumbered() bool }); ok && u.Unnumbered() {
		v.judge.Unnumbered()
	}
	return v
}

// again reports whether to read on.
func (v *verifier) again() bool {
	most := v.options.Most
	if most == 0 {
		most = 100
	}
	found := len(v.result.Findings)
	return found == 0 || v.options.KeepGoing && found < most
}

func (v *verifier) record(r *Record) {
	v.result.Records++
	var found []Finding
	if r.Step != nil {
		v.count(r)
		v.current = r
		v.before = r.Step.Before.Unknown
		if r.carried {
			v.before = ^spec.Field(0)
		}
		hidden := r.Step.After.Unknown
		for _, b := range v.judge.StepAt(v.where, r.Step) {
			found = append(found, v.finding(b, r))
		}
		for _, b := range v.judge.Unsettled()[len(v.result.Unsettled):] {
			v.result.Unsettled = append(v.result.Unsettled, v.finding(b, r))
		}
		v.shown[r.Step.Server].show(hidden, r.LineOf(spec.PartAfter, 0))
	}
	for _, c := range v.contradictions(r) {
		if v.selected(c.Breach) {
			f := v.finding(c.Breach, r)
			for k := range f.Evidence {
				if c.Member != "" {
					f.Evidence[k].members = append([]string{c.Member}, f.Evidence[k].members...)
				}
			}
			found = merge(found, f)
		}
	}
	v.result.Findings = append(v.result.Findings, earliestFirst(found)...)
}

// contradictions returns what the reader found, and for a trace whose reader looks only at lines what the record contradicts.
func (v *verifier) contradictions(r *Record) []Contradiction {
	if !v.native || r.Step == nil {
		return r.Found
	}
	c := v.sending.record(r)
	if c == nil {
		return r.Found
	}
	v.current = r
	for k := range c.Evidence {
		c.Evidence[k].Origin = v.place(c.Evidence[k].Part, c.Evidence[k].Effect)
	}
	return append(r.Found, *c)
}

// merge adds what a reader found. Where the rules found the same promise broken at the same line, it only adds what that one lacks.
func merge(found []Finding, f Finding) []Finding {
	for k := range found {
		old := &found[k]
		if old.Rule.ID != f.Rule.ID || old.guilty() != f.guilty() {
			continue
		}
		for _, p := range f.Evidence {
			if !slices.ContainsFunc(old.Evidence, func(q Place) bool { return q.Line == p.Line }) {
				old.Evidence = append(old.Evidence, p)
			}
		}
		if old.Hint == "" {
			old.Hint = f.Hint
		}
		return found
	}
	return append(found, f)
}

// selected reports whether a breach that the reader found is of a rule that is judged, and counts.
func (v *verifier) selected(b *spec.Breach) bool {
	for _, r := range v.rules {
		if r.ID == b.Rule.ID {
			return !r.Overlooks(b.Shape)
		}
	}
	return false
}

// place says where a part of the current record is: its line, or its number for a trace made in memory.
func (v *verifier) place(part spec.Part, effect int) spec.Origin {
	if line := v.current.LineOf(part, effect); line > 0 {
		return spec.Origin(line)
	}
	return spec.Origin(-v.current.Number)
}

func (v *verifier) finding(b *spec.Breach, r *Record) Finding {
	f := Finding{Breach: b}
	for k, e := range b.Evidence {
		field := cmp.Or(e.Field, b.Evidence[0].Field, telling(b.Rule))
		if k > 0 && e.Part == spec.PartBefore {
			e = v.shownBefore(e, field)
		}
		p := Place{File: v.result.File, Server: e.Server, Role: e.Role, told: e.Told}
		if v.pointer != nil {
			p.members = v.pointer.Members(e.Part, e.Effect, field)
		}
		if e.Origin < 0 {
			p.File, p.Step = "", int(-e.Origin)
		} else {
			p.Line = int(e.Origin)
		}
		if p.Line == r.Line {
			p.Step = r.Number
		}
		f.Evidence = append(f.Evidence, p)
	}
	return f
}

// shownBefore moves evidence of what a server was before a step to the line that shows it, if the step's own record does not.
func (v *verifier) shownBefore(e spec.Evidence, field spec.Field) spec.Evidence {
	if v.before&field == 0 || v.current.Where != nil && v.current.Where.Before != 0 {
		return e
	}
	if line := v.shown[v.current.Step.Server].of(field); line > 0 {
		e.Part, e.Origin = spec.PartFact, spec.Origin(line)
	}
	return e
}

// lastLines are the lines on which a server showed each part of its state last; 0 is never.
type lastLines struct {
	whole int     // the last that showed all of it
	parts [32]int // the last that showed a part and not all of it, by the number of the part's bit
}

// show takes in that a line shows all but what is hidden.
func (l *lastLines) show(hidden spec.Field, line int) {
	if hidden == 0 {
		l.whole = line
		return
	}
	for shown := (wire.EveryField | spec.FieldCompacted) &^ hidden; shown != 0; shown &= shown - 1 {
		l.parts[bits.TrailingZeros32(uint32(shown))] = line
	}
}

// of returns the last line that showed a part.
func (l *lastLines) of(part spec.Field) int {
	if part == 0 {
		return 0
	}
	return max(l.whole, l.parts[bits.TrailingZeros32(uint32(part))])
}

// earliestFirst orders the findings of one record by their guilty lines, and at one line what may be the cause before what becomes of any
// fault in the end; else it keeps the order of rules.
func earliestFirst(found []Finding) []Finding {
	outcome := func(f *Finding) int {
		if f.Rule.Outcome {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Or(a.guilty()-b.guilty(), outcome(&a)-outcome(&b)) })
	return found
}

func (f *Finding) guilty() int {
	if len(f.Evidence) == 0 {
		return 0
	}
	return f.Evidence[0].Line
}

func (v *verifier) count(r *Record) {
	v.result.Steps++
	s := r.Step
	if v.shown[s.Server] == nil {
		v.shown[s.Server] = &lastLines{}
		v.result.Servers = append(v.result.Servers, s.Server)
	}
	if s.After.Knows(spec.FieldTerm) && s.After.Term > 0 {
		if v.result.FirstTerm == 0 || s.After.Term < v.result.FirstTerm {
			v.result.FirstTerm = s.After.Term
		}
		v.result.LastTerm = max(v.result.LastTerm, s.After.Term)
	}
	if s.Before.Knows(spec.FieldRole|spec.FieldTerm) && s.After.Knows(spec.FieldRole|spec.FieldTerm) && spec.TookOffice(s) {
		v.result.Elections++
	}
	if s.After.Unknown == 0 {
		return
	}
	for k, name := range fieldNames {
		if s.After.Knows(1 << k) {
			continue
		}
		if v.unknown[k].Steps == 0 {
			v.unknown[k] = FieldCount{Name: name, First: r.Line}
		}
		v.unknown[k].Steps++
	}
}

// fieldNames names the fields of an observation in the order of their bits.
var fieldNames = [...]string{"role", "term", "votedFor", "log", "commit", "applied", "granted", "progress", "config", "durable", "leader"}

func (v *verifier) finish() (*Result, error) {
	r := v.result
	if r.Records == 0 {
		return nil, &InputError{File: r.File, Message: "the trace has no records"}
	}
	r.LastLine = r.Lines
	if d, ok := v.source.(interface{ Drain() int }); ok && len(r.Findings) > 0 {
		r.LastLine = max(r.LastLine, d.Drain())
	}
	for _, u := range v.unknown {
		if u.Steps > 0 {
			r.Unknown = append(r.Unknown, u)
		}
	}
	v.verdicts()
	quote(r, v.options.Reopen, v.native)
	return r, nil
}

func (v *verifier) verdicts() {
	r := v.result
	r.Verdict = spec.Inconclusive
	for _, rule := range v.rules {
		checked := v.judge.Checked(rule.ID)
		checked += v.tallies.of(rule.ID)
		result := RuleResult{Rule: rule, Verdict: spec.Inconclusive, Checked: checked, Shown: checked > 0 || v.judge.Shown(rule.ID)}
		if checked > 0 {
			result.Verdict = spec.Held
			if r.Verdict == spec.Inconclusive {
				r.Verdict = spec.Held
			}
		}
		is := func(f Finding) bool { return f.Rule.ID == rule.ID }
		switch {
		case slices.ContainsFunc(r.Findings, is):
			result.Verdict, r.Verdict = spec.Violated, spec.Violated
		case slices.ContainsFunc(r.Unsettled, is):
			result.Verdict = spec.Inconclusive
		}
		r.Rules = append(r.Rules, result)
	}
	if r.Verdict == spec.Held && len(r.Unsettled) > 0 {
		r.Verdict = spec.Inconclusive
	}
	for _, g := range spec.Goals {
		r.Goals = append(r.Goals, GoalResult{g, v.judge.Reached(g.Name)})
	}
}
