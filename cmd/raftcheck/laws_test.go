package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/traces"
)

// Two laws hold whatever a record leaves out. Silence is not a lie: a legal trace of which any part is taken out breaks no rule. Saying more
// finds no less: a trace with a finding, into which a part is put back, has a finding at that line or before.
//
// Both are tried on random executions of the reference with each of lawWorlds, on the small traces of testdata/verdicts and on the native traces of
// this repository. .ci/long laws tries a million forgettings.
var (
	forgettings = flag.Int("forgettings", 10_000, "how many random forgettings the laws are tried on")
	lawSeed     = flag.Uint64("seed", 1, "of the random executions and forgettings")
	legalTraces = flag.String("legal", "", "a folder of legal native traces, to be tried beside random executions")
)

// document is a native trace as lines of JSON.
type document struct {
	name   string
	header string
	lines  []map[string]any

	known map[uintptr]*spelling // of its own lines, by the address of each
	size  int                   // of all of it, about
}

// spelling is how a line is written, and what may be taken out of it.
type spelling struct {
	text  []byte
	paths [][]any
}

func parseDocument(t *testing.T, name string, text []byte) *document {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	d := &document{name: name, header: lines[0], known: map[uintptr]*spelling{}, size: len(text) + 1}
	for _, line := range lines[1:] {
		var record map[string]any
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&record), name)
		d.lines = append(d.lines, record)
		s := &spelling{text: []byte(line)}
		membersOf(record, nil, func(path []any) { s.paths = append(s.paths, path) })
		d.known[reflect.ValueOf(record).Pointer()] = s
	}
	return d
}

// pathsOf lists the paths of all members of a line that may be taken out.
func (d *document) pathsOf(line map[string]any) (paths [][]any) {
	if s, known := d.known[reflect.ValueOf(line).Pointer()]; known {
		return s.paths
	}
	membersOf(line, nil, func(path []any) { paths = append(paths, path) })
	return paths
}

// part is something that may be taken out of a document.
type part func(lines []map[string]any)

// kept are the members that make a record or a message what it is; without them it would be another one, or none. What counts as false
// or as empty when it is left out is one of them: a flag, the beginning of a log, the half of a configuration.
var kept = map[string]bool{"n": true, "server": true, "event": true, "kind": true, "send": true, "write": true, "sync": true, "answer": true, "apply": true, "fail": true,
	"cut": true, "lossy": true, "refused": true, "keep": true, "redirect": true, "lost": true, "stays": true, "read": true, "failed": true, "passed": true, "joint": true,
	"base": true, "from": true, "entries": false, "outgoing": true, "learners": true, "message": true, "groups": true, "change": true, "value": false, "peer": true, "client": true,
	"payload": true, "lastToken": true}

// membersOf lists the paths of all members below a value that may be taken out.
func membersOf(value any, path []any, each func(path []any)) {
	switch v := value.(type) {
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			here := append(slices.Clip(path), name)
			inMessage := len(path) > 0 && (path[len(path)-1] == "message" || path[len(path)-1] == "send")
			if !kept[name] || inMessage && name == "from" {
				each(here)
			}
			membersOf(v[name], here, each)
		}
	case []any:
		for k := range v {
			membersOf(v[k], append(slices.Clip(path), k), each)
		}
	}
}

// without returns a value without the member, or the element of effects, at a path.
func without(value any, path []any) any {
	if len(path) == 0 {
		return value
	}
	switch v := value.(type) {
	case map[string]any:
		name, is := path[0].(string)
		if !is {
			return value
		}
		if _, there := v[name]; !there {
			return value
		}
		changed := make(map[string]any, len(v))
		for key, inner := range v {
			changed[key] = inner
		}
		if len(path) == 1 {
			delete(changed, name)
		} else {
			changed[name] = without(v[name], path[1:])
		}
		return changed
	case []any:
		k, is := path[0].(int)
		if !is || k >= len(v) {
			return value
		}
		changed := slices.Clone(v)
		if len(path) == 1 {
			return slices.Delete(changed, k, k+1)
		}
		changed[k] = without(v[k], path[1:])
		return changed
	}
	return value
}

// randomPart draws something to take out: a member, all members of one name, an effect, all messages of a kind, a record, the beginning, a server.
func (d *document) randomPart(chance *rand.Rand) part {
	line := chance.IntN(len(d.lines))
	drop := func(gone func(k int, record map[string]any) bool) part {
		return func(lines []map[string]any) {
			for k := range lines {
				if lines[k] != nil && gone(k, lines[k]) {
					lines[k] = nil
				}
			}
		}
	}
	switch chance.IntN(10) {
	case 0:
		return drop(func(k int, _ map[string]any) bool { return k == line })
	case 1:
		if chance.IntN(4) == 0 {
			return drop(func(k int, _ map[string]any) bool { return k < line })
		}
		upTo := line + chance.IntN(5)
		return drop(func(k int, _ map[string]any) bool { return k >= line && k <= upTo })
	case 2:
		if chance.IntN(3) == 0 {
			server := d.lines[line]["server"]
			return drop(func(_ int, record map[string]any) bool { return record["server"] == server })
		}
		event := d.lines[line]["event"]
		return drop(func(_ int, record map[string]any) bool { return record["event"] == event })
	case 3:
		effects, _ := d.lines[line]["effects"].([]any)
		if len(effects) > 0 {
			k := chance.IntN(len(effects))
			return func(lines []map[string]any) { forget(lines, line, []any{"effects", k}) }
		}
	case 4:
		effects, _ := d.lines[line]["effects"].([]any)
		if len(effects) > 0 {
			what := kindOfEffect(effects[chance.IntN(len(effects))])
			return func(lines []map[string]any) {
				for k := range lines {
					forgetEffects(lines, k, what)
				}
			}
		}
	}
	paths := d.pathsOf(d.lines[line])
	if len(paths) == 0 {
		return func([]map[string]any) {}
	}
	path := paths[chance.IntN(len(paths))]
	if chance.IntN(4) > 0 {
		return func(lines []map[string]any) { forget(lines, line, path) }
	}
	name := path[len(path)-1]
	return func(lines []map[string]any) {
		for k := range lines {
			if lines[k] == nil {
				continue
			}
			for _, path := range d.pathsOf(lines[k]) {
				if path[len(path)-1] == name {
					forget(lines, k, path)
				}
			}
		}
	}
}

func forget(lines []map[string]any, k int, path []any) {
	if lines[k] != nil {
		lines[k], _ = without(lines[k], path).(map[string]any)
	}
}

func kindOfEffect(effect any) string {
	members, _ := effect.(map[string]any)
	for name, inner := range members {
		message, _ := inner.(map[string]any)
		kind, _ := message["kind"].(string)
		return name + " " + kind
	}
	return ""
}

func forgetEffects(lines []map[string]any, k int, kind string) {
	if lines[k] == nil {
		return
	}
	effects, _ := lines[k]["effects"].([]any)
	for i := len(effects) - 1; i >= 0; i-- {
		if kindOfEffect(effects[i]) == kind {
			forget(lines, k, []any{"effects", i})
		}
	}
}

// bytesOf writes lines again; those that were taken out are nil.
func (d *document) bytesOf(lines []map[string]any) []byte {
	b := append(append(make([]byte, 0, d.size), d.header...), '\n')
	for _, line := range lines {
		if line == nil {
			continue
		}
		if s, same := d.known[reflect.ValueOf(line).Pointer()]; same {
			b = append(b, s.text...)
		} else {
			b = appendSpelling(b, line)
		}
		b = append(b, '\n')
	}
	return b
}

// spellingOf spells a value so that equal ones have equal spellings.
func spellingOf(v any) string { return string(appendSpelling(nil, v)) }

func appendSpelling(b []byte, v any) []byte {
	switch v := v.(type) {
	case map[string]any:
		var room [24]string
		names := room[:0]
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		b = append(b, '{')
		for k, name := range names {
			if k > 0 {
				b = append(b, ',')
			}
			b = append(append(append(b, '"'), name...), '"', ':')
			b = appendSpelling(b, v[name])
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for k := range v {
			if k > 0 {
				b = append(b, ',')
			}
			b = appendSpelling(b, v[k])
		}
		return append(b, ']')
	case json.Number:
		return append(b, v...)
	case nil:
		return append(b, "null"...)
	}
	spelt, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return append(b, spelt...)
}

// judged verifies a native trace; nil if it cannot be read any more, as when nothing is left of it.
func judged(text []byte) *traces.Result {
	lines, err := traces.NewLines("f", bytes.NewReader(text))
	if err != nil {
		return nil
	}
	r, err := traces.NewReader(lines, traces.Options{})
	if err != nil {
		return nil
	}
	result, err := traces.Verify(context.Background(), r, traces.VerifyOptions{})
	if err != nil {
		return nil
	}
	return result
}

// lawWorlds are features of the reference, alone and together, in whose worlds random executions are made.
var lawWorlds = []string{"", "snapshots", "pre-vote", "check-quorum", "transfer", "membership", "membership,snapshots", "joint", "sessions", "async-storage", "read-index",
	"lease-reads", "snapshots,transfer", "pre-vote,check-quorum,transfer", "read-index,snapshots,sessions", "one-entry,conflict-hints"}

// randomExecution walks at random through a world larger than those that are searched.
func randomExecution(t *testing.T, features string, chance *rand.Rand, steps int) *traces.Trace {
	s, err := subject.Named(strings.TrimSuffix(subject.ReferenceName+":"+features, ":"))
	require.NoError(t, err)
	config := s.Config
	enlarge(&config)
	trace, broken, err := checker.Run(&config, randomActions(t, &config, chance, steps), spec.Rules)
	require.NoError(t, err)
	require.Empty(t, broken, "the reference with %s breaks a rule", features)
	trace.Header.Records = 0
	return trace
}

// enlarge makes room in a world for long executions.
func enlarge(config *cluster.Config) {
	b := &config.Bounds
	b.Terms, b.Log, b.Messages, b.Campaigns, b.Proposals = 6, 6, 8, 8, 6
	if b.Changes > 0 {
		b.Changes = 3
	}
	if b.Compactions > 0 {
		b.Compactions = 3
	}
	config.Faults.Crash, config.Faults.Lossy = 3, true
}

// randomActions walks at random through a world, and takes messages and commands more often than faults, and inputs of the given kinds in every
// fourth step if there are any.
func randomActions(t *testing.T, config *cluster.Config, chance *rand.Rand, steps int, kinds ...spec.InputKind) (actions []cluster.Action) {
	world, err := cluster.New(config)
	require.NoError(t, err)
	for len(actions) < steps {
		all := world.Next()
		all = slices.DeleteFunc(all, func(n cluster.Next) bool { return n.Outcome.Outside || n.Outcome.Refused })
		if len(all) == 0 {
			break
		}
		next := all[chance.IntN(len(all))]
		for range 3 {
			if a := next.Action; a.Kind == cluster.Give && (a.Input.Kind == spec.Deliver || a.Input.Kind == spec.Propose) && a.Input.Cut == 0 {
				break
			}
			next = all[chance.IntN(len(all))]
		}
		if len(kinds) > 0 && chance.IntN(4) == 0 {
			wanted := slices.DeleteFunc(all, func(n cluster.Next) bool {
				return n.Action.Kind != cluster.Give || n.Action.Input.Cut > 0 || !slices.Contains(kinds, n.Action.Input.Kind)
			})
			if len(wanted) > 0 {
				next = wanted[chance.IntN(len(wanted))]
			}
		}
		actions, world = append(actions, next.Action), next.World
	}
	return actions
}

// documentOf writes a trace down.
func documentOf(t *testing.T, name string, trace *traces.Trace) *document {
	var b bytes.Buffer
	w, err := traces.NewWriter(&b, trace.Header)
	require.NoError(t, err)
	for k := range trace.Records {
		require.NoError(t, w.Record(&trace.Records[k]))
	}
	require.NoError(t, w.Flush())
	return parseDocument(t, name, b.Bytes())
}

// executions are random executions of the reference with each of lawWorlds, made once for all tests.
func executions(t *testing.T) []*document {
	executed.once.Do(func() {
		chance := rand.New(rand.NewPCG(*lawSeed, 1))
		for _, features := range lawWorlds {
			for k := range 2 {
				trace := randomExecution(t, features, chance, 80)
				executed.all = append(executed.all, documentOf(t, fmt.Sprintf("%s %d", features, k), trace))
			}
		}
	})
	require.Len(t, executed.all, 2*len(lawWorlds))
	return executed.all
}

var executed struct {
	once sync.Once
	all  []*document
}

func legalDocuments(t *testing.T) []*document {
	all := slices.Clone(executions(t))
	for _, d := range tracesHere(t) {
		r := judged(d.bytesOf(d.lines))
		if r != nil && len(r.Findings) > 0 { // what comes before it is legal
			legal := *d
			legal.lines = d.lines[:r.Findings[0].Evidence[0].Line-2]
			d, r = &legal, judged(legal.bytesOf(legal.lines))
		}
		if r != nil && len(r.Findings) == 0 {
			all = append(all, d)
		}
	}
	if *legalTraces != "" {
		files, err := filepath.Glob(filepath.Join(*legalTraces, "*"))
		require.NoError(t, err)
		for _, file := range files {
			all = append(all, nativeFile(t, file)...)
		}
	}
	return all
}

// tracesHere are the small traces of testdata/verdicts and the native traces of this repository. What is said of each is held elsewhere.
func tracesHere(t *testing.T) (all []*document) {
	for _, c := range verdictCases(t) {
		all = append(all, c.document(t))
	}
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && slices.Contains([]string{".trace", ".ndjson", ".jsonl"}, filepath.Ext(path)) {
			all = append(all, nativeFile(t, path)...)
		}
		return err
	})
	require.NoError(t, err)
	return all
}

// restricted is what a header says of which rules a trace is about, and of how many records it has to have.
var restricted = regexp.MustCompile(`,"(records":\d+|rules":\[[^]]*\])`)

// nativeFile returns the trace of a file, to be judged by every rule whatever is taken out of it, and nothing for a file of another format or one that cannot be read.
func nativeFile(t *testing.T, file string) []*document {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	if !bytes.HasPrefix(text, []byte(`{"format":"raftcheck-trace"`)) || judged(text) == nil {
		return nil
	}
	d := parseDocument(t, filepath.Base(file), text)
	d.header = restricted.ReplaceAllString(d.header, "")
	return []*document{d}
}

// keep writes a counterexample down, in the folder that LAWS_KEEP names if it is set, and returns its path.
func (d *document) keep(folder, name string, text []byte) string {
	path := filepath.Join(folder, fmt.Sprintf("%s-%d-%s.trace", name, *lawSeed, strings.ReplaceAll(d.name, "/", "-")))
	if err := os.WriteFile(path, text, 0o666); err != nil {
		return err.Error()
	}
	return path
}

// keptIn is the folder for counterexamples.
func keptIn(t *testing.T) string { return cmp.Or(os.Getenv("LAWS_KEEP"), t.TempDir()) }

// chanceOf is the source of randomness of one try, whichever goroutine makes it.
func chanceOf(try int, law uint64) *rand.Rand {
	return rand.New(rand.NewPCG(*lawSeed<<8|law, uint64(try)))
}

// each calls try for each number from first to before end, in as many goroutines as there are processors.
func each(first, end int, try func(n int)) {
	var next atomic.Int64
	next.Store(int64(first))
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for n := int(next.Add(1)) - 1; n < end; n = int(next.Add(1)) - 1 {
				try(n)
			}
		})
	}
	workers.Wait()
}

func TestSilenceIsNotALie(t *testing.T) {
	t.Parallel()
	documents := legalDocuments(t)
	folder := keptIn(t)
	for _, d := range documents {
		text := d.bytesOf(d.lines)
		r := judged(text)
		require.NotNil(t, r, d.name)
		if len(r.Findings) > 0 {
			t.Errorf("%s breaks a rule as it is: %s: %s (%s)", d.name, r.Findings[0].Rule.Name, r.Findings[0].Message, d.keep(folder, "legal", text))
		}
	}
	var read atomic.Int64
	each(0, *forgettings, func(n int) {
		chance := chanceOf(n, 1)
		d := documents[chance.IntN(len(documents))]
		lines := slices.Clone(d.lines)
		for range 1 + chance.IntN(1<<chance.IntN(5)) {
			d.randomPart(chance)(lines)
		}
		text := d.bytesOf(lines)
		r := judged(text)
		if r == nil {
			return
		}
		read.Add(1)
		if len(r.Findings) > 0 {
			t.Errorf("%s, forgetting %d: %s: %s (%s)", d.name, n, r.Findings[0].Rule.Name, r.Findings[0].Message, d.keep(folder, fmt.Sprintf("forgotten-%d", n), text))
		}
	})
	require.Greater(t, int(read.Load()), *forgettings/2, "most of what is left can be read")
}
