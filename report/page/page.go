package page

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	_ "embed"
)

// Page is what one page says, from top to bottom. Its texts are data, whatever is in them.
type Page struct {
	Title    string  // the outcome in one line
	Verdict  string  // held, violated or inconclusive; "" for none
	Of       string  // what was judged, and how: "raftcheck check: mutant:cm-old-term"
	Version  string  // of raftcheck
	Summary  []Block // what else is to be known first: below the title
	Sections []Section
	Style    string // what its drawings need beside the style of all pages
	Live     *Live  // of a page that a server gives; nil of one that stands alone
}

// Section is a part of a page with a heading of its own.
type Section struct {
	ID     string // by which addresses name it: "rules"
	Title  string
	Blocks []Block
}

// Block is a piece of a section: [Text], [Table], [Pre], [Command], [Fold], [Spans], [Cycle], [Drawing] or [*Execution]; of a page that a server gives also
// [Links], [Choices], [States], [List], [Form] or [Running].
type Block interface{ write(*writer) }

// pageStyle is what pages need beside the style of diagrams.
//
//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

// script is what makes pages answer to keys, without its comments. A page shows the same without it.
var script = sync.OnceValue(func() string { return comments().ReplaceAllString(pageScript, "") })

// comments are those of a script and what stands before a line of it. No text in the scripts of pages looks like one.
func comments() *regexp.Regexp { return regexp.MustCompile(`(?m)/\*[\s\S]*?\*/ ?|^\s*//.*$|^\s+`) }

// A page that holds a trace can be read as one: in its first line it says what wrote it, and whether it holds none, and each trace stands between
// two lines, of which the first begins with TraceBegins and the number of traces.
const (
	Generator   = `<meta name="generator" content="raftcheck`
	NoTrace     = `<meta name="traces" content="0"/>`
	TraceBegins = `<script type="application/x-ndjson" data-of="`
	TraceEnds   = `</script>`
)

// Write writes the page. It returns errors of out only.
func (p *Page) Write(out io.Writer) error {
	w := &writer{Writer: bufio.NewWriter(out)}
	p.head(w)
	w.f("<a class=\"skip\" href=\"#main\">To the content</a>\n<header>\n")
	if p.Verdict != "" {
		w.f("<p><span class=\"verdict %s\"><span aria-hidden=\"true\">%s</span> %s</span></p>\n", p.Verdict, signs[p.Verdict], p.Verdict)
	}
	w.f("<h1>%s</h1>\n<p class=\"note\">%s</p>\n", p.Title, p.Of)
	for _, b := range p.Summary {
		b.write(w)
	}
	p.contents(w)
	w.f("</header>\n<main id=\"main\">\n")
	for k := range p.Sections {
		s := &p.Sections[k]
		w.f("<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n", s.ID, s.ID, s.ID, s.Title)
		for _, b := range s.Blocks {
			b.write(w)
		}
		w.f("</section>\n")
	}
	w.f("</main>\n<footer><p>Written by raftcheck %s. %s</p></footer>\n", p.Version, p.Live.asks())
	w.traces()
	w.f("<script>%s</script>\n", markup(script()))
	if p.Live.scripted() {
		w.f("<script>%s</script>\n", markup(p.Live.Script))
	}
	w.f("</body>\n</html>\n")
	return w.Flush()
}

// signs stand beside the words for verdicts.
var signs = map[string]string{"held": "✓", "violated": "✗", "inconclusive": "?"}

// head writes all before the content. What the policy does not name is not loaded, run, or applied.
func (p *Page) head(w *writer) {
	style := pictureStyle + pageStyle + p.Style
	if p.Live != nil {
		style += liveStyle
	}
	policy := p.Live.policy(style)
	w.f("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"/>%s %s\"/>", markup(Generator), p.Version)
	if !slices.ContainsFunc(p.Sections, func(s Section) bool { return draws(s.Blocks) }) {
		w.f("%s", markup(NoTrace))
	}
	w.f("\n")
	w.f("<meta http-equiv=\"Content-Security-Policy\" content=\"%s\"/>\n", markup(policy))
	w.f("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<meta name=\"color-scheme\" content=\"light dark\"/>\n")
	p.Live.refresh(w)
	w.f("<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n", clipped(p.Title, 80), markup(style))
	w.f("<svg class=\"patterns\" width=\"0\" height=\"0\" aria-hidden=\"true\" focusable=\"false\">%s</svg>\n", patterns)
}

// draws reports whether an execution is among blocks.
func draws(blocks []Block) bool {
	return slices.ContainsFunc(blocks, func(b Block) bool {
		switch b := b.(type) {
		case *Execution, *Beside:
			return true
		case Fold:
			return draws(b.Blocks)
		}
		return false
	})
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// contents lists the sections, if there are several.
func (p *Page) contents(w *writer) {
	if len(p.Sections) < 3 {
		return
	}
	w.f("<nav aria-label=\"On this page\"><ul>\n")
	for k := range p.Sections {
		w.f("<li><a href=\"#%s\">%s</a></li>\n", p.Sections[k].ID, p.Sections[k].Title)
	}
	w.f("</ul></nav>\n")
}

// writer is a page under way.
type writer struct {
	*bufio.Writer
	executions []*Execution // that were drawn, in order: their traces stand at the end
	tables     int          // that were written
	spans      int          // pictures of operations that were written
}

// f writes a piece of the page, as [printf] does.
func (w *writer) f(format string, args ...any) { printf(w.Writer, format, args...) }

// traces writes the traces of what was drawn. One of another format stands there as it was read, and for the script in the native format.
// What breaks a rule stands before what does not: whoever reads the page as a trace takes the first.
func (w *writer) traces() {
	for _, broken := range []bool{true, false} {
		for k, e := range w.executions {
			if (len(e.Findings) > 0) == broken {
				w.trace(k+1, e)
			}
		}
	}
}

// trace writes the trace of the execution with a number.
func (w *writer) trace(n int, e *Execution) {
	native := e.look().native()
	if e.Lines == nil {
		w.f("%s%d\" id=\"trace-%d\">\n", markup(TraceBegins), len(w.executions), n)
		w.lines(native)
		return
	}
	w.f("<script type=\"application/x-ndjson\" id=\"trace-%d\">\n", n)
	w.lines(native)
	w.f("%s%d\" id=\"lines-%d\">\n", markup(TraceBegins), len(w.executions), n)
	w.lines(e.Lines)
}

// lines writes lines of JSON as what a script element holds, and ends it: what begins markup stands as an escape of JSON.
func (w *writer) lines(all []string) {
	for _, line := range all {
		w.f("%s\n", markup(strings.ReplaceAll(line, "<", `\u003c`)))
	}
	w.f("%s\n", markup(TraceEnds))
}
