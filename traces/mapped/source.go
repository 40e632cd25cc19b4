package mapped

import (
	"regexp"
	"strings"
)

// source is where a value comes from: a field of the line, or a constant.
type source struct {
	field    string             // its path, "msg.term"; "" for a constant
	constant *string            // the value itself
	pattern  *regexp.Regexp     // what of the field's text is the value: the first group, or all that matches
	values   map[string]*string // other words for what stands there; nil is that it is not shown, or nobody
	line     int                // of the mapping; 0 is that nothing shows the value
	entries  *entrySources      // of a list of log entries
	path     int                // number of the field's path; 0 is none
}

// entrySources are the fields of an element that is a log entry.
type entrySources struct {
	term, value, kind             string
	kinds                         map[string]*string
	termPath, valuePath, kindPath int // numbers of their paths
}

// source reads where a value comes from: the name of a field, or what to do with it.
func (p *parse) source(n *node, what string) (*source, error) {
	if n.of == nil {
		field, err := p.text(n, what)
		return &source{field: field, line: n.line}, err
	}
	if err := p.known(n, "field", "is", "pattern", "values", "entry"); err != nil {
		return nil, err
	}
	s := &source{line: n.line}
	var err error
	switch {
	case n.of["is"] != nil && n.of["field"] != nil:
		return nil, p.document.fault(n.line, "%s has both a field and a value of its own", what)
	case n.of["is"] != nil:
		text, err := p.text(n.of["is"], what)
		s.constant = &text
		return s, err
	case n.of["field"] == nil:
		return nil, p.document.fault(n.line, "%s has neither a field nor a value of its own", what)
	}
	if s.field, err = p.text(n.of["field"], what); err != nil {
		return nil, err
	}
	if at := n.of["pattern"]; at != nil {
		if s.pattern, err = p.pattern(at, "pattern"); err != nil {
			return nil, err
		}
	}
	if at := n.of["values"]; at != nil {
		if s.values, err = p.words(at); err != nil {
			return nil, err
		}
	}
	if at := n.of["entry"]; at != nil {
		if s.entries, err = p.entry(at); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// words reads what stands for what.
func (p *parse) words(n *node) (map[string]*string, error) {
	if n.of == nil {
		return nil, p.document.fault(n.line, "values is not a list of words, each with what it means")
	}
	words := map[string]*string{}
	for _, key := range n.keys {
		v := n.of[key]
		if v.of == nil && !v.isList && v.scalar == nil {
			words[key] = nil
			continue
		}
		text, err := p.text(v, "a value")
		if err != nil {
			return nil, err
		}
		words[key] = &text
	}
	return words, nil
}

func (p *parse) entry(n *node) (*entrySources, error) {
	if n.of == nil {
		return nil, p.document.fault(n.line, "entry is not a list of the parts of an entry, each with its field")
	}
	if err := p.known(n, "term", "value", "kind"); err != nil {
		return nil, err
	}
	e := &entrySources{}
	for _, key := range n.keys {
		s, err := p.source(n.of[key], key)
		if err != nil {
			return nil, err
		}
		if s.constant != nil || s.pattern != nil {
			return nil, p.document.fault(n.at[key], "the %s of an entry is a field of the element", key)
		}
		at := p.newPath(path{name: "the " + key + " of an entry", field: s.field, line: s.line})
		switch key {
		case "term":
			e.term, e.termPath = s.field, at
		case "value":
			e.value, e.valuePath = s.field, at
		case "kind":
			e.kind, e.kinds, e.kindPath = s.field, s.values, at
		}
	}
	return e, nil
}

// nobody is a value that stands for no value: null, or a word that the mapping says means so.
var nobody = new(string)

// in returns what the source shows of a line: the value as it stands there, a text if it was looked at more closely, nobody, or that it is not shown.
func (s *source) in(l *line) (value any, shown bool) {
	switch {
	case s.line == 0:
		return nil, false
	case s.constant != nil:
		return *s.constant, true
	}
	value, shown = l.field(s.field)
	l.seen.note(s.path, shown && (s.pattern == nil || value == nil))
	if !shown {
		return nil, false
	}
	if value == nil {
		return nobody, true
	}
	text, isText := textOf(value)
	if !isText || s.pattern == nil && s.values == nil {
		return value, true
	}
	if s.pattern != nil {
		match := s.pattern.FindStringSubmatch(text)
		if match == nil {
			return nil, false
		}
		l.seen.note(s.path, true)
		text = match[len(match[:min(len(match), 2)])-1]
	}
	if word, there := s.values[text]; there {
		if word == nil {
			return nobody, true
		}
		text = *word
	}
	return text, true
}

// text returns the text that a source shows of a line.
func (s *source) text(l *line) (string, bool) {
	value, shown := s.in(l)
	if !shown || value == nobody {
		return "", false
	}
	return textOf(value)
}

// holds reports whether a condition is true of a line.
func (c *condition) holds(l *line) bool {
	text, shown := c.text(l)
	if !shown {
		return false
	}
	for _, v := range c.values {
		if strings.EqualFold(v, text) {
			return true
		}
	}
	return false
}
