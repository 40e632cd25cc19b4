package etcd

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/internal/scan"
)

// Detect reports whether a line is of etcd's trace format: an object whose tag is "trace" and which has an event.
func Detect(line []byte) bool {
	tagged, event := false, false
	l := scan.New(line)
	for l.Open('{'); l.More('}'); {
		switch string(l.Key()) {
		case "tag":
			tagged = l.Peek() == '"' && string(l.String()) == "trace"
			if !tagged {
				return false
			}
		case "event":
			event = l.Peek() == '{'
			l.Ignore()
		default:
			l.Ignore()
		}
	}
	return event && (tagged || l.Err() == nil && bytes.Contains(line, []byte(`"nid"`)))
}

// decoder turns lines into events. It keeps what it has seen of configurations, so that equal ones are the same pointer.
type decoder struct {
	scan.Line
	configs *configs
	seen    map[string]*config // of configs, by how lines show them
	latest  *config
	raw     string // JSON text of latest
	prefix  []byte // what stood before the event on a line that was read whole
	again   again
	ids     []spec.ServerID
	lenient bool     // lines with an event or a message of a kind that is not known are passed over
	strange bool     // this line is one
	foreign *foreign // what tells that another recorder wrote this line; nil if nothing does
	changes bool     // this line shows a change of configuration
	missing string   // the first member of a state, a message or a change that the recorder always writes and this line lacks
}

func newDecoder() *decoder {
	return &decoder{configs: &configs{all: map[string]*config{}}, seen: map[string]*config{}}
}

// foreign is a member or an event of another recorder.
type foreign struct {
	of   *recorder
	what string
	at   int
}

const (
	hasName = 1 << iota
	hasNode
	hasState
	hasRole
	hasLog
	hasConf
	hasMessage
	hasEverything = hasName | hasNode | hasState | hasRole | hasLog | hasConf
)

// fields are the members that etcd's recorder writes on every line. What it writes always and a line lacks is unknown, and so nothing explains the line; only what
// it leaves out itself when there is none (the changes of a configuration, its voters, the progress that it knows) is none.
var fields = [...]string{"name", "nid", "state", "role", "log", "conf"}

var (
	stateFields    = [...]string{"term", "vote", "commit"}
	messageFields  = [...]string{"type", "term", "from", "to", "entries", "logTerm", "index", "commit", "vote", "reject", "rejectHint"}
	changeFields   = [...]string{"nid", "action"}
	progressFields = [...]string{"match", "next"}
)

// lacks notes the first of the members called names whose bit is not in has, of the part of an event at a path.
func (d *decoder) lacks(path string, names []string, has uint) {
	for k, name := range names {
		if has&(1<<k) == 0 && d.missing == "" {
			d.missing = path + "." + name
		}
	}
}

// decode reads a line. It returns false for a line that is not an event: another tag.
func (d *decoder) decode(line []byte, e *event) (bool, error) {
	number := e.line
	*e = event{line: number}
	d.strange, d.foreign, d.changes, d.missing = false, nil, false, ""
	if d.fast(line, e) {
		return true, nil
	}
	*e = event{line: number}
	d.Line.Reset(line)
	found, tagged, empty := false, true, true
	for d.Open('{'); d.More('}'); {
		empty = false
		switch string(d.Key()) {
		case "tag":
			tagged = d.Peek() == '"' && string(d.String()) == "trace"
		case "event":
			if !tagged || d.Peek() != '{' {
				d.Ignore()
				continue
			}
			d.event(e)
			found = true
		default:
			d.Ignore()
		}
	}
	d.End()
	if empty {
		d.FailAt(0, "an empty object is neither an event nor a line of a log")
	}
	if err := d.Err(); err != nil {
		return false, err
	}
	if !found && tagged && bytes.Contains(line, []byte(`"tag"`)) {
		d.FailAt(0, `a trace line without "event"`)
		return false, d.Err()
	}
	if found && tagged {
		d.learnPrefix(line)
	}
	return found && tagged && !d.strange, nil
}

func (d *decoder) event(e *event) {
	start := d.At()
	has := 0
	for d.Open('{'); d.More('}'); {
		switch key := d.Key(); string(key) {
		case "name":
			has |= hasName
			e.name = d.eventName()
		case "nid":
			has |= hasNode
			e.node = d.id()
		case "state":
			has |= hasState
			d.state(&e.state)
		case "role":
			has |= hasRole
			e.state.role = d.role()
		case "log":
			has |= hasLog
			e.state.last = spec.Index(d.Uint())
		case "conf":
			has |= hasConf
			e.state.conf = d.conf()
		case "msg":
			has |= hasMessage
			d.message(&e.message)
		case "prop":
			d.properties(e)
		default:
			d.shownBy(string(key))
			d.Ignore()
		}
	}
	if d.Err() != nil || d.strange || d.foreign != nil {
		return
	}
	for k, field := range fields {
		if has&(1<<k) == 0 {
			d.FailAt(start, "event %q has no %q", e.name, field)
		}
	}
	if d.missing != "" {
		d.FailAt(start, "event %q has no %q", e.name, d.missing)
	}
	if (e.name.sends() || e.name.receives()) && has&hasMessage == 0 {
		d.FailAt(start, "event %q has no \"msg\"", e.name)
	}
	switch {
	case e.name == changeConf && len(e.changes) == 0:
		d.FailAt(start, "event %q has no \"prop.cc.changes\"", e.name)
	case e.name == applyConfChange && !d.changes:
		d.FailAt(start, "event %q has no \"prop.cc\"", e.name)
	case e.name == applyConfChange && e.state.term > 0 && len(e.voters) == 0: // but as it starts, before its disk is read, a server has always a voter
		d.FailAt(start, "event %q has no \"prop.cc.newconf\"", e.name)
	}
	if e.node == spec.None {
		d.FailAt(start, "event %q of node 0", e.name)
	}
}

func (d *decoder) eventName() name {
	at := d.At()
	text := d.String()
	n := nameOf(text)
	switch {
	case n != 0 || d.writtenBy(string(text), at):
	case d.lenient:
		d.strange = true
	default:
		d.FailAt(at, "unknown event %q", text)
	}
	return n
}

func (d *decoder) role() spec.Role {
	at := d.At()
	switch text := d.String(); string(text) {
	case "StateFollower":
		return spec.Follower
	case "StateLeader":
		return spec.Leader
	case "StateCandidate":
		return spec.Candidate
	case "StatePreCandidate":
		return spec.PreCandidate
	default:
		d.FailAt(at, "unknown role %q", text)
	}
	return 0
}

// id reads a server's number, which the format writes as a string.
func (d *decoder) id() spec.ServerID {
	at := d.At()
	text := d.String()
	if len(text) == 1 && text[0]-'0' <= 9 {
		return spec.ServerID(text[0] - '0')
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		d.FailAt(at, "%q is not a server's number", text)
	}
	return spec.ServerID(n)
}

func (d *decoder) state(s *shown) {
	has := uint(0)
	for d.Open('{'); d.More('}'); {
		switch key := d.Key(); string(key) {
		case "term":
			has |= 1
			s.term = spec.Term(d.Uint())
		case "vote":
			has |= 2
			s.vote = d.id()
		case "commit":
			has |= 4
			s.commit = spec.Index(d.Uint())
		default:
			d.shownBy(string(key))
			d.Ignore()
		}
	}
	d.lacks("state", stateFields[:], has)
}

// conf reads a configuration, [[incoming],[outgoing]].
func (d *decoder) conf() *config {
	raw := d.Skip()
	if d.latest != nil && string(raw) == d.raw {
		return d.latest
	}
	c, known := d.seen[string(raw)]
	if !known {
		inner := decoder{Line: scan.New(raw)}
		inner.Open('[')
		var halves [][]spec.ServerID
		for inner.More(']') {
			halves = append(halves, inner.servers())
		}
		if inner.Err() != nil || len(halves) != 2 {
			d.Fail("conf is not [[incoming],[outgoing]]")
			return nil
		}
		c = d.configs.of(halves[0], halves[1])
		d.seen[string(raw)] = c
	}
	d.latest, d.raw = c, string(raw)
	return c
}

func (d *decoder) servers() []spec.ServerID {
	d.ids = d.ids[:0]
	for d.Open('['); d.More(']'); {
		d.ids = append(d.ids, d.id())
	}
	return append([]spec.ServerID(nil), d.ids...)
}

func (d *decoder) message(m *message) {
	has := uint(0)
	for d.Open('{'); d.More('}'); {
		name := string(d.Key())
		if k := slices.Index(messageFields[:], name); k >= 0 {
			has |= 1 << k
		}
		d.messageField(m, name)
	}
	if !d.strange {
		d.lacks("msg", messageFields[:], has)
	}
}

func (d *decoder) messageField(m *message, name string) {
	switch name {
	case "type":
		m.kind = d.messageKind()
	case "term":
		m.term = spec.Term(d.Uint())
	case "from":
		m.from = d.id()
	case "to":
		m.to = d.id()
	case "entries":
		m.entries = spec.Index(d.Uint())
	case "logTerm":
		m.logTerm = spec.Term(d.Uint())
	case "index":
		m.index = spec.Index(d.Uint())
	case "commit":
		m.commit = spec.Index(d.Uint())
	case "vote":
		m.vote = d.id()
	case "reject":
		m.reject = d.Bool()
	case "rejectHint":
		m.hint = spec.Index(d.Uint())
	default:
		d.Ignore()
	}
}

func (d *decoder) messageKind() kind {
	at := d.At()
	text := d.String()
	k := kindOf(text)
	switch {
	case k != noMessage:
	case d.lenient:
		d.strange = true
	default:
		d.FailAt(at, "unknown type of message %q", text)
	}
	return k
}

func (d *decoder) properties(e *event) {
	has := uint(0)
	for d.Open('{'); d.More('}'); {
		switch string(d.Key()) {
		case "match":
			has |= 1
			e.match = spec.Index(d.Uint())
		case "next":
			has |= 2
			e.next = spec.Index(d.Uint())
		case "state", "paused", "inflights_count":
			e.peers = true
			d.Ignore()
		case "cc":
			d.changes = true
			d.confChange(e)
		default:
			d.Ignore()
		}
	}
	if e.self = has > 0; e.self {
		d.lacks("prop", progressFields[:], has)
	}
}

func (d *decoder) confChange(e *event) {
	for d.Open('{'); d.More('}'); {
		switch string(d.Key()) {
		case "changes":
			for d.Open('['); d.More(']'); {
				e.changes = append(e.changes, d.change())
			}
		case "newconf":
			e.voters = d.servers()
		default:
			d.Ignore()
		}
	}
}

func (d *decoder) change() (c change) {
	has := uint(0)
	for d.Open('{'); d.More('}'); {
		switch string(d.Key()) {
		case "nid":
			has |= 1
			c.id = d.id()
		case "action":
			has |= 2
			at := d.At()
			text := d.String()
			for k := 1; k < len(actions); k++ {
				if actions[k] == string(text) {
					c.action = action(k)
				}
			}
			if c.action == 0 {
				d.FailAt(at, "unknown action %q", text)
			}
		default:
			d.Ignore()
		}
	}
	d.lacks("prop.cc.changes", changeFields[:], has)
	return c
}
