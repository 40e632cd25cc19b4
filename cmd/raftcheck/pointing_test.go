package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// TestFindingsPointAtWhatTheyName judges every illegal trace there is: small ones, walks of mutants, and recordings of etcd's raft with a fault. What a finding says must be in the text that is marked, on a line that tells of the server that it is said of; and what
// becomes of any fault in the end is not told before what may be its cause.
func TestFindingsPointAtWhatTheyName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	chance := rand.New(rand.NewPCG(3, 3))
	var files []string
	for k, d := range append(tracesHere(t), mutantDocuments(t, chance)...) {
		file := filepath.Join(dir, fmt.Sprintf("%d.trace", k))
		require.NoError(t, os.WriteFile(file, d.bytesOf(d.lines), 0o666))
		files = append(files, file)
	}
	faulty, err := filepath.Glob("../../traces/etcd/testdata/faulty/*.gz")
	require.NoError(t, err)
	require.NotEmpty(t, faulty)
	pointers := 0
	for _, file := range append(files, faulty...) {
		var out bytes.Buffer
		if run([]string{"verify", file}, strings.NewReader(""), &out, &out) == 1 {
			pointers += requirePointed(t, file, out.String())
		}
	}
	require.Greater(t, pointers, 400)
}

// markedFor are the members that evidence of some roles must be marked under.
var markedFor = map[string]string{
	"the term before": "term", "its role before": "role", "commitIndex before": "commit", "lastApplied before": "applied", "matchIndex before": "progress",
	"no vote before": "votedFor", "the vote before": "votedFor", "the configuration before": "config", "the log before": "log", "its log": "log",
	"its commit index": "commit", "the request of an earlier term": "message", "what the leader sent": "message", "the higher term": "message",
}

var (
	quotedLine  = regexp.MustCompile(`^ +(\d+) \| (.*)$`)
	pointerLine = regexp.MustCompile(`^ +\| ( *)([-^]+) (?:(n\d+): )?(.*)$`)
	brokenLine  = regexp.MustCompile(`^(?:.*?:(\d+):\d+: |    )([a-z-]+)(?:: |  )`)
)

// requirePointed looks through a finding as it is told, and returns how many places it points at.
func requirePointed(t *testing.T, file, text string) (pointers int) {
	require.NotContains(t, text, "cannot be read", file)
	var shown []rune
	number := 0
	var outcomes []bool
	etcd, whose := strings.HasSuffix(file, ".gz"), []string(nil)
	if !etcd {
		whose = serversOf(t, file)
	}
	for _, line := range strings.Split(text, "\n") {
		if m := quotedLine.FindStringSubmatch(line); m != nil {
			shown = []rune(m[2])
			number, _ = strconv.Atoi(m[1])
			continue
		}
		if m := brokenLine.FindStringSubmatch(line); m != nil {
			if rule, known := spec.RuleByName(m[2]); known {
				outcomes = append(outcomes, rule.Outcome)
			}
		}
		m := pointerLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		pointers++
		from, width := len(m[1]), len(m[2])
		if from+width > len(shown) || width < 2 {
			t.Errorf("%s: what is marked is not there:\n%s", file, text)
			continue
		}
		marked := string(shown[from : from+width])
		if marked[0] != '"' && marked[0] != '{' {
			t.Errorf("%s: %s is marked for %q, which is no member:\n%s", file, marked, m[4], text)
		}
		name, known := markedFor[m[4]]
		if known && !etcd && whose[number-1] != m[3] {
			name = "message" // what another server was sent tells it
		}
		if known && !etcd && !strings.HasPrefix(marked, strconv.Quote(name)) {
			t.Errorf("%s: %s is marked for %q:\n%s", file, marked, m[4], text)
		}
	}
	if pointers == 0 {
		t.Errorf("%s: nothing is pointed at:\n%s", file, text)
	}
	for k, outcome := range outcomes {
		if outcome && k+1 < len(outcomes) && !outcomes[k+1] {
			t.Errorf("%s: a consequence is told before its cause:\n%s", file, text)
		}
	}
	return pointers
}

// serversOf returns whose record each line of a native trace is.
func serversOf(t *testing.T, file string) (all []string) {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, line := range bytes.Split(text, []byte("\n")) {
		var record struct{ Server string }
		_ = json.Unmarshal(line, &record) // the header and what follows the last line are nobody's
		all = append(all, record.Server)
	}
	return all
}
