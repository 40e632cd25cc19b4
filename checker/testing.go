package checker

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// TB is what Test needs of a *testing.T.
type TB interface {
	Helper()
	Name() string
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Test searches every execution of a node and fails the test with a story when one breaks a promise, or when the search proves
// nothing because a goal was out of reach. Executions that failed before, saved in testdata/raftcheck, are tried first.
// The world is cluster.Default, and edit may change it and the options before the search.
func Test(t TB, node spec.Factory, edit ...func(*cluster.Config, *Options)) {
	t.Helper()
	config, options := cluster.Default(node), Options{Name: t.Name()}
	for _, e := range edit {
		e(&config, &options)
	}
	if options.Rules == nil {
		options.Rules = spec.Rules
	}
	replaySaved(t, &config, options.Rules)
	r, err := Check(context.Background(), &config, options)
	if err != nil {
		t.Fatalf("raftcheck: %v", err)
		return
	}
	switch r.Verdict {
	case spec.Violated:
		path, err := traces.Save(traces.SavedUnder, r.Findings[0].Rule.Name, r.Findings[0].Trace)
		if err != nil {
			t.Logf("the execution could not be saved: %v", err)
		}
		t.Fatalf("%s", failure(t, r.Findings[0].Finding, r.Findings[0].Trace, path))
	case spec.Inconclusive:
		t.Fatalf("raftcheck proves nothing here: %s (searched %s; %d states, depth %d)", r.Reason, config.String(), r.Search.Distinct, r.Search.Depth)
	default:
		t.Logf("%d rules held in all %d states: %s, %d steps deep", len(r.Rules), r.Search.Distinct, config.String(), r.Search.Depth)
	}
}

// replaySaved tries the executions that failed before. One that the node does not repeat is taken for mended.
func replaySaved(t TB, config *cluster.Config, rules []*spec.Rule) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(traces.SavedUnder, "*.trace")) // the pattern is well-formed
	for _, file := range files {
		saved, err := traces.ReadFile(file)
		if err != nil {
			t.Fatalf("a saved execution cannot be read: %v", err)
			return
		}
		if saved.Header.Implementation != t.Name() {
			continue
		}
		if _, err := traces.Replay(saved, config.New); err != nil {
			continue
		}
		if broken, _ := traces.Broken(saved, rules, config.Variants); broken != nil {
			t.Fatalf("%s", failure(t, broken[0], saved, file))
			return
		}
	}
}

// failure tells a finding and its story, and how to see it again.
func failure(t TB, f traces.Finding, trace *traces.Trace, path string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n%s (%s)\n\n", f.Rule.Name, f.Message, f.Rule.Sentence, f.Rule.Section)
	_ = traces.Text(&b, trace, &f) // a strings.Builder takes everything
	if path != "" {
		fmt.Fprintf(&b, "\n  saved   %s   (%d steps; it is tried first from now on)\n", path, len(trace.Records))
	}
	fmt.Fprintf(&b, "  again   go test -run '^%s$' .\n", strings.ReplaceAll(t.Name(), "/", "$/^"))
	return b.String()
}
