package conformance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Test puts a node through the suite, with a subtest for each requirement: "R5.2-02/election-safety". One that is broken fails with its story;
// one that is not applicable, allowed otherwise or not exercised is skipped with the reason. An adapter that fails its contract fails the test
// itself. The world is cluster.Default, of which only what is the node's own counts; edit may change it and the options.
//
// The suite ends before the test's deadline, and fails the test then with what was covered. go test -v tells how far it has come.
func Test(t *testing.T, node spec.Factory, edit ...func(*Subject, *Options)) {
	t.Helper()
	s, o := &Subject{Name: t.Name(), World: cluster.Default(node)}, Options{Version: "go test"}
	for _, e := range edit {
		e(s, &o)
	}
	if o.Progress == nil && testing.Verbose() {
		o.Progress = func(p Progress) { t.Logf("%d of %d: %s", p.At, p.All, p.Doing) }
	}
	ctx, cancel := checker.BeforeDeadline(t)
	defer cancel()
	r, err := Run(ctx, s, o)
	if err != nil {
		t.Fatalf("raftcheck: %v", err)
	}
	t.Logf("%s\n%s\n%s", r.Headline(), r.Counts, r.notCovered())
	for k := range r.Requirements {
		q := &r.Requirements[k]
		t.Run(q.ID+"/"+q.Name, q.test)
	}
	switch {
	case r.Fault != nil:
		t.Fatalf("%s\n%s", checker.FaultText(r.Fault), strings.Join(r.adapterStory(), "\n"))
	case r.Verdict == Inconclusive:
		t.Fatalf("raftcheck: inconclusive: %s\n%s", strings.Join(r.Because, "; "), r.Counts)
	}
}

// notCovered lists the requirements that were not exercised, and the worlds that were left out or searched only in part.
func (s *Statement) notCovered() string {
	var left []string
	for k := range s.Requirements {
		if q := &s.Requirements[k]; q.Outcome == NotExercised {
			left = append(left, q.ID+" "+q.Name)
		}
	}
	for k := range s.Worlds {
		switch w := &s.Worlds[k]; {
		case w.Left != "":
			left = append(left, "world "+w.Name)
		case !w.Complete:
			left = append(left, fmt.Sprintf("world %s beyond %s states", w.Name, count(w.States)))
		}
	}
	if len(left) == 0 {
		left = []string{"larger worlds"}
	}
	return "not covered: " + strings.Join(left, ", ")
}

func (s *Statement) adapterStory() (story []string) {
	for _, c := range s.Adapter.Checks {
		story = append(story, c.Story...)
	}
	return story
}

// test is the subtest of a requirement.
func (q *Requirement) test(t *testing.T) {
	t.Helper()
	switch q.Outcome {
	case Broken:
		t.Fatalf("%s\n%s\n\n%s", q.Because, q.Sentence, strings.Join(q.Story, "\n"))
	case Met:
		t.Logf("met: %s", q.how())
	default:
		t.Skipf("%s: %s", q.Outcome, q.Because)
	}
}
