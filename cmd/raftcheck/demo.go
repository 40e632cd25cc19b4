package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
)

// The demo searches this mutant for a breach of this rule.
const (
	demoMutant = "el-stale-vote-resp"
	demoRule   = "election-safety"
)

// demo is a guided first run.
func (a *app) demo() *cobra.Command {
	out := outputs{formats: []string{"text", "json"}}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "A guided first run: find two leaders in a broken Raft, in two seconds",
		Long: `demo searches a Raft with one small bug, finds an execution with two leaders in one term, and tells it as a story.
The violation is what it is meant to find, so the exit code is 0.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.open(); err != nil {
				return err
			}
			m, _ := mutant.ByName(demoMutant)
			s := mutated(m)
			r, err := a.search(cmd.Context(), s, checker.Options{Rules: []*spec.Rule{ruleCalled(demoRule)}, Name: s.name}, "demo", "none", 0)
			if err != nil {
				return err
			}
			return out.write(a.term.out, a.renderDemo(r, m))
		},
	}
	out.addTo(cmd.Flags())
	return cmd
}

// renderDemo is render with words before and after the text.
func (a *app) renderDemo(r *report.Report, m mutant.Mutant) func(io.Writer, string, bool) error {
	return func(w io.Writer, format string, person bool) error {
		if format != "text" {
			return a.render(r)(w, format, person)
		}
		fmt.Fprintf(w, "A Raft with one bug: %s.\nIs there a way to two leaders in one term? Searching every execution of three servers ...\n\n", m.Title)
		if err := a.render(r)(w, format, person); err != nil {
			return err
		}
		_, err := fmt.Fprint(w, demoNext)
		return err
	}
}

const demoNext = `
What next:
  raftcheck check                          search a Raft without the bug, to the last state
  raftcheck check --impl mutant:cm-old-term   lose a committed entry: Figure 8 of the Raft paper
  raftcheck explain mutants                the other bugs that real systems have had
  raftcheck verify TRACE...                judge a recorded trace of your own cluster
`
