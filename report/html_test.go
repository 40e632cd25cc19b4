package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/report"
)

// TestPages holds the page of every kind of report to what all pages promise.
func TestPages(t *testing.T) {
	for name, r := range reports() {
		t.Run(name, func(t *testing.T) {
			first, again := pageOf(t, r), pageOf(t, reports()[name])
			require.Equal(t, string(first), string(again), "the same report gives other bytes")
			require.Less(t, len(first), 60_000)
			p := parsePage(t, first)
			p.sealed(t)
			p.accessible(t)
			require.Contains(t, p.text, r.Verdict)
			for _, rule := range r.Rules {
				require.Contains(t, p.text, rule.Name)
				require.Contains(t, p.text, rule.Verdict)
			}
			for _, f := range r.Findings {
				for _, says := range []string{f.Message, f.Hint, f.Allowed, f.Name} {
					require.Contains(t, p.text, says)
				}
			}
			for _, e := range r.Errors {
				require.Contains(t, p.text, e.Message)
			}
			for _, why := range append(r.Because, r.NotCovered...) {
				require.Contains(t, p.text, why)
			}
		})
	}
}

func TestPageOfAGateTellsEveryCheck(t *testing.T) {
	r := &report.Report{Version: "test", Command: "gate", Verdict: "violated", Subject: "raftcheck.yaml", Checks: []report.Check{{Name: "left", Skipped: "nothing changed"}}}
	for name, c := range reports() {
		r.Checks = append(r.Checks, report.Check{Name: "of " + name, Report: c})
	}
	p := parsePage(t, pageOf(t, r))
	p.sealed(t)
	p.accessible(t)
	require.Contains(t, p.text, "nothing changed")
	for _, c := range r.Checks[1:] {
		require.Contains(t, p.text, c.Name)
		for _, f := range c.Report.Findings {
			require.Contains(t, p.text, f.Message)
		}
	}
}

// TestHostileNamesAreNoMarkup puts what someone may write into a trace wherever a page shows it.
func TestHostileNamesAreNoMarkup(t *testing.T) {
	plain := parsePage(t, pageOf(t, hostile("word")))
	for _, word := range []string{"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "</title></style></pre><h1>", "&lt;b&gt;", "' onclick='x", "]]><!--", "\x1b[31m\x00\xff", "\u202eevil", "a\nb"} {
		out := pageOf(t, hostile(word))
		require.NotContains(t, string(out), "\x1b")
		require.NotContains(t, string(out), "\u202e")
		p := parsePage(t, out)
		require.Equal(t, plain.tags, p.tags, "%q adds or ends an element", word)
		require.Equal(t, plain.attributes, p.attributes, "%q adds an attribute", word)
	}
}

// TestCyclesAreDrawn: a circle of any length is drawn with every operation and every step, within the picture, and no operation hides another.
func TestCyclesAreDrawn(t *testing.T) {
	for n := 2; n <= 10; n++ {
		w := &report.Witness{Why: []string{"why"}}
		for k := range n {
			w.Operations = append(w.Operations, report.Operation{Number: k + 1, Client: fmt.Sprintf("c%d", k), Text: fmt.Sprintf("write x %d", k), Outcome: "returned", CallLine: k + 1})
			w.Cycle = append(w.Cycle, report.Step{Before: k + 1, After: (k+1)%n + 1, Kind: []string{"ww", "wr", "rw", "rt"}[k%4], Key: "x", Why: "why"})
		}
		p := parsePage(t, pageOf(t, &report.Report{Command: "linearize", Verdict: "violated", Findings: []report.Finding{{Rule: "R8-02", Name: "linearizability", Message: "m",
			Evidence: []report.Evidence{{File: "h", Line: 1}}, Witness: w}}}))
		var nodes [][2]int
		arrows := 0
		for _, e := range p.elements {
			is := map[string]string{}
			for _, a := range e.Attr {
				is[a.Name.Local] = a.Value
			}
			switch {
			case e.Name.Local == "rect" && is["rx"] == "4":
				var at [2]int
				at[0], at[1] = number(t, is["x"]), number(t, is["y"])
				for _, other := range nodes {
					require.False(t, abs(at[0]-other[0]) < 210 && abs(at[1]-other[1]) < 44, "%d: %v and %v overlap", n, at, other)
				}
				require.True(t, at[0] >= 0 && at[1] >= 0 && at[0]+210 <= 860, "%v", at)
				nodes = append(nodes, at)
			case is["class"] == "hp":
				arrows++
			}
		}
		require.Len(t, nodes, n)
		require.Equal(t, n, arrows)
		require.Contains(t, p.text, "is overwritten by (ww, x)")
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}

func abs(n int) int { return max(n, -n) }

func hostile(word string) *report.Report {
	return &report.Report{
		Version: word, Command: "verify", Verdict: "violated", Subject: word, Rules: []report.RuleResult{{ID: word, Name: word, Verdict: "violated"}},
		Goals: []report.GoalResult{{Name: word}}, Because: []string{word}, Hints: []string{word}, NotCovered: []string{word}, Mended: word,
		Files:     []report.File{{Path: word, Format: word, Verdict: "violated", Servers: []string{word}, Names: []report.Name{{Server: "n1", Name: word}}, Hidden: []report.Hidden{{Field: word}}}},
		Histories: []report.History{{Path: word, Format: word, Verdict: word, Notes: []string{word}, Methods: []report.Method{{Name: word}}}},
		Findings: []report.Finding{{Rule: word, Name: word, Sentence: word, Section: word, Message: "m" + word, Hint: word, Allowed: word, Trace: word, ByDesign: []string{word},
			Refused: []report.Condition{{Text: word, Values: word}}, Evidence: []report.Evidence{{File: word, Line: 3, Column: 2, Width: 1, Node: word, Role: word, Text: "x" + word}},
			Witness: &report.Witness{Why: []string{word}, Hints: []string{word}, Operations: []report.Operation{{Number: 1, Client: word, Text: word, Outcome: word, File: word, CallLine: 1},
				{Number: 2, Client: word, Text: word, Outcome: word, File: word, CallLine: 2}},
				Cycle: []report.Step{{Before: 1, After: 2, Kind: word, Key: word, Why: word}, {Before: 2, After: 1, Kind: word, Key: word, Why: word}}, Cluster: []report.Moment{{Text: word}}}}},
		Errors: []report.InputProblem{{File: word, Line: 7, Message: word, Hint: word}},
		Known:  []report.Known{{Rule: word, Reason: word, Issue: word, Status: report.Gone, Fingerprint: word}},
	}
}

func pageOf(t *testing.T, r *report.Report) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, report.Write(&out, "html", r, report.Style{}))
	return out.Bytes()
}

// parsed is a page as a browser takes it in.
type parsed struct {
	tags       []string // as they open and close, in order
	attributes []string // their names, in order
	elements   []xml.StartElement
	text       string
	raw        map[string][]string // what stands in scripts and styles
}

// rawText is what stands in scripts and styles: no markup, whatever it looks like.
var rawText = regexp.MustCompile(`(?s)(<(script|style)[^>]*>)(.*?)(</(?:script|style)>)`)

// parsePage goes through a page. It must be well-formed as XML is, so that nothing is closed that was not opened.
func parsePage(t *testing.T, data []byte) *parsed {
	t.Helper()
	p := &parsed{raw: map[string][]string{}}
	markup := rawText.ReplaceAllStringFunc(string(data), func(s string) string {
		m := rawText.FindStringSubmatch(s)
		p.raw[m[2]] = append(p.raw[m[2]], m[3])
		return m[1] + m[4]
	})
	d := xml.NewDecoder(strings.NewReader(markup))
	var text strings.Builder
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			p.text = text.String()
			return p
		}
		require.NoError(t, err)
		switch tok := tok.(type) {
		case xml.StartElement:
			p.tags, p.elements = append(p.tags, tok.Name.Local), append(p.elements, tok.Copy())
			for _, a := range tok.Attr {
				p.attributes = append(p.attributes, a.Name.Local)
			}
		case xml.EndElement:
			p.tags = append(p.tags, "/"+tok.Name.Local)
		case xml.CharData:
			text.Write(tok)
		case xml.Comment:
			require.Fail(t, "a page has a comment")
		}
	}
}

func attribute(e xml.StartElement, name string) (string, bool) {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

// sealed wants a page that loads nothing, and a policy that names the very style and script of the page and nothing else.
func (p *parsed) sealed(t *testing.T) {
	t.Helper()
	policy := ""
	for _, e := range p.elements {
		require.NotContains(t, []string{"link", "img", "iframe", "object", "embed", "base", "form"}, e.Name.Local)
		for _, a := range e.Attr {
			require.False(t, a.Name.Local == "src" || a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on"), "%v", e)
			require.False(t, a.Name.Local == "href" && !strings.HasPrefix(a.Value, "#"), "%v", e)
		}
		if equiv, _ := attribute(e, "http-equiv"); equiv == "Content-Security-Policy" {
			policy, _ = attribute(e, "content")
		}
	}
	digest := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	scripts := p.raw["script"]
	require.Equal(t, fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; base-uri 'none'; form-action 'none'", digest(p.raw["style"][0]), digest(scripts[len(scripts)-1])), policy)
	require.Len(t, p.raw["style"], 1)
	require.NotRegexp(t, regexp.MustCompile(`https?://|@import|url\([^#]`), strings.Replace(p.raw["style"][0]+scripts[len(scripts)-1], "http://www.w3.org/2000/svg", "", -1))
}

// accessible wants landmarks, one heading of the first level, names for all that has a role, headers in tables, and ids that are there once.
func (p *parsed) accessible(t *testing.T) {
	t.Helper()
	ids, count := map[string]bool{}, map[string]int{}
	for _, e := range p.elements {
		count[e.Name.Local]++
		if id, has := attribute(e, "id"); has {
			require.False(t, ids[id], "two elements are called %s", id)
			ids[id] = true
		}
	}
	for _, one := range []string{"h1", "main", "header", "footer", "title"} {
		require.Equal(t, 1, count[one], one)
	}
	require.Equal(t, count["table"], count["caption"])
	require.Equal(t, count["table"], count["thead"])
	for _, e := range p.elements {
		if lang, has := attribute(e, "lang"); e.Name.Local == "html" {
			require.True(t, has)
			require.Equal(t, "en", lang)
		}
		if e.Name.Local == "th" {
			_, scoped := attribute(e, "scope")
			require.True(t, scoped, "a header without a scope")
		}
		if by, has := attribute(e, "aria-labelledby"); has {
			require.True(t, ids[by], "nothing is called %s", by)
		}
		if to, has := attribute(e, "href"); has {
			require.True(t, ids[strings.TrimPrefix(to, "#")], "a link to %s, which is not there", to)
		}
		_, label := attribute(e, "aria-label")
		_, by := attribute(e, "aria-labelledby")
		if role, _ := attribute(e, "role"); role == "region" || role == "group" || role == "img" {
			require.True(t, label || by, "%v has no name", e)
		}
		if at, has := attribute(e, "tabindex"); has {
			require.Equal(t, "0", at)
		}
	}
}
