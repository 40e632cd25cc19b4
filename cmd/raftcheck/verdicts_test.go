package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/traces"
)

// verdictCase is a small trace with what is to be said of it, as testdata/verdicts has them:
//
//	== a vote is given twice
//	vote-once at 2
//	n3 deliver RequestVote n1 term:1 last:0 | send RequestVoteReply n1 term:1 granted:true | = follower term:1 votedFor:n1
//	n3 deliver RequestVote n2 term:1 last:0 | send RequestVoteReply n2 term:1 granted:true
//
// The second line is the rule that is broken and the number of the guilty record, or "legal"; words after it are variants that the header declares, and
// "joined" says there that records of different servers are in an order of causes.
// A record is what happens to a server, with the sender of what is delivered; then effects, with the receiver of what is sent; then what is shown
// before (pre) and after (=). "last" and "prev" are index@term, a log is [x@1 no-op@1 @2] with …2@1 in front where it was compacted, progress
// is server:next/match. A number and a colon in front of a record is its n.
type verdictCase struct {
	name, file string
	line       int
	rule       string // "" is legal
	at         int64
	variants   []string
	records    []map[string]any
}

// TestVerdicts judges all small traces, and then every legal one with any one of its parts taken out.
func TestVerdicts(t *testing.T) {
	cases := verdictCases(t)
	require.NotEmpty(t, cases)
	for _, c := range cases {
		d := c.document(t)
		r := judged(d.bytesOf(d.lines))
		if r == nil {
			t.Errorf("%s: %s: it cannot be read", c.place(), c.name)
			continue
		}
		if c.rule != "" {
			c.requireFound(t, d, r)
			continue
		}
		for _, f := range r.Findings {
			t.Errorf("%s: %s: is legal, and record %d is said to break %s: %s", c.place(), c.name, guiltyNumber(d.lines, r), f.Rule.Name, f.Message)
		}
		if len(r.Findings) == 0 {
			c.requireSilent(t, d)
		}
	}
}

func (c *verdictCase) place() string { return fmt.Sprintf("%s:%d", c.file, c.line) }

func (c *verdictCase) requireFound(t *testing.T, d *document, r *traces.Result) {
	if len(r.Findings) == 0 {
		t.Errorf("%s: %s: nothing is found, and record %d breaks %s", c.place(), c.name, c.at, c.rule)
		return
	}
	for _, f := range r.Findings {
		if f.Rule.Name == c.rule && guiltyNumber(d.lines, r) == c.at {
			return
		}
	}
	f := r.Findings[0]
	t.Errorf("%s: %s: %s at record %d is wanted, and %s at record %d is found: %s", c.place(), c.name, c.rule, c.at, f.Rule.Name, guiltyNumber(d.lines, r), f.Message)
}

// requireSilent takes out every single part of a legal trace.
func (c *verdictCase) requireSilent(t *testing.T, d *document) {
	try := func(what string, lines []map[string]any) {
		if r := judged(d.bytesOf(lines)); r != nil && len(r.Findings) > 0 {
			t.Errorf("%s: %s: is legal, and without %s it is said to break %s: %s", c.place(), c.name, what, r.Findings[0].Rule.Name, r.Findings[0].Message)
		}
	}
	for k := range d.lines {
		lines := slices.Clone(d.lines)
		lines[k] = nil
		try(fmt.Sprintf("record %d", k+1), lines)
		lines = slices.Clone(d.lines)
		clear(lines[:k+1])
		try(fmt.Sprintf("the records up to %d", k+1), lines)
		lines = slices.Clone(d.lines)
		for i := range lines[:k+1] {
			if lines[i]["server"] == d.lines[k]["server"] {
				lines[i] = nil
			}
		}
		try(fmt.Sprintf("the records of %s up to %d", d.lines[k]["server"], k+1), lines)
		membersOf(d.lines[k], nil, func(path []any) {
			lines := slices.Clone(d.lines)
			forget(lines, k, path)
			try(fmt.Sprintf("record %d's %v", k+1, path), lines)
		})
	}
}

func (c *verdictCase) document(t *testing.T) *document {
	var b strings.Builder
	b.WriteString(`{"format":"raftcheck-trace","version":1,"servers":[]` + c.declared() + "}\n")
	for _, r := range c.records {
		b.WriteString(spellingOf(r) + "\n")
	}
	return parseDocument(t, c.name, []byte(b.String()))
}

func (c *verdictCase) declared() string {
	variants := slices.DeleteFunc(slices.Clone(c.variants), func(v string) bool { return v == "joined" })
	switch joined := len(variants) < len(c.variants); {
	case joined && len(variants) > 0:
		return `,"joined":true,"variants":` + spellingOf(variants)
	case joined:
		return `,"joined":true`
	case len(variants) > 0:
		return `,"variants":` + spellingOf(variants)
	}
	return ""
}

// verdictCases reads all small traces.
func verdictCases(t *testing.T) (all []verdictCase) {
	files, err := filepath.Glob("testdata/verdicts/*.txt")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for n, line := range strings.Split(string(text), "\n") {
			line = strings.TrimSpace(line)
			switch {
			case line == "" || strings.HasPrefix(line, "#"):
			case strings.HasPrefix(line, "== "):
				all = append(all, verdictCase{name: line[3:], file: file, line: n + 1, at: -1})
			default:
				c := &all[len(all)-1]
				if err := c.take(line); err != nil {
					t.Fatalf("%s:%d: %s", file, n+1, err)
				}
			}
		}
	}
	return all
}

func (c *verdictCase) take(line string) error {
	words := strings.Fields(line)
	if c.at < 0 {
		c.at = 0
		if words[0] == "legal" {
			c.variants = words[1:]
			return nil
		}
		if len(words) < 3 || words[1] != "at" {
			return fmt.Errorf("neither \"legal\" nor \"RULE at RECORD\"")
		}
		c.rule, c.variants = words[0], words[3:]
		n, err := strconv.ParseInt(words[2], 10, 64)
		c.at = n
		return err
	}
	r, err := readRecord(line, len(c.records)+1)
	c.records = append(c.records, r)
	return err
}

// readRecord reads one record of a small trace.
func readRecord(line string, n int) (map[string]any, error) {
	if before, rest, found := strings.Cut(line, ": "); found && !strings.Contains(before, " ") {
		given, err := strconv.Atoi(before)
		if err != nil {
			return nil, err
		}
		n, line = given, rest
	}
	parts := strings.Split(line, "|")
	words := tokens(parts[0])
	record := map[string]any{"n": n, "server": words[0], "event": words[1]}
	words = words[2:]
	if record["event"] == "deliver" {
		message := map[string]any{"kind": words[0], "to": record["server"]}
		if words[1] != "?" {
			message["from"] = words[1]
		}
		record["message"] = message
		for _, word := range words[2:] {
			setMember(message, word)
		}
		words = nil
	}
	for _, word := range words {
		setMember(record, word)
	}
	var effects []any
	for _, part := range parts[1:] {
		words := tokens(part)
		switch words[0] {
		case "pre", "=":
			record[map[string]string{"pre": "pre", "=": "post"}[words[0]]] = readState(words[1:])
		case "send":
			message := map[string]any{"kind": words[1], "from": record["server"]}
			if words[2] != "?" {
				message["to"] = words[2]
			}
			for _, word := range words[3:] {
				setMember(message, word)
			}
			effects = append(effects, map[string]any{"send": message})
		case "set":
			for _, word := range words[1:] {
				setMember(record, word)
			}
		default:
			effects = append(effects, map[string]any{words[0]: readState(words[1:])})
		}
	}
	if effects != nil {
		record["effects"] = effects
	}
	return record, nil
}

var roleWords = []string{"follower", "pre-candidate", "candidate", "leader", "crashed"}

// readState reads a state, or what is on disk, or what is answered.
func readState(words []string) map[string]any {
	state := map[string]any{}
	for _, word := range words {
		if slices.Contains(roleWords, word) {
			state["role"] = word
			continue
		}
		setMember(state, word)
	}
	return state
}

// setMember reads name:value, as it is spelt in small traces.
func setMember(to map[string]any, word string) {
	name, value, _ := strings.Cut(word, ":")
	indexAndTerm := func(index, term string) {
		i, t, both := strings.Cut(value, "@")
		to[index] = json.Number(i)
		if both {
			to[term] = json.Number(t)
		}
	}
	switch name {
	case "last":
		indexAndTerm("lastLogIndex", "lastLogTerm")
	case "prev":
		indexAndTerm("prevLogIndex", "prevLogTerm")
	case "match":
		to["matchIndex"] = json.Number(value)
	case "log":
		to[name] = readLog(value)
	case "entries":
		to[name] = readLog(value)["entries"]
	case "config":
		to[name] = map[string]any{"voters": strings.Split(value, ",")}
	case "disk":
		to["durable"] = readState(tokens(strings.Trim(value, "()")))
	case "change":
		to[name] = readState(tokens(strings.Trim(value, "()")))
	case "granted":
		if !strings.HasPrefix(value, "[") {
			to[name] = value == "true"
			break
		}
		fallthrough
	case "contact":
		to[name] = listOf(value, func(word string) any { return word })
	case "progress":
		to[name] = listOf(value, func(word string) any {
			server, numbers, _ := strings.Cut(word, ":")
			next, match, _ := strings.Cut(numbers, "/")
			return map[string]any{"server": server, "next": json.Number(next), "match": json.Number(match)}
		})
	case "reads":
		to[name] = listOf(value, func(word string) any {
			request, index, _ := strings.Cut(word, "@")
			return map[string]any{"value": request, "index": json.Number(index), "token": request, "confirmed": []any{}}
		})
	case "leaderCommit":
		to[name] = json.Number(value)
	default:
		to[name] = readValue(value)
	}
}

func readValue(value string) any {
	if _, err := strconv.ParseUint(value, 10, 64); err == nil {
		return json.Number(value)
	}
	switch value {
	case "true", "false":
		return value == "true"
	case "null":
		return nil
	}
	return value
}

func listOf(value string, each func(string) any) []any {
	list := []any{}
	for _, word := range strings.Fields(strings.Trim(value, "[]")) {
		list = append(list, each(word))
	}
	return list
}

// readLog reads [x@1 no-op@1 voters=n1,n2@2 @2 configuration@2], the last two without their values, with …2@1 first if it was compacted, and >2@1 if its beginning is not shown.
func readLog(value string) map[string]any {
	log := map[string]any{}
	entries := []any{}
	for _, word := range strings.Fields(strings.Trim(value, "[]")) {
		at := strings.LastIndex(word, "@")
		what, term := word[:at], json.Number(word[at+1:])
		switch {
		case strings.HasPrefix(word, "…"):
			log["base"], log["baseTerm"] = json.Number(strings.TrimPrefix(what, "…")), term
		case strings.HasPrefix(word, ">"):
			log["from"], log["fromTerm"] = json.Number(strings.TrimPrefix(what, ">")), term
		case what == "":
			entries = append(entries, map[string]any{"term": term})
		case what == "no-op", what == "configuration":
			entries = append(entries, map[string]any{"term": term, "kind": what})
		case strings.Contains(what, "="):
			entries = append(entries, map[string]any{"term": term, "kind": "configuration", "value": strings.ReplaceAll(what, ";", " ")})
		default:
			entries = append(entries, map[string]any{"term": term, "value": what})
		}
	}
	log["entries"] = entries
	return log
}

// tokens splits at spaces outside brackets.
func tokens(text string) (words []string) {
	depth, from := 0, -1
	for k, c := range text + " " {
		switch c {
		case '[', '(':
			depth++
		case ']', ')':
			depth--
		}
		switch {
		case c == ' ' && depth == 0 && from >= 0:
			words, from = append(words, text[from:k]), -1
		case c != ' ' && from < 0:
			from = k
		}
	}
	return words
}
