package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

// SARIF writes a report as a SARIF 2.1.0 log of one run, for code scanning. Every result has a location, a code flow that tells its story
// step by step, and a fingerprint that stays the same when lines and states change; what is known is suppressed, with the reason.
func SARIF(w io.Writer, r *Report) error {
	log := sarif.NewReport()
	log.Schema = "https://json.schemastore.org/sarif-2.1.0.json"
	run := sarif.NewRunWithInformationURI("raftcheck", "https://github.com/raftcheck/raftcheck")
	run.Tool.Driver.WithVersion(r.Version)
	run.WithAutomationDetails(sarif.NewRunAutomationDetails().WithID("raftcheck/" + r.Command + "/"))
	run.WithColumnKind("unicodeCodePoints")
	log.AddRun(run)
	notes := sarif.NewInvocation().WithExecutionSuccessful(true)
	run.AddInvocation(notes)
	for _, p := range r.parts() {
		p.addTo(run, notes)
	}
	if r.Checks != nil {
		r.addProblems(notes)
	}
	var whole bytes.Buffer
	if err := log.Write(&whole); err != nil {
		return err
	}
	return writeLean(w, whole.Bytes())
}

// writeLean writes the log without the members that say nothing, which the library writes out: empty lists and the number that stands for
// none. Results are a list even if there are none, since a log without says that nothing was judged.
func writeLean(w io.Writer, log []byte) error {
	var whole any
	numbers := json.NewDecoder(bytes.NewReader(log))
	numbers.UseNumber()
	if err := numbers.Decode(&whole); err != nil {
		return err
	}
	lean(whole)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(whole)
}

func lean(value any) {
	switch v := value.(type) {
	case []any:
		for _, inner := range v {
			lean(inner)
		}
	case map[string]any:
		for name, inner := range v {
			list, isList := inner.([]any)
			if isList && len(list) == 0 && name != "results" || inner == json.Number("-1") {
				delete(v, name)
				continue
			}
			lean(inner)
		}
	}
}

// addTo adds rules, results and notifications of one report to the run.
func (p *part) addTo(run *sarif.Run, notes *sarif.Invocation) {
	for k := range p.Findings {
		run.AddResult(p.result(run, &p.Findings[k], "error"))
	}
	for k := range p.Known {
		if n := &p.Known[k]; n.Status == StillOccurs {
			run.AddResult(p.result(run, n.Finding, "error").WithSuppressions([]*sarif.Suppression{
				sarif.NewSuppression().WithKind("external").WithStatus("accepted").WithJustification(n.because())}))
		}
	}
	if c := p.Comparison; c != nil && c.Differing > 0 {
		p.addDifferences(run)
	}
	p.addProblems(notes)
	if p.Verdict == "inconclusive" && len(p.Errors) == 0 {
		notes.AddToolExecutionNotification(p.notification("warning", p.place(&Finding{}), p.name+": inconclusive: "+strings.Join(p.Because, "; ")))
	}
}

// addProblems adds what could not be judged.
func (r *Report) addProblems(notes *sarif.Invocation) {
	for _, e := range r.Errors {
		notes.WithExecutionSuccessful(false)
		notes.AddToolExecutionNotification(r.notification("error", Evidence{File: e.File, Line: e.Line, Column: e.Column}, e.Message))
	}
}

func (r *Report) notification(level string, at Evidence, message string) *sarif.Notification {
	n := sarif.NewNotification().WithLevel(level).WithMessage(sarif.NewTextMessage(message))
	if at.File != "" && at.File != "-" {
		n.AddLocation(r.location(at, ""))
	}
	return n
}

// result is one finding.
func (p *part) result(run *sarif.Run, f *Finding, level string) *sarif.Result {
	describe(run, f)
	at := p.place(f)
	result := sarif.NewRuleResult(f.Name).WithRuleIndex(run.GetRuleIndex(f.Name)).WithLevel(level).WithMessage(sarif.NewTextMessage(f.says()))
	result.AddLocation(p.location(at, ""))
	for _, e := range f.Evidence {
		if e.File != "" && e.File != "-" && (e.File != at.File || e.Line != at.Line) {
			result.AddRelatedLocation(p.location(e, e.says()))
		}
	}
	result.AddCodeFlow(p.codeFlow(f, at))
	print := cmp.Or(f.Fingerprint, Fingerprint(f.Rule, f.Shape))
	result.WithPartialFingerprints(map[string]string{"raftcheck/v1": print, "primaryLocationLineHash": print + ":1"})
	bag := sarif.NewPropertyBag().Add("check", p.name).Add("subject", p.Subject)
	if f.Shape != "" {
		bag.Add("shape", f.Shape)
	}
	return result.WithProperties(bag)
}

// describe adds the rule that a finding is of, once.
func describe(run *sarif.Run, f *Finding) {
	if run.GetRuleIndex(f.Name) >= 0 {
		return
	}
	run.AddRule(f.Name).WithName(camel(f.Name)).
		WithShortDescription(sarif.NewMultiformatMessageString().WithText(Title(f.Name))).
		WithFullDescription(sarif.NewMultiformatMessageString().WithText(f.Sentence + " (" + f.Section + ")")).
		WithHelp(sarif.NewMultiformatMessageString().WithText(f.Sentence + " (" + f.Section + ")\n\nraftcheck explain " + f.Name)).
		WithHelpURI("https://github.com/raftcheck/raftcheck/blob/main/docs/rules.md").
		WithProperties(sarif.NewPropertyBag().Add("id", f.Rule).Add("precision", "very-high").Add("problem.severity", "error").WithTags([]string{"raft", "correctness"}))
}

// camel turns election-safety into ElectionSafety, as names of rules are written there.
func camel(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "-") {
		b.WriteString(Sentence(word))
	}
	return b.String()
}

// says is a finding in a few sentences.
func (f *Finding) says() string {
	parts := []string{f.Message + f.earlierLines() + ".", f.Sentence + " (" + f.Section + ")"}
	for _, c := range f.Refused {
		parts = append(parts, "Refused condition: "+c.Text+"; "+c.Values+".")
	}
	if f.Allowed != "" {
		parts = append(parts, "Allowed instead: "+f.Allowed+".")
	}
	if f.Hint != "" {
		parts = append(parts, "Hint: "+f.Hint)
	}
	return strings.Join(parts, " ")
}

// mostFlow is how many steps of a story a reader of SARIF takes; of a longer one the last are told.
const mostFlow = 5000

// codeFlow tells the story of a finding. A step without a place of its own is at the finding's.
func (p *part) codeFlow(f *Finding, at Evidence) *sarif.CodeFlow {
	moments := f.moments()
	moments = moments[max(0, len(moments)-mostFlow):]
	flow := sarif.NewThreadFlow()
	for k, m := range moments {
		e := Evidence{File: m.File, Line: m.Line}
		if e.File == "" || e.File == "-" {
			e = Evidence{File: at.File, Line: at.Line}
		}
		step := sarif.NewThreadFlowLocation().WithLocation(p.location(e, m.text)).WithExecutionOrder(k + 1)
		if m.guilty {
			step.WithImportance("essential")
		}
		flow.AddLocation(step)
	}
	return sarif.NewCodeFlow().AddThreadFlow(flow)
}

// location is a place in a file, with a message unless it is empty.
func (r *Report) location(e Evidence, message string) *sarif.Location {
	physical := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewArtifactLocation().WithURI(r.uri(e.File)))
	region := sarif.NewRegion().WithStartLine(max(1, e.Line))
	if e.Column > 0 && e.Line > 0 {
		region.WithStartColumn(e.column(e.Column))
		if e.Width > 0 {
			region.WithEndColumn(e.column(e.Column + e.Width))
		}
	}
	l := sarif.NewLocationWithPhysicalLocation(physical.WithRegion(region))
	if message != "" {
		l.WithMessage(sarif.NewTextMessage(message))
	}
	return l
}

// column turns a column in bytes into one in characters, where the line is at hand.
func (e Evidence) column(bytes int) int {
	if bytes-1 > len(e.Text) {
		return bytes
	}
	return len([]rune(e.Text[:bytes-1])) + 1
}

// uri is a file as a reference of a URI: relative to the root of the repository, or absolute.
func (r *Report) uri(file string) string {
	if filepath.IsAbs(file) {
		return (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(file), "/")}).String()
	}
	return (&url.URL{Path: r.fromRoot(file)}).String()
}

// addDifferences adds a result for each difference between two implementations.
func (p *part) addDifferences(run *sarif.Run) {
	names := []string{p.Comparison.Implementations[0].Name, p.Comparison.Implementations[1].Name}
	for _, d := range p.Comparison.Differences {
		f := &Finding{Rule: "difference", Name: "difference", Sentence: "Both implementations do the same.", Section: "raftcheck diff",
			Message: fmt.Sprintf("%s and %s differ in what %s does on %s after %s", names[0], names[1], d.Node, d.Input, after(d.Way))}
		for k, does := range d.Does {
			f.Hint += fmt.Sprintf("%s: %s. ", names[k], orNothing(does))
		}
		f.Fingerprint = Fingerprint("difference", strings.Join(names, " ")+" "+d.Input+" "+strings.Join(d.Way, ";"))
		run.AddResult(p.result(run, f, "warning").WithCodeFlows([]*sarif.CodeFlow{}))
	}
}

func after(way []string) string {
	if len(way) == 0 {
		return "the start"
	}
	return strings.Join(way, "; ")
}

func orNothing(s string) string {
	if s == "" {
		return "nothing else"
	}
	return s
}
