package mapped

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/traces/internal/scan"
)

// line is a line of a log, taken apart. It is used again for the next.
type line struct {
	fields []field
	names  map[string]string // that were met, so that each is made once
	seen   sightings         // of paths, on all lines so far
	twice  error             // what was asked for and stands twice, in different ways; nil is nothing
}

func (l *line) name(text []byte) string {
	if name, met := l.names[string(text)]; met {
		return name
	}
	name := string(text)
	if l.names == nil {
		l.names = map[string]string{}
	}
	if len(l.names) < mostNames {
		l.names[name] = name
	}
	return name
}

// mostNames bounds the names that are kept.
const mostNames = 4096

// field is a field of a line. What it holds is looked at when it is asked for.
type field struct {
	name string
	json []byte // as it stands there; nil is that text is the value
	text string
}

// add adds a field whose value is text.
func (l *line) add(name, text string) { l.fields = append(l.fields, field{name: name, text: text}) }

// field returns what stands at a path: a field of that very name, or of an object within another.
func (l *line) field(path string) (any, bool) {
	for k := range l.fields {
		if l.fields[k].name == path {
			return l.value(k), true
		}
	}
	for at := strings.IndexByte(path, '.'); at >= 0; {
		for k := range l.fields {
			if f := &l.fields[k]; f.name == path[:at] && f.json != nil && f.json[0] == '{' {
				if inner, is := l.value(k).(map[string]any); is {
					return within(inner, path[at+1:])
				}
			}
		}
		next := strings.IndexByte(path[at+1:], '.')
		if next < 0 {
			break
		}
		at += next + 1
	}
	return nil, false
}

// value returns what the k-th field holds, and notes if another one of the name holds something else, or an object in it has two values of one name.
func (l *line) value(k int) any {
	f := &l.fields[k]
	for _, other := range l.fields[k+1:] {
		if other.name == f.name && (other.text != f.text || !bytes.Equal(other.json, f.json)) {
			l.twice = fmt.Errorf("%q stands here twice, and not the same", f.name)
		}
	}
	if f.json != nil && (f.json[0] == '{' || f.json[0] == '[') {
		if err := unique(f.json); err != nil {
			l.twice = fmt.Errorf("in %q, %w", f.name, err)
		}
	}
	return f.value()
}

// unique is what is wrong with JSON of which an object has a name twice; nil if nothing is.
func unique(text []byte) error {
	in := scan.New(text)
	in.Unique()
	in.End()
	return in.Err()
}

// value returns what a field holds: text, json.Number, bool, nil, a list or an object.
func (f *field) value() any {
	if f.json == nil {
		return f.text
	}
	switch f.json[0] {
	case '"':
		in := scan.New(f.json)
		return string(in.String())
	case '{', '[':
		return decoded(f.json)
	case 't', 'f':
		return f.json[0] == 't'
	case 'n':
		return nil
	}
	return json.Number(f.json)
}

// decoded returns a value of which is known that it is JSON.
func decoded(text []byte) (value any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	_ = d.Decode(&value)
	return value
}

func within(object map[string]any, path string) (any, bool) {
	if value, there := object[path]; there {
		return value, true
	}
	for at := 0; ; {
		dot := strings.IndexByte(path[at:], '.')
		if dot < 0 {
			return nil, false
		}
		at += dot + 1
		if inner, is := object[path[:at-1]].(map[string]any); is {
			if value, there := within(inner, path[at:]); there {
				return value, true
			}
		}
	}
}

// readJSON takes a line apart that is one JSON object. The text must stay as it is while the fields are used.
func (l *line) readJSON(text []byte) error {
	l.fields, l.twice = l.fields[:0], nil
	in := scan.New(text)
	for in.Open('{'); in.More('}'); {
		name := l.name(in.Key())
		l.fields = append(l.fields, field{name: name, json: in.Ignore()})
	}
	in.End()
	return in.Err()
}

// readLogfmt takes a line apart that is key=value pairs with spaces between; a value may stand in quotes, and a key without one is true.
func (l *line) readLogfmt(text []byte) error {
	l.fields, l.twice = l.fields[:0], nil
	pairs := 0
	for rest := string(bytes.TrimSpace(text)); rest != ""; rest = strings.TrimLeft(rest, " \t") {
		end := strings.IndexAny(rest, "= \t")
		if end < 0 || rest[end] != '=' {
			if end < 0 {
				end = len(rest)
			}
			l.add(rest[:end], "true")
			rest = rest[end:]
			continue
		}
		key := rest[:end]
		rest = rest[end+1:]
		pairs++
		if !strings.HasPrefix(rest, `"`) {
			end = strings.IndexAny(rest, " \t")
			if end < 0 {
				end = len(rest)
			}
			l.add(key, rest[:end])
			rest = rest[end:]
			continue
		}
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return fmt.Errorf("the quotes of %q do not end", key)
		}
		value, err := strconv.Unquote(quoted)
		if err != nil {
			return fmt.Errorf("the value of %q: %w", key, err)
		}
		l.add(key, value)
		rest = rest[len(quoted):]
	}
	if pairs == 0 {
		return errors.New("no key=value")
	}
	return nil
}

// textOf returns the text of a value that is no list and no object.
func textOf(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
