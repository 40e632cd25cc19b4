package etcd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// tracedEvent is the shape of one event, with every field the format has.
type tracedEvent struct {
	Name  string         `json:"name"`
	Node  string         `json:"nid"`
	State tracedState    `json:"state"`
	Role  string         `json:"role"`
	Log   uint64         `json:"log"`
	Conf  [2][]string    `json:"conf"`
	Msg   *tracedMessage `json:"msg,omitempty"`
	Prop  *tracedProp    `json:"prop,omitempty"`
}

type tracedState struct {
	Term   uint64 `json:"term"`
	Vote   string `json:"vote"`
	Commit uint64 `json:"commit"`
}

type tracedMessage struct {
	Type       string `json:"type"`
	Term       uint64 `json:"term"`
	From       string `json:"from"`
	To         string `json:"to"`
	Entries    uint64 `json:"entries"`
	LogTerm    uint64 `json:"logTerm"`
	Index      uint64 `json:"index"`
	Commit     uint64 `json:"commit"`
	Vote       string `json:"vote"`
	Reject     bool   `json:"reject"`
	RejectHint uint64 `json:"rejectHint"`
}

type tracedProp struct {
	Match *uint64       `json:"match,omitempty"`
	Next  *uint64       `json:"next,omitempty"`
	Conf  *tracedChange `json:"cc,omitempty"`
}

type tracedChange struct {
	Changes []tracedSingle `json:"changes,omitempty"`
	NewConf []string       `json:"newconf,omitempty"`
}

type tracedSingle struct {
	Node   string `json:"nid"`
	Action string `json:"action"`
}

// mutation changes one line of a trace.
type mutation struct {
	what  string
	event func(*rand.Rand, *tracedEvent) bool // nil for whole lines; false when it does not apply
}

func number(get func(*tracedEvent) *uint64) func(*rand.Rand, *tracedEvent) bool {
	return func(r *rand.Rand, e *tracedEvent) bool {
		p := get(e)
		if p == nil {
			return false
		}
		was := *p
		*p += []uint64{1, 2, ^uint64(0), ^uint64(1)}[r.IntN(4)]
		if *p > 1<<40 {
			*p = 0
		}
		return *p != was
	}
}

func inMessage(get func(*tracedMessage) *uint64) func(*rand.Rand, *tracedEvent) bool {
	return number(func(e *tracedEvent) *uint64 {
		if e.Msg == nil {
			return nil
		}
		return get(e.Msg)
	})
}

func other(r *rand.Rand, was string, choices ...string) string {
	choices = slices.DeleteFunc(slices.Clone(choices), func(s string) bool { return s == was })
	return choices[r.IntN(len(choices))]
}

var mutations = []mutation{
	{"state.term", number(func(e *tracedEvent) *uint64 { return &e.State.Term })},
	{"state.commit", number(func(e *tracedEvent) *uint64 { return &e.State.Commit })},
	{"state.vote", func(r *rand.Rand, e *tracedEvent) bool {
		e.State.Vote = other(r, e.State.Vote, "0", "1", "2", "3")
		return true
	}},
	{"role", func(r *rand.Rand, e *tracedEvent) bool {
		e.Role = other(r, e.Role, "StateFollower", "StateCandidate", "StateLeader", "StatePreCandidate")
		return true
	}},
	{"log", number(func(e *tracedEvent) *uint64 { return &e.Log })},
	{"conf", func(r *rand.Rand, e *tracedEvent) bool {
		half := r.IntN(2)
		if ids := e.Conf[half]; len(ids) > 0 && r.IntN(2) == 0 {
			e.Conf[half] = ids[1:]
			return true
		}
		e.Conf[half] = append(slices.Clone(e.Conf[half]), "9")
		return true
	}},
	{"name", func(r *rand.Rand, e *tracedEvent) bool {
		e.Name = other(r, e.Name, names[1:]...)
		return (e.Msg != nil) == strings.Contains(e.Name, "Send") || (e.Msg != nil) == strings.Contains(e.Name, "Receive")
	}},
	{"nid", func(r *rand.Rand, e *tracedEvent) bool {
		e.Node = other(r, e.Node, "1", "2", "3")
		return true
	}},
	{"msg.type", func(r *rand.Rand, e *tracedEvent) bool {
		if e.Msg == nil {
			return false
		}
		e.Msg.Type = other(r, e.Msg.Type, kinds[1:]...)
		return true
	}},
	{"msg.term", inMessage(func(m *tracedMessage) *uint64 { return &m.Term })},
	{"msg.from", func(r *rand.Rand, e *tracedEvent) bool {
		if e.Msg == nil {
			return false
		}
		e.Msg.From = other(r, e.Msg.From, "1", "2", "3")
		return true
	}},
	{"msg.to", func(r *rand.Rand, e *tracedEvent) bool {
		if e.Msg == nil {
			return false
		}
		e.Msg.To = other(r, e.Msg.To, "1", "2", "3")
		return true
	}},
	{"msg.entries", inMessage(func(m *tracedMessage) *uint64 { return &m.Entries })},
	{"msg.logTerm", inMessage(func(m *tracedMessage) *uint64 { return &m.LogTerm })},
	{"msg.index", inMessage(func(m *tracedMessage) *uint64 { return &m.Index })},
	{"msg.commit", inMessage(func(m *tracedMessage) *uint64 { return &m.Commit })},
	{"msg.rejectHint", inMessage(func(m *tracedMessage) *uint64 { return &m.RejectHint })},
	{"msg.vote", func(r *rand.Rand, e *tracedEvent) bool {
		if e.Msg == nil {
			return false
		}
		e.Msg.Vote = other(r, e.Msg.Vote, "0", "1", "2")
		return true
	}},
	{"msg.reject", func(r *rand.Rand, e *tracedEvent) bool {
		if e.Msg == nil {
			return false
		}
		e.Msg.Reject = !e.Msg.Reject
		return true
	}},
	{"prop.match", number(func(e *tracedEvent) *uint64 {
		if e.Prop == nil {
			return nil
		}
		return e.Prop.Match
	})},
	{"prop.next", number(func(e *tracedEvent) *uint64 {
		if e.Prop == nil {
			return nil
		}
		return e.Prop.Next
	})},
	{"prop.newconf", func(r *rand.Rand, e *tracedEvent) bool {
		if e.Prop == nil || e.Prop.Conf == nil || e.Prop.Conf.NewConf == nil {
			return false
		}
		if r.IntN(2) == 0 {
			e.Prop.Conf.NewConf = e.Prop.Conf.NewConf[1:]
		} else {
			e.Prop.Conf.NewConf = append(e.Prop.Conf.NewConf, "9")
		}
		return true
	}},
	{"prop.changes", func(r *rand.Rand, e *tracedEvent) bool {
		if e.Prop == nil || e.Prop.Conf == nil || e.Prop.Conf.Changes == nil {
			return false
		}
		c := &e.Prop.Conf.Changes[0]
		if r.IntN(2) == 0 {
			c.Node = other(r, c.Node, "1", "2", "3", "9")
		} else {
			c.Action = other(r, c.Action, actions[1:]...)
		}
		return true
	}},
	{what: "delete"},
	{what: "duplicate"},
	{what: "insert"},
}

// mutate returns the lines with one of them changed, and the number of the line that is now wrong.
func mutate(r *rand.Rand, lines [][]byte, m *mutation) ([][]byte, int, bool) {
	k := r.IntN(len(lines))
	switch m.what {
	case "delete":
		return slices.Delete(slices.Clone(lines), k, k+1), k + 1, k < len(lines)-1
	case "duplicate":
		return slices.Insert(slices.Clone(lines), k, lines[k]), k + 2, true
	case "insert":
		return slices.Insert(slices.Clone(lines), k, lines[r.IntN(len(lines))]), k + 1, true
	}
	var line struct {
		Tag   string      `json:"tag"`
		Event tracedEvent `json:"event"`
	}
	if json.Unmarshal(lines[k], &line) != nil || !m.event(r, &line.Event) {
		return nil, 0, false
	}
	changed, err := json.Marshal(line)
	if err != nil {
		return nil, 0, false
	}
	out := slices.Clone(lines)
	out[k] = changed
	return out, k + 1, true
}

func verifyLines(t testing.TB, lines [][]byte) (*traces.Result, error) {
	l, err := traces.NewLines("trace.ndjson", bytes.NewReader(append(bytes.Join(lines, []byte("\n")), '\n')))
	require.NoError(t, err)
	source, err := NewReader(l, traces.Options{})
	require.NoError(t, err)
	return traces.Verify(context.Background(), source, traces.VerifyOptions{})
}

func linesOf(t testing.TB, file string) (all [][]byte) {
	l, err := traces.OpenLines(file, nil)
	require.NoError(t, err)
	defer l.Close()
	for {
		line, err := l.Next()
		if err != nil {
			return all
		}
		all = append(all, bytes.Clone(line))
	}
}

// tally counts what became of the mutations of one kind.
type tally struct {
	what                      string
	tried, missed, here, near int
	examples                  []string
}

func (c *tally) String() string {
	return fmt.Sprintf("%5d tried, %4d missed, %5d named the line, %5d a later one", c.tried, c.missed, c.here, c.near)
}

// invisible says why a change of a line may go unnoticed: the changed trace is one that etcd's raft may write as well. It returns ""
// for a change that must be noticed.
func invisible(what, line string) string {
	is := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.Contains(line, `"name":"`+n) })
	}
	switch what {
	case "duplicate", "insert":
		switch {
		case is("Ready"):
			return "an application may take a Ready at any time, and one that holds only what is not traced looks the same"
		case is("Receive"):
			return "a message may arrive twice; this one changes nothing and is not answered"
		case is("SendAppendEntriesRequest"):
			return "a leader asked to hand over sends entries unasked"
		case is("Commit"):
			return "a peer that was reported unreachable and acknowledges again makes the leader look again"
		case is("ApplyConfChange"):
			return "the latest change of configuration, applied once more in the last lines of the trace"
		}
	case "delete":
		switch {
		case is("Ready"):
			return "what it let go leaves with the next one"
		case is("Receive"):
			return "a message may be lost; this one changed nothing and was not answered"
		case is("SendAppendEntriesRequest"):
			return "a leader that believes its window full, or its peer unreachable, sends nothing"
		case is("Replicate"):
			return "the entry may be a change of configuration that changes nothing, of which the last lines do not show whether it is applied"
		case is("ApplyConfChange"):
			return "the application may not have come to apply it yet"
		}
	case "nid", "name":
		if is("Ready", "Commit", "ApplyConfChange", "Receive") {
			return "two servers in the same state, or two events that show the same"
		}
	case "role":
		if strings.Contains(line, "PreCandidate") || is("Ready", "Receive") {
			return "becoming a pre-candidate is not traced, so it may have come a line earlier or later"
		}
	case "msg.from", "msg.to", "msg.index", "msg.commit", "msg.entries", "msg.logTerm", "msg.rejectHint":
		if is("Receive") {
			return "an earlier message with just these fields was sent, and may arrive again"
		}
		if is("SendAppendEntriesRequest") {
			return "the leader may send this, if the peer was reported unreachable, or by size"
		}
	}
	return ""
}

// exact are the changes of which every one must be noticed, at the very line.
var exact = []string{"state.term", "state.commit", "state.vote", "msg.type", "msg.term", "msg.logTerm", "msg.rejectHint", "msg.vote",
	"msg.reject", "prop.match", "prop.next"}

// TestMutations changes single lines of legal traces. Every change must be noticed, unless it makes another legal trace.
// RAFTCHECK_MUTATE names other files, RAFTCHECK_EACH how many changes of each kind are made to each.
func TestMutations(t *testing.T) {
	pattern := filepath.Join("testdata", "*00.ndjson.gz")
	if other := os.Getenv("RAFTCHECK_MUTATE"); other != "" {
		pattern = other
	}
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	each := 3
	if n, err := strconv.Atoi(os.Getenv("RAFTCHECK_EACH")); err == nil {
		each = n
	}
	totals := map[string]*tally{}
	for number, file := range files {
		lines := linesOf(t, file)
		if len(lines) > 2000 && os.Getenv("RAFTCHECK_MUTATE") == "" {
			continue
		}
		for k := range mutations {
			m := &mutations[k]
			if totals[m.what] == nil {
				totals[m.what] = &tally{what: m.what}
			}
			for n := range each {
				r := rand.New(rand.NewPCG(uint64(number), uint64(k*1000+n)))
				if changed, at, ok := mutate(r, lines, m); ok {
					totals[m.what].count(t, filepath.Base(file), lines, changed, at)
				}
			}
		}
	}
	for k := range mutations {
		c := totals[mutations[k].what]
		t.Logf("%-14s %s", c.what, c)
		for _, example := range c.examples {
			t.Log("      " + example)
		}
		if slices.Contains(exact, c.what) && os.Getenv("RAFTCHECK_MUTATE") == "" {
			require.Equal(t, c.tried, c.here, "%s: every change must be noticed at its line", c.what)
		}
	}
}

func (c *tally) count(t *testing.T, file string, lines, changed [][]byte, at int) {
	c.tried++
	shown := changed[min(at, len(changed))-1]
	if len(changed) < len(lines) {
		shown = lines[at-1]
	}
	result, err := verifyLines(t, changed)
	switch {
	case err != nil:
		c.here++ // not even readable
	case result.Verdict != spec.Violated:
		c.missed++
		reason := invisible(c.what, string(shown))
		if c.what == "insert" && at == 1 {
			reason = "a trace may begin with any line; what it shows was lost in the crash before the start that follows"
		}
		if reason == "" {
			t.Errorf("%s changed unnoticed: %s:%d %s", c.what, file, at, eventText(shown))
		}
		if os.Getenv("RAFTCHECK_NEAR") != "" {
			c.examples = append(c.examples, fmt.Sprintf("missed %s:%d %s %s", file, at, reason, eventText(shown)))
		}
	default:
		guilty := result.Findings[0].Evidence[0].Line
		if guilty == at {
			c.here++
			return
		}
		c.near++
		if os.Getenv("RAFTCHECK_NEAR") != "" {
			c.examples = append(c.examples, fmt.Sprintf("%s:%d guilty %d: %s %s | %s", file, at, guilty, result.Findings[0].Rule.ID, result.Findings[0].Message, eventText(shown)))
		}
	}
}

func eventText(line []byte) string {
	if k := bytes.Index(line, []byte(`"event":`)); k >= 0 {
		line = line[k+8:]
	}
	return string(line[:min(len(line), 360)])
}
