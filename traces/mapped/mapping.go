package mapped

import (
	_ "embed"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/internal/nearest"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Schema is the JSON schema of a mapping.
//
//go:embed mapping.schema.json
var Schema []byte

// FormatName is what a mapping calls itself.
const FormatName = "raftcheck-mapping"

// Mapping says how lines of a log are read.
type Mapping struct {
	file       string
	logfmt     bool // lines are logfmt, and not JSON
	prefix     *regexp.Regexp
	only       []condition
	server     *source
	event      *source
	names      []string // of the servers: the k-th is server k+1
	named      int      // line of names
	variants   spec.Variants
	state      []member
	events     map[string]*event // by their exact text
	globs      []*event          // those with a *, in order
	otherwise  bool              // what is not named is skipped
	unreadable bool              // lines of another kind are skipped
	sampled    bool              // lines may be missing, so none adds to another
	paths      []path            // that values come from
	blocks     []block           // of members; the first is none
}

// condition is a field that must have one of some values for a line to be looked at.
type condition struct {
	source
	values []string
}

// member is a member of a state, a message or an input, and where its value comes from.
type member struct {
	name string
	kind valueKind
	source
}

// event is what lines of one kind stand for.
type event struct {
	text    string
	glob    *regexp.Regexp
	line    int // of the mapping
	skip    bool
	input   string           // an event of the native format that begins a step; "" is none
	message spec.MessageKind // that is received or sent; 0 is none
	sends   bool
	before  bool     // the line shows the state before the event
	members []member // of the message, or of the input
	state   []member

	completes []string // the events whose steps such a line adds to
}

// ReadMapping reads a mapping from a file. Errors are *traces.InputError, at its line.
func ReadMapping(file string) (*Mapping, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		lines, fault := traces.OpenLines(file, nil)
		if fault == nil {
			lines.Close()
			fault = err
		}
		return nil, fault
	}
	return ParseMapping(file, text)
}

var topKeys = []string{"format", "version", "log", "prefix", "only", "servers", "server", "event", "variants", "state", "events", "otherwise", "unreadable", "sampled"}

// ParseMapping reads a mapping from its text. file is used in errors.
func ParseMapping(file string, text []byte) (*Mapping, error) {
	d, err := readDocument(file, text)
	if err != nil {
		return nil, err
	}
	p := &parse{document: d, Mapping: &Mapping{file: file, events: map[string]*event{}, blocks: make([]block, 1)}}
	if err := p.mapping(); err != nil {
		return nil, err
	}
	return p.Mapping, nil
}

// parse turns a document into a mapping.
type parse struct {
	*document
	*Mapping
}

func (p *parse) mapping() error {
	root := p.root
	if root.of == nil {
		return p.document.fault(root.line, "a mapping begins with format: %s", FormatName)
	}
	if err := p.known(root, topKeys...); err != nil {
		return err
	}
	for _, need := range []string{"format", "version", "log", "server", "event", "events"} {
		if root.of[need] == nil {
			return p.document.fault(root.line, "the mapping does not say %q", need)
		}
	}
	if text, _ := p.text(root.of["format"], "format"); text != FormatName {
		return p.document.fault(root.of["format"].line, "format %q, not %q", text, FormatName)
	}
	if text, _ := p.text(root.of["version"], "version"); text != "1" {
		return p.document.fault(root.of["version"].line, "version %q; this program reads version 1", text)
	}
	for _, key := range root.keys {
		if read, there := topLevel[key]; there {
			if err := read(p, root.of[key]); err != nil {
				return err
			}
		}
	}
	return p.everyEvent(root.of["events"])
}

// topLevel reads the members of a mapping; what events inherit comes first.
var topLevel = map[string]func(*parse, *node) error{
	"log": func(p *parse, n *node) error {
		text, err := p.oneOf(n, "kind of log", []string{"json", "logfmt"})
		p.logfmt = text == "logfmt"
		return err
	},
	"prefix": func(p *parse, n *node) (err error) {
		p.prefix, err = p.pattern(n, "prefix")
		return err
	},
	"only":    (*parse).conditions,
	"servers": (*parse).servers,
	"server": func(p *parse, n *node) (err error) {
		p.Mapping.server, err = p.source(n, "server")
		return err
	},
	"event": func(p *parse, n *node) (err error) {
		p.Mapping.event, err = p.source(n, "event")
		return err
	},
	"variants": (*parse).declared,
	"state": func(p *parse, n *node) (err error) {
		p.state, err = p.members(n, "state", stateKinds)
		return err
	},
	"otherwise": func(p *parse, n *node) error {
		text, err := p.oneOf(n, "otherwise", []string{"error", "skip"})
		p.otherwise = text == "skip"
		return err
	},
	"sampled": func(p *parse, n *node) error {
		text, err := p.oneOf(n, "sampled", []string{"true", "false"})
		p.sampled = text == "true"
		return err
	},
	"unreadable": func(p *parse, n *node) error {
		text, err := p.oneOf(n, "unreadable", []string{"error", "skip"})
		p.unreadable = text == "skip"
		return err
	},
}

func (p *parse) pattern(n *node, what string) (*regexp.Regexp, error) {
	text, err := p.text(n, what)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, p.document.fault(n.line, "%s is not a regular expression: %v", what, err)
	}
	return re, nil
}

func (p *parse) conditions(n *node) error {
	if n.of == nil {
		return p.document.fault(n.line, "only is not a list of fields, each with the value that it must have")
	}
	for _, field := range n.keys {
		values, err := p.texts(n.of[field], "only")
		if err != nil {
			return err
		}
		p.only = append(p.only, condition{source{field: field, line: n.at[field]}, values})
	}
	return nil
}

func (p *parse) servers(n *node) (err error) {
	p.named = n.line
	if p.names, err = p.texts(n, "servers"); err != nil {
		return err
	}
	for k, name := range p.names {
		if slices.Contains(p.names[:k], name) {
			return p.document.fault(n.line, "server %q stands here twice", name)
		}
	}
	return nil
}

func (p *parse) declared(n *node) error {
	names, err := p.texts(n, "variants")
	if err != nil {
		return err
	}
	for k, name := range names {
		line := n
		if n.isList {
			line = n.list[k]
		}
		v := spec.Variant(name)
		if err := v.Check(); err != nil {
			fault := p.document.fault(line.line, "%v", err)
			if near := nearest.To(string(v.Name()), spec.EveryVariant.Names()); near != "" && !spec.EveryVariant.Has(v.Name()) {
				fault.Hint = fmt.Sprintf("did you mean %q?", near)
			}
			return fault
		}
		p.variants = append(p.variants, v)
	}
	return nil
}

// members reads members and where their values come from. One that is false is not shown, whatever stands elsewhere.
func (p *parse) members(n *node, what string, kinds map[string]valueKind) (all []member, err error) {
	if n.of == nil {
		return nil, p.document.fault(n.line, "%s is not a list of members, each with its field", what)
	}
	if err := p.known(n, slices.Sorted(keysOf(kinds))...); err != nil {
		return nil, err
	}
	p.blocks = append(p.blocks, block{fmt.Sprintf("%q", what), n.line})
	for _, name := range n.keys {
		m := member{name: name, kind: kinds[name]}
		if n.of[name].scalar == false {
			m.line = 0
		} else if s, err := p.source(n.of[name], name); err != nil {
			return nil, err
		} else {
			m.source = *s
		}
		if m.field != "" {
			m.path = p.newPath(path{name, m.field, m.pattern != nil, m.line, len(p.blocks) - 1})
		}
		all = append(all, m)
	}
	return all, nil
}

func keysOf[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (p *parse) everyEvent(n *node) error {
	if n.of == nil || len(n.keys) == 0 {
		return p.document.fault(n.line, "events is not a list of events")
	}
	for _, text := range n.keys {
		e, err := p.oneEvent(text, n.of[text], n.at[text])
		if err != nil {
			return err
		}
		if !strings.Contains(text, "*") {
			p.events[text] = e
			continue
		}
		parts := strings.Split(text, "*")
		for k := range parts {
			parts[k] = regexp.QuoteMeta(parts[k])
		}
		e.glob = regexp.MustCompile("^" + strings.Join(parts, ".*") + "$")
		p.globs = append(p.globs, e)
	}
	return nil
}

func (p *parse) oneEvent(text string, n *node, line int) (*event, error) {
	e := &event{text: text, line: line, state: p.state}
	if n.of == nil {
		word, err := p.oneOf(n, "event", []string{"skip", "state"})
		e.skip = word == "skip"
		return e, err
	}
	kinds, err := p.kindOfEvent(e, n)
	if err != nil {
		return nil, err
	}
	if err := p.known(n, append(slices.Sorted(keysOf(kinds)), "event", "receives", "sends", "shows", "state", "completes")...); err != nil {
		return nil, err
	}
	own := &node{line: n.line, of: map[string]*node{}, at: n.at}
	for _, key := range n.keys {
		switch key {
		case "event", "receives", "sends":
		case "shows":
			word, err := p.oneOf(n.of[key], "shows", []string{"before", "after"})
			if err != nil {
				return nil, err
			}
			e.before = word == "before"
		case "completes":
			if e.completes, err = p.completed(e, n.of[key]); err != nil {
				return nil, err
			}
		case "state":
			if err := p.ownState(e, n.of[key]); err != nil {
				return nil, err
			}
		default:
			own.keys, own.of[key] = append(own.keys, key), n.of[key]
		}
	}
	e.members, err = p.members(own, text, kinds)
	return e, err
}

// kindOfEvent reads what an event is, and returns which members it may have.
func (p *parse) kindOfEvent(e *event, n *node) (map[string]valueKind, error) {
	var said []string
	for _, key := range []string{"event", "receives", "sends"} {
		if n.of[key] != nil {
			said = append(said, key)
		}
	}
	if len(said) == 0 {
		return map[string]valueKind{}, nil
	}
	if len(said) > 1 {
		return nil, p.document.fault(n.at[said[1]], "%q is both %s and %s", e.text, said[0], said[1])
	}
	key := said[0]
	if key == "event" {
		word, err := p.oneOf(n.of[key], "event", inputs())
		e.input = word
		return inputKinds, err
	}
	word, err := p.oneOf(n.of[key], "kind of message", messageNames())
	if err != nil {
		return nil, err
	}
	e.message, _ = traces.MessageKindOf(word)
	e.sends = key == "sends"
	kinds := map[string]valueKind{"to": aServer}
	if !e.sends {
		kinds = map[string]valueKind{"from": aServer}
	}
	for name, kind := range messageKinds {
		kinds[name] = kind
	}
	return kinds, nil
}

// completed reads the events whose steps lines of an event add to.
func (p *parse) completed(e *event, n *node) ([]string, error) {
	if e.input != "" || e.message != 0 && !e.sends {
		return nil, p.document.fault(n.line, "%q begins a step, and completes none", e.text)
	}
	var all []string
	for _, element := range append([]*node{n}, n.list...) {
		if element.isList {
			continue
		}
		text, err := p.oneOf(element, "event", p.root.of["events"].keys)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}

// ownState adds to the state that every line shows, or takes all of it away.
func (p *parse) ownState(e *event, n *node) error {
	if n.scalar == false {
		e.state = nil
		return nil
	}
	own, err := p.members(n, "state", stateKinds)
	if err != nil {
		return err
	}
	e.state = slices.DeleteFunc(slices.Clone(e.state), func(m member) bool {
		return slices.ContainsFunc(own, func(o member) bool { return o.name == m.name })
	})
	e.state = append(e.state, own...)
	return nil
}

// inputs lists the events of the native format that a line may stand for. Messages that arrive are told with receives.
func inputs() (names []string) {
	for k := spec.Timeout; k <= spec.Resume; k++ {
		if k != spec.Deliver {
			names = append(names, k.String())
		}
	}
	return names
}

func messageNames() (names []string) {
	for k := spec.RequestVote; k <= spec.TimeoutNow; k++ {
		names = append(names, k.String())
	}
	return names
}

// is returns what a line stands for by the text of its event; nil if the mapping does not say.
func (m *Mapping) is(text string) *event {
	if e := m.events[text]; e != nil {
		return e
	}
	for _, e := range m.globs {
		if e.glob.MatchString(text) {
			return e
		}
	}
	return nil
}

// place names a line of the mapping, for errors about lines of the log.
func (m *Mapping) place(line int) string { return fmt.Sprintf("%s:%d", m.file, line) }
