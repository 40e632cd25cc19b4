package main

import (
	"fmt"
	"io"

	"github.com/raftcheck/raftcheck/report"
)

// renderPerRule is render with a table of what became of each rule below the text.
func (a *app) renderPerRule(r *report.Report) func(io.Writer, string, bool) error {
	return func(w io.Writer, format string, person bool) error {
		err := a.render(r)(w, format, person)
		if err != nil || format != "text" {
			return err
		}
		fmt.Fprintf(w, "\n%-10s %-34s %-15s %15s\n", "rule", "name", "verdict", "put to the test")
		for _, rule := range r.Rules {
			fmt.Fprintf(w, "%-10s %-34s %-15s %15s\n", rule.ID, rule.Name, rule.Verdict, report.Count(rule.Checked))
		}
		return nil
	}
}
