package report

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/report/page"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// HTML writes the report as one page for a browser: the verdict, each finding with its execution drawn, what became of every rule, and what
// was covered. It holds the executions, so that they can be judged again. Clock time is left out: the same run gives the same bytes.
func HTML(w io.Writer, r *Report) error {
	r = r.shown()
	h := &htmlPage{Page: page.Page{Title: r.Summary(), Verdict: r.Verdict, Of: "raftcheck " + r.Command + ": " + r.Subject, Version: r.Version}, drawn: map[*traces.Trace]bool{}}
	if r.Checks != nil {
		h.Title = (&text{r: r}).gateTally()
		h.checks(r)
	} else {
		h.summary(r)
	}
	for k, p := range r.parts() {
		h.part(r, &p, k)
	}
	return h.Write(w)
}

// htmlPage is a page under way.
type htmlPage struct {
	page.Page
	drawn    map[*traces.Trace]bool
	findings int // that have a section
}

// summary says below the verdict what it is about: the promise, within which bounds, where chance began, and how to see it again.
func (h *htmlPage) summary(r *Report) {
	add := func(b ...page.Block) { h.Summary = append(h.Summary, b...) }
	t := &text{r: r}
	var first *Finding
	if len(r.Findings) > 0 {
		first = &r.Findings[0]
		add(sentenceBlocks(first)...)
	}
	if r.Bounds != nil {
		add(page.Text{Label: "Bounds:", Says: t.world()})
	}
	if r.Campaign != nil {
		add(page.Text{Label: "Seed:", Says: t.again()})
	}
	if first != nil {
		add(shortestBlocks(first)...)
		add(replayBlocks(r, first)...)
	}
}

func sentenceBlocks(f *Finding) []page.Block {
	if f.Sentence == "" {
		return nil
	}
	return []page.Block{page.Text{Label: Title(f.Name) + ":", Says: strings.TrimSuffix(f.Sentence, ".") + " (" + f.Section + ")."}}
}

func shortestBlocks(f *Finding) []page.Block {
	if said := f.shortest("breaks a rule"); said != "" {
		return []page.Block{page.Text{Says: said}}
	}
	return nil
}

// replayBlocks hold the command that shows it again: of an execution that was saved, or of the file in which it was found.
func replayBlocks(r *Report, f *Finding) []page.Block {
	switch {
	case f.Trace != "":
		return []page.Block{page.Command{Label: "replay", Line: "raftcheck replay " + (&text{r: r}).exec() + f.Trace}}
	case r.Command == "verify" && len(f.Evidence) > 0 && f.Evidence[0].File != "" && f.Evidence[0].File != "-":
		return []page.Block{page.Command{Label: "again", Line: "raftcheck verify " + f.Evidence[0].File}}
	}
	return nil
}

func (h *htmlPage) section(id, title string, blocks ...page.Block) {
	if len(blocks) > 0 {
		h.Sections = append(h.Sections, page.Section{ID: id, Title: title, Blocks: blocks})
	}
}

// checks tells what became of the checks of a gate.
func (h *htmlPage) checks(r *Report) {
	t := page.Table{Caption: "What became of each check", Head: []string{"check", "verdict", "what it says"}}
	for _, c := range r.Checks {
		verdict, says := "skipped", c.Skipped
		if c.Report != nil {
			verdict, says = c.Report.Verdict, c.Report.Summary()
		}
		t.Rows = append(t.Rows, []string{c.Name, verdict, says})
	}
	h.section("checks", "Checks", append([]page.Block{t}, append(problemBlocks(r), knownBlocks(r)...)...)...)
}

// part tells one report: its findings, what else was executed, and what became of rules and goals. n is its number among the checks of a gate.
func (h *htmlPage) part(whole *Report, p *part, n int) {
	id, of := "", ""
	if whole.Checks != nil {
		id, of = fmt.Sprintf("check-%d-", n+1), p.name+": "
	}
	r := p.Report
	if blocks := append(whyBlocks(r), problemBlocks(r)...); len(blocks) > 0 {
		h.section(id+"why", titled(of, "Why there is no verdict"), blocks...)
	}
	for _, group := range groups(r.Findings) {
		h.findings++
		title := of + group[0].Name
		if len(r.Findings) > len(group) {
			title = fmt.Sprintf("%s%d. %s", of, h.findings, group[0].Name)
		}
		h.section(fmt.Sprintf("finding-%d", h.findings), title, h.finding(p, group)...)
	}
	if g := r.DebugGoal; g != nil && g.Reached {
		h.section(id+"goal", of+"debug goal "+g.Name, append([]page.Block{page.Text{Says: "One might expect: " + g.Sentence + " It is no promise of Raft. " + g.False}}, h.execution(p, g.Execution)...)...)
	}
	h.section(id+"known", titled(of, "Known findings"), knownBlocks(r)...)
	h.section(id+"executions", titled(of, "What happened"), h.recorded(r)...)
	h.section(id+"rules", titled(of, "Rules and goals"), rulesBlocks(r)...)
	h.section(id+"covered", titled(of, "What was covered"), coveredBlocks(r)...)
}

// titled is the title of a section, below the name of its check if there is one.
func titled(of, title string) string {
	if of == "" {
		return title
	}
	return of + lowerFirst(title)
}

// whyBlocks say why a verdict is inconclusive, and what to do.
func whyBlocks(r *Report) (all []page.Block) {
	for _, why := range r.Because {
		all = append(all, page.Text{Label: "Inconclusive:", Says: why})
	}
	for _, hint := range r.Hints {
		all = append(all, page.Text{Label: "Hint:", Says: hint})
	}
	return all
}

// problemBlocks say what could not be judged.
func problemBlocks(r *Report) (all []page.Block) {
	for _, e := range r.Errors {
		at := e.File
		if e.Line > 0 {
			at = Evidence{File: e.File, Line: e.Line, Column: e.Column}.place()
		}
		all = append(all, page.Text{Label: at, Says: e.Message, Bad: true})
		if e.Hint != "" {
			all = append(all, page.Text{Label: "Hint:", Says: e.Hint})
		}
	}
	return all
}

func knownBlocks(r *Report) []page.Block {
	if len(r.Known) == 0 {
		return nil
	}
	t := page.Table{Caption: "Findings that were accepted", Head: []string{"rule", "what became of it", "why", "fingerprint"}}
	for k := range r.Known {
		n := &r.Known[k]
		t.Rows = append(t.Rows, []string{n.Rule, n.Status, n.because(), n.Fingerprint})
	}
	return []page.Block{t}
}

// finding tells what one step breaks.
func (h *htmlPage) finding(p *part, group []Finding) []page.Block {
	f := &group[0]
	var all []page.Block
	if said := f.Name + ": " + f.Message; said != h.Title {
		all = append(all, page.Text{Says: said, Bad: true})
	}
	above := h.Summary != nil && h.findings == 1 // the page says at its beginning what it is about
	if !above {
		all = append(all, sentenceBlocks(f)...)
	}
	all = append(all, whereBlocks(f)...)
	all = append(all, h.execution(p, f)...)
	if f.Witness != nil {
		all = append(all, witnessBlocks(f.Witness)...)
	}
	all = append(all, reasonBlocks(f)...)
	if len(group) > 1 {
		t := page.Table{Caption: "Also broken here", Head: []string{"rule", "what is wrong"}}
		for _, other := range group[1:] {
			t.Rows = append(t.Rows, []string{other.Name, other.Message})
		}
		all = append(all, t)
	}
	if !above {
		all = append(all, shortestBlocks(f)...)
	}
	if c := p.Campaign; c != nil && c.Found != nil {
		all = append(all, page.Text{Says: fmt.Sprintf("Found by %s run number %s, after %s; shortened from %s to %d.", c.Found.Strategy, Count(c.Found.Run), Some(c.Steps, "step"),
			Some(c.Found.Steps, "step"), f.Steps)})
	}
	if !above {
		all = append(all, replayBlocks(p.Report, f)...)
	}
	return append(all, page.Command{Label: "learn", Line: "raftcheck explain " + f.Name})
}

// whereBlocks quote the lines of a file that the finding rests on.
func whereBlocks(f *Finding) []page.Block {
	var quoted bytes.Buffer
	(&text{Writer: &quoted}).snippet(f.Evidence)
	if quoted.Len() == 0 {
		return nil
	}
	return []page.Block{page.Text{Label: "At", Says: f.Evidence[0].place() + f.earlierLines()}, page.Pre{Label: "The lines that this rests on", Text: strings.TrimRight(quoted.String(), "\n")}}
}

// execution draws what a finding tells.
func (h *htmlPage) execution(p *part, f *Finding) (all []page.Block) {
	if f.Execution == nil {
		return append(all, h.inFile(p.Report, f)...)
	}
	if h.drawn[f.Execution] {
		return nil
	}
	h.drawn[f.Execution] = true
	e := p.judgedBy(&page.Execution{Trace: f.Execution, Name: f.Name})
	for k := range p.Findings {
		if other := &p.Findings[k]; other.Execution == f.Execution && other.Breach != nil {
			e.Findings = append(e.Findings, other.Breach)
		}
	}
	for k := range p.Files {
		if p.Files[k].Execution == f.Execution {
			e.Lines = p.Files[k].Original
		}
	}
	if e.Findings == nil && f.breachOf() != nil {
		e.Findings = []*traces.Finding{f.breachOf()}
	}
	return append(all, e)
}

// inFile draws the file that a finding is in, once.
func (h *htmlPage) inFile(r *Report, f *Finding) []page.Block {
	for k := range r.Files {
		file := &r.Files[k]
		if file.Execution != nil && len(f.Evidence) > 0 && file.Path == f.Evidence[0].File && !h.drawn[file.Execution] {
			return h.file(r, file, "")
		}
	}
	return nil
}

// recorded draws the executions that were judged and have no section of their own.
func (h *htmlPage) recorded(r *Report) (all []page.Block) {
	if r.Execution != nil && !h.drawn[r.Execution] {
		h.drawn[r.Execution] = true
		all = append(all, r.judgedBy(&page.Execution{Trace: r.Execution}))
	}
	for k := range r.Files {
		if f := &r.Files[k]; f.Execution != nil && !h.drawn[f.Execution] {
			all = append(all, h.file(r, f, f.Path)...)
		}
	}
	return all
}

// file draws what is in a file.
func (h *htmlPage) file(r *Report, f *File, title string) (all []page.Block) {
	h.drawn[f.Execution] = true
	if len(f.Names) > 0 {
		all = append(all, page.Text{Label: "Servers:", Says: f.named()})
	}
	if f.Left != "" {
		all = append(all, page.Text{Says: f.Left})
	}
	return append(all, r.judgedBy(&page.Execution{Trace: f.Execution, Lines: f.Original, Findings: f.Broken, Title: title, Name: bareName(f.Path)}))
}

// judgedBy adds the rules that an execution was judged by, as far as that is said, and which of them a record puts to the test nowhere.
func (r *Report) judgedBy(e *page.Execution) *page.Execution {
	for k := range r.Rules {
		rule, known := spec.RuleByName(r.Rules[k].Name)
		verdict := r.Rules[k].Verdict
		if !known || rule.Live != nil || verdict == NotApplicable {
			continue
		}
		e.Rules = append(e.Rules, rule)
		if r.Command == "verify" && (verdict == NotCheckable || verdict == NotExercised) {
			e.Untested = append(e.Untested, rule)
		}
	}
	return e
}

// bareName is the name of a file without its folder and its endings.
func bareName(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return name
}

// witnessBlocks show the operations that no order explains, and why.
func witnessBlocks(w *Witness) []page.Block {
	t := page.Table{Caption: "Operations that no order explains", Head: []string{"#", "client", "operation", "outcome", "called at", "returned at"}}
	for k := range w.Operations {
		o := &w.Operations[k]
		returned := "never"
		if o.ReturnLine > 0 {
			returned = fmt.Sprintf("line %d", o.ReturnLine)
		}
		t.Rows = append(t.Rows, []string{fmt.Sprint(o.Number), o.Client, o.Text, o.Outcome, fmt.Sprintf("line %d", o.CallLine), returned})
	}
	all := []page.Block{w.spans(), t}
	if len(w.Cycle) > 0 {
		all = append(all, w.circle())
	}
	for _, why := range w.Why {
		all = append(all, page.Text{Says: why})
	}
	for _, hint := range w.Hints {
		all = append(all, page.Text{Label: "Hint:", Says: hint})
	}
	if len(w.Cluster) > 0 {
		c := page.Table{Caption: "What the cluster did meanwhile, by the numbers above the bars", Head: []string{"step", "what happens"}}
		for _, m := range w.Cluster {
			c.Rows = append(c.Rows, []string{fmt.Sprint(m.Step), m.Text})
		}
		all = append(all, c)
	}
	return all
}

// spans are the operations as bars, from their calls to their returns.
func (w *Witness) spans() page.Spans {
	var s page.Spans
	for _, order := range w.Orders {
		var of []int
		for _, number := range order {
			of = append(of, number-1)
		}
		s.Orders = append(s.Orders, of)
	}
	for _, m := range w.Cluster {
		s.Marks = append(s.Marks, page.Mark{After: m.After, Label: fmt.Sprint(m.Step)})
	}
	for k := range w.Operations {
		o := &w.Operations[k]
		s.Operations = append(s.Operations, page.Span{Lane: o.Client, Label: fmt.Sprintf("%d: %s", o.Number, o.Text), From: o.From, To: o.To})
	}
	return s
}

// stepWords say in a few words what one operation of a circle is to the one that it comes before.
var stepWords = map[string]string{"ww": "is overwritten by", "wr": "is seen by", "rw": "does not see", "rt": "was over before"}

// circle draws which operation must come before which.
func (w *Witness) circle() page.Cycle {
	var c page.Cycle
	of := map[int]int{} // of the number of an operation: its node
	for _, s := range w.Cycle {
		of[s.Before] = len(c.Nodes)
		o := &w.Operations[s.Before-1]
		c.Nodes = append(c.Nodes, page.Node{Name: fmt.Sprintf("%d: %s", o.Number, o.Client), Label: o.Text})
	}
	for _, s := range w.Cycle {
		label := stepWords[s.Kind] + " (" + s.Kind
		if s.Key != "" {
			label += ", " + s.Key
		}
		c.Arrows = append(c.Arrows, page.Arrow{From: of[s.Before], To: of[s.After], Label: label + ")"})
	}
	return c
}

// reasonBlocks say why it is wrong.
func reasonBlocks(f *Finding) (all []page.Block) {
	why := traces.Reason{Allowed: f.Allowed, Hint: f.Hint}
	if f.Execution != nil && f.Breach != nil {
		why = traces.ReasonOf(f.Execution, f.Breach)
	} else {
		for _, c := range f.Refused {
			why.Refused = append(why.Refused, spec.Condition{Text: c.Text, Values: c.Values})
		}
	}
	if why.Says != "" {
		all = append(all, page.Text{Label: "Why:", Says: why.Says})
	}
	if len(why.Refused) > 0 {
		t := page.Table{Caption: "What refused it", Head: []string{"condition", "but"}}
		for _, c := range why.Refused {
			t.Rows = append(t.Rows, []string{c.Text, c.Values})
		}
		all = append(all, t)
	}
	for _, fact := range []struct{ label, says string }{{"Allowed instead:", why.Allowed}, {"Hint:", why.Hint}, {"By design?", declared(f.ByDesign)}} {
		if fact.says != "" {
			all = append(all, page.Text{Label: fact.label, Says: fact.says})
		}
	}
	return all
}

func declared(variants []string) string {
	if len(variants) == 0 {
		return ""
	}
	return "Then declare " + strings.Join(variants, " or ") + "."
}

// everyVerdict lists them in the order in which a reader wants them.
var everyVerdict = []string{"violated", KnownBroken, "inconclusive", "held", NotExercised, NotCheckable, NotApplicable}

// rulesBlocks say what became of every rule and goal.
func rulesBlocks(r *Report) (all []page.Block) {
	counts := page.Table{Caption: "Rules by what became of them", Head: []string{"verdict", "rules"}}
	rules := page.Table{Caption: "All rules", Head: []string{"rule", "id", "verdict", "put to the test"}}
	t := &text{r: r}
	for _, v := range everyVerdict {
		if n := t.rulesThat(v); n > 0 {
			counts.Rows = append(counts.Rows, []string{v, Count(n)})
		}
		for _, rule := range r.Rules {
			if rule.Verdict != v {
				continue
			}
			checked := "not counted"
			if rule.Checked > 0 {
				checked = Count(rule.Checked)
			} else if v != "held" && v != "violated" {
				checked = "0"
			}
			rules.Rows = append(rules.Rows, []string{rule.Name, rule.ID, v, checked})
		}
	}
	if len(rules.Rows) > 0 {
		all = append(all, counts, page.Fold{Summary: "Each of " + Some(len(rules.Rows), "rule"), Blocks: []page.Block{rules}})
	}
	goals := page.Table{Caption: "Goals: what an execution should come to for a pass to mean something", Head: []string{"goal", "reached"}}
	for _, g := range r.Goals {
		said := "no"
		switch {
		case g.Reached && g.Times > 0:
			said = Some(g.Times, "time")
		case g.Reached:
			said = "yes"
		case !g.Possible:
			said = "beyond these bounds and faults"
		}
		goals.Rows = append(goals.Rows, []string{g.Name, said})
	}
	if len(goals.Rows) > 0 {
		all = append(all, page.Fold{Summary: fmt.Sprintf("%d of %s reached", len(t.goalsReached()), Some(len(r.Goals), "goal")), Blocks: []page.Block{goals}})
	}
	return all
}

// coveredBlocks say what the verdict rests on and what it says nothing about.
func coveredBlocks(r *Report) (all []page.Block) {
	t := &text{r: r}
	fact := func(label, says string) {
		if says != "" {
			all = append(all, page.Text{Label: label, Says: says})
		}
	}
	fact("Judged:", r.Subject)
	if r.Bounds != nil {
		fact("World:", t.world())
	}
	if s := r.Search; s != nil {
		fact("Searched:", fmt.Sprintf("%s, %s, depth %d", Some(s.Distinct, "state"), Some(s.Transitions, "transition"), s.Depth))
	}
	if l := r.Liveness; l != nil {
		fact("Liveness:", fmt.Sprintf("%s and %s; fair is: %s", Some(l.States, "state"), Some(l.Transitions, "transition"), strings.Join(l.Fairness, "; ")))
	}
	if c := r.Campaign; c != nil {
		fact("Seen:", fmt.Sprintf("%s of %s; about %s of one server, about %s of all servers together; executions of up to %s", Some(c.Runs, "random execution"), Some(c.Steps, "step"),
			Some(c.States, "state"), Some(c.Vectors, "state"), Some(c.Longest, "step")))
		fact("Seed:", t.again())
	}
	if r.Steps > 0 {
		fact("Steps:", Count(r.Steps))
	}
	fact("Mended:", r.Mended)
	all = append(all, filesBlocks(r)...)
	all = append(all, comparisonBlocks(r)...)
	fact("Not covered:", strings.Join(r.NotCovered, ", "))
	return all
}

// filesBlocks list what was read.
func filesBlocks(r *Report) (all []page.Block) {
	t := page.Table{Caption: "Traces", Head: []string{"file", "verdict", "format", "lines", "steps", "servers", "terms", "elections"}}
	for k := range r.Files {
		f := &r.Files[k]
		if f.Format == "" {
			continue // it was only shown
		}
		t.Rows = append(t.Rows, []string{f.Path, f.Verdict, f.Format, Count(f.Lines), Count(f.Steps), Count(len(f.Servers)), f.terms(), Count(f.Elections)})
	}
	if len(t.Rows) > 0 {
		all = append(all, t)
	}
	if never, partly := (&text{r: r}).hidden(); len(never)+len(partly) > 0 {
		all = append(all, page.Text{Label: "Not shown:", Says: strings.Join(append(slices.Clone(never), partly...), ", ")})
	}
	h := page.Table{Caption: "Histories", Head: []string{"file", "verdict", "size", "outcomes", "decided by"}}
	for k := range r.Histories {
		of := &r.Histories[k]
		h.Rows = append(h.Rows, []string{of.Path, of.Verdict, of.size(), of.outcomes(), of.methods()})
	}
	if len(h.Rows) > 0 {
		all = append(all, h)
	}
	for k := range r.Histories {
		of := &r.Histories[k]
		for _, note := range of.Notes {
			all = append(all, page.Text{Label: of.Path + ":", Says: note})
		}
		if of.Strongest != "" {
			all = append(all, page.Text{Label: of.Path + ":", Says: "what holds of the whole history: " + of.strongest()})
		}
	}
	return all
}

// comparisonBlocks say where two implementations differ.
func comparisonBlocks(r *Report) (all []page.Block) {
	if r.Comparison == nil {
		return nil
	}
	t := &text{r: r}
	for k := range r.Comparison.Differences {
		var said bytes.Buffer
		t.Writer = &said
		t.difference(&r.Comparison.Differences[k])
		all = append(all, page.Pre{Label: fmt.Sprintf("Difference %d", k+1), Text: strings.TrimRight(said.String(), "\n")})
	}
	return all
}
