package mapped

import (
	"errors"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/raftcheck/raftcheck/internal/nearest"
	"github.com/raftcheck/raftcheck/traces"
)

// node is a value of a YAML document with the line where it stands.
type node struct {
	line   int
	scalar any              // text, a number, a truth value or nil, of a node that is none of the following
	keys   []string         // of a mapping, in order
	of     map[string]*node // of a mapping; nil if it is none
	at     map[string]int   // of a mapping: the lines of its keys
	list   []*node          // of a sequence
	isList bool
}

// document reads a YAML document.
type document struct {
	file string
	root *node
}

func readDocument(file string, text []byte) (*document, error) {
	d := &document{file: file}
	parsed, err := parser.ParseBytes(text, 0)
	var place yaml.Error
	switch {
	case errors.As(err, &place) && place.GetToken() != nil:
		return nil, d.fault(place.GetToken().Position.Line, "%s", place.GetMessage())
	case err != nil:
		return nil, d.fault(1, "%v", err)
	}
	for _, doc := range parsed.Docs {
		if doc.Body == nil {
			continue
		}
		if d.root != nil {
			return nil, d.fault(doc.Body.GetToken().Position.Line, "a second document")
		}
		if d.root, err = d.node(doc.Body); err != nil {
			return nil, err
		}
	}
	if d.root == nil {
		return nil, d.fault(1, "the mapping is empty")
	}
	return d, nil
}

func (d *document) node(n ast.Node) (*node, error) {
	out := &node{line: n.GetToken().Position.Line}
	switch n := n.(type) {
	case *ast.MappingNode:
		return d.mapping(out, n.Values)
	case *ast.MappingValueNode:
		return d.mapping(out, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		out.isList = true
		for _, v := range n.Values {
			element, err := d.node(v)
			if err != nil {
				return nil, err
			}
			out.list = append(out.list, element)
		}
	case *ast.LiteralNode:
		out.scalar = n.Value.Value
	case *ast.NullNode:
	case ast.ScalarNode:
		out.scalar = n.GetValue()
	default:
		return nil, d.fault(out.line, "%s, which a mapping does not use", n.Type())
	}
	return out, nil
}

func (d *document) mapping(out *node, values []*ast.MappingValueNode) (*node, error) {
	out.of, out.at = map[string]*node{}, map[string]int{}
	for _, v := range values {
		key, line := v.Key.GetToken().Value, v.Key.GetToken().Position.Line
		if out.line > line || len(out.keys) == 0 {
			out.line = line
		}
		if _, twice := out.of[key]; twice {
			return nil, d.fault(line, "%q stands here twice", key)
		}
		value, err := d.node(v.Value)
		if err != nil {
			return nil, err
		}
		if value.of == nil && !value.isList && value.scalar == nil {
			value.line = line
		}
		out.keys, out.of[key], out.at[key] = append(out.keys, key), value, line
	}
	return out, nil
}

// fault is an error at a line of the document.
func (d *document) fault(line int, format string, args ...any) *traces.InputError {
	return &traces.InputError{File: d.file, Line: line, Message: fmt.Sprintf(format, args...)}
}

// known returns an error for the first key that is none of those, with the nearest.
func (d *document) known(n *node, names ...string) error {
	for _, key := range n.keys {
		if slices.Contains(names, key) {
			continue
		}
		fault := d.fault(n.at[key], "unknown key %q", key)
		fault.Hint = fmt.Sprintf("docs/verify-your-log.md lists them")
		if near := nearest.To(key, names); near != "" {
			fault.Hint = fmt.Sprintf("did you mean %q?", near)
		}
		return fault
	}
	return nil
}

// text returns the text of a scalar; a number or truth value is its spelling.
func (d *document) text(n *node, what string) (string, error) {
	if n.of != nil || n.isList || n.scalar == nil {
		return "", d.fault(n.line, "%s is not a text", what)
	}
	return fmt.Sprint(n.scalar), nil
}

// texts returns the texts of a list of scalars, or of one scalar.
func (d *document) texts(n *node, what string) ([]string, error) {
	if !n.isList {
		one, err := d.text(n, what)
		return []string{one}, err
	}
	var all []string
	for _, element := range n.list {
		text, err := d.text(element, what)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}

// oneOf returns a text that must be one of those.
func (d *document) oneOf(n *node, what string, names []string) (string, error) {
	text, err := d.text(n, what)
	if err != nil || slices.Contains(names, text) {
		return text, err
	}
	fault := d.fault(n.line, "unknown %s %q", what, text)
	if near := nearest.To(text, names); near != "" {
		fault.Hint = fmt.Sprintf("did you mean %q?", near)
	}
	return "", fault
}
