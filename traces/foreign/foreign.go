// Package foreign recognises files by how they begin, to say what they are where they cannot be read as what was asked for:
// the formats of other tools, and files of raftcheck that are for another verb.
//
// It reads none of them. A file that it does not recognise may still be anything; one that it does is that with next to no doubt.
package foreign

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Format is a kind of file that is known by name.
type Format struct {
	Name  string   // what the file is, as it goes on after "this is": "a history of Jepsen"
	Verbs []string // the verbs of raftcheck that read it, the usual one first; none when none does
	Hint  string   // what to do with it, where no verb reads it
	Guess bool     // that many files begin so: it says what to try and not what the file is
}

// ReadBy reports whether a verb reads the format.
func (f *Format) ReadBy(verb string) bool { return slices.Contains(f.Verbs, verb) }

// Command returns the command that reads a file of the format, or what else to do with it.
func (f *Format) Command(file string) string {
	switch {
	case len(f.Verbs) == 0:
		return strings.ReplaceAll(f.Hint, "FILE", file)
	case f.Verbs[0] == "gate":
		return "raftcheck gate --file " + file
	}
	return "raftcheck " + f.Verbs[0] + " " + file
}

// HeadSize is how many bytes of the beginning of a file are worth looking at.
const HeadSize = 64 << 10

// Recognise tells what a file is that begins so, plain text of up to HeadSize bytes; nil when it cannot say.
func Recognise(begins []byte) *Format {
	h := headOf(begins)
	for k := range known {
		if known[k].is(&h) {
			return known[k].Format
		}
	}
	return nil
}

// known lists the formats in the order in which they are tried: the surest first.
var known = []struct {
	*Format
	is func(*head) bool
}{
	{Native, func(h *head) bool { return h.value("format") == "raftcheck-trace" }},
	{&Format{Name: "a history of clients", Verbs: []string{"linearize"}}, func(h *head) bool { return strings.HasPrefix(h.value("format"), "raftcheck-history") }},
	{&Format{Name: "a report of a campaign or a shard (-o json)", Verbs: []string{"merge"}},
		func(h *head) bool {
			return h.has("format", "version", "verdict") && (h.value("command") == "fuzz" || h.has("command", "shard"))
		}},
	{&Format{Name: "a report of raftcheck (-o json)", Hint: "it tells of files that were judged, and holds none of them: give raftcheck those under \"files\" or \"trace\""},
		func(h *head) bool { return h.has("format", "version", "command", "verdict") }},
	{&Format{Name: "a statement of raftcheck conform", Hint: "raftcheck conform --against FILE tells what changed since"},
		func(h *head) bool { return h.has("format", "suite", "implementation", "level") }},
	{&Format{Name: "a report in SARIF", Hint: "it tells of files that were judged, and holds none of them"},
		func(h *head) bool { return strings.Contains(h.value("$schema"), "sarif") || h.has("version", "runs") }},
	{Etcd, func(h *head) bool { return h.anyLine(etcdEvent) }},
	{CCF, func(h *head) bool { return h.anyLine(ccfEvent) }},
	{&Format{Name: "a recording of Maelstrom's messages", Verbs: []string{"linearize"}}, func(h *head) bool { return h.has("src", "dest", "body") }},
	{&Format{Name: "a history of Jepsen", Verbs: []string{"linearize"}}, func(h *head) bool { return h.anyLine(jepsenOperation) || h.anyLine(jepsenJSON) }},
	{&Format{Name: "a log of Jepsen", Verbs: []string{"linearize"}}, func(h *head) bool { return h.anyLine(jepsenLog) }},
	{&Format{Name: "a list of client operations of etcd's robustness tests", Verbs: []string{"linearize"}}, func(h *head) bool { return h.has("Input", "Call", "Return", "ClientId") }},
	{&Format{Name: "a watch of etcd's robustness tests, without the operations", Hint: "raftcheck linearize FOLDER reads the folder of the whole report, " +
		"which has client-*/operations.json"},
		func(h *head) bool { return h.has("Request", "Responses") }},
	{&Format{Name: "what a checker of Jepsen's found (results.edn), and not the history", Hint: "raftcheck linearize reads history.edn, beside it"},
		func(h *head) bool { return jepsenResults(h.text) }},
	{&Format{Name: "a recording of TiPocket for a model of its own", Hint: "what its checks with Elle log is read (EDN); or write the format of docs/linearizability.md"},
		func(h *head) bool { return h.has("action", "proc", "data") }},
	{&Format{Name: "an execution of Apalache (ITF)", Hint: "a behaviour of a specification is no record of servers; raftcheck check --impl spec searches raft.tla itself, " +
		"and a trace of servers is written as docs/trace-format.md says"},
		func(h *head) bool { return h.has("vars", "states") || h.has("#meta", "states") }},
	{&Format{Name: "a graph or path of states by TLC (JSON)", Hint: tlcHint}, func(h *head) bool {
		return h.has("state", "action") || h.has("states", "transitions") || h.has("counterexample")
	}},
	{&Format{Name: "an output of TLC", Hint: tlcHint}, func(h *head) bool { return h.anyLine(tlcOutput) }},
	{&Format{Name: "a path of Stateright", Hint: "it tells of a model and not of servers; a Raft in Rust is searched with raftcheck check --exec, as docs/how-to-any-language.md says, " +
		"and what its servers log is read with --map, as docs/verify-your-log.md says"},
		func(h *head) bool { return h.anyLine(stateright) }},
	{&Format{Name: "a log of openraft", Hint: "have tracing write JSON lines (tracing_subscriber::fmt().json()) of the servers' state and messages, and say with --map which " +
		"field is what: docs/verify-your-log.md"},
		func(h *head) bool { return h.anyLine(openraft) }},
	{&Format{Name: "a saved input of go test -fuzz", Hint: "go test runs it: put it under testdata/fuzz of the package that it came from"},
		func(h *head) bool { return strings.HasPrefix(h.text, "go test fuzz v1") }},
	{&Format{Name: "a page of raftcheck (-o html) without a trace", Hint: "it shows what was judged; give raftcheck that"}, func(h *head) bool {
		return htmlPage(h.text) && strings.Contains(h.text, `<meta name="generator" content="raftcheck`) && strings.Contains(h.text, `<meta name="traces" content="0"/>`)
	}},
	{&Format{Name: "a page of raftcheck (-o html)", Verbs: append(byServers, "replay", "shrink")}, func(h *head) bool {
		return htmlPage(h.text) && strings.Contains(h.text, `<meta name="generator" content="raftcheck`)
	}},
	{&Format{Name: "a page (HTML)", Hint: "it shows what was recorded, and is not the record"}, func(h *head) bool {
		return htmlPage(h.text)
	}},
	{&Format{Name: "a report in JUnit's XML", Hint: "it tells of files that were judged, and holds none of them"},
		func(h *head) bool { return junitReport(h.text) }},
	{&Format{Name: "a summary in Markdown (-o markdown)", Hint: "it tells of files that were judged, and holds none of them"},
		func(h *head) bool { return summary(h.lines[0]) }},
	{&Format{Name: "a picture (SVG)", Hint: "it shows what was recorded, and is not the record"}, func(h *head) bool { return picture(h.text) }},
	{&Format{Name: "a program", Hint: "raftcheck check --exec COMMAND searches it, where COMMAND runs FILE: docs/how-to-any-language.md"},
		func(h *head) bool { return strings.HasPrefix(h.text, "#!") || h.anyLine(source) }},
	{&Format{Name: "a list of known findings", Hint: "every verb that judges takes it, as in raftcheck check --known FILE"}, func(h *head) bool {
		return h.anyLine(fingerprint) && !h.anyLine(checksKey) && h.allYAML()
	}},
	{&Format{Name: "a mapping of a log to a trace", Hint: "raftcheck verify --map MAPPING LOG"}, func(h *head) bool {
		return h.anyLine(mappingKey) && !strings.HasPrefix(h.text, "{")
	}},
	{&Format{Name: "a declaration of a project (raftcheck.yaml)", Verbs: []string{"gate"}}, func(h *head) bool {
		return !strings.HasPrefix(h.text, "{") && h.anyLine(projectKey) && h.allYAML()
	}},
	{&Format{Name: "JSON over several lines", Hint: "a trace or a log has one object a line: jq -c . FILE writes it so", Guess: true}, func(h *head) bool {
		return slices.Contains([]string{"{", "[", "[{"}, strings.TrimSpace(h.lines[0])) && len(h.keys) > 0
	}},
	{&Format{Name: "a log in JSON lines", Hint: logHint, Guess: true}, func(h *head) bool {
		return h.has("msg") || h.has("message") || h.has("level") || h.has("event")
	}},
	{&Format{Name: "a log in logfmt", Hint: logHint, Guess: true}, func(h *head) bool { return logfmt(h.lines[0]) }},
}

// The formats of traces. CCF is what a trace of CCF's is recognised as, whatever else stands before its first event.
var (
	Native = &Format{Name: "a trace of raftcheck", Verbs: append(byServers, "linearize", "replay", "shrink", "join")}
	Etcd   = &Format{Name: "a trace of etcd's raft", Verbs: byServers}
	CCF    = &Format{Name: "a trace of CCF's raft", Verbs: byServers}
)

// Inside returns the format of a trace that a line within a file of another format begins or belongs to: files were put together there. It is
// nil for any other line, such as another of the program's log. own is the format of the file, whose lines are none of these; nil is none.
func Inside(line []byte, own *Format) *Format {
	of := func(f *Format, mark string) bool { return f != own && bytes.Contains(line, []byte(mark)) }
	if !of(Native, `"raftcheck-trace"`) && !of(Etcd, `"nid"`) && !of(CCF, `"function"`) {
		return nil
	}
	h := headOf(line)
	tag, tagged := h.keys["tag"]
	switch {
	case own != Native && h.value("format") == "raftcheck-trace":
		return Native
	case own != Etcd && (tag == "trace" || !tagged) && etcdEvent(h.text):
		return Etcd
	case own != CCF && (tag == "raft_trace" || tag == "tla") && h.has("msg"):
		return CCF
	}
	return nil
}

// byServers are the verbs that read what servers recorded, in whatever format.
var byServers = []string{"verify", "show"}

const (
	tlcHint = "what a specification may do is no record of servers; raftcheck check --impl spec searches raft.tla itself and counts the same states, " +
		"and a trace of servers is written as docs/trace-format.md says"
	logHint = "raftcheck verify --map MAPPING.yaml LOG reads it, if the mapping says which field is what: docs/verify-your-log.md"
)

var (
	etcdEvent       = matches(`^\{.*"event"\s*:\s*\{.*"nid"\s*:`)
	ccfEvent        = matches(`^\{.*"tag"\s*:\s*"(raft_trace|tla)"`)
	jepsenOperation = matches(`^\s*[\[({#]*\S*\s*\{.*:type\s+:(invoke|ok|fail|info)\b|^\s*[\[(]*\s*\{.*:type\s+:(invoke|ok|fail|info)\b|^\[\s*\{\s*:process\b`)
	jepsenLog       = matches(`^(\S+[\t ].*)?\bjepsen\.[a-z.-]+[:\s]|^\d+\t:(invoke|ok|fail|info)\t`)
	jepsenJSON      = matches(`^\s*\[?\s*\{.*"type"\s*:\s*"(invoke|ok|fail|info)"`)
	jepsenResults   = matches(`^\{[^{}]*:valid\?\s`)
	tlcOutput       = matches(`^@!@!@STARTMSG|^TLC2 Version|^State 1: <Initial predicate>|^Error: Invariant .* is violated|^Error: The behavior up to this point`)
	stateright      = matches(`^Discovered ".*" (counterexample|example) .*Path\[`)
	openraft        = matches(`\bopenraft::`)
	htmlPage        = matches(`(?i)^\s*(<!doctype html|<html)`)
	junitReport     = matches(`^\s*(<\?xml[^>]*>\s*)?<testsuites?\b`)
	summary         = matches(`^## \S+ raftcheck [a-z]+: `)
	picture         = matches(`^\s*(<\?xml[^>]*>\s*)?<svg\b`)
	source          = matches(`^(package [a-z]\w*\s*$|import \w+\s*$|from \w+ import \w|#include [<"]|use std::\w)`)
	fingerprint     = matches(`^\s*(- )?fingerprint:\s`)
	checksKey       = matches(`^checks:`)
	mappingKey      = matches(`^format:\s*raftcheck-mapping\b`)
	projectKey      = matches(`^(implementations|implementation|check|fuzz|verify|linearize|suite|known|impl|rules|subject|version):`)
	logfmt          = matches(`^[\w.-]+=("[^"]*"|\S+)( [\w.-]+=("[^"]*"|\S*))+`)
	yamlLine        = matches(`^(\s*#.*|\s*-( .*)?|\s*["']?[\w./-]+["']?:( .*)?|\s+\S.*|---)?$`)
)

// matches returns whether a text matches an expression, which is compiled when somebody asks first.
func matches(expression string) func(string) bool {
	compiled := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
	return func(text string) bool { return compiled().MatchString(text) }
}

// head is how a file begins.
type head struct {
	text  string
	lines []string
	keys  map[string]string // members of the first JSON object, with the value of those that are text
}

func headOf(begins []byte) head {
	begins = bytes.TrimLeft(bytes.TrimPrefix(begins, []byte("\xef\xbb\xbf")), " \t\r\n")
	h := head{text: string(begins), keys: map[string]string{}}
	h.lines = strings.Split(h.text, "\n")
	h.read(json.NewDecoder(bytes.NewReader(begins)))
	return h
}

// read takes in the members of the first object, as far as the text goes.
func (h *head) read(d *json.Decoder) {
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return
	}
	for d.More() {
		key, err := d.Token()
		name, text := key.(string)
		if err != nil || !text {
			return
		}
		h.keys[name] = ""
		var value any
		if d.Decode(&value) != nil {
			return
		}
		if s, text := value.(string); text {
			h.keys[name] = s
		}
	}
}

func (h *head) has(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { _, there := h.keys[name]; return !there })
}

func (h *head) value(name string) string { return h.keys[name] }

// anyLine reports whether one of the first lines is so.
func (h *head) anyLine(so func(string) bool) bool {
	return slices.ContainsFunc(h.lines[:min(len(h.lines), 64)], so)
}

// allYAML reports whether the lines can be those of a YAML document.
func (h *head) allYAML() bool {
	return !slices.ContainsFunc(h.lines[:len(h.lines)-1], func(line string) bool { return !yamlLine(strings.TrimRight(line, "\r")) })
}
