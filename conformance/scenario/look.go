package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// number returns what a number in a script is: counted from a start, or from a name.
func (x *execution) number(n number, from uint64) uint64 {
	switch n.name {
	case "":
	case "now":
		from = uint64(x.now.Term)
	case "end":
		from = uint64(x.now.Log.LastIndex())
	case "commit":
		from = uint64(x.now.CommitIndex)
	default:
		from = x.names[n.name]
	}
	if n.plus < 0 && uint64(-n.plus) > from {
		return 0
	}
	return from + uint64(n.plus)
}

func (x *execution) term(n number) spec.Term { return spec.Term(x.number(n, uint64(x.start.term))) }

func (x *execution) index(n number) spec.Index { return spec.Index(x.number(n, uint64(x.start.end))) }

// position returns an index and a term. What every server starts with has the term that it has there.
func (x *execution) position(v *value) (spec.Index, spec.Term) {
	at, of := x.index(v.first), x.term(v.then)
	if at == x.start.end {
		of = x.start.lastTerm
	}
	return at, of
}

func (x *execution) entriesOf(list []writtenEntry) []spec.Entry {
	var all []spec.Entry
	for _, e := range list {
		all = append(all, spec.Entry{Term: x.term(e.term), Kind: e.kind, Value: e.value})
	}
	return all
}

// message makes the message that a statement says a peer sends. What it leaves out is what the server's own numbers make it: the term the server's, the
// end of the log as the peer has it.
func (x *execution) message(s *statement) (spec.Message, error) {
	m := spec.Message{Kind: s.kind, From: s.peer, To: tested, Term: x.now.Term, PrevLogIndex: x.start.end, PrevLogTerm: x.start.lastTerm,
		LastLogIndex: x.start.end, LastLogTerm: x.start.lastTerm, LeaderCommit: x.start.end}
	for k := range s.fields {
		f := &s.fields[k]
		switch v := &f.value; f.name {
		case "term":
			m.Term = x.term(v.first)
		case "last":
			m.LastLogIndex, m.LastLogTerm = x.position(v)
			m.PrevLogIndex, m.PrevLogTerm = m.LastLogIndex, m.LastLogTerm
		case "granted":
			m.Granted = v.flag
		case "prev":
			m.PrevLogIndex, m.PrevLogTerm = x.position(v)
		case "entries":
			m.Entries = x.entriesOf(v.list)
		case "commit":
			m.LeaderCommit = x.index(v.first)
		case "success":
			m.Success = v.flag
		case "match":
			m.MatchIndex = x.index(v.first)
		case "conflict":
			m.ConflictIndex = x.index(v.first)
		case "mark":
			m.Payload = v.text
		case "offset":
			offset, err := strconv.ParseUint(v.text, 10, 32)
			if err != nil {
				return m, fmt.Errorf("%q is no offset", v.text)
			}
			m.Offset = offset
		case "done":
			m.Partial = !v.flag
		case "config":
			m.Entries = []spec.Entry{{Kind: spec.ConfigurationChange, Value: strings.ReplaceAll(v.text, ";", " ")}}
		default:
			return m, fmt.Errorf("a message is not given %q", f.name)
		}
	}
	return only(m), nil
}

// only clears the fields that a message of its kind has not got.
func only(m spec.Message) spec.Message {
	uses := m.Kind.Uses()
	if uses&spec.MessageLastIndex == 0 {
		m.LastLogIndex, m.LastLogTerm = 0, 0
	}
	if uses&spec.MessagePrevIndex == 0 {
		m.PrevLogIndex, m.PrevLogTerm = 0, 0
	}
	if uses&spec.MessageCommit == 0 {
		m.LeaderCommit = 0
	}
	if m.Kind == spec.InstallSnapshot && len(m.Entries) > 0 {
		m.Entries[0].Term = m.PrevLogTerm
	}
	return m
}

// expect looks whether what a statement expects is so.
func (x *execution) expect(s *statement) {
	switch s.what {
	case inMessages:
		x.expectMessage(s)
	case inState, onDisk:
		if wrong := x.unlike(s.what, s.fields); (wrong == "") == (s.demand == mustNot) {
			x.fail(s.demand, "%s", cmp.Or(wrong, fmt.Sprintf("%s %s, and must not", tested, s.text)))
		}
	default:
		if found := x.found(s.what, s.value, s.fields, false); found == (s.demand == mustNot) {
			x.fail(s.demand, "%s, and %s", x.did(s), ought(s))
		}
	}
}

// ought says what a statement asks for.
func ought(s *statement) string {
	if s.demand == need {
		return "what the scenario needs is: " + strings.TrimPrefix(s.text, "need ")
	}
	return s.text
}

// did says what clients were told, or that the server refused.
func (x *execution) did(s *statement) string {
	if s.what == inRefusal {
		return map[bool]string{true: "n1 refuses it", false: "n1 does not refuse it"}[x.refused]
	}
	var said []string
	for k := range x.told {
		said = append(said, effectText(&x.told[k]))
	}
	if len(said) == 0 {
		return "no client is told anything"
	}
	return strings.Join(said, "; ")
}

func (x *execution) expectMessage(s *statement) {
	found := false
	for k := range x.sent {
		if x.matches(&x.sent[k], s.kind, s.fields) {
			found = true
			x.expected[k] = true
			if s.demand == mustNot {
				x.fail(s.demand, "%s sends %s, and %s", tested, x.sent[k], ought(s))
				return
			}
		}
	}
	if !found && (s.demand == must || s.demand == need) {
		x.fail(s.demand, "%s sends %s, and %s", tested, x.sendsWhat(), ought(s))
	}
}

func (x *execution) sendsWhat() string {
	if len(x.sent) == 0 {
		return "nothing"
	}
	texts := make([]string, len(x.sent))
	for k := range x.sent {
		texts[k] = x.sent[k].String()
	}
	return strings.Join(texts, "; ")
}

func (x *execution) nothingElse() {
	for k := range x.sent {
		if !x.expected[k] {
			x.fail(must, "%s sends %s, and nothing else may be sent", tested, x.sent[k])
			return
		}
	}
}

// holds reports whether all conditions are so.
func (x *execution) holds(conditions []condition) bool {
	return !slices.ContainsFunc(conditions, func(c condition) bool {
		var is bool
		switch c.what {
		case inMessages:
			among := x.sent
			if c.ever {
				among = x.sentEver
			}
			is = slices.ContainsFunc(among, func(m spec.Message) bool { return x.matches(&m, c.kind, c.fields) })
		case inState, onDisk:
			is = x.unlike(c.what, c.fields) == ""
		default:
			is = x.found(c.what, c.value, c.fields, c.ever)
		}
		return is == c.not
	})
}

// found reports whether a client was told, or the state machine given, what is looked for, or the last input was refused.
func (x *execution) found(what seen, of string, fields []field, ever bool) bool {
	if what == inRefusal {
		return x.refused
	}
	word, name, _ := strings.Cut(of, " ")
	among := x.told
	if ever {
		among = x.toldEver
	}
	return slices.ContainsFunc(among, func(e spec.Effect) bool {
		r := &e.Reply
		if r.Value != name || (e.Kind == spec.Apply) != (word == "apply") || r.Failed != (word == "failure") {
			return false
		}
		for k := range fields {
			if f := &fields[k]; !r.NoIndex && r.Index > 0 && !compare(f.op, uint64(r.Index), uint64(x.index(f.value.first))) {
				return false
			}
		}
		return true
	})
}

// matches reports whether a message is what fields say. What is not known of it matches.
func (x *execution) matches(m *spec.Message, kind spec.MessageKind, fields []field) bool {
	if m.Kind != kind {
		return false
	}
	for k := range fields {
		if !x.fits(m, &fields[k]) {
			return false
		}
	}
	return true
}

func (x *execution) fits(m *spec.Message, f *field) bool {
	v := &f.value
	number := func(knows spec.MessageField, got, want uint64) bool {
		return !m.Knows(knows) || compare(f.op, got, want)
	}
	is := func(knows spec.MessageField, same bool) bool { return !m.Knows(knows) || same == (f.op == "=") }
	switch f.name {
	case "term":
		return number(spec.MessageTerm, uint64(m.Term), uint64(x.term(v.first)))
	case "to":
		return is(spec.MessageTo, m.To == v.who)
	case "granted":
		return is(spec.MessageGranted, m.Granted == v.flag)
	case "success":
		return is(spec.MessageSuccess, m.Success == v.flag)
	case "match":
		return number(spec.MessageMatch, uint64(m.MatchIndex), uint64(x.index(v.first)))
	case "conflict":
		return number(0, uint64(m.ConflictIndex), uint64(x.index(v.first)))
	case "commit":
		return number(spec.MessageCommit, uint64(m.LeaderCommit), uint64(x.index(v.first)))
	case "upto":
		return number(spec.MessagePrevIndex|spec.MessageEntries, uint64(m.LastEntryIndex()), uint64(x.index(v.first)))
	case "last", "prev":
		at, of := x.position(v)
		if m.Kind == spec.RequestVote || m.Kind == spec.PreVote {
			return is(spec.MessageLastIndex|spec.MessageLastTerm, m.LastLogIndex == at && m.LastLogTerm == of)
		}
		return is(spec.MessagePrevIndex, m.PrevLogIndex == at && (!m.Knows(spec.MessagePrevTerm) || m.PrevLogTerm == of))
	case "entries":
		return is(spec.MessageEntries, x.sameEntries(m.Entries, v.list))
	case "carries":
		return is(spec.MessageEntries, slices.ContainsFunc(m.Entries, func(e spec.Entry) bool { return x.sameEntry(e, &v.list[0]) }))
	}
	return true
}

func (x *execution) sameEntries(got []spec.Entry, want []writtenEntry) bool {
	return slices.EqualFunc(got, want, func(e spec.Entry, w writtenEntry) bool { return x.sameEntry(e, &w) })
}

func (x *execution) sameEntry(e spec.Entry, w *writtenEntry) bool {
	return e.Term == x.term(w.term) && (w.any || e.Kind == w.kind && e.Value == w.value)
}

func compare(op string, got, want uint64) bool {
	switch op {
	case "=":
		return got == want
	case "!=":
		return got != want
	case "<":
		return got < want
	case "<=":
		return got <= want
	case ">":
		return got > want
	}
	return got >= want
}

// unlike says in what the server, or its disk, is not as fields say; "" if it is, as far as it shows.
func (x *execution) unlike(what seen, fields []field) string {
	o := &x.now
	if what == onDisk {
		if !o.Knows(spec.FieldDurable) {
			return ""
		}
		d := &o.Durable
		o = &spec.Observation{Term: d.Term, VotedFor: d.VotedFor, Log: d.Log}
		if d.Unknown != 0 {
			o.Unknown = d.Unknown
		}
	}
	for k := range fields {
		if got, knows, ok := x.isAs(o, &fields[k]); o.Knows(knows) && !ok {
			of := map[bool]string{true: "on the disk of n1", false: "of n1"}[what == onDisk]
			return fmt.Sprintf("%s %s is %s, not %s%s", fields[k].name, of, got, strings.TrimPrefix(fields[k].op, "="), fields[k].value.text)
		}
	}
	return ""
}

// isAs compares one field, and says what it is and what must be shown for that.
func (x *execution) isAs(o *spec.Observation, f *field) (got string, knows spec.Field, ok bool) {
	v := &f.value
	number := func(n, want uint64) (string, bool) { return fmt.Sprint(n), compare(f.op, n, want) }
	is := func(shown string, same bool) (string, bool) { return shown, same == (f.op == "=") }
	switch f.name {
	case "role":
		knows = spec.FieldRole
		got, ok = is(o.Role.String(), o.Role.String() == v.text)
	case "term":
		knows = spec.FieldTerm
		got, ok = number(uint64(o.Term), uint64(x.term(v.first)))
	case "vote":
		knows = spec.FieldVotedFor
		got, ok = is(o.VotedFor.String(), o.VotedFor == v.who)
	case "leader":
		knows = spec.FieldLeader
		got, ok = is(o.LeaderID.String(), o.LeaderID == v.who)
	case "commit":
		knows = spec.FieldCommit
		got, ok = number(uint64(o.CommitIndex), uint64(x.index(v.first)))
	case "applied":
		knows = spec.FieldApplied
		got, ok = number(uint64(o.LastApplied), uint64(x.index(v.first)))
	case "end":
		knows = spec.FieldLog
		got, ok = number(uint64(o.Log.LastIndex()), uint64(x.index(v.first)))
	case "base":
		knows = spec.FieldLog | spec.FieldCompacted
		got, ok = number(uint64(o.Log.Base), uint64(x.index(v.first)))
	case "last":
		knows = spec.FieldLog
		at, of := x.position(v)
		got, ok = is(fmt.Sprintf("%d@%d", o.Log.LastIndex(), o.Log.LastTerm()), o.Log.LastIndex() == at && o.Log.LastTerm() == of)
	case "log", "holds", "lacks":
		knows = spec.FieldLog
		got, ok = x.logAs(o.Log, f)
	case "voters", "learners", "outgoing":
		knows = spec.FieldConfig
		ids := map[string][]spec.ServerID{"voters": o.Config.Voters, "learners": o.Config.Learners, "outgoing": o.Config.Outgoing}[f.name]
		shown := joined(ids)
		got, ok = is(cmp.Or(shown, "nobody"), shown == strings.TrimPrefix(v.text, "nobody"))
	}
	return got, knows, ok
}

// logAs compares a log with what was added to it since the start, as far as it is not compacted; or looks for an entry in it.
func (x *execution) logAs(log spec.Log, f *field) (string, bool) {
	held := log
	if log.Base < x.start.end { // what the server starts with
		held.Entries = log.Entries[min(int(x.start.end-log.Base), len(log.Entries)):]
		held.Base = x.start.end
	}
	list := f.value.list
	if f.name == "log" {
		if skip := int(held.Base - x.start.end); skip > len(list) {
			return log.String(), f.op != "="
		} else {
			list = list[skip:]
		}
		return log.String(), x.sameEntries(held.Entries, list) == (f.op == "=")
	}
	there := slices.ContainsFunc(held.Entries, func(e spec.Entry) bool { return x.sameEntry(e, &list[0]) })
	return log.String(), there == (f.name == "holds")
}

func joined(ids []spec.ServerID) string {
	names := make([]string, len(ids))
	for k, id := range ids {
		names[k] = id.String()
	}
	return strings.Join(names, ",")
}
