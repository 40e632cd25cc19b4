package checker

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
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
// nothing because a goal was out of reach. Executions that failed before, saved in testdata/raftcheck, are tried first, and then
// whether the node keeps the contract of package spec. The world is cluster.Default, and edit may change it and the options before the search.
//
// A search ends before the test's deadline (go test -timeout), and fails the test then with what was covered. go test -v tells how far
// it has come.
func Test(t TB, node spec.Factory, edit ...func(*cluster.Config, *Options)) {
	t.Helper()
	config, options := cluster.Default(node), Options{Name: t.Name()}
	for _, e := range edit {
		e(&config, &options)
	}
	if options.Rules == nil {
		options.Rules = spec.Rules
	}
	if err := config.Validate(); err != nil {
		t.Fatalf("raftcheck: %v", err)
		return
	}
	if TrySaved(t, &config, options.Rules) {
		return
	}
	ctx, cancel := BeforeDeadline(t)
	defer cancel()
	if !KeepsContract(ctx, t, &config) {
		return
	}
	if tell := Telling(t); tell != nil && options.Progress == nil {
		options.Progress = func(p Progress) { tell(p.line) }
	}
	r, err := Check(ctx, &config, options)
	if err != nil {
		t.Fatalf("raftcheck: %s", FaultText(err))
		return
	}
	switch r.Verdict {
	case spec.Violated:
		path, err := traces.Save(traces.SavedUnder, r.Findings[0].Rule.Name, r.Findings[0].Trace)
		if err != nil {
			t.Logf("the execution could not be saved: %v", err)
		}
		t.Fatalf("%s", Failure(t, r.Findings[0].Finding, r.Findings[0].Trace, path))
	case spec.Inconclusive:
		t.Fatalf("%s", r.inconclusive(&config))
	default:
		if r.Liveness != nil {
			t.Logf("%d liveness rules held on the graph of all %d states", len(r.Liveness.Rules), r.Liveness.States)
		}
		t.Logf("%s", r.held(&config))
	}
}

// TrySaved tries the executions that failed before, saved in testdata/raftcheck by a test of that name, and fails the test with the story
// of the first that breaks one of the rules again; it reports whether there was one. An execution that the node does not repeat is
// taken for mended.
func TrySaved(t TB, config *cluster.Config, rules []*spec.Rule) bool {
	t.Helper()
	for file := range Saved(t, t.Name()) {
		if _, err := traces.Replay(file.Trace, config.New); err != nil {
			continue
		}
		if again := repeated(file.Trace, config.New); again != nil {
			t.Fatalf("%s", Failure(t, *again, file.Trace, file.Path))
			return true
		}
		if broken, _ := traces.Broken(file.Trace, rules, config.Variants); broken != nil {
			t.Fatalf("%s", Failure(t, broken[0], file.Trace, file.Path))
			return true
		}
	}
	return false
}

// repeated returns what an execution without end breaks, if it still goes on for ever as it did, and nil otherwise.
func repeated(trace *traces.Trace, node spec.Factory) *traces.Finding {
	if trace.Header.Loop == 0 || len(trace.Header.Breaks) == 0 {
		return nil
	}
	rule, known := spec.RuleByName(trace.Header.Breaks[0])
	if !known || rule.Live == nil || traces.Repeats(trace, rule, node) != nil {
		return nil
	}
	last := trace.Records[len(trace.Records)-1].Number
	b := &spec.Breach{Rule: rule, Message: fmt.Sprintf("what is promised never happens: after step %d everything is as it was before step %d", last, trace.Header.Loop),
		Refused: []spec.Condition{{Text: "what is promised happens at last", Values: "it is wanting in every state that is repeated"}}}
	return &traces.Finding{Breach: b, Evidence: []traces.Place{{Step: trace.Header.Loop, Role: "from here on it repeats"}}}
}

// SavedTrace is a failing execution that was saved.
type SavedTrace struct {
	Path  string
	Trace *traces.Trace
}

// Unreadable is what the name of a saved execution ends with that was set aside because it cannot be read.
const Unreadable = ".unreadable"

// Saved yields the executions that a test of that name saved in testdata/raftcheck, by path. One that cannot be read, of any test, says
// nothing about the node: it is told in the test's log once, set aside under a name that ends with [Unreadable], and the others follow.
func Saved(t TB, test string) iter.Seq[SavedTrace] {
	return func(yield func(SavedTrace) bool) {
		t.Helper()
		files, _ := filepath.Glob(filepath.Join(traces.SavedUnder, "*.trace")) // the pattern is well-formed
		for _, file := range files {
			saved, err := traces.ReadFile(file)
			if err != nil {
				setAside(t, file, err)
				continue
			}
			if saved.Header.Implementation == test && !yield(SavedTrace{filepath.ToSlash(file), saved}) {
				return
			}
		}
	}
}

// setAside tells what is wrong with a saved execution. Where it cannot be renamed, it is told again the next time. One that is gone was
// set aside by a test that runs at the same time.
func setAside(t TB, file string, wrong error) {
	t.Helper()
	switch err := os.Rename(file, file+Unreadable); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		t.Logf("a saved execution cannot be read, nor set aside: %v (%v)", wrong, err)
	default:
		t.Logf("a saved execution cannot be read, and is now %s%s: %v", filepath.ToSlash(file), Unreadable, wrong)
	}
}

// Failure tells a finding and its story, and how to see it again. path is where the execution was saved; "" if it was not.
func Failure(t TB, f traces.Finding, trace *traces.Trace, path string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n%s (%s)\n\n", f.Rule.Name, f.Message, f.Rule.Sentence, f.Rule.Section)
	_ = traces.Text(&b, trace, &f) // a strings.Builder takes everything
	if path != "" {
		fmt.Fprintf(&b, "\n  saved   %s   (%d steps; it is tried first from now on)\n", path, len(trace.Records))
	}
	fmt.Fprintf(&b, "  again   go test -run '^%s$' .\n", strings.ReplaceAll(t.Name(), "/", "$/^"))
	return b.String()
}
