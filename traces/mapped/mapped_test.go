package mapped_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/mapped"
)

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(mapped.Schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("mapping.schema.json", doc))
	s, err := c.Compile("mapping.schema.json")
	require.NoError(t, err)
	return s
}

// asSchemaSees returns whether the schema takes a mapping.
func asSchemaSees(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return err
	}
	encoded, err := yaml.MarshalWithOptions(value, yaml.JSON())
	require.NoError(t, err)
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	require.NoError(t, err)
	return s.Validate(instance)
}

// least is a mapping with all that it needs; with adds to it.
const least = `format: raftcheck-mapping
version: 1
log: json
server: node
event: msg
`

const someEvents = `events:
  boot: {event: restart}
  timer: {event: timeout}
  asks: {sends: RequestVote, to: peer, term: term}
  asked: {receives: RequestVote, from: peer, term: peerTerm, state: false}
  votes: {sends: RequestVoteReply, to: peer, term: term, granted: yes}
  led: state
  noise: skip
`

const someState = `state: {role: {field: role, values: {L: leader, F: follower, C: candidate}}, term: term, votedFor: vote}
`

func TestExamplesAreMappings(t *testing.T) {
	s := schema(t)
	files, err := filepath.Glob("../../examples/logs/*.yaml")
	require.NoError(t, err)
	require.Len(t, files, 2)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, asSchemaSees(t, s, string(text)), file)
		_, err = mapped.ReadMapping(file)
		require.NoError(t, err, file)
	}
}

// The mapping in the guide is one.
func TestMappingOfTheGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/verify-your-log.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(guide), "```yaml\n")
	require.True(t, found)
	text, _, _ := strings.Cut(after, "```")
	_, err = mapped.ParseMapping("guide", []byte(text))
	require.NoError(t, err)
	require.NoError(t, asSchemaSees(t, schema(t), text))
}

// Whatever is wrong with a mapping is told with its line, and the published schema finds it too but where it is told that it cannot.
func TestWhatIsWrongWithAMappingHasItsLine(t *testing.T) {
	const beyond = true // what no schema can say
	s := schema(t)
	require.NoError(t, asSchemaSees(t, s, least+someState+someEvents))
	for _, c := range []struct {
		text, want, hint string
		beyond           bool
	}{
		{"", "m.yaml:1: the mapping is empty", "", beyond},
		{"# nothing\n", "m.yaml:1: the mapping is empty", "", beyond},
		{"just words", "m.yaml:1: a mapping begins with format: raftcheck-mapping", "", false},
		{"format: [", "m.yaml:1: ", "", beyond},
		{least, `m.yaml:1: the mapping does not say "events"`, "", false},
		{strings.Replace(least+someEvents, "log: json", "log: jsn", 1), `m.yaml:3: unknown kind of log "jsn"`, `did you mean "json"?`, false},
		{strings.Replace(least+someEvents, "version: 1", "version: 2", 1), `m.yaml:2: version "2"; this program reads version 1`, "", false},
		{strings.Replace(least+someEvents, "raftcheck-mapping", "mapping", 1), `m.yaml:1: format "mapping", not "raftcheck-mapping"`, "", false},
		{least + "sever: node\n" + someEvents, `m.yaml:6: unknown key "sever"`, `did you mean "server"?`, false},
		{least + "prefix: '('\n" + someEvents, "m.yaml:6: prefix is not a regular expression", "", beyond},
		{least + "variants: [pre-vots]\n" + someEvents, `m.yaml:6: unknown variant "pre-vots"`, `did you mean "pre-votes"?`, beyond},
		{least + "servers: [a, b, a]\n" + someEvents, `m.yaml:6: server "a" stands here twice`, "", beyond},
		{least + "otherwise: ignore\n" + someEvents, `m.yaml:6: unknown otherwise "ignore"`, "", false},
		{least + "only: raft\n" + someEvents, "m.yaml:6: only is not a list of fields", "", false},
		{least + "state: {trem: term}\n" + someEvents, `m.yaml:6: unknown key "trem"`, `did you mean "term"?`, false},
		{least + "state:\n  term: {feild: term}\n" + someEvents, `m.yaml:7: unknown key "feild"`, `did you mean "field"?`, false},
		{least + "state:\n  term: {field: term, is: 3}\n" + someEvents, "m.yaml:7: term has both a field and a value of its own", "", false},
		{least + "state:\n  term: {values: {a: 3}}\n" + someEvents, "m.yaml:7: term has neither a field nor a value of its own", "", false},
		{least + "events: {}\n", "m.yaml:6: events is not a list of events", "", false},
		{least + "events:\n  a: skp\n", `m.yaml:7: unknown event "skp"`, `did you mean "skip"?`, false},
		{least + "events:\n  a: {event: timout}\n", `m.yaml:7: unknown event "timout"`, `did you mean "timeout"?`, false},
		{least + "events:\n  a: {event: deliver}\n", `m.yaml:7: unknown event "deliver"`, "", false},
		{least + "events:\n  a: {sends: RequestVotes}\n", `m.yaml:7: unknown kind of message "RequestVotes"`, `did you mean "RequestVote"?`, false},
		{least + "events:\n  a: {recieves: RequestVote}\n", `m.yaml:7: unknown key "recieves"`, `did you mean "receives"?`, false},
		{least + "events:\n  a: {sends: RequestVote, from: peer}\n", `m.yaml:7: unknown key "from"`, "", false},
		{least + "events:\n  a: {sends: RequestVote, receives: RequestVote}\n", `m.yaml:7: "a" is both receives and sends`, "", false},
		{least + "events:\n  a: {event: timeout, shows: never}\n", `m.yaml:7: unknown shows "never"`, "", false},
		{least + "events:\n  a: skip\n  a: state\n", `m.yaml:8: `, "", beyond},
		{least + someEvents + "---\nmore: 1\n", "a second document", "", beyond},
		{least + "events:\n  a: {sends: AppendEntries, entries: {field: e, entry: {trm: t}}}\n", `m.yaml:7: unknown key "trm"`, `did you mean "term"?`, false},
	} {
		_, err := mapped.ParseMapping("m.yaml", []byte(c.text))
		var fault *traces.InputError
		require.ErrorAs(t, err, &fault, "%q", c.text)
		require.Contains(t, fault.Error(), c.want)
		require.Equal(t, "m.yaml", fault.File)
		require.Positive(t, fault.Line)
		if c.hint != "" {
			require.Equal(t, c.hint, fault.Hint)
		}
		if !c.beyond {
			require.Error(t, asSchemaSees(t, s, c.text), "the schema takes %q", c.text)
		}
	}
}

func open(t *testing.T, mapping, log string, o traces.Options) (*mapped.Reader, error) {
	t.Helper()
	m, err := mapped.ParseMapping("m.yaml", []byte(mapping))
	require.NoError(t, err)
	lines, err := traces.NewLines("log", strings.NewReader(log))
	require.NoError(t, err)
	return mapped.NewReader(lines, m, o)
}

func records(t *testing.T, mapping, log string) (all []traces.Record) {
	t.Helper()
	r, err := open(t, mapping, log, traces.Options{})
	require.NoError(t, err)
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, *record)
	}
}

// failing returns the error that reading a log ends with.
func failing(t *testing.T, mapping, log string) *traces.InputError {
	t.Helper()
	r, err := open(t, mapping, log, traces.Options{})
	for err == nil {
		_, err = r.Next()
	}
	var fault *traces.InputError
	require.ErrorAs(t, err, &fault)
	return fault
}

func TestLinesThatAddToAStep(t *testing.T) {
	all := records(t, least+someState+someEvents, `{"msg":"boot","node":"a","role":"F","term":1,"vote":null}
{"msg":"boot","node":"b","role":"F","term":1}
{"msg":"timer","node":"a","term":2}
{"msg":"asked","node":"b","peer":"a","peerTerm":2,"term":1}
{"msg":"asks","node":"a","peer":"b","term":2,"role":"C","vote":"a"}
{"msg":"noise","node":"b"}
{"msg":"votes","node":"b","peer":"a","term":2,"yes":true,"vote":"a"}
`)
	require.Len(t, all, 4)
	require.Equal(t, "restart", all[0].Event)
	require.True(t, all[0].Step.After.Knows(spec.FieldVotedFor), "null is a vote for nobody")
	require.False(t, all[1].Step.After.Knows(spec.FieldVotedFor), "what is missing is unknown")

	timer := all[2]
	require.Equal(t, "timeout", timer.Event)
	require.Equal(t, 3, timer.Line)
	require.Equal(t, []int{5}, timer.Where.Effects)
	require.Equal(t, spec.Candidate, timer.Step.After.Role)
	require.Equal(t, spec.ServerID(1), timer.Step.After.VotedFor)
	sent := timer.Step.Output.Effects[0].Message
	require.Equal(t, spec.RequestVote, sent.Kind)
	require.Equal(t, spec.ServerID(2), sent.To)
	require.False(t, sent.Knows(spec.MessageLastIndex), "what no line shows of a message is unknown")

	asked := all[3]
	require.Equal(t, spec.Deliver, asked.Step.Input.Kind)
	require.Equal(t, spec.Term(2), asked.Step.Input.Message.Term)
	require.Equal(t, spec.Term(2), asked.Step.After.Term, "the term beside a message that arrives is not the server's")
	require.Equal(t, spec.ServerID(1), asked.Step.After.VotedFor)
	require.True(t, asked.Step.Output.Effects[0].Message.Granted)
}

// To whom a message goes need not be shown: then that is not known, and the line is a step of its own.
func TestMessagesToNobodyKnown(t *testing.T) {
	all := records(t, least+"events:\n  asked: {receives: RequestVote, from: from, term: t}\n  vote: {sends: RequestVoteReply, term: t, granted: {is: true}}\n",
		`{"msg":"asked","node":"a","from":"b","t":1}`+"\n"+`{"msg":"vote","node":"a","t":1}`+"\n")
	require.Len(t, all, 2)
	sent := &all[1].Step.Output.Effects[0].Message
	require.False(t, sent.Knows(spec.MessageTo))
	require.True(t, sent.Knows(spec.MessageFrom|spec.MessageTerm|spec.MessageGranted))
}

func TestErrorsNameBothFiles(t *testing.T) {
	good := `{"msg":"boot","node":"a","term":1}` + "\n"
	for _, c := range []struct{ log, want string }{
		{good + `{"msg":"boot","node":"a","term":"x"}`, `log:2: "term" is "x", and not a number from 0 to 2^53 (term is read from it at m.yaml:6)`},
		{good + `{"msg":"boot","node":"a","term":-1}`, `log:2: "term" is "-1", and not a number`},
		{good + `{"msg":"boot","node":"a","term":1,"term":2}`, `log:2: "term" stands here twice, and not the same`},
		{good + `{"msg":"boot","msg":"tick","node":"a"}`, `log:2: "msg" stands here twice, and not the same`},
		{good + `{"msg":"boot","node":"a","node":"b"}`, `log:2: "node" stands here twice, and not the same`},
		{good + `{"msg":"boot","node":"a","term":{"a":1,"a":2}}`, `log:2: in "term", "a" stands here twice`},
		{good + `{"msg":"boot","node":"a","term":1.5}`, `log:2: "term" is "1.5", and not a number`},
		{good + `{"msg":"boot","node":"a","term":[1]}`, `log:2: "term" is a list or an object`},
		{good + `{"msg":"boot","node":"a","role":"X"}`, `log:2: "role" is "X", and not follower, pre-candidate, candidate, leader or crashed`},
		{good + `{"msg":"bot","node":"a"}`, `log:2: the event "bot" is none that m.yaml names`},
		{good + `{"msg":"boot"}`, `log:2: no "node", where the server stands (m.yaml:4)`},
		{good + `{"node":"a"}`, `log:2: no "msg", where the event stands (m.yaml:5)`},
		{good + `{"msg":"boot","node":"a"`, `log:2:25: the line is cut off: `},
		{good + `hello` + "\n", `log:2:1: `},
		{good + `[1]` + "\n", `log:2:1: `},
		{good + `null` + "\n", `log:2:1: `},
		{good + `{"msg":1} 2` + "\n", `log:2:11: more text after the end of the object`},
		{`{"msg":"noise","node":"a"}` + "\n", `log:1: no line of the log is an event of a server as m.yaml has them`},
	} {
		require.Contains(t, failing(t, least+someState+someEvents, c.log).Error(), c.want)
	}
	require.Contains(t, failing(t, least+"servers: [a, b]\n"+someEvents, `{"msg":"boot","node":"c"}`).Error(),
		`log:1: "node" is "c", which is none of the servers at m.yaml:6`)
	require.Equal(t, `m.yaml has "boot" at line 8; did the log's word change?`, failing(t, least+someState+someEvents, good+`{"msg":"boots","node":"a"}`).Hint)
}

// A field that stands twice is an error where it is looked at, and does not say the same.
func TestAFieldStandsOnce(t *testing.T) {
	require.Len(t, records(t, least+someState+someEvents, `{"msg":"boot","node":"a","term":1,"span":1,"term":1,"span":2}`+"\n"), 1)
	logfmt := strings.Replace(least, "json", "logfmt", 1) + someState + someEvents
	require.Len(t, records(t, logfmt, "boot boot msg=boot node=a term=1 span=1 span=2\n"), 1)
	require.ErrorContains(t, failing(t, logfmt, "msg=boot node=a term=1 term=2\n"), `log:1: "term" stands here twice, and not the same`)
	require.ErrorContains(t, failing(t, logfmt, "term msg=boot node=a term=2\n"), `log:1: "term" stands here twice, and not the same`)
	lists := least + "state: {log: {field: entries, entry: {term: t}}, term: raft.term}\n" + someEvents
	require.ErrorContains(t, failing(t, lists, `{"msg":"boot","node":"a","entries":[{"t":1,"t":2}]}`), `log:1: in "entries", "t" stands here twice`)
	require.ErrorContains(t, failing(t, lists, `{"msg":"boot","node":"a","entries":"[{\"t\":1,\"t\":2}]"}`), `"t" stands here twice`)
	require.ErrorContains(t, failing(t, lists, `{"msg":"boot","node":"a","raft":{"term":1,"term":2}}`), `log:1: in "raft", "term" stands here twice`)
	require.ErrorContains(t, failing(t, lists, `{"msg":"boot","node":"a","raft":{"term":1},"raft":{"term":2}}`), `log:1: "raft" stands here twice`)
}

func TestWhatIsPassedOver(t *testing.T) {
	log := `{"msg":"boot","node":"a","logger":"raft"}
{"msg":"what","node":"a","logger":"raft"}
{"msg":"boot","node":"b","logger":"http"}
panic: no JSON at all
{"logger":"raft"}
`
	require.Len(t, records(t, least+"only: {logger: [raft, wal]}\notherwise: skip\nunreadable: skip\n"+someEvents, log), 1)
	r, err := open(t, least+someEvents, `{"msg":"boot","node":"a"}`+"\n"+`{"msg":"what","node":"a"}`+"\n", traces.Options{Lenient: true})
	require.NoError(t, err)
	_, err = r.Next()
	require.NoError(t, err)
	_, err = r.Next()
	require.ErrorIs(t, err, io.EOF)
}

func TestPrefixesPathsPatternsAndGlobs(t *testing.T) {
	mapping := `format: raftcheck-mapping
version: 1
log: logfmt
prefix: '\S+ (?P<host>\S+): '
server: {field: host, pattern: '^[a-z]+'}
event: msg
state: {term: {field: msg, pattern: 'term (\d+)'}, commit: {is: 0}}
events:
  "* in term *": {event: restart}
`
	all := records(t, mapping, `12:00 alpha.example: msg="up in term 3" extra
12:01 beta.example: msg="up in term 4"
`)
	require.Len(t, all, 2)
	require.Equal(t, spec.Term(3), all[0].Step.After.Term)
	require.Equal(t, spec.ServerID(2), all[1].Step.Server)
	require.True(t, all[0].Step.After.Knows(spec.FieldCommit))

	all = records(t, strings.Replace(least, "server: node", "server: who.id", 1)+"state: {log: log}\n"+someEvents, `{"msg":"boot","who":{"id":7},"log":[1,1,2]}
{"msg":"boot","who.id":8,"log":[{"term":1,"value":{"k":1}},{"kind":"no-op","term":2}]}
`)
	require.Equal(t, spec.Log{Entries: []spec.Entry{{Term: 1}, {Term: 1}, {Term: 2}}}, all[0].Step.After.Log)
	require.Equal(t, spec.Log{Entries: []spec.Entry{{Term: 1, Value: `{"k":1}`}, {Term: 2, Kind: spec.NoOp}}}, all[1].Step.After.Log)
}

func TestServersAreNumbered(t *testing.T) {
	r, err := open(t, least+someEvents, `{"msg":"boot","node":"x"}`+"\n"+`{"msg":"boot","node":"n2"}`+"\n"+`{"msg":"boot","node":"n1"}`+"\n", traces.Options{})
	require.NoError(t, err)
	var ids []spec.ServerID
	for {
		record, err := r.Next()
		if err != nil {
			break
		}
		ids = append(ids, record.Step.Server)
	}
	require.Equal(t, []spec.ServerID{1, 2, 3}, ids)
	require.Equal(t, map[spec.ServerID]string{1: "x", 3: "n1"}, r.Names())
}

// A step is held back no longer than Window, however long its server is silent.
func TestWindowIsBounded(t *testing.T) {
	var log strings.Builder
	log.WriteString(`{"msg":"boot","node":"a"}` + "\n")
	for range mapped.Window + 10 {
		log.WriteString(`{"msg":"timer","node":"b"}` + "\n")
	}
	log.WriteString(`{"msg":"led","node":"a","role":"F"}` + "\n")
	all := records(t, least+someState+someEvents, log.String())
	require.Len(t, all, mapped.Window+12)
	require.Equal(t, "tick", all[len(all)-1].Event)
}

// What a log leaves out never makes a legal execution illegal: each part of every line is taken away.
func TestSilenceIsNotALie(t *testing.T) {
	text, err := os.ReadFile("../../examples/logs/zap.ndjson")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, field := range []string{"state", "term", "votedFor", "commitIndex", "lastIndex", "lastTerm", "peerTerm", "granted", "entries", "prevIndex", "prevTerm",
		"leaderCommit", "success", "match", "peerLastIndex", "peerLastTerm", "command", "peer"} {
		for k := -1; k < len(lines); k++ {
			kept := make([]string, len(lines))
			for i, line := range lines {
				if kept[i] = line; k < 0 || k == i {
					kept[i] = without(t, line, field)
				}
			}
			judged(t, strings.Join(kept, "\n")+"\n", "%s of line %d", field, k+1)
		}
	}
	for k := range lines {
		judged(t, strings.Join(append(append([]string{}, lines[:k]...), lines[k+1:]...), "\n")+"\n", "line %d", k+1)
		judged(t, strings.Join(lines[k:], "\n")+"\n", "the lines before %d", k+1)
	}
}

// Likewise of a log in logfmt, whose lines are each about a part of a step: every two of its values and lines are taken away.
func TestSilenceOfLogfmtIsNotALie(t *testing.T) {
	text, err := os.ReadFile("../../examples/logs/logfmt.log")
	require.NoError(t, err)
	log := strings.Replace(string(text), "start term=7 role=F vote=-", "start term=7 role=F vote=host-a", 1)
	log = strings.Replace(log, "to=host-b granted=yes term=7 role=F vote=host-b", "to=host-b granted=no term=7 role=F vote=host-a", 1)
	lines := strings.Split(strings.TrimSpace(log), "\n")
	var parts []func(lines []string)
	value := regexp.MustCompile(` (to|from|term|role|vote|granted|peer)=\S+`)
	for k, line := range lines {
		parts = append(parts, func(lines []string) { lines[k] = "" })
		for _, at := range value.FindAllString(line, -1) {
			parts = append(parts, func(lines []string) { lines[k] = strings.Replace(lines[k], at, "", 1) })
		}
	}
	require.Greater(t, len(parts), 60)
	for i, one := range parts {
		for j, other := range parts[:i+1] {
			kept := slices.Clone(lines)
			one(kept)
			other(kept)
			kept = slices.DeleteFunc(kept, func(line string) bool { return line == "" })
			judgedBy(t, "../../examples/logs/logfmt.yaml", strings.Join(kept, "\n")+"\n", "parts %d and %d", i, j)
		}
	}
}

// without takes a member out of a JSON object.
func without(t *testing.T, line, field string) string {
	t.Helper()
	var object yaml.MapSlice
	require.NoError(t, yaml.UnmarshalWithOptions([]byte(line), &object, yaml.UseOrderedMap()))
	kept := object[:0]
	for _, item := range object {
		if item.Key != field {
			kept = append(kept, item)
		}
	}
	out, err := yaml.MarshalWithOptions(kept, yaml.JSON())
	require.NoError(t, err)
	return string(out)
}

// Where lines may be missing, any of them may be, the start of a server among them.
func TestSampledLogs(t *testing.T) {
	text, err := os.ReadFile("../../examples/logs/zap.ndjson")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	lines = append(lines,
		`{"logger":"raft","msg":"node started","node":"beta","state":"FOLLOWER","term":1,"votedFor":"alpha","commitIndex":0,"lastIndex":1,"lastTerm":1}`,
		`{"logger":"raft","msg":"append response","node":"beta","state":"FOLLOWER","term":1,"votedFor":"alpha","commitIndex":0,"lastIndex":1,"lastTerm":1,"peer":"alpha","success":true,"match":1}`)
	mapping, err := os.ReadFile("../../examples/logs/zap.yaml")
	require.NoError(t, err)
	sampled := filepath.Join(t.TempDir(), "sampled.yaml")
	require.NoError(t, os.WriteFile(sampled, append(mapping, "sampled: true\n"...), 0o666))
	chance := rand.New(rand.NewPCG(1, 1))
	for try := range 400 {
		share := 1 + chance.IntN(4)
		var kept []string
		for _, line := range lines {
			if chance.IntN(5) >= share {
				kept = append(kept, line)
			}
		}
		if len(kept) > 0 {
			judgedBy(t, sampled, strings.Join(kept, "\n")+"\n", "lines, try %d", try)
		}
	}
	found := verified(t, sampled, `{"logger":"raft","msg":"vote response","node":"gamma","peer":"alpha","granted":true,"term":1}
{"logger":"raft","msg":"vote response","node":"gamma","peer":"beta","granted":true,"term":1}
`)
	require.Len(t, found, 1, "a vote that was given binds, whatever is missing between")
	require.Equal(t, "vote-once", found[0].Rule.Name)
}

// judged fails if a rule is violated.
func judged(t *testing.T, log, what string, args ...any) {
	t.Helper()
	judgedBy(t, "../../examples/logs/zap.yaml", log, what, args...)
}

func judgedBy(t *testing.T, mapping, log, what string, args ...any) {
	t.Helper()
	for _, f := range verified(t, mapping, log) {
		t.Errorf("without "+what+": %s: %s", append(args, f.Rule.Name, f.Message)...)
	}
}

// verified returns what is found in a log, and nothing where a line lacks a member that a record needs.
func verified(t *testing.T, mapping, log string) []traces.Finding {
	t.Helper()
	m, err := mapped.ReadMapping(mapping)
	require.NoError(t, err)
	lines, err := traces.NewLines("log", strings.NewReader(log))
	require.NoError(t, err)
	r, err := mapped.NewReader(lines, m, traces.Options{})
	require.NoError(t, err)
	result, err := traces.Verify(context.Background(), r, traces.VerifyOptions{})
	var fault *traces.InputError
	if errors.As(err, &fault) {
		return nil
	}
	require.NoError(t, err)
	return result.Findings
}

func FuzzReader(f *testing.F) {
	mappings := map[bool]*mapped.Mapping{}
	for logfmt, name := range map[bool]string{false: "zap.ndjson", true: "logfmt.log"} {
		text, err := os.ReadFile("../../examples/logs/" + name)
		require.NoError(f, err)
		f.Add(text, logfmt)
		mappings[logfmt], err = mapped.ReadMapping("../../examples/logs/" + strings.TrimSuffix(name, filepath.Ext(name)) + ".yaml")
		require.NoError(f, err)
	}
	f.Fuzz(func(t *testing.T, data []byte, logfmt bool) {
		lines, err := traces.NewLines("log", bytes.NewReader(data))
		if err != nil {
			return
		}
		r, err := mapped.NewReader(lines, mappings[logfmt], traces.Options{})
		for err == nil {
			_, err = r.Next()
		}
		var fault *traces.InputError
		if !errors.Is(err, io.EOF) && !errors.As(err, &fault) {
			t.Fatal(err)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	text, err := os.ReadFile("../../examples/logs/zap.ndjson")
	require.NoError(b, err)
	log := bytes.Repeat(text, 100)
	m, err := mapped.ReadMapping("../../examples/logs/zap.yaml")
	require.NoError(b, err)
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		lines, err := traces.NewLines("log", bytes.NewReader(log))
		require.NoError(b, err)
		r, err := mapped.NewReader(lines, m, traces.Options{})
		for err == nil {
			_, err = r.Next()
		}
		require.ErrorIs(b, err, io.EOF)
	}
}

// A field that no line has on which it is looked for is told; one that is rare, null or only looked for on lines that are not there is not.
func TestFieldsThatNoLineHasAreTold(t *testing.T) {
	const log = `{"msg":"boot","node":"a","role":"F","trem":1}
{"msg":"led","node":"a","role":"F","vote":null,"entries":[{"t":1}]}
{"msg":"led","node":"a","role":"F","entries":[{"t":1}]}
`
	for _, c := range []struct{ state, want string }{
		{"{role: {field: role, values: {F: follower}}, votedFor: vote}", ""},
		{"{role: {field: role, values: {F: follower}}, term: term}", `m.yaml:6: no line has "term", which term is read from`},
		{"{term: trem, leader: {field: role, pattern: 'leader (.)'}}", `m.yaml:6: no line has "role" as the pattern has it, which leader is read from`},
		{"{term: trem, log: {field: entries, entry: {term: trm}}}", `m.yaml:6: no line has "trm", which the term of an entry is read from`},
	} {
		r, err := open(t, least+"state: "+c.state+"\n"+someEvents, log, traces.Options{})
		for err == nil {
			_, err = r.Next()
		}
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, c.want, strings.Join(r.Unmet(), "; "))
	}
	fault := failing(t, least+"state: {role: rolle, term: term}\n"+someEvents, log)
	require.Equal(t, `log:3: no line has any of the 2 fields of "state" at m.yaml:6`, fault.Error())
	fault = failing(t, least+"events:\n  boot: {sends: RequestVote, to: peer, term: term}\n  led: state\n", log)
	require.Equal(t, `log:3: no line has any of the 2 fields of "boot" at m.yaml:7`, fault.Error())
}

// What programs write for no server is not taken for one: a vote for it would be a vote that later ones contradict.
func TestNobodyIsNoServer(t *testing.T) {
	for _, name := range []string{"-1", `"none"`, `"NIL"`, `"<nil>"`, `"-"`} {
		fault := failing(t, least+someState+someEvents, `{"msg":"boot","node":0,"role":"F","term":1,"vote":`+name+"}\n")
		require.Contains(t, fault.Error(), `which is no server (votedFor is read from it at m.yaml:6)`)
		require.Contains(t, fault.Hint, `null}`)
	}
	all := records(t, least+strings.Replace(someState, "vote}", `{field: vote, values: {"-1": null}}}`, 1)+someEvents, `{"msg":"boot","node":0,"role":"F","term":1,"vote":-1}`+"\n")
	require.True(t, all[0].Step.After.Knows(spec.FieldVotedFor))
	require.Equal(t, spec.None, all[0].Step.After.VotedFor)
	all = records(t, least+"servers: [none, a]\n"+someState+someEvents, `{"msg":"boot","node":"a","role":"F","term":1,"vote":"none"}`+"\n")
	require.Equal(t, spec.ServerID(1), all[0].Step.After.VotedFor, "one that the mapping lists is one")
}

// A term or a commit index that falls is found where the log tells of each start before anything else. Where it does not, a start that no line tells of
// explains it, and the rule is not said to hold.
func TestFallsWithoutAStart(t *testing.T) {
	const begins = `{"msg":"boot","node":"a","term":1,"at":0}` + "\n"
	mapping := least + "state: {term: term, commit: at}\nevents:\n  boot: {event: restart}\n  led: state\n"
	for _, c := range []struct{ mapping, log, want string }{
		{mapping, begins + `{"msg":"led","node":"a","term":2,"at":5}` + "\n" + `{"msg":"led","node":"a","term":2,"at":3}`, "commit-monotonic at 3"},
		{mapping, begins + `{"msg":"led","node":"a","term":2,"at":5}` + "\n" + `{"msg":"led","node":"a","term":1,"at":5}`, "term-monotonic at 3"},
		{mapping, begins + `{"msg":"led","node":"a","term":2,"at":5}` + "\n" + begins + `{"msg":"led","node":"a","term":2,"at":3}`, ""},
		{mapping, `{"msg":"led","node":"a","term":2,"at":5}` + "\n" + `{"msg":"led","node":"a","term":2,"at":3}`, "unsettled commit-monotonic at 2"},
		{mapping, `{"msg":"led","node":"a","term":2,"at":5}` + "\n" + `{"msg":"led","node":"a","term":1,"at":5}`, "unsettled term-monotonic at 2"},
		{mapping, `{"msg":"led","node":"a","at":0}` + "\n" + begins + `{"msg":"led","node":"a","term":1,"at":5}` + "\n" + `{"msg":"led","node":"a","at":0}`, "unsettled commit-monotonic at 4"},
		{mapping + "sampled: true\n", begins + `{"msg":"led","node":"a","term":2,"at":5}` + "\n" + `{"msg":"led","node":"a","term":2,"at":3}`, ""},
	} {
		require.Equal(t, c.want, told(t, c.mapping, c.log), c.log)
	}
}

// A term, a commit index or an applied index that falls from one line of a step to the next is none of a half-done step: it is found where the mapping says that no
// line is missing between the two, and where it does not, judged as from one step to the next.
func TestFallsWithinAStep(t *testing.T) {
	const asked = `{"msg":"asked","node":"b","peer":"a","peerTerm":5,"term":4}` + "\n"
	const boot = `{"msg":"boot","node":"b","term":1}` + "\n"
	mapping := least + `state: {role: role, term: term, commit: at, applied: did}
events:
  led: state
  boot: {event: restart}
  booted: {completes: boot}
  asked: {receives: RequestVote, from: peer, term: peerTerm, shows: before}
  took: {completes: asked}
  votes: {sends: RequestVoteReply, to: peer, term: peerTerm}
`
	for _, c := range []struct{ log, want string }{
		{asked + `{"msg":"took","node":"b","term":5}` + "\n" + `{"msg":"took","node":"b","term":4}`, "term-monotonic at 3"},
		{strings.Replace(asked, "5", "10", 1) + `{"msg":"took","node":"b","term":10}` + "\n" + `{"msg":"took","node":"b","term":9}`, "term-monotonic at 3"},
		{asked + `{"msg":"took","node":"b","at":5}` + "\n" + `{"msg":"took","node":"b","at":3}` + "\n" + `{"msg":"took","node":"b","at":6}`, "commit-monotonic at 3"},
		{asked + `{"msg":"took","node":"b","at":5,"did":4,"role":"follower"}` + "\n" + `{"msg":"took","node":"b","did":3,"role":"follower"}`, "apply-in-order at 3"},
		{`{"msg":"led","node":"b","at":5,"did":4}` + "\n" + `{"msg":"led","node":"b","did":3}`, "unsettled apply-in-order at 2"},
		{boot + `{"msg":"led","node":"b","at":5,"did":4}` + "\n" + `{"msg":"led","node":"b","did":3}`, "apply-in-order at 3"},
		{strings.Replace(asked, "5", "10", 1) + `{"msg":"took","node":"b","term":9}` + "\n" + `{"msg":"took","node":"b","term":10}`, ""},
		{asked + `{"msg":"took","node":"b","at":5}` + "\n" + `{"msg":"votes","node":"b","peer":"a","peerTerm":5,"at":3}`, "unsettled commit-monotonic at 3"},
		{boot + asked + `{"msg":"took","node":"b","at":5}` + "\n" + `{"msg":"votes","node":"b","peer":"a","peerTerm":5,"at":3}`, "commit-monotonic at 4"},
		{`{"msg":"boot","node":"b","term":5,"at":7}` + "\n" + `{"msg":"booted","node":"b","term":5,"at":0}`, ""},
	} {
		require.Equal(t, c.want, told(t, mapping, c.log), c.log)
	}
}

// told returns what verifying a log finds first, settled or not.
func told(t *testing.T, mapping, log string) string {
	t.Helper()
	r, err := open(t, mapping, log+"\n", traces.Options{})
	require.NoError(t, err)
	result, err := traces.Verify(context.Background(), r, traces.VerifyOptions{})
	require.NoError(t, err)
	for _, f := range result.Findings {
		return fmt.Sprintf("%s at %d", f.Rule.Name, f.Evidence[0].Line)
	}
	for _, f := range result.Unsettled {
		require.Equal(t, spec.Inconclusive, result.Verdict)
		return fmt.Sprintf("unsettled %s at %d", f.Rule.Name, f.Evidence[0].Line)
	}
	return ""
}

// A trace of another format behind or before a log is not passed over with the lines that are, but where the mapping asks for others only.
func TestTracesInsideALog(t *testing.T) {
	const log = `{"msg":"boot","node":"a","of":"raft"}` + "\n"
	for _, c := range []struct {
		other string
		only  bool // it is refused where other lines are asked for, too
	}{
		{`{"format":"raftcheck-trace","version":1,"servers":["n1"]}`, true},
		{`{"tag":"trace","event":{"name":"InitState","nid":"1"}}`, false},
		{`{"tag":"raft_trace","msg":{"function":"commit"}}`, false},
	} {
		for _, passing := range []string{"log: json\notherwise: skip\n", "log: json\nonly: {of: raft}\n", "log: logfmt\nprefix: '-'\nunreadable: skip\n"} {
			mapping, text := strings.Replace(least, "log: json\n", passing, 1)+someEvents, log
			if strings.Contains(passing, "logfmt") {
				text = "-msg=boot node=a\n"
			}
			if strings.Contains(passing, "only") && !c.only {
				require.Len(t, records(t, mapping, text+c.other+"\n"), 1)
				continue
			}
			fault := failing(t, mapping, text+c.other+"\n")
			require.Equal(t, 2, fault.Line)
			require.Contains(t, fault.Message, "begins inside another trace")
			require.Equal(t, 1, failing(t, mapping, c.other+"\n"+text).Line)
		}
	}
}
