package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/raftcheck/raftcheck/fold"
	"github.com/raftcheck/raftcheck/report"
)

// renderPerRule is render with a table of what became of each rule below the text.
func (a *app) renderPerRule(r *report.Report) func(io.Writer, string, bool) error {
	return func(w io.Writer, format string, person bool) error {
		err := a.render(r)(w, format, person)
		if err != nil || format != "text" {
			return err
		}
		width := 0
		if person {
			width = a.term.style.Width
		}
		_, err = io.WriteString(w, fold.Text(perRule(r, width), width))
		return err
	}
}

// perRule is the table. Where it does not fit, what became of a rule stands below its name.
func perRule(r *report.Report, width int) string {
	row := "%-10s %-34s %-15s %15s\n"
	if width > 0 && width < 77 {
		row = "%-10s %s\n           %-15s %15s\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n"+row, "rule", "name", "verdict", "put to the test")
	for _, rule := range r.Rules {
		fmt.Fprintf(&b, row, rule.ID, rule.Name, rule.Verdict, report.Count(rule.Checked))
	}
	return b.String()
}
