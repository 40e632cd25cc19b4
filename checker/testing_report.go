package checker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance/contract"
)

// BeforeDeadline returns a context that ends a little before a test must: with what was covered until then it can still say something. A test
// without a deadline has all the time there is.
func BeforeDeadline(t TB) (context.Context, context.CancelFunc) {
	timed, is := t.(interface{ Deadline() (time.Time, bool) })
	if !is {
		return context.WithCancel(context.Background())
	}
	deadline, limited := timed.Deadline()
	if !limited {
		return context.WithCancel(context.Background())
	}
	left := time.Until(deadline)
	return context.WithTimeout(context.Background(), left-left/10)
}

// KeepsContract puts the servers of a world through the quick try of package contract, as far as the world lets it happen, and fails the test if the
// adapter is wrong: nothing that a search says of it would mean anything. It reports whether it is right.
func KeepsContract(ctx context.Context, t TB, config *cluster.Config) bool {
	t.Helper()
	f := contract.Try(ctx, config, contract.Options{Within: true}).Failure
	if f == nil {
		return true
	}
	t.Fatalf("raftcheck: %s", f.Tell())
	return false
}

// FaultText tells the error of a search under go test: with the stack of a panic, if it was one.
func FaultText(err error) string {
	var panicked *cluster.Panicked
	if !errors.As(err, &panicked) {
		return err.Error()
	}
	return fmt.Sprintf("%v\n\n%s", err, strings.TrimSpace(panicked.Stack))
}

// telling is how often progress is told.
const telling = 5 * time.Second

// Telling returns a function that tells progress now and then in the log of a test that is run with -v, and nil otherwise.
func Telling(t TB) func(progress func() string) {
	if !testing.Testing() || !testing.Verbose() {
		return nil
	}
	last := time.Now()
	return func(progress func() string) {
		if now := time.Now(); now.Sub(last) >= telling {
			last = now
			t.Logf("%s", progress())
		}
	}
}

func (p Progress) line() string {
	if p.Liveness {
		return fmt.Sprintf("liveness: a graph of %d states so far, depth %d", p.Stats.Distinct, p.Stats.Depth)
	}
	return fmt.Sprintf("depth %d: %d states so far, %d to be expanded, %d of %d goals reached", p.Stats.Depth, p.Stats.Distinct, p.Stats.Frontier, p.Reached, p.Goals)
}

// GoalHints says of each goal that was within reach and is not reached what a search would have seen it by, and what to do.
func GoalHints(goals []GoalVerdict) string {
	var b strings.Builder
	var names []string
	for _, g := range goals {
		if g.Possible && g.Reached == 0 {
			names = append(names, fmt.Sprintf("%q", g.Goal.Name))
			fmt.Fprintf(&b, "\n  %s: %s\n    seen by: %s", g.Goal.Name, g.Goal.Sentence, g.Goal.Sign())
		}
	}
	if len(names) == 0 {
		return ""
	}
	fmt.Fprintf(&b, "\nhint: show it, or raise the bounds until it can happen; a Raft that has no such behaviour says so: Config.OutOfReach = []string{%s}", strings.Join(names, ", "))
	return b.String()
}

// inconclusive tells why a search proves nothing, and what it covered.
func (r *Result) inconclusive(config *cluster.Config) string {
	text := fmt.Sprintf("raftcheck proves nothing here: %s (searched %s; %d states, depth %d)", r.Reason, config.String(), r.Search.Distinct, r.Search.Depth)
	if r.Reason == timeUsedUp {
		return text + fmt.Sprintf("\nno rule is broken in the %d states of up to %d steps; %d states were found and not expanded", r.Search.Distinct, r.Search.Depth, r.Search.Frontier) +
			"\nhint: grant more with go test -timeout, or search less: smaller bounds, Options.Symmetry; fuzz.Check takes samples of a larger world"
	}
	return text + GoalHints(r.Goals)
}

// held tells what a pass covered, and what it did not.
func (r *Result) held(config *cluster.Config) string {
	var missing []string
	for _, v := range r.Rules {
		if v.Untried {
			missing = append(missing, v.Rule.Name)
		}
	}
	text := fmt.Sprintf("%d rules held in all %d states: %s, %d steps deep", len(r.Rules)-len(missing), r.Search.Distinct, config.String(), r.Search.Depth)
	if len(missing) > 0 {
		text += "\nnot exercised: " + strings.Join(missing, ", ")
	}
	return text + "\nnot covered: " + strings.Join(config.NotCovered(), ", ")
}
