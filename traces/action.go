package traces

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// Action prints what a server is given as one line of text that ParseAction reads back:
//
//	n1 timeout
//	n2 deliver RequestVote from=n1 to=n2 term=1 last=0@0
//	n1 propose "x y"
//	n3 crash lossy
func Action(server spec.ServerID, in *spec.Input) string {
	words := []string{server.String(), in.Kind.String()}
	add := func(present bool, format string, args ...any) {
		if present {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	if in.Kind == spec.Deliver {
		words = append(words, messageWords(&in.Message)...)
	}
	add(in.Value != "" || in.Kind == spec.Propose, "%q", in.Value)
	add(in.Peer != spec.None, "peer=%s", in.Peer)
	add(in.Change.Voters != "", "voters=%s", in.Change.Voters)
	add(in.Change.Learners != "", "learners=%s", in.Change.Learners)
	add(in.Change.Joint, "joint")
	add(in.Cut > 0, "cut=%d", in.Cut)
	add(in.Lossy, "lossy")
	add(in.Gate != "", "gate=%q", in.Gate)
	return strings.Join(words, " ")
}

func messageWords(m *spec.Message) []string {
	words := []string{m.Kind.String(), "from=" + m.From.String(), "to=" + m.To.String(), fmt.Sprintf("term=%d", m.Term)}
	add := func(present bool, format string, args ...any) {
		if present {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	add(m.LastLogIndex|spec.Index(m.LastLogTerm) != 0 || m.Kind == spec.RequestVote, "last=%d@%d", m.LastLogIndex, m.LastLogTerm)
	add(m.PrevLogIndex|spec.Index(m.PrevLogTerm) != 0 || m.Kind == spec.AppendEntries, "prev=%d@%d", m.PrevLogIndex, m.PrevLogTerm)
	for _, e := range m.Entries {
		words = append(words, "entry="+entryWord(e))
	}
	add(m.LeaderCommit != 0, "commit=%d", m.LeaderCommit)
	add(m.Granted, "granted")
	add(m.Offset != 0, "offset=%d", m.Offset)
	add(m.Partial, "partial")
	add(m.Success, "success")
	add(m.MatchIndex != 0, "match=%d", m.MatchIndex)
	add(m.ConflictIndex|spec.Index(m.ConflictTerm) != 0, "conflict=%d@%d", m.ConflictIndex, m.ConflictTerm)
	add(m.Payload != "", "payload=%q", m.Payload)
	add(m.Unknown != 0, "unknown=%s", m.Unknown)
	return words
}

// entryWord prints an entry as kind@term:"value".
func entryWord(e spec.Entry) string { return fmt.Sprintf("%s@%d:%q", e.Kind, e.Term, e.Value) }

// ParseAction reads what Action printed.
func ParseAction(text string) (server spec.ServerID, in spec.Input, err error) {
	p := &actionParser{rest: text}
	server = p.server(p.word())
	name := p.word()
	kind, known := InputKindOf(name)
	if !known {
		p.fail("no input is called %q", name)
	}
	in.Kind = kind
	if kind == spec.Deliver {
		name := p.word()
		if in.Message.Kind, known = MessageKindOf(name); !known {
			p.fail("no message is called %q", name)
		}
	}
	for p.err == nil && p.rest != "" {
		p.detail(&in, p.word())
	}
	if kind == spec.Deliver && (in.Message.From == spec.None || in.Message.To == spec.None) {
		p.fail("a message says who it is from and to: from=n1 to=n2")
	}
	return server, in, p.err
}

type actionParser struct {
	rest string
	err  error
}

func (p *actionParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// word takes the next word. What stands between quotation marks is part of one word, blanks included.
func (p *actionParser) word() string {
	p.rest = strings.TrimLeft(p.rest, " ")
	end := 0
	for end < len(p.rest) && p.rest[end] != ' ' {
		if p.rest[end] != '"' {
			end++
			continue
		}
		quoted, err := strconv.QuotedPrefix(p.rest[end:])
		if err != nil {
			p.fail("a quotation mark is not closed in %q", p.rest)
			end = len(p.rest)
			break
		}
		end += len(quoted)
	}
	word := p.rest[:end]
	p.rest = strings.TrimLeft(p.rest[end:], " ")
	return word
}

func (p *actionParser) server(name string) spec.ServerID {
	id, ok := ParseServer(name)
	if !ok {
		p.fail("%q is not a server: n1, n2, …", name)
	}
	return id
}

func (p *actionParser) number(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		p.fail("%q is not a number", text)
	}
	return n
}

// place reads an index and a term, as 3@1.
func (p *actionParser) place(text string) (spec.Index, spec.Term) {
	index, term, _ := strings.Cut(text, "@")
	return spec.Index(p.number(index)), spec.Term(p.number(term))
}

func (p *actionParser) quoted(text string) string {
	value, err := strconv.Unquote(text)
	if err != nil {
		p.fail("%s is not quoted text", text)
	}
	return value
}

func (p *actionParser) entry(text string) (e spec.Entry) {
	head, value, _ := strings.Cut(text, ":")
	kind, term, _ := strings.Cut(head, "@")
	for e.Kind = spec.Command; e.Kind.String() != kind; e.Kind++ {
		if e.Kind == spec.ConfigurationChange {
			p.fail("no entry is of kind %q", kind)
			return e
		}
	}
	e.Term, e.Value = spec.Term(p.number(term)), p.quoted(value)
	return e
}

// detail reads one word after an input's name.
func (p *actionParser) detail(in *spec.Input, word string) {
	m := &in.Message
	name, value, _ := strings.Cut(word, "=")
	if strings.HasPrefix(word, `"`) {
		name, value = "value", word
	}
	switch name {
	case "value":
		in.Value = p.quoted(value)
	case "peer":
		in.Peer = p.server(value)
	case "voters":
		in.Change.Voters = value
	case "learners":
		in.Change.Learners = value
	case "joint":
		in.Change.Joint = true
	case "cut":
		in.Cut = int(p.number(value))
	case "lossy":
		in.Lossy = true
	case "gate":
		in.Gate = p.quoted(value)
	case "from":
		m.From = p.server(value)
	case "to":
		m.To = p.server(value)
	case "term":
		m.Term = spec.Term(p.number(value))
	case "last":
		m.LastLogIndex, m.LastLogTerm = p.place(value)
	case "prev":
		m.PrevLogIndex, m.PrevLogTerm = p.place(value)
	case "entry":
		m.Entries = append(m.Entries, p.entry(value))
	case "commit":
		m.LeaderCommit = spec.Index(p.number(value))
	case "granted":
		m.Granted = true
	case "offset":
		m.Offset = p.number(value)
	case "partial":
		m.Partial = true
	case "success":
		m.Success = true
	case "match":
		m.MatchIndex = spec.Index(p.number(value))
	case "conflict":
		m.ConflictIndex, m.ConflictTerm = p.place(value)
	case "payload":
		m.Payload = p.quoted(value)
	case "unknown":
		var known bool
		if m.Unknown, known = spec.MessageFieldsOf(value); !known {
			p.fail("%q are not fields of a message", value)
		}
	default:
		p.fail("%q is no part of an action", word)
	}
}
