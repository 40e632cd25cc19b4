package etcd

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

func verifyFile(t testing.TB, file string) *traces.Result {
	lines, err := traces.OpenLines(file, nil)
	require.NoError(t, err)
	r, err := NewReader(lines, traces.Options{})
	require.NoError(t, err)
	result, err := traces.Verify(context.Background(), r, traces.VerifyOptions{Reopen: func() (*traces.Lines, error) { return traces.OpenLines(file, nil) }})
	require.NoError(t, err)
	return result
}

func report(r *traces.Result) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s: %s\n", f.Rule.ID, f.Rule.Name, f.Message)
		for _, p := range f.Evidence {
			fmt.Fprintf(&b, "    line %d %s: %s\n", p.Line, p.Server, p.Role)
		}
		for _, c := range f.Refused {
			fmt.Fprintf(&b, "    refused: %s (%s)\n", c.Text, c.Values)
		}
		if f.Allowed != "" {
			fmt.Fprintf(&b, "    allowed: %s\n", f.Allowed)
		}
	}
	return b.String()
}

// legal are traces that must verify without a finding: the samples, and those that RAFTCHECK_LEGAL names.
func legal(t *testing.T) []string {
	files, err := filepath.Glob(filepath.Join("testdata", "*.ndjson.gz"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	if more := os.Getenv("RAFTCHECK_LEGAL"); more != "" {
		others, err := filepath.Glob(more)
		require.NoError(t, err)
		files = append(files, others...)
	}
	return files
}

func TestLegalTracesHold(t *testing.T) {
	for _, file := range legal(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			r := verifyFile(t, file)
			require.Empty(t, report(r))
			require.Equal(t, spec.Held, r.Verdict)
			require.Equal(t, r.LastLine, r.Lines)
		})
	}
}

func TestLegalTracesPutRulesToTheTest(t *testing.T) {
	r := verifyFile(t, filepath.Join("testdata", "base3-10000.ndjson.gz"))
	checked := map[string]bool{}
	for _, rule := range r.Rules {
		checked[rule.Rule.ID] = rule.Verdict == spec.Held
	}
	for _, id := range []string{"R5.1-01", "R5.1-02", "R5.2-02", "R5.2-03", "R5.2-06", "R5.3-01", "R5.3-02", "R5.3-16", "R5.3-17", "R5.3-20",
		"R5.4.1-01", "R5.4.1-04", "R5.4.2-01", "R5.4.3-01", "X-TR-01"} {
		require.True(t, checked[id], id)
	}
	reached := map[string]bool{}
	for _, g := range r.Goals {
		reached[g.Goal.Name] = g.Reached
	}
	for _, goal := range []string{"leader-elected", "entry-committed", "stale-leader-stepped-down"} {
		require.True(t, reached[goal], goal)
	}
}

// TestFaultyTraces compares what is reported on each sample with a fault with testdata/faulty/NAME.golden. -update rewrites them:
// UPDATE=1 go test ./traces/etcd.
func TestFaultyTraces(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "faulty", "*.ndjson.gz"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".ndjson.gz")
		t.Run(name, func(t *testing.T) {
			r := verifyFile(t, file)
			require.Equal(t, spec.Violated, r.Verdict)
			golden := filepath.Join("testdata", "faulty", name+".golden")
			if os.Getenv("UPDATE") != "" {
				require.NoError(t, os.WriteFile(golden, []byte(report(r)), 0o666))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), report(r))
			for _, p := range r.Findings[0].Evidence {
				require.NotEmpty(t, p.Text, "the line is quoted")
			}
		})
	}
}

func TestDecodersAgree(t *testing.T) {
	for _, file := range legal(t) {
		fast, slow := newDecoder(), newDecoder()
		taken := 0
		for k, line := range linesOf(t, file) {
			var a, b event
			ok, err := fast.decode(line, &a)
			require.NoError(t, err)
			require.True(t, ok)
			if fast.fast(line, &event{}) {
				taken++
			}
			slow.prefix = nil
			_, err = slow.decode(line, &b)
			require.NoError(t, err)
			require.Equal(t, b.state.conf.String(), a.state.conf.String())
			a.state.conf, b.state.conf = nil, nil
			require.Equal(t, b, a, "%s:%d", file, k+1)
		}
		require.NotZero(t, taken)
	}
}

func TestUnreadable(t *testing.T) {
	whole := `{"tag":"trace","event":{"name":"Ready","nid":"1","state":{"term":1,"vote":"0","commit":0},"role":"StateFollower","log":0,"conf":[[],[]]}}`
	for _, c := range []struct{ name, text, want string }{
		{"no events", `{"tag":"other"}` + "\n", "t:1: the file has no trace events"},
		{"no conf", strings.Replace(whole, `,"conf":[[],[]]`, "", 1) + "\n", `t:1:24: event "Ready" has no "conf"`},
		{"unknown event", strings.Replace(whole, `"Ready"`, `"Bored"`, 1) + "\n", `t:1:32: unknown event "Bored"`},
		{"unknown role", strings.Replace(whole, `StateFollower`, `StateBored`, 1) + "\n", `t:1:98: unknown role "StateBored"`},
		{"no message", strings.Replace(whole, `"Ready"`, `"SendRequestVoteRequest"`, 1) + "\n", `t:1:24: event "SendRequestVoteRequest" has no "msg"`},
		{"a fraction", strings.Replace(whole, `"log":0`, `"log":0.5`, 1) + "\n", `t:1:120: a fraction where an integer belongs`},
		{"too large", strings.Replace(whole, `"log":0`, `"log":9007199254740993`, 1) + "\n", `t:1:120: integer above 2^53`},
		{"cut off", whole + "\n" + whole[:80], "t:2:81: the line is cut off: the line ends inside a string"},
		{"term twice", strings.Replace(whole, `"term":1,`, `"term":1,"term":2,`, 1) + "\n", `t:1:68: "term" stands here twice`},
		{"not json", whole + "\nhello\n", `t:2:1: 'h' where '{' belongs`},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines, err := traces.NewLines("t", strings.NewReader(c.text))
			require.NoError(t, err)
			r, err := NewReader(lines, traces.Options{})
			require.NoError(t, err)
			_, err = traces.Verify(context.Background(), r, traces.VerifyOptions{})
			var fault *traces.InputError
			require.ErrorAs(t, err, &fault)
			require.Equal(t, c.want, fault.Error())
		})
	}
}

func TestDetect(t *testing.T) {
	require.True(t, Detect(linesOf(t, filepath.Join("testdata", "calm3-300.ndjson.gz"))[0]))
	for _, line := range []string{``, `{}`, `{"format":"raftcheck-trace","version":1}`, `{"tag":"raft_trace","msg":{}}`, `hello`, `{"tag":"trace"}`} {
		require.False(t, Detect([]byte(line)), line)
	}
}

// TestGarbledTraces changes bytes at random: the reader may refuse what comes out, and must not panic.
func TestGarbledTraces(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var texts [][]byte
	for _, name := range []string{"calm3-300", "joint3-600", "asynccrash3-500"} {
		texts = append(texts, bytes.Join(linesOf(t, filepath.Join("testdata", name+".ndjson.gz"))[:80], []byte("\n")))
	}
	for range 2000 {
		data := bytes.Clone(texts[r.IntN(len(texts))])
		for range 1 + r.IntN(6) {
			k := r.IntN(len(data))
			switch r.IntN(3) {
			case 0:
				data[k] = byte(r.IntN(256))
			case 1:
				data = append(data[:k:k], append([]byte("99999"), data[k:]...)...)
			default:
				data[k] = byte('0' + r.IntN(10))
			}
		}
		judgeBytes(data)
	}
}

func judgeBytes(data []byte) {
	lines, err := traces.NewLines("garbled", bytes.NewReader(data))
	if err != nil {
		return
	}
	r, err := NewReader(lines, traces.Options{})
	if err != nil {
		return
	}
	_, _ = traces.Verify(context.Background(), r, traces.VerifyOptions{KeepGoing: true})
}

// FuzzReader feeds the reader lines in any order and shape: it may refuse them, and must neither panic nor take for ever.
func FuzzReader(f *testing.F) {
	for _, name := range []string{"calm3-300", "joint3-600", "asynccrash3-500"} {
		lines := linesOf(f, filepath.Join("testdata", name+".ndjson.gz"))
		f.Add(bytes.Join(lines[:60], []byte("\n")))
	}
	f.Fuzz(func(_ *testing.T, data []byte) { judgeBytes(data) })
}

// TestLenient: lines with events and messages that nobody knows are passed over.
func TestLenient(t *testing.T) {
	lines := linesOf(t, filepath.Join("testdata", "calm3-300.ndjson.gz"))
	odd := [][]byte{
		bytes.Replace(lines[0], []byte(`"InitState"`), []byte(`"Bored"`), 1),
		regexp.MustCompile(`"type":"[^"]*"`).ReplaceAll(lineWith(t, lines, `"msg":{`), []byte(`"type":"MsgBored"`)),
	}
	for k, what := range []string{`unknown event "Bored"`, `unknown type of message "MsgBored"`} {
		text := bytes.Join(slices.Insert(slices.Clone(lines), 100, odd[k]), []byte("\n"))
		_, err := verifyText(t, text, traces.Options{})
		require.ErrorContains(t, err, what)
		r, err := verifyText(t, text, traces.Options{Lenient: true})
		require.NoError(t, err)
		require.Empty(t, report(r))
	}
}

// TestAnEmptyObjectIsNoLineOfALog, other than what a logger writes between the events.
func TestAnEmptyObjectIsNoLineOfALog(t *testing.T) {
	lines := linesOf(t, filepath.Join("testdata", "calm3-300.ndjson.gz"))
	text := bytes.Join(slices.Insert(slices.Clone(lines), 100, []byte("{}")), []byte("\n"))
	_, err := verifyText(t, text, traces.Options{})
	require.ErrorContains(t, err, ":101:1: an empty object is neither an event nor a line of a log")
	text = bytes.Join(slices.Insert(slices.Clone(lines), 100, []byte(`{"level":"info","msg":"a peer is back"}`)), []byte("\n"))
	_, err = verifyText(t, text, traces.Options{})
	require.NoError(t, err)
}

func lineWith(t *testing.T, lines [][]byte, part string) []byte {
	k := slices.IndexFunc(lines, func(line []byte) bool { return bytes.Contains(line, []byte(part)) })
	require.NotEqual(t, -1, k)
	return lines[k]
}

func verifyText(t *testing.T, text []byte, o traces.Options) (*traces.Result, error) {
	lines, err := traces.NewLines("t", bytes.NewReader(append(text, '\n')))
	require.NoError(t, err)
	r, err := NewReader(lines, o)
	require.NoError(t, err)
	return traces.Verify(context.Background(), r, traces.VerifyOptions{})
}

// TestOtherRecorders: what another recorder wrote is refused by name at its first line, or read as what it is.
func TestOtherRecorders(t *testing.T) {
	lines := linesOf(t, filepath.Join("testdata", "calm3-300.ndjson.gz"))
	change := func(old, new string) []byte {
		all := slices.Clone(lines)
		for k := range all {
			all[k] = bytes.Replace(all[k], []byte(old), []byte(new), 1)
		}
		return bytes.Join(all, []byte("\n"))
	}
	for _, c := range []struct{ what, old, new, want string }{
		{"#204", `,"conf":`, `,"applied":0,"conf":`, `t:1:224: a trace of etcd's raft by another recorder, that of etcd-io/raft's pull request #204: it shows "applied"`},
		{"#204's events", `"InitState"`, `"Bootstrap"`, `that of etcd-io/raft's pull request #204: it shows "Bootstrap"`},
		{"#381", `"commit":`, `"snapshotIndex":3,"commit":`, `that of etcd-io/raft's pull requests #381 and #382: it shows "snapshotIndex"`},
		{"before v3.6.0", `"state":{"term":0`, `"state":{"term":1`, `t:1: a trace of etcd's raft by another recorder, an early version, from before v3.6.0: InitState shows what was loaded`},
	} {
		for _, lenient := range []bool{false, true} {
			_, err := verifyText(t, change(c.old, c.new), traces.Options{Lenient: lenient})
			require.ErrorContains(t, err, c.want, c.what)
		}
	}
}

// receivers turns lines of a trace into those of a recorder that shows the receiver's progress, as the model knows it.
func receivers(t *testing.T, lines [][]byte) (all [][]byte) {
	d := newDecoder()
	m := newModel(d.configs)
	m.shows = ofSender
	own := regexp.MustCompile(`"prop":\{"match":\d+,"next":\d+\}`)
	for k, line := range lines {
		var e event
		e.line = k + 1
		_, err := d.decode(line, &e)
		require.NoError(t, err)
		m.event(&e)
		m.spare, m.out = append(m.spare, m.out...), m.out[:0]
		if s := m.servers[e.node]; e.message.kind == msgApp && e.self {
			line = own.ReplaceAll(line, fmt.Appendf(nil, `"prop":{"match":%d,"next":%d}`, s.match(e.message.to), e.message.index+1))
		}
		all = append(all, line)
	}
	require.Empty(t, m.found)
	return all
}

func TestProgressOfReceivers(t *testing.T) {
	for _, name := range []string{"base3-10000", "joint3-600", "snapcrash3-600", "learner3-500"} {
		lines := receivers(t, linesOf(t, filepath.Join("testdata", name+".ndjson.gz")))
		for _, from := range []int{0, 10, len(lines) / 3, len(lines) / 2} {
			r, err := verifyLines(t, lines[from:])
			require.NoError(t, err)
			require.Empty(t, report(r), "%s from line %d", name, from+1)
		}
	}
}
