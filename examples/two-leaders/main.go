// Command two-leaders puts one bug into a Raft, searches every execution of three servers for two leaders in one term, and writes the shortest as a
// page for a browser.
//
//	go run ./examples/two-leaders
//
// It is a search from Go code, with all that one needs and nothing else, so it is also the soonest way from a clone to a counterexample.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/report/page"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/whole"
)

// staleVoteCounted is the Raft of the paper but for one thing: a vote counts even if it was given in an earlier term.
type staleVoteCounted struct{ impl.Paper }

func (p staleVoteCounted) Outdated(current spec.Term, reply *spec.Message) bool {
	return reply.Kind != spec.RequestVoteReply && p.Paper.Outdated(current, reply)
}

func main() {
	log.SetFlags(0)
	name := "two-leaders.html"
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	if err := find(os.Stdout, name); err != nil {
		log.Fatal(err)
	}
}

// find tells the shortest execution with two leaders, and writes the page of that name.
func find(out io.Writer, name string) error {
	world := cluster.Default(impl.New(impl.Options{Decisions: staleVoteCounted{}}))
	world.Faults = cluster.Faults{}
	world.Bounds = cluster.Bounds{Terms: 2, Messages: 8}
	rule, _ := spec.RuleByName("election-safety")
	result, err := checker.Check(context.Background(), &world, checker.Options{Rules: []*spec.Rule{rule}})
	if err != nil {
		return err
	}
	if len(result.Findings) == 0 {
		return fmt.Errorf("no execution with two leaders: %s", result.Verdict)
	}
	found := &result.Findings[0]
	fmt.Fprintf(out, "%s: %s\n\n", rule.Name, found.Message)
	if err := traces.Text(out, found.Trace, &found.Finding); err != nil {
		return err
	}
	if err := write(name, &world, result); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\nOpen %s in a browser.\n", name)
	return err
}

// write writes the page of the first finding.
func write(name string, world *cluster.Config, result *checker.Result) error {
	found := &result.Findings[0]
	p := page.Page{
		Title:   found.Rule.Name + ": " + found.Message,
		Verdict: result.Verdict.String(),
		Of:      "a Raft that counts votes of earlier terms: " + world.String(),
		Version: "devel",
		Sections: []page.Section{{ID: "execution", Title: found.Rule.Sentence, Blocks: []page.Block{
			&page.Execution{Trace: found.Trace, Findings: []*traces.Finding{&found.Finding}, Name: found.Rule.Name},
			page.Text{Says: fmt.Sprintf("Shortest possible, of %d states.", result.Search.Distinct)},
		}}},
	}
	file, err := whole.Create(name)
	if err != nil {
		return err
	}
	defer file.Abandon()
	if err := p.Write(file); err != nil {
		return err
	}
	return file.Commit()
}
