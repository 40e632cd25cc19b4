package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/fold"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/report/page"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/traces"
)

// The demo searches this mutant for a breach of this rule.
const (
	demoMutant = "el-stale-vote-resp"
	demoRule   = "election-safety"
)

// demo is a guided first run.
func (a *app) demo() *cobra.Command {
	out := outputs{formats: []string{"text", "json", "html", "svg"}}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "A guided first run: find two leaders in a broken Raft, in two seconds",
		Long: `demo searches a Raft with one small bug, finds an execution with two leaders in one term, and tells it as a story.
The violation is what it is meant to find, so the exit code is 0. -o html=FILE is its page, to be opened in a browser.`,
		Example: `  raftcheck demo
  raftcheck demo -o html=two-leaders.html`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.open(a); err != nil {
				return err
			}
			defer out.abandon()
			m, _ := mutant.ByName(demoMutant)
			s := demoWorld(m)
			r, err := a.search(cmd.Context(), s, checker.Options{Rules: []*spec.Rule{ruleCalled(demoRule)}, Name: s.Name}, "demo", "none", 0)
			if err != nil {
				return err
			}
			return out.write(a.term.out, a.renderDemo(r, m))
		},
	}
	out.addTo(cmd.Flags())
	return cmd
}

// demoWorld is a world without faults and with room for all that is sent, so that the story has no step that only makes room.
func demoWorld(m mutant.Mutant) *subject.Subject {
	s := subject.Mutant(m)
	s.Config.Servers, s.Config.Faults = 3, cluster.Faults{}
	s.Config.Bounds = cluster.Bounds{Terms: 2, Messages: 8}
	return s
}

// renderDemo is render with words before and after the text.
func (a *app) renderDemo(r *report.Report, m mutant.Mutant) func(io.Writer, string, bool) error {
	return func(w io.Writer, format string, person bool) error {
		switch format {
		case "text":
		case "svg":
			return (&page.Execution{Trace: r.Findings[0].Execution, Findings: []*traces.Finding{r.Findings[0].Breach}}).SVG(w)
		default:
			return a.render(r)(w, format, person)
		}
		width := 0
		if person {
			width = a.term.style.Width
		}
		fmt.Fprint(w, fold.Text(fmt.Sprintf("A Raft with one bug: %s.\nIs there a way to two leaders in one term? Searching every execution of three servers ...\n\n", m.Title), width))
		if err := a.render(r)(w, format, person); err != nil {
			return err
		}
		_, err := fmt.Fprint(w, fold.Text(demoNext, width))
		return err
	}
}

const demoNext = `
What next:
  raftcheck explain el-stale-vote-resp          what the bug is, and who has had it
  raftcheck check                               search a Raft without it, to the last state
  raftcheck check --impl mutant:cm-old-term     another: Figure 8 of the Raft paper
  raftcheck explain mutants                     all of them
  raftcheck verify TRACE...                     judge a recorded trace of your own cluster
`
