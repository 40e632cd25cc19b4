package report

import (
	"fmt"
	"io"
	"strings"
)

// GitHub writes a report as annotations of a GitHub workflow, one line each: an error for what fails, a notice for what is known, a warning
// for what could not be said. Whatever names and values hold is data: none can end a line or begin a command.
func GitHub(w io.Writer, r *Report) error {
	a := &annotations{w: w}
	for _, p := range r.parts() {
		a.report(&p)
	}
	if r.Checks != nil {
		a.gate(r)
	}
	return a.err
}

// annotations are written one after the other, until the first error.
type annotations struct {
	w   io.Writer
	err error
}

func (a *annotations) report(p *part) {
	for k := range p.Findings {
		f := &p.Findings[k]
		a.finding("error", p, f, f.Name, f.Message+f.earlierLines())
	}
	for k := range p.Known {
		if n := &p.Known[k]; n.Status == StillOccurs {
			a.finding("notice", p, n.Finding, n.Rule+" (known)", n.Finding.Message+"; "+n.because())
		}
	}
	for _, e := range p.Errors {
		place := Evidence{File: e.File, Line: e.Line, Column: e.Column}
		a.say("error", p.Report, place, "input", e.Message)
	}
	if c := p.Comparison; c != nil && c.Differing > 0 {
		a.say("error", p.Report, p.place(&Finding{}), "difference", fmt.Sprintf("%s and %s differ in %s", c.Implementations[0].Name, c.Implementations[1].Name, Some(c.Differing, "local step")))
	}
	if p.Verdict == "inconclusive" && len(p.Errors) == 0 {
		a.say("warning", p.Report, p.place(&Finding{}), p.name, "inconclusive: "+strings.Join(p.Because, "; "))
	}
}

// gate tells what is wrong with the gate as a whole.
func (a *annotations) gate(r *Report) {
	for _, e := range r.Errors {
		a.say("error", r, Evidence{File: e.File, Line: e.Line, Column: e.Column}, "gate", e.Message)
	}
	for k := range r.Known {
		if n := &r.Known[k]; n.Status == Gone {
			a.say("notice", r, r.place(&Finding{}), n.Rule+" (known)", "no longer occurs: take fingerprint "+n.Fingerprint+" out of the known findings")
		}
	}
}

func (a *annotations) finding(level string, p *part, f *Finding, title, message string) {
	a.say(level, p.Report, p.place(f), title, message)
}

// say writes one annotation. A place without a file annotates the run.
func (a *annotations) say(level string, r *Report, at Evidence, title, message string) {
	var places []string
	if at.File != "" && at.File != "-" {
		places = append(places, "file="+property(r.fromRoot(at.File)))
		if at.Line > 0 {
			places = append(places, fmt.Sprintf("line=%d", at.Line))
		}
		if at.Column > 0 {
			places = append(places, fmt.Sprintf("col=%d", at.Column))
		}
	}
	places = append(places, "title="+property(title))
	if a.err == nil {
		_, a.err = fmt.Fprintf(a.w, "::%s %s::%s\n", level, strings.Join(places, ","), escaped(message))
	}
}

// escaped writes text so that the runner takes it for the message of a command and nothing else.
func escaped(s string) string {
	return printable(strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s))
}

// property is escaped for the value of a command's property.
func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(escaped(s))
}
