package gate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/traces"
)

// Update returns the text of a file with known findings added behind those it has, and without those that gone reports true for. All other
// lines stay as they are, comments included. The file is a raftcheck.yaml, or one of known findings only (alone), or empty. What comes out is
// read again: a file that is written in a way in which it cannot be updated is an *traces.InputError.
func Update(path string, text []byte, alone bool, add []report.Known, gone func(*report.Known) bool) ([]byte, error) {
	d, err := parse(path, text, unguessed)
	if err != nil {
		return nil, err
	}
	u := &updated{document: d, end: "\n"}
	if bytes.Contains(text, []byte("\r\n")) {
		u.end = "\r\n"
	}
	if len(text) > 0 {
		u.lines = strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(text), u.end, "\n"), "\n"), "\n")
	}
	if err := u.locate(alone); err != nil {
		return nil, err
	}
	known, err := u.existing(alone)
	if err != nil {
		return nil, err
	}
	want := append(slices.DeleteFunc(slices.Clone(known), func(n report.Known) bool { return gone(&n) }), add...)
	if slices.Equal(want, known) {
		return text, nil
	}
	u.drop(known, gone)
	u.insert(add)
	out := []byte(strings.Join(u.lines, u.end) + u.end)
	if !u.says(out, alone, want) {
		return nil, u.fault("/known", "the known findings cannot be updated in a file that is written like this", "write known: [] in a line of its own, or known: FILE").InputError
	}
	return out, nil
}

func unguessed(_ string, _ []string, otherwise string) string { return otherwise }

// says reports whether a text declares the same checks as before, and exactly these known findings.
func (u *updated) says(text []byte, alone bool, want []report.Known) bool {
	d, err := parse(u.path, text, unguessed)
	if err != nil {
		return false
	}
	if alone {
		list, err := d.known()
		return err == nil && slices.Equal(list, want)
	}
	now, err := d.file()
	if err != nil || !slices.Equal(now.Known, want) {
		return false
	}
	was, err := u.file()
	return err == nil && reflect.DeepEqual(lineless(was.Checks), lineless(now.Checks))
}

// lineless are checks without where they stand.
func lineless(checks []Check) []Check {
	checks = slices.Clone(checks)
	for k := range checks {
		c := &checks[k]
		c.Line, c.Settings = 0, slices.Clone(c.Settings)
		for i := range c.Settings {
			c.Settings[i].Line = 0
		}
	}
	return checks
}

// updated is a text on its way. Positions are indexes of lines.
type updated struct {
	*document
	end     string // of lines
	lines   []string
	key     int     // of the line with known:; -1 for a list that is the whole file, or where there is none
	list    bool    // there is a list in block style
	entries [][]int // where each entry begins, and where the next line after it is
	indent  string  // of the dashes
}

// locate finds the list.
func (u *updated) locate(alone bool) error {
	u.key = -1
	list := u.root
	if m := mappingOf(u.root); m != nil {
		list = nil
		for _, entry := range m {
			if keyOf(entry.Key) == "known" {
				u.key = min(entry.Key.GetToken().Position.Line, len(u.lines)) - 1
				list = entry.Value
			}
		}
		u.indent = "  "
	} else if !alone {
		u.indent = "  "
	}
	seq, is := list.(*ast.SequenceNode)
	switch {
	case !is:
		return nil // no list yet
	case seq.IsFlowStyle && len(seq.Values) > 0:
		return u.fault("/known", "the known findings are written between [ and ]: only a list with a line for each can be updated", "write each as - rule: …").InputError
	case seq.IsFlowStyle:
		return nil
	}
	u.list = true
	for _, v := range seq.Values {
		begin := v.GetToken().Position.Line - 1
		if m := mappingOf(v); len(m) > 0 {
			begin = m[0].Key.GetToken().Position.Line - 1
		}
		for begin > 0 && !strings.HasPrefix(strings.TrimSpace(u.lines[begin]), "-") {
			begin--
		}
		u.indent = u.lines[begin][:strings.IndexByte(u.lines[begin], '-')]
		u.entries = append(u.entries, []int{begin, u.endOf(begin)})
	}
	return nil
}

func mappingOf(n ast.Node) []*ast.MappingValueNode {
	switch v := n.(type) {
	case *ast.MappingNode:
		return v.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{v}
	}
	return nil
}

// endOf is the first line that is no longer of the entry: it is indented no further than the dash.
func (u *updated) endOf(begin int) int {
	end := begin + 1
	for k := begin + 1; k < len(u.lines); k++ {
		line := u.lines[k]
		if strings.TrimSpace(line) == "" {
			continue
		}
		if len(line)-len(strings.TrimLeft(line, " ")) <= len(u.indent) {
			break
		}
		end = k + 1
	}
	return end
}

func (u *updated) existing(alone bool) ([]report.Known, error) {
	if alone {
		return u.known()
	}
	f, err := u.file()
	if err != nil {
		return nil, err
	}
	if f.KnownFile != "" {
		return nil, &traces.InputError{File: u.path, Line: u.line("/known"), Message: "known findings are in " + f.KnownFile}
	}
	return f.Known, nil
}

// drop takes entries out, with the comments right above them, from the last to the first so that positions stay true.
func (u *updated) drop(known []report.Known, gone func(*report.Known) bool) {
	for k := len(u.entries) - 1; k >= 0; k-- {
		if k >= len(known) || !gone(&known[k]) {
			continue
		}
		begin, end := u.entries[k][0], u.entries[k][1]
		least := 0
		if k > 0 {
			least = u.entries[k-1][1]
		} else if u.key >= 0 {
			least = u.key + 1
		}
		for begin > least && k > 0 && strings.HasPrefix(strings.TrimSpace(u.lines[begin-1]), "#") {
			begin--
		}
		u.lines = slices.Delete(u.lines, begin, end)
		u.entries = slices.Delete(u.entries, k, k+1)
		for later := k; later < len(u.entries); later++ {
			u.entries[later][0] -= end - begin
			u.entries[later][1] -= end - begin
		}
	}
	if u.key >= 0 && u.list && len(u.entries) == 0 {
		u.lines[u.key], u.list = knownLine.ReplaceAllString(u.lines[u.key], "known: []$1"), false
	}
}

// knownLine is a line at which a list of known findings begins, or that says that there are none, and what is remarked there.
var knownLine = regexp.MustCompile(`^known:(?: *(?:\[ *\]|null|~))?( *#.*| *)$`)

// insert adds entries behind those that are there.
func (u *updated) insert(add []report.Known) {
	if len(add) == 0 {
		return
	}
	at := len(u.lines)
	switch {
	case len(u.entries) > 0:
		at = u.entries[len(u.entries)-1][1]
	case u.key >= 0:
		u.lines[u.key] = knownLine.ReplaceAllString(u.lines[u.key], "known:$1")
		at = u.key + 1
	case u.indent != "":
		if at > 0 && strings.TrimSpace(u.lines[at-1]) != "" {
			u.lines = append(u.lines, "")
		}
		u.lines = append(u.lines, "known:")
		at = len(u.lines)
	case at == 0:
		u.lines = append(u.lines, "# Findings that are accepted: they are told and do not fail, until their date. Say why in reason.")
		at = 1
	case u.root != nil:
		u.lines = slices.DeleteFunc(u.lines, func(line string) bool { return strings.TrimSpace(line) == "[]" }) // a list without anything
		at = len(u.lines)
	}
	var lines []string
	for k := range add {
		lines = append(lines, entry(&add[k], u.indent)...)
	}
	u.lines = slices.Insert(u.lines, at, lines...)
}

// entry writes a known finding.
func entry(n *report.Known, indent string) []string {
	var lines []string
	for _, member := range []struct{ key, value string }{{"rule", n.Rule}, {"subject", n.Subject}, {"fingerprint", n.Fingerprint}, {"shape", n.Shape},
		{"reason", n.Reason}, {"issue", n.Issue}, {"expires", n.Expires}} {
		if member.value == "" && member.key != "subject" {
			continue
		}
		lead := "  "
		if len(lines) == 0 {
			lead = "- "
		}
		value := scalar(member.value)
		if member.key == "fingerprint" || member.key == "expires" {
			value = quoted(member.value) // neither is to be taken for a number or a date
		}
		lines = append(lines, fmt.Sprintf("%s%s%s: %s", indent, lead, member.key, value))
	}
	return lines
}

// plainWords are texts that mean themselves in YAML.
var plainWords = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9 ,;./@()_-]*$`)

// scalar writes a text so that YAML reads the same text.
func scalar(s string) string {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
	default:
		if plainWords.MatchString(s) && strings.TrimSpace(s) == s {
			return s
		}
	}
	return quoted(s)
}

func quoted(s string) string {
	text, _ := json.Marshal(s) // a string can always be written
	return string(text)
}
