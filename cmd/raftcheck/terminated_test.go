//go:build unix

package main

import (
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/require"
)

// .ci/long terminated has 200 of them.
var terminated = flag.Int("terminated", 4, "random moments at which a verb with every report is terminated")

// judging are calls of the verbs that take long and judge: what they do when they are terminated is what a machine in the cloud needs. Some end
// soon, so that moments are those of writing, too.
var judging = map[string][]string{
	"check": {
		walk["check"].quick, walk["check"].long,
		"check --impl mutant:el-stale-vote-resp", "check --impl spec --terms 3 --log 3 --messages 4",
		"check --dir search --nodes 5 --terms 4 --log 3 --messages 4", "check --exec-limit 1h --exec 'sleep 1000'",
	},
	"fuzz":   {"fuzz --runs 5", "fuzz --for 1h", "fuzz --impl mutant:cm-quorum-half --shard 1/2", "fuzz --exec-limit 1h --exec 'sleep 1000'"},
	"verify": {walk["verify"].quick, walk["verify"].long, "verify ../../examples/etcd.ndjson.gz ../../examples/votes.ndjson", "verify --follow {trace}"},
	"gate":   {walk["gate"].quick, walk["gate"].long, "gate --file {allgate}", "gate --file {allgate} --jobs 1"},
}

// allgate declares every kind of check, some of which end soon and others never.
const allgate = `version: 1
checks:
  - {name: traces, verify: trace}
  - {name: clients, linearize: history}
  - {name: soon, check: {nodes: 2, terms: 1, messages: 1, log: 0}}
  - {name: never, check: {nodes: 5, terms: 4, log: 3, messages: 4}}
  - {name: program, check: {exec: sleep 1000}}
  - {name: random, fuzz: {for: 1h}}
  - {name: again, replay: trace}
  - {name: suite, conform: {level: deep}}
  - {name: two, diff: [reference, "mutant:el-stale-vote-resp"]}
`

// TestTerminatedVerbsGiveTheirVerdict: whenever check, fuzz, verify and gate are terminated, each report is whole and has the verdict, or is as it
// was, where the program had not begun; none is empty, and no process is left. -terminated says how many moments are tried.
func TestTerminatedVerbsGiveTheirVerdict(t *testing.T) {
	files := inputs(t)
	files["allgate"] = filepath.Join(filepath.Dir(files["gate"]), "allgate")
	require.NoError(t, os.WriteFile(files["allgate"], []byte(allgate), 0o666))
	random := rand.New(rand.NewPCG(*chance, 4))
	verbs := []string{"check", "fuzz", "verify", "gate"}
	for k := range *terminated {
		calls := judging[verbs[k%len(verbs)]]
		call, after := calls[random.IntN(len(calls))], time.Duration(random.IntN(1500))*time.Millisecond
		if random.IntN(2) == 0 {
			after /= 10
		}
		t.Run(strconv.Itoa(k), func(t *testing.T) {
			for !terminate(t, files, call, after) { // which is too early, and must not be for ever
				after = 2*after + 10*time.Millisecond
				require.Less(t, after, inTime, call)
			}
		})
	}
}

// before is what a report held before the verb ran.
const before = "the report of another run"

// reports are the formats, each with what reads one and fails if it is not whole, and returns where its verdict stands.
var reports = map[string]func(t *testing.T, what, text string) string{
	"json": func(t *testing.T, what, text string) string {
		var doc struct{ Verdict string }
		require.NoError(t, json.Unmarshal([]byte(text), &doc), what)
		return doc.Verdict
	},
	"sarif": func(t *testing.T, what, text string) string {
		log, err := sarif.FromString(text)
		require.NoError(t, err, what)
		require.NoError(t, log.Validate(), what)
		return text
	},
	"junit": func(t *testing.T, what, text string) string {
		for dec := xml.NewDecoder(strings.NewReader(text)); ; {
			if _, err := dec.Token(); err == io.EOF {
				return text
			} else {
				require.NoError(t, err, what)
			}
		}
	},
	"html": func(t *testing.T, what, text string) string {
		require.True(t, strings.HasSuffix(strings.TrimSpace(text), "</html>"), "%s: half a page", what)
		return text
	},
	"markdown": func(t *testing.T, _, text string) string { return text },
	"text":     func(t *testing.T, _, text string) string { return text },
}

// terminate runs a verb with all reports, terminates it after a while, and expects its verdict everywhere. It returns false if the program had
// not begun, and expects then that everything is as it was.
func terminate(t *testing.T, files map[string]string, call string, after time.Duration) bool {
	t.Helper()
	dir := t.TempDir()
	args := command(t, files, call)
	for format := range reports {
		path := filepath.Join(dir, "report."+format)
		require.NoError(t, os.WriteFile(path, []byte(before), 0o666))
		args = append(args, "-o", format+"="+path)
	}
	what := strings.Join(args, " ") + " after " + after.String()
	p := begin(t, dir, 0, args...)
	time.Sleep(after)
	_ = p.Process.Signal(endings[1].signal) // it may have ended
	code := p.end(t, what)
	p.alone(t, what)
	require.Empty(t, leftIn(t, dir), what)
	if ws := p.ProcessState.Sys().(syscall.WaitStatus); ws.Signaled() {
		requireNothingBegun(t, p, dir, what)
		return false
	}
	if code == exitFault.code() || code == exitUsage.code() || code == exitInput.code() {
		require.Fail(t, "this is no verdict", "%s: %d\n%s%s", what, code, &p.out, &p.errs)
	}
	words := verdictWords[code]
	require.Regexp(t, words, p.out.String(), "%s: %d\n%s", what, code, &p.errs)
	for format, read := range reports {
		text, err := os.ReadFile(filepath.Join(dir, "report."+format))
		require.NoError(t, err, what)
		require.NotEqual(t, before, string(text), "%s: no %s, with exit code %d\n%s", what, format, code, &p.errs)
		require.Regexp(t, words, read(t, what, string(text)), "%s: the verdict in %s", what, format)
	}
	return true
}

// verdictWords are how each verdict is said, in some format.
var verdictWords = map[int]string{
	exitHeld.code():         `held|ok |<testcase|"results"`,
	exitViolated.code():     `violated|FAIL|breaks|<failure|"error"|:\d+:`,
	exitInconclusive.code(): `inconclusive|interrupted|\?\?\?\?`,
}

// requireNothingBegun: a signal that comes before the program has begun ends it, and then everything is as it was.
func requireNothingBegun(t *testing.T, p *begun, dir, what string) {
	t.Helper()
	require.Empty(t, p.out.String()+p.errs.String(), what)
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range all {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err, "%s: what is %s?", what, e.Name())
		require.Equal(t, before, string(text), what)
	}
}

// command is a call as arguments; what stands between quotes is one of them, and files of the project are named from its root.
func command(t *testing.T, files map[string]string, call string) []string {
	t.Helper()
	quoted := strings.Split(call, "'")
	args, _ := words(quoted[0], files)
	if len(quoted) > 1 {
		args = append(args, quoted[1])
	}
	for k, a := range args {
		if strings.HasPrefix(a, "../../") {
			path, err := filepath.Abs(a)
			require.NoError(t, err)
			args[k] = path
		}
	}
	if !slices.Contains(args, "--save") && args[0] != "gate" && args[0] != "verify" {
		args = append(args, "--save", "none")
	}
	return args
}
