package nats_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// rowsOf names the rule that breaks in each execution below testdata, which the searches and scripts of issues_test.go made with the library.
var rowsOf = map[string]string{
	"added-at-once": "leader-completeness", "5975": "term-monotonic", "6072": "leader-completeness", "6512": "leader-completeness", "7297": "log-matching", "7698": "vote-once", "7955": "commit-own-term", "later-term": "log-terms-ordered", "sent-snapshot": "log-terms-ordered",
}

// TestStoriesOfTheRows: each documented row has its execution, which breaks its rule, and a story. A story says what a message of this library tells: an answer
// tells no term but that of a log, and it is counted.
func TestStoriesOfTheRows(t *testing.T) {
	for name, rule := range rowsOf {
		trace, err := traces.ReadFile(filepath.Join("testdata", name+".jsonl"))
		require.NoError(t, err)
		r, known := spec.RuleByName(rule)
		require.True(t, known, rule)
		found, _ := traces.Broken(trace, []*spec.Rule{r}, nil)
		require.NotEmpty(t, found, name)
		var b strings.Builder
		require.NoError(t, traces.Text(&b, trace, &found[0]))
		story := regexp.MustCompile(` +\n`).ReplaceAllString(b.String(), "\n")
		path := filepath.Join("testdata", name+".golden")
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(story), 0o600))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), story, name)
		if name != "5975" { // whose server is in term 0 again
			require.NotContains(t, story, "term 0")
		}
		for k := range trace.Records {
			s := trace.Records[k].Step
			if s != nil && s.Before.Role == spec.Leader && s.Input.Kind == spec.Deliver && s.Input.Message.Kind == spec.AppendEntriesReply && s.Input.Message.Unknown != 0 {
				require.NotContains(t, traces.Sentence(&trace.Records[k]), "ignores")
			}
		}
	}
	kept, err := filepath.Glob("testdata/*.jsonl")
	require.NoError(t, err)
	require.Len(t, kept, len(rowsOf))
}
