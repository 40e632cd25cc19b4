package gate

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/traces"
)

// Schema is the JSON Schema (draft 2020-12) of raftcheck.yaml. Its part $defs/knownFile is that of a file of known findings.
//
//go:embed raftcheck.schema.json
var Schema []byte

// Template is a commented raftcheck.yaml to begin with.
//
//go:embed template.yaml
var Template []byte

// Verbs are the kinds of checks: verbs of the command line.
var Verbs = []string{"verify", "linearize", "check", "fuzz", "conform", "diff", "replay"}

// File is what a raftcheck.yaml says.
type File struct {
	Path      string
	Checks    []Check
	Known     []report.Known // that stand in this file
	KnownFile string         // where known findings are, as the file says it; "" if they are in this file, or none are
}

// Check is one thing to judge.
type Check struct {
	Name     string
	Line     int // of the file
	Verb     string
	Files    []string  // patterns of what verify, linearize and replay read
	Settings []Setting // flags of the verb, in the order of their names
	Inputs   []string  // patterns of further files on which the outcome depends
}

// Setting is a flag of a verb and its values.
type Setting struct {
	Name   string
	Values []string // more than one for a flag that may be repeated
	Line   int
}

// Setting returns the values of a setting; nil if it is not given.
func (c *Check) Setting(name string) []string {
	for _, s := range c.Settings {
		if s.Name == name {
			return s.Values
		}
	}
	return nil
}

// Guess says in a hint which of the known names was meant by one that was typed, or returns the other hint.
type Guess func(typed string, known []string, otherwise string) string

// Read reads a raftcheck.yaml. What is wrong with it is a *traces.InputError, whose hints are made by guess.
func Read(path string, guess Guess) (*File, error) {
	d, err := open(path, guess)
	if err != nil {
		return nil, err
	}
	return d.file()
}

func (d *document) file() (*File, error) {
	if d.value == nil {
		return nil, &traces.InputError{File: d.path, Message: "the file says nothing", Hint: "raftcheck gate --init writes one to begin with"}
	}
	if err := d.hold(wholeFile); err != nil {
		return nil, err
	}
	f := &File{Path: d.path}
	whole := d.value.(map[string]any)
	for k, c := range whole["checks"].([]any) {
		check, err := d.check(fmt.Sprintf("/checks/%d", k), c.(map[string]any))
		if err != nil {
			return nil, err
		}
		if other := slices.IndexFunc(f.Checks, func(c Check) bool { return c.Name == check.Name }); other >= 0 {
			return nil, d.fault(fmt.Sprintf("/checks/%d", k), fmt.Sprintf("another check is called %q, in line %d", check.Name, f.Checks[other].Line), "give each a name of its own").InputError
		}
		f.Checks = append(f.Checks, check)
	}
	var err error
	switch known := whole["known"].(type) {
	case string:
		f.KnownFile = known
	case []any:
		f.Known, err = d.knownList("/known", known)
	}
	return f, err
}

// filesOf names the setting that holds what a verb reads.
var filesOf = map[string]string{"verify": "traces", "linearize": "histories", "replay": "traces"}

func (d *document) check(at string, c map[string]any) (Check, error) {
	out := Check{Line: d.line(at)}
	for _, verb := range Verbs {
		if _, has := c[verb]; has {
			out.Verb = verb
		}
	}
	out.Inputs = words(c["inputs"])
	switch said := c[out.Verb].(type) {
	case string, []any:
		if out.Verb == "diff" {
			out.Settings = []Setting{{"impl", words(said), d.line(at + "/diff")}}
		} else {
			out.Files = words(said)
		}
	case map[string]any:
		for name, value := range said {
			if name == filesOf[out.Verb] {
				out.Files = words(value)
				continue
			}
			out.Settings = append(out.Settings, Setting{name, words(value), d.line(at + "/" + out.Verb + "/" + name)})
		}
		slices.SortFunc(out.Settings, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	}
	for _, pattern := range slices.Concat(out.Files, out.Inputs) {
		if _, err := Match(pattern, "x"); err != nil {
			return out, d.fault(at, fmt.Sprintf("the pattern %q is malformed", pattern), "").InputError
		}
	}
	if slices.Contains(out.Files, "-") {
		return out, d.fault(at, "a gate reads no standard input", "name files").InputError
	}
	out.Name, _ = c["name"].(string)
	if out.Name == "" {
		out.Name = out.title()
	}
	return out, nil
}

// title is the name of a check that has none.
func (c *Check) title() string {
	about := c.Files
	for _, s := range c.Settings {
		if s.Name == "impl" || s.Name == "exec" || s.Name == "features" {
			about = append(about, s.Values...)
		}
	}
	if len(about) == 0 {
		about = []string{"reference"}
	}
	return c.Verb + " " + strings.Join(about, " ")
}

// words returns a value of YAML as the values of a flag.
func words(value any) []string {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		var all []string
		for _, element := range v {
			all = append(all, words(element)...)
		}
		return all
	}
	return []string{fmt.Sprint(value)}
}

// allowed lists the keys that a mapping may have.
func (d *document) allowed(at string) []string {
	var whole map[string]any
	if json.Unmarshal(Schema, &whole) != nil {
		return nil
	}
	defs, _ := whole["$defs"].(map[string]any)
	parts := strings.Split(strings.TrimPrefix(at, "/"), "/")
	var schema any = whole
	switch {
	case len(parts) == 3 && parts[0] == "checks":
		schema = defs[parts[2]]
	case len(parts) == 2 && parts[0] == "checks":
		schema = defs["checkOf"]
	case at != "" && strings.HasPrefix(at, "/known") || len(parts) == 1 && at != "":
		schema = defs["known"]
	}
	object, _ := schema.(map[string]any)
	for object != nil && object["properties"] == nil {
		alternatives, _ := object["anyOf"].([]any)
		if len(alternatives) == 0 {
			return nil
		}
		object, _ = alternatives[len(alternatives)-1].(map[string]any)
	}
	properties, _ := object["properties"].(map[string]any)
	var names []string
	for name := range properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Dir is the folder that paths in the file start from.
func (f *File) Dir() string { return filepath.Dir(f.Path) }
