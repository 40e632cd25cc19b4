package page_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/report/page"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// recorded are the traces of this repository that stand for all that may be drawn.
func recorded(t *testing.T) map[string]*traces.Trace {
	t.Helper()
	paths, err := filepath.Glob("../../traces/testdata/variants/*.trace")
	require.NoError(t, err)
	require.Greater(t, len(paths), 20)
	all := map[string]*traces.Trace{}
	for _, path := range paths {
		all[filepath.Base(path)] = read(t, path)
	}
	return all
}

func read(t *testing.T, path string) *traces.Trace {
	t.Helper()
	read, err := traces.ReadFile(path)
	require.NoError(t, err)
	return read
}

func executionOf(tr *traces.Trace) *page.Execution {
	e := &page.Execution{Trace: tr}
	broken, _ := traces.Broken(tr, spec.Rules, tr.Header.Variants)
	for k := range broken {
		e.Findings = append(e.Findings, &broken[k])
	}
	return e
}

func pageOf(t *testing.T, e *page.Execution) string {
	t.Helper()
	var out bytes.Buffer
	p := page.Page{Title: "title", Verdict: "violated", Of: "of", Version: "test", Sections: []page.Section{{ID: "one", Title: "One", Blocks: []page.Block{e}}}}
	require.NoError(t, p.Write(&out))
	return out.String()
}

// TestTheSameTraceGivesTheSameBytes also wants every page and picture to be whole.
func TestTheSameTraceGivesTheSameBytes(t *testing.T) {
	for name, tr := range recorded(t) {
		first := pageOf(t, executionOf(tr))
		require.True(t, first == pageOf(t, executionOf(tr)), name)
		wellFormed(t, withoutRaw(first))
		var a, b bytes.Buffer
		require.NoError(t, executionOf(tr).SVG(&a))
		require.NoError(t, executionOf(tr).SVG(&b))
		require.Equal(t, a.String(), b.String(), name)
		wellFormed(t, a.String())
	}
}

// readLines reads the trace that lines hold.
func readLines(t *testing.T, lines *traces.Lines) *traces.Trace {
	t.Helper()
	defer lines.Close()
	r, err := traces.NewReader(lines, traces.Options{})
	require.NoError(t, err)
	out := &traces.Trace{Header: r.Header()}
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		out.Records = append(out.Records, *record)
	}
}

// TestThePageHoldsTheTrace reads what a page holds, and compares every record.
func TestThePageHoldsTheTrace(t *testing.T) {
	all := recorded(t)
	all["long"], all["hostile"] = long(3_000), hostile()
	for name, tr := range all {
		lines, err := traces.NewLines(name, strings.NewReader(pageOf(t, executionOf(tr))))
		require.NoError(t, err)
		begins, err := lines.Within([]byte(page.TraceBegins), []byte(page.TraceEnds))
		require.NoError(t, err)
		require.Contains(t, string(begins), page.TraceBegins+`1"`)
		require.True(t, written(t, tr) == written(t, readLines(t, lines)), name)
	}
}

func written(t *testing.T, tr *traces.Trace) string {
	t.Helper()
	var out bytes.Buffer
	w, err := traces.NewWriter(&out, tr.Header)
	require.NoError(t, err)
	for k := range tr.Records {
		require.NoError(t, w.Record(&tr.Records[k]))
	}
	require.NoError(t, w.Flush())
	_, records, _ := strings.Cut(out.String(), "\n") // the page says how many records there are
	return records
}

// TestEverythingDrawnIsInTheTable wants every step, sentence and finding in the table, for those who do not see the diagram.
func TestEverythingDrawnIsInTheTable(t *testing.T) {
	for name, tr := range recorded(t) {
		e := executionOf(tr)
		text := tags.ReplaceAllString(withoutRaw(pageOf(t, e)), " ")
		guilty := 0
		if len(e.Findings) > 0 {
			guilty = e.Findings[0].Evidence[0].Step
			holds(t, text, escape("breaks "+e.Findings[0].Rule.Name+": "+e.Findings[0].Message), name)
		}
		_, rows := traces.Rows(tr, guilty)
		for _, r := range rows[1:] {
			holds(t, text, escape(r.Says), name)
			for _, cell := range r.Cells {
				if cell != "." {
					holds(t, text, escape(cell), name)
				}
			}
		}
	}
}

var tags = regexp.MustCompile(`<[^>]*>`)

// escape is what an escaped text looks like.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "'", "&#39;", `"`, "&#34;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// TestPagesStaySmall holds pages to 60 kB, the trace, and a bound for each step that is drawn.
func TestPagesStaySmall(t *testing.T) {
	const fixed, perStep = 60_000, 1_500
	for _, steps := range []int{1, 10, 199, 200, 201, 1_999, 2_001, 10_000, 12_000} {
		tr := long(steps)
		size := len(pageOf(t, executionOf(tr))) - len(written(t, tr))
		require.Less(t, size, fixed+perStep*min(steps, 10_001), "%d steps", steps)
		if steps <= 10 {
			require.Less(t, size, fixed)
		}
	}
}

// TestLongExecutionsAreFolded counts what a browser has to lay out at once.
func TestLongExecutionsAreFolded(t *testing.T) {
	p := pageOf(t, executionOf(long(12_000)))
	holds(t, p, "Steps 0 to 10000 of 12000 are drawn")
	require.Equal(t, 51, strings.Count(p, `<details class="chunk"`))
	require.Equal(t, 1, strings.Count(p, `open=""`))
	require.Equal(t, 50, strings.Count(p, "<noscript>"))
	lacks(t, pageOf(t, executionOf(long(10_000))), "are drawn")
	lacks(t, pageOf(t, executionOf(long(1_500))), "<noscript>")
	lacks(t, pageOf(t, executionOf(long(150))), `<details class="chunk"`)
}

// holds and lacks do not print the page when they fail.
func holds(t *testing.T, page, part string, name ...any) {
	t.Helper()
	require.True(t, strings.Contains(page, part), "%q is not there %v", part, name)
}

func lacks(t *testing.T, page, part string) {
	t.Helper()
	require.False(t, strings.Contains(page, part), "%q is there", part)
}

// TestNamesAreNoMarkup gives clients, values and requests names that a page or a picture would obey.
func TestNamesAreNoMarkup(t *testing.T) {
	foreign := executionOf(hostile())
	foreign.Lines = []string{`{"said":"</script><script>alert(1)</script><b>x"}`}
	for _, of := range []string{pageOf(t, executionOf(hostile())), pageOf(t, foreign), picture(t, hostile())} {
		lacks(t, of, "<b>x")
		lacks(t, of, "</script><")
		lacks(t, of, "\x1b")
		lacks(t, of, "\u202e")
		wellFormed(t, withoutRaw(of))
	}
	require.Equal(t, strings.Count(pageOf(t, executionOf(long(1))), "<script"), strings.Count(pageOf(t, executionOf(hostile())), "<script"))
}

func picture(t *testing.T, tr *traces.Trace) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, executionOf(tr).SVG(&out))
	return out.String()
}

// TestStory pins the markup of one story; style and script are left out, since they are files of their own.
func TestStory(t *testing.T) {
	got := pageOf(t, executionOf(read(t, "../../traces/testdata/variants/drops-vote-for-leader.trace")))
	got = regexp.MustCompile(`sha256-[^']*`).ReplaceAllString(got, "sha256-X")
	got = withoutRaw(got)
	path := filepath.Join("testdata", "story.html")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o777))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./report/page -update writes it")
	require.Equal(t, string(want), got)
}

func withoutRaw(s string) string {
	return regexp.MustCompile(`(?s)(<(?:script|style)[^>]*>).*?(</(?:script|style)>)`).ReplaceAllString(s, "$1$2")
}

func wellFormed(t *testing.T, s string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(s)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
	}
}

// long is a leader and its follower: values come in, are sent, stored and acknowledged. It is drawn, not judged.
func long(steps int) *traces.Trace {
	out := &traces.Trace{Header: traces.Header{Servers: []spec.ServerID{1, 2, 3}, Origin: "test"}}
	state := map[spec.ServerID]*spec.Observation{}
	for _, id := range out.Header.Servers {
		state[id] = &spec.Observation{Role: spec.Follower, Term: 1, LeaderID: 1}
	}
	state[1].Role = spec.Leader
	for n := 1; n <= steps; n++ {
		id := spec.ServerID(1 + n%3)
		before := *state[id]
		s := &spec.Step{Server: id, Before: before}
		at := state[id]
		switch id {
		case 1:
			s.Input = spec.Input{Kind: spec.Propose, Value: fmt.Sprint("v", n)}
			at.Log.Base++ // as if it were compacted at once
			for _, to := range []spec.ServerID{2, 3} {
				send(s, spec.Message{Kind: spec.AppendEntries, From: 1, To: to, Term: 1, PrevLogIndex: at.Log.Base})
			}
		default:
			s.Input = spec.Input{Kind: spec.Deliver, Message: spec.Message{Kind: spec.AppendEntries, From: 1, To: id, Term: 1, PrevLogIndex: state[1].Log.Base}}
			send(s, spec.Message{Kind: spec.AppendEntriesReply, From: id, To: 1, Term: 1, Success: true, MatchIndex: state[1].Log.Base})
			at.CommitIndex = state[1].Log.Base
		}
		s.After = *at
		out.Records = append(out.Records, traces.RecordOf(n, s))
	}
	return out
}

func send(s *spec.Step, m spec.Message) {
	s.Output.Effects = append(s.Output.Effects, spec.Effect{Kind: spec.Send, Message: m})
}

// hostile is an execution in which everything that a client may choose looks like markup.
func hostile() *traces.Trace {
	const name = "</script><script>alert(1)</script><b>x\x1b[31m\u202e\"'&lt;<!--]]>"
	tr := long(6)
	for k := range tr.Records {
		s := tr.Records[k].Step
		if s.Input.Kind == spec.Propose {
			s.Input.Value, s.Input.Client, s.Input.Request = name, name, name
		}
		s.After.Log.Entries = []spec.Entry{{Term: 1, Value: name}}
	}
	tr.Header.Implementation = name
	return tr
}

// besideOf are two executions beside each other, on a page of their own.
func besideOf(t *testing.T, a, b *traces.Trace) (html, svg string) {
	t.Helper()
	block := func() *page.Beside {
		return &page.Beside{A: executionOf(a), B: executionOf(b), Same: traces.Part(a, b).Same}
	}
	var out, image bytes.Buffer
	p := page.Page{Title: "title", Of: "of", Version: "test", Sections: []page.Section{{ID: "one", Title: "One", Blocks: []page.Block{block()}}}}
	require.NoError(t, p.Write(&out))
	require.NoError(t, block().SVG(&image, "title"))
	return out.String(), image.String()
}

// What two executions begin with stands in the same rows of both, whatever each comes to, and the first row that differs is marked in both.
func TestBesideEachOtherTheSameStandsInTheSameRows(t *testing.T) {
	all := recorded(t)
	all["hostile"], all["long"], all["longer"] = hostile(), long(350), long(360)
	names := slices.Sorted(maps.Keys(all))
	for k, name := range names[1:] {
		a, b := all[names[k]], all[name]
		html, svg := besideOf(t, a, b)
		again, drawn := besideOf(t, a, b)
		require.True(t, html == again && svg == drawn, name)
		wellFormed(t, withoutRaw(html))
		wellFormed(t, svg)
		lacks(t, html, page.NoTrace)
		same := traces.Part(a, b).Same
		parts := 0
		for _, e := range []*traces.Trace{a, b} {
			if same < len(e.Records) {
				parts++
			}
		}
		require.Equal(t, parts, strings.Count(html, "from here on the other goes another way"), name)
		require.Equal(t, parts, strings.Count(svg, `class="df"`), name)
		heights := regexp.MustCompile(`<th scope="row" height="(\d+)">`).FindAllStringSubmatch(html, -1)
		require.Len(t, heights, len(a.Records)+len(b.Records)+2, name)
		for n := range same + 1 {
			require.Equal(t, heights[n][1], heights[len(a.Records)+1+n][1], "%s beside %s, row %d", names[k], name, n)
		}
	}
}
