package hashicorp

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Result is what a search found, and what the bubbles did for it.
type Result struct {
	*checker.Result
	Bubbles bubble.Stats
}

// Check searches every execution of a world of the library's servers: Default, changed by the edits. A violation is told only after
// it happened again, step by step to the same states, on servers of which nothing was remembered. The error is a *checker.Fault
// when the library broke, or did not do the same again.
func Check(ctx context.Context, t *testing.T, edit ...func(*Setup)) (*Result, error) {
	return check(ctx, t, setUp(t, edit))
}

// Test searches like Check and fails the test with a story when a promise is broken, or when the search proves nothing. The execution
// is saved under testdata/raftcheck, and the next run of the test tries it first.
func Test(t *testing.T, edit ...func(*Setup)) {
	t.Helper()
	setup := setUp(t, edit)
	replaySaved(t, setup)
	r, err := check(t.Context(), t, setup)
	if err != nil {
		t.Fatalf("raftcheck: %v", err)
	}
	switch r.Verdict {
	case spec.Violated:
		f := r.Findings[0]
		path, err := traces.Save(traces.SavedUnder, f.Rule.Name, f.Trace)
		if err != nil {
			t.Logf("the execution could not be saved: %v", err)
		}
		t.Fatal(failure(&f.Finding, f.Trace, path))
	case spec.Inconclusive:
		t.Fatalf("raftcheck proves nothing here: %s (searched %s; %d states, depth %d)", r.Reason, setup.World.String(), r.Search.Distinct, r.Search.Depth)
	}
	t.Logf("%d rules held in all %d states: %s, %d steps deep; %d executions of the library's code, %d local states, %d messages",
		len(spec.Applicable(setup.Search.Rules, setup.World.Variants)), r.Search.Distinct, setup.World.String(), r.Search.Depth,
		r.Search.Executions, r.Search.LocalStates, r.Search.Messages)
}

func setUp(t *testing.T, edit []func(*Setup)) *Setup {
	setup := Default()
	for _, e := range edit {
		e(&setup)
	}
	if setup.World.Inputs == nil {
		setup.World.Inputs = Inputs(&setup.World)
	}
	if setup.Search.Rules == nil {
		setup.Search.Rules = spec.Rules
	}
	if setup.Search.Name == "" {
		setup.Search.Name = t.Name()
	}
	setup.Servers.named = setup.World.Bounds.Changes > 0
	return &setup
}

func check(ctx context.Context, t *testing.T, setup *Setup) (*Result, error) {
	lab := Servers(t, setup.Servers)
	setup.World.New = lab.Node
	r, err := checker.Check(ctx, &setup.World, setup.Search)
	if err != nil {
		return nil, err
	}
	if err := order.Confirm(r, func() spec.Factory { return lab.Fresh().Node }); err != nil {
		return nil, err
	}
	return &Result{r, lab.Stats()}, nil
}

// replaySaved tries the executions that failed before. One that the servers do not repeat is taken for mended.
func replaySaved(t *testing.T, setup *Setup) {
	t.Helper()
	for saved := range checker.Saved(t, setup.Search.Name) {
		if _, err := traces.Replay(saved.Trace, Servers(t, setup.Servers).Node); err != nil {
			continue
		}
		if broken, _ := traces.Broken(saved.Trace, setup.Search.Rules, setup.World.Variants); broken != nil {
			t.Fatal(failure(&broken[0], saved.Trace, saved.Path))
		}
	}
}

// failure tells a finding and its story.
func failure(f *traces.Finding, trace *traces.Trace, path string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n%s (%s)\n\n", f.Rule.Name, f.Message, f.Rule.Sentence, f.Rule.Section)
	_ = traces.Text(&b, trace, f) // a strings.Builder takes everything
	if path != "" {
		fmt.Fprintf(&b, "\n  saved   %s   (%d steps; it is tried first from now on)\n", path, len(trace.Records))
	}
	return b.String()
}
