package mapped

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"github.com/raftcheck/raftcheck/internal/nearest"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/foreign"
	"github.com/raftcheck/raftcheck/traces/internal/scan"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// Window is how many records a step that may still be added to holds back at most.
const Window = 1 << 14

// Reader reads a log by a mapping. It is a traces.Source.
type Reader struct {
	*traces.Reader
	mapping *Mapping
	options traces.Options
	lines   *traces.Lines
	first   []byte // taken from lines already; nil when used
	line    line
	ids     map[string]spec.ServerID
	latest  map[spec.ServerID]*step // the one that lines of a server add to
	queue   []*step
	steps   int // that were yielded
	at      int // the last line of what was yielded
	ended   bool
}

// NewReader reads a log from lines of which none is taken yet.
func NewReader(lines *traces.Lines, m *Mapping, options traces.Options) (*Reader, error) {
	first, err := lines.Next()
	if err != nil {
		return nil, err
	}
	r := &Reader{mapping: m, options: options, lines: lines, first: append([]byte{}, first...), ids: map[string]spec.ServerID{}, latest: map[spec.ServerID]*step{}}
	r.line.seen = sightings{make([]bool, len(m.paths)+1), make([]bool, len(m.paths)+1)}
	for k, name := range m.names {
		r.ids[name] = spec.ServerID(k + 1)
	}
	native, err := traces.NewReaderAfter(lines, r.header(), options)
	r.Reader = native
	return r, err
}

// Unnumbered tells that nothing in a log says whether lines of it are missing.
func (r *Reader) Unnumbered() bool { return true }

// header is the first line of the native format that stands for the mapping.
func (r *Reader) header() []byte {
	o := wire.Open(nil)
	o.Text("format", traces.FormatName)
	o.Uint("version", traces.Version)
	servers := make([]spec.ServerID, len(r.mapping.names))
	for k := range servers {
		servers[k] = spec.ServerID(k + 1)
	}
	o.Servers("servers", servers)
	o.Text("origin", "a log read by "+r.mapping.file)
	o.Texts("variants", r.mapping.variants.Names())
	return o.Close()
}

// Position returns the file and the last line of the record that was returned last; at the end, of the file.
func (r *Reader) Position() (string, int) {
	if r.at == 0 || r.ended {
		return r.lines.Name(), r.lines.Number()
	}
	return r.lines.Name(), r.at
}

// Drain reads on to the end without judging and returns the number of the last line.
func (r *Reader) Drain() int { return r.lines.Drain() }

// Names returns what the log calls the servers, where that is another name than theirs.
func (r *Reader) Names() map[spec.ServerID]string {
	names := map[spec.ServerID]string{}
	for name, id := range r.ids {
		if name != id.String() {
			names[id] = name
		}
	}
	return names
}

// Next returns the next record, or io.EOF after the last. The record is the caller's until the next call.
func (r *Reader) Next() (*traces.Record, error) {
	for {
		if s := r.ready(); s != nil {
			if record, err := r.record(s); record != nil || err != nil {
				return record, err
			}
			continue
		}
		if r.ended {
			if r.steps == 0 {
				return nil, &traces.InputError{File: r.lines.Name(), Line: r.lines.Number(), Message: fmt.Sprintf("no line of the log is an event of a server as %s has them", r.mapping.file)}
			}
			return nil, io.EOF
		}
		if err := r.read(); errors.Is(err, io.EOF) {
			r.ended = true
			if err := r.unmetBlock(); err != nil {
				return nil, err
			}
		} else if err != nil {
			return nil, err
		}
	}
}

// ready takes the oldest step from the queue if nothing is added to it any more.
func (r *Reader) ready() *step {
	if len(r.queue) == 0 || !r.queue[0].closed && !r.ended && len(r.queue) < Window {
		return nil
	}
	s := r.queue[0]
	s.closed = true
	r.queue[0] = nil
	r.queue = r.queue[1:]
	return s
}

// record makes the record of a step; nil for one that tells nothing.
func (r *Reader) record(s *step) (*traces.Record, error) {
	r.steps++
	text := s.text(r.number())
	record, err := r.Take(text)
	if err != nil {
		var fault *traces.InputError
		if errors.As(err, &fault) {
			fault.Line, fault.Column = s.line, 0
			fault.Hint = fmt.Sprintf("the mapping %s makes of it: %s", r.mapping.file, text)
		}
		return nil, err
	}
	if record == nil {
		return nil, nil
	}
	record.Line = s.line
	record.Where = &traces.Where{Before: s.pre.line, Input: s.line, After: s.post.line, Effects: s.lines}
	r.at = max(s.line, s.pre.line, s.post.line, r.at)
	for _, line := range s.lines {
		r.at = max(r.at, line)
	}
	return record, nil
}

// number is that of the latest record. Where lines may be missing, so may records before each one.
func (r *Reader) number() int {
	if r.mapping.sampled {
		return 2 * r.steps
	}
	return r.steps
}

// read takes in the next line.
func (r *Reader) read() error {
	text := r.first
	r.first = nil
	if text == nil {
		var err error
		if text, err = r.lines.Next(); err != nil {
			return err
		}
	}
	if err := r.split(text); err != nil {
		var fault *traces.InputError
		switch {
		case r.mapping.unreadable:
			return traces.Inside(r.lines, text, nil)
		case errors.As(err, &fault):
			return fault
		}
		return r.fault("%s", err)
	}
	err := r.look(text)
	if r.line.twice != nil {
		return r.fault("%s", r.line.twice)
	}
	return err
}

// look takes in a line that was taken apart.
func (r *Reader) look(text []byte) error {
	for k := range r.mapping.only {
		if r.mapping.only[k].holds(&r.line) {
			continue
		}
		if foreign.Inside(text, nil) == foreign.Native { // a log may have lines of the other formats, which are none of those that it asks for
			return traces.Inside(r.lines, text, nil)
		}
		return nil
	}
	word, shown := r.mapping.event.text(&r.line)
	if !shown {
		if r.mapping.otherwise || r.options.Lenient {
			return traces.Inside(r.lines, text, nil)
		}
		return r.fault("no %q, where the event stands (%s)", r.mapping.event.field, r.mapping.place(r.mapping.event.line))
	}
	e := r.mapping.is(word)
	switch {
	case e == nil && (r.mapping.otherwise || r.options.Lenient):
		return traces.Inside(r.lines, text, nil)
	case e != nil && e.skip:
		return nil
	case e == nil:
		return r.unknown(word)
	}
	return r.event(e)
}

// split takes a line apart: what stands in named groups of the prefix, and the fields of the rest.
func (r *Reader) split(text []byte) error {
	prefix, groups := r.mapping.prefix, []int(nil)
	if prefix != nil {
		groups = prefix.FindSubmatchIndex(text)
		if groups == nil || groups[0] != 0 {
			return fmt.Errorf("the line does not begin with the prefix %q", prefix)
		}
	}
	rest := text
	if groups != nil {
		rest = text[groups[1]:]
	}
	if err := r.fields(rest, len(text)-len(rest)); err != nil {
		return err
	}
	for k := 1; 2*k < len(groups); k++ {
		if name := prefix.SubexpNames()[k]; name != "" && groups[2*k] >= 0 {
			r.line.add(name, string(text[groups[2*k]:groups[2*k+1]]))
		}
	}
	return nil
}

// fields takes apart what follows the prefix, which is so many bytes long.
func (r *Reader) fields(text []byte, prefix int) error {
	if r.mapping.logfmt {
		return r.line.readLogfmt(text)
	}
	err := r.line.readJSON(text)
	var place *scan.Error
	if !errors.As(err, &place) {
		return err
	}
	return traces.LineError(r.lines, &scan.Error{Column: place.Column + prefix, What: place.What})
}

func (r *Reader) unknown(word string) error {
	fault := r.fault("the event %q is none that %s names", word, r.mapping.file)
	var known []string
	for text := range r.mapping.events {
		known = append(known, text)
	}
	slices.Sort(known)
	fault.Hint = fmt.Sprintf("name it there, or skip what is not named with otherwise: skip")
	if near := nearest.To(word, known); near != "" {
		fault.Hint = fmt.Sprintf("%s has %q at line %d; did the log's word change?", r.mapping.file, near, r.mapping.events[near].line)
	}
	return fault
}

// event adds what a line tells to the steps.
func (r *Reader) event(e *event) error {
	name, shown := r.mapping.server.text(&r.line)
	if !shown || name == "" {
		return r.fault("no %q, where the server stands (%s)", r.mapping.server.field, r.mapping.place(r.mapping.server.line))
	}
	server, err := r.id(name)
	if err != nil {
		return r.fault("%q is %s", r.mapping.server.field, err)
	}
	message, members, err := r.told(e, server)
	if err != nil {
		return err
	}
	state, err := r.stateOf(e.state)
	if err != nil {
		return err
	}
	s := r.latest[server]
	switch {
	case r.mapping.sampled || s == nil || !s.joinedBy(e, valueOf(members, "to")):
		s = r.begin(e, server)
	case s.told(e).above(state) && s.event != spec.Restart.String() && s.event != spec.Crash.String():
		before := s
		if s = r.begin(e, server); !e.before && slices.Contains(e.completes, before.by) {
			s.pre = shownState{slices.Clone(before.post.members), before.post.line}
		}
	}
	switch {
	case e.sends:
		s.effects, s.lines = append(s.effects, `{"send":`+message+"}"), append(s.lines, r.lines.Number())
		s.answered = s.answered || !e.message.IsRequest()
	case e.message != 0:
		s.message, s.kind, s.peer = message, e.message, valueOf(members, "from")
	case e.input != "":
		s.input = members
	}
	for _, m := range state {
		s.told(e).set(m.name, m.json, r.lines.Number())
	}
	return nil
}

// begin makes a new step of a server, to which its lines may add from now on. What no line tells the cause of is a sighting: the server is
// as it is, whatever has led to it.
func (r *Reader) begin(e *event, server spec.ServerID) *step {
	if s := r.latest[server]; s != nil {
		s.closed = true
	}
	s := &step{server: server, by: e.text, event: e.input, line: r.lines.Number()}
	switch {
	case e.input != "":
	case e.message != 0 && !e.sends:
		s.event = spec.Deliver.String()
	default:
		s.event, s.sighting = spec.Tick.String(), true
	}
	r.latest[server] = s
	r.queue = append(r.queue, s)
	return s
}

var nativeName = regexp.MustCompile(`^n[1-9][0-9]*$`)

// id returns the server that the log calls so: the one that the mapping lists, n1 for n1, and else the next number that no server has.
func (r *Reader) id(name string) (spec.ServerID, error) {
	if id, known := r.ids[name]; known {
		return id, nil
	}
	if len(r.mapping.names) > 0 {
		return spec.None, fmt.Errorf("%q, which is none of the servers at %s", name, r.mapping.place(r.mapping.named))
	}
	id, _ := traces.ParseServer(name)
	if !nativeName.MatchString(name) || r.taken(id) {
		for id = 1; r.taken(id); {
			id++
		}
	}
	r.ids[name] = id
	return id, nil
}

func (r *Reader) taken(id spec.ServerID) bool {
	for _, other := range r.ids {
		if other == id {
			return true
		}
	}
	return false
}

// fault is an error at the current line of the log.
func (r *Reader) fault(format string, args ...any) *traces.InputError {
	return r.lines.Fault(0, fmt.Sprintf(format, args...))
}

// Members names the fields of a line that may show a part of a step, the best first, for a Place to point at.
func (r *Reader) Members(part spec.Part, effect int, field spec.Field) (all []string) {
	if r.mapping.logfmt || r.mapping.prefix != nil {
		return nil
	}
	name := memberOf(field)
	for k := range r.mapping.state {
		if m := &r.mapping.state[k]; m.name == name && part != spec.PartInput && part != spec.PartEffect {
			all = append(all, m.field)
		}
	}
	return append(all, r.mapping.event.field)
}

// memberOf names the member of a state that shows a field.
func memberOf(field spec.Field) string {
	switch field {
	case spec.FieldRole:
		return "role"
	case spec.FieldTerm:
		return "term"
	case spec.FieldVotedFor:
		return "votedFor"
	case spec.FieldLog:
		return "log"
	case spec.FieldCommit:
		return "commit"
	}
	return ""
}
