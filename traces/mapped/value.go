package mapped

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// valueKind is how a value is written in the native format.
type valueKind uint8

const (
	aNumber valueKind = iota + 1
	aTruth
	aText
	aRole
	aServer
	someServers
	someEntries
)

// The members of a state, a message and an input, as the native format calls them. base, baseTerm, lastLogIndex and lastLogTerm are parts of
// log, and voters, outgoing and learners of config.
var (
	stateKinds = map[string]valueKind{"role": aRole, "term": aNumber, "votedFor": aServer, "leader": aServer, "commit": aNumber, "applied": aNumber,
		"granted": someServers, "refused": someServers, "log": someEntries, "base": aNumber, "baseTerm": aNumber, "lastLogIndex": aNumber, "lastLogTerm": aNumber,
		"voters": someServers, "outgoing": someServers, "learners": someServers}
	messageKinds = map[string]valueKind{"term": aNumber, "lastLogIndex": aNumber, "lastLogTerm": aNumber, "granted": aTruth, "prevLogIndex": aNumber,
		"prevLogTerm": aNumber, "entries": someEntries, "leaderCommit": aNumber, "success": aTruth, "matchIndex": aNumber, "conflictIndex": aNumber,
		"conflictTerm": aNumber, "payload": aText}
	inputKinds = map[string]valueKind{"value": aText, "client": aText, "peer": aServer}
)

// nobodies are words that programs write for no server.
var nobodies = []string{"-1", "none", "nil", "<nil>", "null", "nobody", "-"}

// nobodyError is such a word where a server belongs, and no line is about a server of that name.
type nobodyError struct{ name string }

func (e *nobodyError) Error() string { return fmt.Sprintf("%q, which is no server", e.name) }

// largest is the largest number that the native format takes.
const largest = 1 << 53

// shown returns the JSON of a member as a line shows it, or false where it does not.
func (r *Reader) shown(m *member) (string, bool, error) {
	value, shown := m.in(&r.line)
	if !shown {
		return "", false, nil
	}
	if value == nobody {
		return "null", m.kind == aServer, nil
	}
	text, err := r.native(m, value)
	var nobody *nobodyError
	if errors.As(err, &nobody) {
		fault := r.fault("%q is %q, which is no server (%s is read from it at %s)", m.field, nobody.name, m.name, r.mapping.place(m.line))
		fault.Hint = fmt.Sprintf("if it is nobody, say so there: values: {%q: null}", nobody.name)
		return "", false, fault
	}
	if err != nil {
		where := fmt.Sprintf("%q", m.field)
		if m.constant != nil {
			where = "the value"
		}
		return "", false, r.fault("%s is %s (%s is read from it at %s)", where, err, m.name, r.mapping.place(m.line))
	}
	return text, true, nil
}

// native writes a value as the native format has it. The error goes on after "the field is".
func (r *Reader) native(m *member, value any) (string, error) {
	switch m.kind {
	case someServers:
		return r.servers(value)
	case someEntries:
		return m.list(value, &r.line.seen)
	}
	text, plain := textOf(value)
	if !plain {
		return "", fmt.Errorf("a list or an object")
	}
	switch m.kind {
	case aNumber:
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil || n > largest {
			return "", fmt.Errorf("%q, and not a number from 0 to 2^53", text)
		}
		return strconv.FormatUint(n, 10), nil
	case aTruth:
		is, err := strconv.ParseBool(strings.ToLower(text))
		if err != nil {
			return "", fmt.Errorf("%q, and neither true nor false", text)
		}
		return strconv.FormatBool(is), nil
	case aRole:
		role := strings.ToLower(text)
		for known := spec.Follower; known <= spec.Crashed; known++ {
			if role == known.String() {
				return strconv.Quote(role), nil
			}
		}
		return "", fmt.Errorf("%q, and not follower, pre-candidate, candidate, leader or crashed: values says what it means", text)
	case aServer:
		if text == "" {
			return "null", nil
		}
		if _, known := r.ids[text]; !known && len(r.mapping.names) == 0 && slices.Contains(nobodies, strings.ToLower(text)) {
			return "", &nobodyError{text}
		}
		return r.serverNamed(text)
	}
	return string(wire.AppendText(nil, text)), nil
}

// servers writes a list of servers: a JSON list, or names with commas or spaces between.
func (r *Reader) servers(value any) (string, error) {
	var names []string
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			name, plain := textOf(element)
			if !plain {
				return "", fmt.Errorf("a list of something else than servers")
			}
			names = append(names, name)
		}
	case string:
		names = strings.FieldsFunc(v, func(c rune) bool { return strings.ContainsRune(" ,;[](){}", c) })
	default:
		return "", fmt.Errorf("not a list of servers")
	}
	out := make([]string, len(names))
	for k, name := range names {
		var err error
		if out[k], err = r.serverNamed(name); err != nil {
			return "", err
		}
	}
	return "[" + strings.Join(out, ",") + "]", nil
}

// serverNamed returns the native name of a server, in quotes.
func (r *Reader) serverNamed(name string) (string, error) {
	id, err := r.id(name)
	return strconv.Quote(id.String()), err
}

// list writes a list of entries. An element is an object, or a number that is the entry's term.
func (s *source) list(value any, seen *sightings) (string, error) {
	if text, is := value.(string); is {
		if err := unique([]byte(text)); err != nil {
			return "", fmt.Errorf("%q, and not a list of entries: %w", text, err)
		}
		value = decoded([]byte(text))
	}
	all, is := value.([]any)
	if !is {
		return "", fmt.Errorf("not a list of entries")
	}
	fields := s.entries
	if fields == nil {
		fields = &entrySources{term: "term", value: "value", kind: "kind"}
	}
	out := []byte{'['}
	for k, element := range all {
		if k > 0 {
			out = append(out, ',')
		}
		e := wire.Open(out)
		if err := fields.write(&e, element, seen); err != nil {
			return "", err
		}
		out = e.Close()
	}
	return string(append(out, ']')), nil
}

func (f *entrySources) write(out *wire.Object, element any, seen *sightings) error {
	object, is := element.(map[string]any)
	if !is {
		term, plain := textOf(element)
		n, err := strconv.ParseUint(term, 10, 53)
		if !plain || err != nil {
			return fmt.Errorf("a list with something else in it than entries or their terms")
		}
		out.Uint("term", n)
		return nil
	}
	seen.note(f.termPath, has(object, f.term))
	if term, shown := partOf(object, f.term); shown {
		n, err := strconv.ParseUint(term, 10, 53)
		if err != nil {
			return fmt.Errorf("a list in which %q of an entry is %q, and not a term", f.term, term)
		}
		out.Uint("term", n)
	}
	seen.note(f.kindPath, has(object, f.kind))
	if kind, shown := partOf(object, f.kind); shown {
		if word := f.kinds[kind]; word != nil {
			kind = *word
		}
		if kind != spec.Command.String() && kind != spec.NoOp.String() && kind != spec.ConfigurationChange.String() {
			return fmt.Errorf("a list in which %q of an entry is %q, and not command, no-op or configuration: values says what it means", f.kind, kind)
		}
		out.Text("kind", kind)
	}
	seen.note(f.valuePath, has(object, f.value))
	if value, shown := partOf(object, f.value); shown {
		out.Bytes("value", value)
	}
	return nil
}

// has reports whether an object has a part, null or not.
func has(object map[string]any, name string) bool {
	_, there := within(object, name)
	return there
}

// partOf returns what an object shows of a part, as text: what is no text is its JSON.
func partOf(object map[string]any, name string) (string, bool) {
	if name == "" {
		return "", false
	}
	value, there := within(object, name)
	if !there || value == nil {
		return "", false
	}
	if text, plain := textOf(value); plain {
		return text, true
	}
	text, err := json.Marshal(value)
	return string(text), err == nil
}
