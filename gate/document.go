package gate

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/raftcheck/raftcheck/traces"
)

// document is a YAML file with the lines of what is in it.
type document struct {
	path  string
	text  []byte
	guess Guess
	value any
	root  ast.Node
	lines map[string]int // of keys and elements, by where they are: "/checks/0/verify"
}

// largest is how large a file is read, in bytes.
const largest = 4 << 20

func open(path string, guess Guess) (*document, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > largest {
		return nil, &traces.InputError{File: path, Message: "larger than 4 MiB: not such a file"}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		var at *os.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return nil, &traces.InputError{File: path, Message: err.Error(), Cause: err}
	}
	return parse(path, text, guess)
}

// byteOrderMark may stand in front of a text.
const byteOrderMark = "\ufeff"

// parse reads one YAML document. An empty one has the value nil.
func parse(path string, text []byte, guess Guess) (*document, error) {
	text = bytes.ReplaceAll(bytes.TrimPrefix(text, []byte(byteOrderMark)), []byte("\r\n"), []byte("\n")) // the YAML reader miscounts such lines
	d := &document{path: path, text: text, guess: guess, lines: map[string]int{}}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, d.syntax(err)
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType {
			bodies = append(bodies, doc.Body)
		}
	}
	switch {
	case len(bodies) > 1:
		return nil, d.fault("", "more than one document", "one file is one document: take out what stands behind ---").at(bodies[1].GetToken().Position.Line)
	case len(bodies) == 0:
		return d, nil
	}
	d.root = bodies[0]
	if err := yaml.Unmarshal(text, &d.value); err != nil {
		return nil, d.syntax(err)
	}
	d.number("", d.root)
	return d, nil
}

// syntax places an error of the YAML reader.
func (d *document) syntax(err error) error {
	out := &traces.InputError{File: d.path, Message: "not YAML: " + err.Error(), Cause: err}
	var at yaml.Error
	if errors.As(err, &at) {
		out.Message = "not YAML: " + at.GetMessage()
		if t := at.GetToken(); t != nil && t.Position != nil {
			out.Line, out.Column = t.Position.Line, t.Position.Column
		}
	}
	return out
}

// number notes the lines of everything below a node.
func (d *document) number(at string, n ast.Node) {
	if n == nil {
		return
	}
	if _, known := d.lines[at]; !known {
		d.lines[at] = n.GetToken().Position.Line
	}
	switch v := n.(type) {
	case *ast.MappingNode:
		for _, entry := range v.Values {
			d.number(at, entry)
		}
	case *ast.MappingValueNode:
		key := at + "/" + keyOf(v.Key)
		d.lines[key] = v.Key.GetToken().Position.Line
		d.number(key, v.Value)
	case *ast.SequenceNode:
		for k, element := range v.Values {
			d.number(fmt.Sprintf("%s/%d", at, k), element)
		}
	case *ast.AnchorNode:
		d.number(at, v.Value)
	case *ast.TagNode:
		d.number(at, v.Value)
	}
}

func keyOf(key ast.MapKeyNode) string {
	word := strings.TrimSpace(key.String())
	if plain, err := strconv.Unquote(word); err == nil {
		return plain
	}
	return strings.Trim(word, "'")
}

// line is the line of what is there, or of the nearest thing around it.
func (d *document) line(at string) int {
	for {
		if n, known := d.lines[at]; known {
			return n
		}
		k := strings.LastIndexByte(at, '/')
		if k < 0 {
			return 1
		}
		at = at[:k]
	}
}

// Line returns the line of what stands at a JSON pointer, "/checks/0/verify", of a YAML or JSON text, or of the nearest thing around it; 1 of a text that
// is neither.
func Line(text []byte, at string) int {
	d, err := parse("", text, nil)
	if err != nil {
		return 1
	}
	return d.line(at)
}

// placed is an InputError that can still be moved.
type placed struct{ *traces.InputError }

func (p placed) at(line int) error {
	p.Line = line
	return p.InputError
}

func (d *document) fault(at, message, hint string) placed {
	return placed{&traces.InputError{File: d.path, Line: d.line(at), Message: message, Hint: hint}}
}

// hold holds the document to a part of the schema, and returns the first thing that is wrong in the order of the file.
func (d *document) hold(part string) error {
	parts, err := schemas()
	if err != nil {
		return err
	}
	err = parts[part].Validate(d.value)
	var wrong *jsonschema.ValidationError
	if !errors.As(err, &wrong) {
		return err
	}
	all := d.leaves(wrong)
	slices.SortStableFunc(all, func(a, b *traces.InputError) int {
		if x, y := misspelt(a), misspelt(b); x != y {
			return y - x // what is missing is there under another name
		}
		return a.Line - b.Line
	})
	return all[0]
}

// misspelt is 1 for a key that does not exist.
func misspelt(e *traces.InputError) int {
	if strings.HasPrefix(e.Message, unknownKey) || strings.HasPrefix(e.Message, "conform ") {
		return 1
	}
	return 0
}

const unknownKey = "unknown key "

// Parts of the schema, by what follows its name in an address.
const (
	wholeFile  = ""
	knownAlone = "#/$defs/knownFile"
)

// schemas holds the whole schema and the part of it that a list of known findings is held to, compiled once.
var schemas = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("raftcheck.schema.json", doc); err != nil {
		return nil, err
	}
	parts := map[string]*jsonschema.Schema{}
	for _, part := range []string{wholeFile, knownAlone} {
		if parts[part], err = c.Compile("raftcheck.schema.json" + part); err != nil {
			return nil, err
		}
	}
	return parts, nil
})

// leaves says in words what is wrong, without the alternatives that were not meant.
func (d *document) leaves(e *jsonschema.ValidationError) []*traces.InputError {
	at := ""
	for _, step := range e.InstanceLocation {
		at += "/" + step
	}
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		return d.unknownKeys(at, k.Properties)
	case *kind.AnyOf:
		if meant := d.meant(e); meant != nil {
			return meant
		}
		return []*traces.InputError{d.neither(at, e).InputError}
	case *kind.OneOf:
		return []*traces.InputError{d.neither(at, e).InputError}
	case *kind.Pattern:
		return []*traces.InputError{d.fault(at, fmt.Sprintf("%s: %q is not of the form that it must have", lastOf(at), k.Got), patternHint(lastOf(at))).InputError}
	}
	if len(e.Causes) == 0 {
		words, hint := wrong(lastOf(at), e.ErrorKind)
		return []*traces.InputError{d.fault(at, words, hint).InputError}
	}
	var all []*traces.InputError
	for _, cause := range e.Causes {
		all = append(all, d.leaves(cause)...)
	}
	return all
}

// meant returns what is wrong with the alternative that has the type of the value; nil if none has.
func (d *document) meant(e *jsonschema.ValidationError) (all []*traces.InputError) {
	for _, cause := range e.Causes {
		if !slices.ContainsFunc(flat(cause), func(leaf *jsonschema.ValidationError) bool {
			_, isType := leaf.ErrorKind.(*kind.Type)
			return isType && len(leaf.InstanceLocation) == len(e.InstanceLocation)
		}) {
			all = append(all, d.leaves(cause)...)
		}
	}
	return all
}

// flat returns an error and all its causes.
func flat(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	all := []*jsonschema.ValidationError{e}
	for _, cause := range e.Causes {
		all = append(all, flat(cause)...)
	}
	return all
}

func (d *document) unknownKeys(at string, keys []string) (all []*traces.InputError) {
	for _, key := range keys {
		hint := ""
		if known := d.allowed(at); len(known) > 0 {
			hint = d.guess(key, known, "one of "+strings.Join(known, ", "))
			if slices.Contains(known, key) {
				hint = "a file of known findings is a list of them, or has one key, known" // the key belongs into a raftcheck.yaml
			}
		}
		all = append(all, d.fault(at+"/"+key, unknownKey+strconv.Quote(key), hint).InputError)
	}
	return all
}

func lastOf(at string) string { return at[strings.LastIndexByte(at, '/')+1:] }
