package report

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Markdown writes a report as GitHub and GitLab show it: the verdict, what was broken with its story as a Mermaid diagram, and below the fold
// all that the text says. Whatever names and values hold is data: it is neither markup nor does it end a block.
func Markdown(w io.Writer, r *Report) error {
	out := bufio.NewWriter(w)
	m := &markdown{out}
	m.heading(r)
	for _, p := range r.parts() {
		m.part(r, &p)
	}
	return out.Flush()
}

type markdown struct{ io.Writer }

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

// marks stand for the verdicts, always beside the word.
var marks = map[string]string{"held": "✅", "violated": "❌", "inconclusive": "❔"}

func (m *markdown) heading(r *Report) {
	if r.Checks == nil {
		m.line("## %s raftcheck %s: %s\n", marks[r.Verdict], r.Command, r.Verdict)
		m.line("%s, judged by raftcheck %s.\n", mdText(r.Subject), mdText(r.Version))
		return
	}
	m.line("## %s raftcheck gate: %s\n", marks[r.Verdict], r.Verdict)
	m.line("| check | verdict | what it says |\n|---|---|---|")
	for _, c := range r.Checks {
		verdict, says := "skipped", c.Skipped
		if c.Report != nil {
			verdict, says = marks[c.Report.Verdict]+" "+c.Report.Verdict, c.Report.Summary()
		}
		m.line("| %s | %s | %s |", mdText(c.Name), verdict, mdText(says))
	}
	m.line("")
	m.problems(r)
}

// part tells one report.
func (m *markdown) part(whole *Report, p *part) {
	if whole.Checks != nil && len(p.Findings) == 0 && len(p.Known) == 0 && p.Verdict == "held" {
		return // the table says it
	}
	if whole.Checks != nil {
		m.line("### %s %s: %s\n", marks[p.Verdict], mdText(p.name), p.Verdict)
	}
	for _, group := range groups(p.Findings) {
		m.finding(p, group)
	}
	for k := range p.Known {
		m.known(&p.Known[k])
	}
	m.problems(p.Report)
	for _, why := range p.Because {
		m.line("Inconclusive: %s.\n", mdText(why))
	}
	for _, h := range p.Hints {
		m.line("Hint: %s.\n", mdText(h))
	}
	m.details(p.Report)
}

// finding tells what one step breaks.
func (m *markdown) finding(p *part, group []Finding) {
	f := &group[0]
	at := p.place(f)
	m.line("**%s**: %s%s\n", mdText(f.Name), mdText(f.Message), mdText(f.earlierLines()))
	m.line("> %s (%s)\n", mdText(f.Sentence), mdText(f.Section))
	if at.File != GateFile {
		m.line("At `%s:%d`.\n", mdCode(p.fromRoot(at.File)), at.Line)
	}
	m.diagram(f)
	for _, c := range f.Refused {
		m.line("* refused condition: `%s` (%s)", mdCode(c.Text), mdText(c.Values))
	}
	if f.Allowed != "" {
		m.line("* allowed instead: %s", mdText(f.Allowed))
	}
	if f.Hint != "" {
		m.line("* hint: %s", mdText(f.Hint))
	}
	for _, other := range group[1:] {
		m.line("* also broken: **%s**: %s", mdText(other.Name), mdText(other.Message))
	}
	if f.Trace != "" {
		m.line("* replay: `raftcheck replay %s`", mdCode(f.Trace))
	}
	m.line("* learn: `raftcheck explain %s`\n", mdCode(f.Name))
}

// mostDrawn is how many steps a diagram has: of a longer story the last, which break the promise.
const mostDrawn = 40

// diagram draws the story.
func (m *markdown) diagram(f *Finding) {
	var drawn bytes.Buffer
	switch t := f.Execution; {
	case t != nil:
		last := *t
		last.Records = t.Records[max(0, len(t.Records)-mostDrawn):]
		if left := len(t.Records) - len(last.Records); left > 0 {
			m.line("The last %s; %s before them.\n", Some(len(last.Records), "step"), Some(left, "step"))
		}
		_ = traces.Mermaid(&drawn, &last, f.breachOf()) // a buffer takes everything
	default:
		f.notes(&drawn)
	}
	if drawn.Len() > 0 {
		m.fenced("mermaid", drawn.String())
	}
}

// notes draws the places that a finding in a file rests on, each on the lane of its server.
func (f *Finding) notes(w io.Writer) {
	moments := f.moments()
	if len(moments) == 0 {
		return
	}
	lanes := map[string]string{}
	fmt.Fprintln(w, "sequenceDiagram")
	for _, at := range moments {
		if _, known := lanes[at.node]; !known {
			lanes[at.node] = fmt.Sprintf("p%d", len(lanes))
			fmt.Fprintf(w, "    participant %s as %s\n", lanes[at.node], mermaidWords(laneName(at.node)))
		}
	}
	for _, at := range moments {
		mark := ""
		if at.guilty {
			mark = "✗ "
		}
		fmt.Fprintf(w, "    Note over %s: %sline %d: %s\n", lanes[at.node], mark, at.Line, mermaidWords(at.text))
	}
}

func laneName(node string) string {
	if node == "" {
		return "the cluster"
	}
	return node
}

// mermaidWords leaves out what Mermaid takes for syntax.
func mermaidWords(s string) string {
	return printable(strings.NewReplacer(";", ",", "#", "", "\n", " ", "\r", " ", "<", "(", ">", ")", "`", "'").Replace(s))
}

func (m *markdown) known(n *Known) {
	switch n.Status {
	case StillOccurs:
		m.line("* known: **%s**: %s; %s", mdText(n.Rule), mdText(n.Finding.Message), mdText(n.because()))
	case Expired:
		m.line("* **%s** was accepted until %s and still occurs: %s", mdText(n.Rule), mdText(n.Expires), mdText(n.Reason))
	case Gone:
		m.line("* **%s** (`%s`) no longer occurs: take it out of the known findings", mdText(n.Rule), mdCode(n.Fingerprint))
	case NotSeen:
		m.line("* known and not seen: **%s** (`%s`)", mdText(n.Rule), mdCode(n.Fingerprint))
	}
	m.line("")
}

func (m *markdown) problems(r *Report) {
	for _, e := range r.Errors {
		m.line("* `%s:%d`: %s", mdCode(e.File), e.Line, mdText(e.Message))
	}
	if len(r.Errors) > 0 {
		m.line("")
	}
}

// mostText is how much of the text stands below the fold, in bytes: a summary holds 1 MiB in all.
const mostText = 100_000

// details puts all that the text says below the fold.
func (m *markdown) details(r *Report) {
	var said bytes.Buffer
	_ = Text(&said, r, Style{}) // a buffer takes everything
	var shown []string
	for line := range strings.Lines(said.String()) {
		shown = append(shown, printable(strings.TrimSuffix(line, "\n")))
	}
	text := strings.Join(shown, "\n")
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "") + "\n… (more is left out here)\n"
	}
	if text == "" {
		return
	}
	m.line("<details><summary>all of it</summary>\n")
	m.fenced("", text)
	m.line("</details>\n")
}

// fenced writes a block that nothing in it can end.
func (m *markdown) fenced(language, text string) {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	m.line("%s%s\n%s\n%s\n", fence, language, strings.TrimRight(text, "\n"), fence)
}

// mdText is text that is no markup, whatever is in it.
func mdText(s string) string {
	var b strings.Builder
	for _, r := range printable(s) {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '@':
			b.WriteString("&#64;") // nobody is to be notified
		case strings.ContainsRune("\\`*_[]|~#!", r):
			b.WriteRune('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// mdCode is text between backticks.
func mdCode(s string) string {
	return strings.NewReplacer("`", "'", "|", "¦").Replace(printable(s))
}

// breachOf is a finding as the drawing of its execution wants it.
func (f *Finding) breachOf() *traces.Finding {
	if len(f.Evidence) == 0 {
		return nil
	}
	return &traces.Finding{Breach: &spec.Breach{Rule: &spec.Rule{Name: f.Name}, Message: f.Message}, Evidence: []traces.Place{{Step: f.Evidence[0].Step}}}
}
