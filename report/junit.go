package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/jstemmer/go-junit-report/v2/junit"
)

// JUnit writes a report as a JUnit XML document: a suite for the report, or for each check of a gate, and a case for each rule. What is not
// checkable is skipped, and what keeps a run from a verdict is an error, so that no reader takes it for a pass.
func JUnit(w io.Writer, r *Report) error {
	suites := junit.Testsuites{Name: "raftcheck " + r.Command}
	for _, p := range r.parts() {
		suites.AddSuite(p.suite(len(suites.Suites)))
	}
	if gate := r.gateSuite(len(suites.Suites)); gate.Tests > 0 {
		suites.AddSuite(gate)
	}
	if _, err := io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"); err != nil {
		return err
	}
	return suites.WriteXML(w)
}

// suite is the suite of one report.
func (p *part) suite(id int) junit.Testsuite {
	s := junit.Testsuite{Name: xmlText(p.name), ID: id, Time: fmt.Sprintf("%.3f", p.seconds())}
	for _, rule := range p.Rules {
		s.AddTestcase(p.ruleCase(rule))
	}
	for _, name := range p.missedGoals() {
		s.AddTestcase(p.errorCase("goal "+name, "the goal was never reached, so a pass would say little", ""))
	}
	for _, e := range p.Errors {
		s.AddTestcase(p.errorCase("input "+e.File, e.Message, e.Hint))
	}
	if c := p.Comparison; c != nil {
		s.AddTestcase(p.comparisonCase())
	}
	if p.Verdict == "inconclusive" {
		s.AddTestcase(p.errorCase("verdict", "inconclusive: "+strings.Join(p.Because, "; "), strings.Join(p.Hints, "\n")))
	}
	if g := p.DebugGoal; g != nil && g.Reached {
		s.AddTestcase(junit.Testcase{Name: "debug goal " + g.Name, Classname: p.class()})
	}
	return s
}

// gateSuite holds what is about the gate as a whole: checks that were left out, and why it could not judge.
func (r *Report) gateSuite(id int) junit.Testsuite {
	s := junit.Testsuite{Name: "raftcheck gate", ID: id, Time: "0.000"}
	for _, c := range r.Checks {
		if c.Report == nil {
			s.AddTestcase(junit.Testcase{Name: xmlText(c.Name), Classname: "raftcheck.gate", Skipped: &junit.Result{Message: xmlText(c.Skipped)}})
		}
	}
	if r.Checks != nil {
		for _, e := range r.Errors {
			p := part{r, "raftcheck gate"}
			s.AddTestcase(p.errorCase("input "+e.File, e.Message, e.Hint))
		}
	}
	return s
}

func (p *part) class() string { return xmlText("raftcheck." + p.Command + "." + p.Subject) }

func (p *part) ruleCase(rule RuleResult) junit.Testcase {
	c := junit.Testcase{Name: rule.Name, Classname: p.class()}
	switch rule.Verdict {
	case "held":
	case "violated":
		c.Failure = p.failure(rule)
	case KnownBroken:
		c.Skipped = &junit.Result{Message: xmlText(p.knownReason(rule.Name))}
	case "inconclusive":
		c.Skipped = &junit.Result{Message: "inconclusive"} // the suite has an error of its own that says why
	default:
		c.Skipped = &junit.Result{Message: rule.Verdict}
	}
	return c
}

// failure tells the findings of a rule.
func (p *part) failure(rule RuleResult) *junit.Result {
	out := &junit.Result{Message: "violated", Type: rule.ID}
	var told bytes.Buffer
	for k := range p.Findings {
		f := &p.Findings[k]
		if f.Rule != rule.ID {
			continue
		}
		if told.Len() == 0 {
			out.Message = xmlText(f.Message)
		}
		at := p.place(f)
		fmt.Fprintf(&told, "%s:%d: %s: %s\n%s\n", p.fromRoot(at.File), at.Line, f.Name, f.Message, f.Sentence)
		for _, m := range f.moments() {
			fmt.Fprintf(&told, "  %s\n", m.text)
		}
		for _, c := range f.Refused {
			fmt.Fprintf(&told, "refused condition: %s (%s)\n", c.Text, c.Values)
		}
		if f.Allowed != "" {
			fmt.Fprintf(&told, "allowed instead: %s\n", f.Allowed)
		}
		if f.Hint != "" {
			fmt.Fprintf(&told, "hint: %s\n", f.Hint)
		}
		fmt.Fprintf(&told, "fingerprint: %s\n", f.Fingerprint)
	}
	out.Data = xmlText(told.String())
	return out
}

func (p *part) knownReason(rule string) string {
	for k := range p.Known {
		if n := &p.Known[k]; n.Rule == rule && n.Status == StillOccurs {
			return "known: " + n.Finding.Message + "; " + n.because()
		}
	}
	return "known"
}

// missedGoals are the goals that keep a run from a verdict.
func (p *part) missedGoals() (names []string) {
	if p.Verdict != "inconclusive" || p.Campaign == nil && p.Search == nil {
		return nil
	}
	for _, g := range p.Goals {
		if g.Possible && !g.Reached {
			names = append(names, g.Name)
		}
	}
	return names
}

func (p *part) errorCase(name, message, more string) junit.Testcase {
	return junit.Testcase{Name: xmlText(name), Classname: p.class(), Error: &junit.Result{Message: xmlText(message), Data: xmlText(more)}}
}

func (p *part) comparisonCase() junit.Testcase {
	c := junit.Testcase{Name: "no difference", Classname: p.class()}
	if p.Comparison.Differing == 0 {
		return c
	}
	var told bytes.Buffer
	for _, d := range p.Comparison.Differences {
		fmt.Fprintf(&told, "%s, after %s, on %s: %s\n", d.Node, strings.Join(d.Way, "; "), d.Input, strings.Join(d.Does, " | "))
	}
	c.Failure = &junit.Result{Message: "they differ in " + Some(p.Comparison.Differing, "local step"), Data: xmlText(told.String())}
	return c
}

// seconds is how long the run took, where that was measured.
func (p *part) seconds() float64 {
	switch {
	case p.Search != nil:
		return p.Search.Seconds
	case p.Campaign != nil:
		return p.Campaign.Seconds
	}
	return 0
}

// xmlText replaces what no XML document may hold.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return r
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff || r == utf8.RuneError:
			return '·'
		}
		return r
	}, s)
}
