package report_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The reports below are written by hand to pin layouts; nothing in them was measured.
var (
	world  = &report.Bounds{Nodes: 3, Terms: 2, Log: 1, Messages: 2, Network: "unordered"}
	search = &report.Search{Distinct: 3919, Transitions: 8022, Depth: 7, Complete: true, LocalStates: 91, Messages: 20, Executions: 400, Bits: 64, Seconds: 0.46}
	goals  = []report.GoalResult{
		{Name: "leader-elected", Reached: true, Possible: true, Times: 13158},
		{Name: "entry-committed", Possible: true},
		{Name: "crash-recovered"},
	}
	rules = []report.RuleResult{
		{ID: "R5.2-02", Name: "election-safety", Verdict: "held"},
		{ID: "R5.2-03", Name: "vote-once", Verdict: "held", Checked: 12},
		{ID: "R5.6-01", Name: "persist-before-send", Verdict: "not checkable"},
	}
)

func violated(id string) []report.RuleResult {
	marked := append([]report.RuleResult(nil), rules...)
	for k := range marked {
		if marked[k].ID == id {
			marked[k].Verdict = "violated"
		}
	}
	return marked
}

func reports() map[string]*report.Report {
	return map[string]*report.Report{
		"check-held": {
			Version: "test", Command: "check", Verdict: "held", Subject: "reference", Bounds: world, Faults: []string{"drop", "crash 1"},
			Rules: rules, Goals: goals[:1], Search: search, NotCovered: []string{"clusters of more than 3 nodes", "message duplication", "membership change"},
		},
		"linearize-held": {
			Version: "test", Command: "linearize", Verdict: "held", Subject: "history", Rules: []report.RuleResult{{ID: "R8-02", Name: "linearizability", Verdict: "held", Checked: 2024}},
			Histories: []report.History{{Path: "store.edn", Format: "jepsen", Verdict: "held", Operations: 2024, Clients: 50, Keys: 10, Returned: 1980, Unknown: 30, Pending: 4, Failed: 10, Concurrent: 49,
				Methods: []report.Method{{Name: "zones", Keys: 8, Operations: 1500}, {Name: "porcupine", Keys: 2, Operations: 514}}}},
			NotCovered: []string{"orders that these clients did not happen to see"},
		},
		"linearize-inconclusive": {
			Version: "test", Command: "linearize", Verdict: "inconclusive", Subject: "history", Rules: []report.RuleResult{{ID: "R8-02", Name: "linearizability", Verdict: "inconclusive", Checked: 900}},
			Histories: []report.History{{Path: "hard.ndjson", Format: "native", Verdict: "inconclusive", Operations: 900, Clients: 90, Keys: 2, Returned: 900, Concurrent: 90,
				Methods: []report.Method{{Name: "search", Keys: 1, Operations: 400}, {Name: "porcupine", Keys: 1, Operations: 500, Undecided: 1}}}},
			Because: []string{`hard.ndjson: the limit of 1m0s was used up before porcupine decided key "x" (500 operations)`}, Hints: []string{"give porcupine more time with --for"},
		},
		"linearize-violated": {
			Version: "test", Command: "linearize", Verdict: "violated", Subject: "history", Rules: []report.RuleResult{{ID: "R8-02", Name: "linearizability", Verdict: "violated", Checked: 85}},
			Histories: []report.History{{Path: "kv.edn", Format: "jepsen", Verdict: "violated", Operations: 85, Clients: 3, Keys: 3, Returned: 85, Concurrent: 3,
				Methods: []report.Method{{Name: "zones", Keys: 2, Operations: 80}, {Name: "porcupine", Keys: 1, Operations: 5, Undecided: 1}}, AlsoWrong: []string{`"y"`}}},
			Findings: []report.Finding{{
				Rule: "R8-02", Name: "linearizability", Sentence: "Every operation of a client takes effect at one moment between its call and its return.", Section: "Raft paper, 8",
				Message: "a reads 1 from x after 2 had replaced it", Story: []string{"     #  client  operation", "     1  b       write x 2", "  x  2  a       read x: 1", "", "Why: 2 had replaced it."},
				Evidence: []report.Evidence{{File: "kv.edn", Line: 9, Role: "operation 2: read x: 1"}, {File: "kv.edn", Line: 4, Role: "operation 1: write x 2"}},
				Witness: &report.Witness{Keys: []string{"x"}, Of: 80, Minimal: true, ConfirmedBy: []string{"porcupine", "exhaustive search"}, Why: []string{"2 had replaced it."},
					Operations: []report.Operation{{Number: 1, Client: "b", Text: "write x 2", Outcome: "returned", File: "kv.edn", CallLine: 4, ReturnLine: 6, From: 0, To: 1},
						{Number: 2, Client: "a", Text: "read x: 1", Outcome: "returned", File: "kv.edn", CallLine: 8, ReturnLine: 9, From: 2, To: 3}},
					Cluster: []report.Moment{{Step: 3, Line: 4, Text: "n1 is asked to read (r1)"}}},
			}},
		},
		"check-inconclusive": {
			Version: "test", Command: "check", Verdict: "inconclusive", Subject: "reference", Bounds: world, Search: search, Rules: rules, Goals: goals,
			Because: []string{"goal entry-committed was never reached"}, Hints: []string{"raise --depth, or ask for less with --goal leader-elected"},
		},
		"check-violated": {
			Version: "test", Command: "check", Verdict: "violated", Subject: "mutant:el-stale-vote-resp", Bounds: world, Search: search,
			Rules: violated("R5.2-02"), Goals: goals, Trace: "testdata/raftcheck/election-safety-5f1c09.trace",
			Findings: []report.Finding{{
				Rule: "R5.2-02", Name: "election-safety", Sentence: "At most one leader is elected in a term.", Section: "Raft paper, 5.2 and Figure 3",
				Message: "n1 and n2 both lead term 2", Steps: 7, Shortest: true, Trace: "testdata/raftcheck/election-safety-5f1c09.trace",
				Evidence: []report.Evidence{
					{File: "testdata/raftcheck/election-safety-5f1c09.trace", Line: 8, Step: 7, Node: "n1", Role: "here"},
					{File: "testdata/raftcheck/election-safety-5f1c09.trace", Line: 7, Step: 6, Node: "n2", Role: "before"},
				},
				Story: []string{"  step  n1           n2", "     6  .            LEADER 2", "  x  7  LEADER 2     .", "", "Why: reply A left at step 2."},
			}, {
				Rule: "R5.2-05", Name: "votes-of-this-term", Sentence: "Only votes given in its term elect a leader.", Section: "Raft paper, 5.2",
				Message: "n1 counts a vote given in term 1 in term 2", Steps: 7, Trace: "testdata/raftcheck/election-safety-5f1c09.trace",
				Evidence: []report.Evidence{{File: "testdata/raftcheck/election-safety-5f1c09.trace", Line: 8, Step: 7, Node: "n1", Role: "here"}},
			}},
		},
		"verify-held": {
			Version: "test", Command: "verify", Verdict: "held", Subject: "trace", Rules: rules,
			Files: []report.File{{Path: "a.ndjson.gz", Format: "etcd", Lines: 1003, Records: 1000, Steps: 1000, Servers: []string{"n1", "n2", "n3"}, FirstTerm: 1, LastTerm: 7, Elections: 6, Verdict: "held",
				Hidden: []report.Hidden{{Field: "durable", Steps: 1000, Line: 2}, {Field: "log", Steps: 3, Line: 5}}}},
		},
		"verify-violated": {
			Version: "test", Command: "verify", Verdict: "violated", Subject: "trace", Rules: violated("R5.2-03"),
			Files: []report.File{{Path: "cluster.ndjson", Format: "native", Lines: 20417, Records: 20416, Steps: 20416, Servers: []string{"n1", "n2", "n3"}, FirstTerm: 1, LastTerm: 7, Verdict: "violated"}},
			Findings: []report.Finding{{
				Rule: "R5.2-03", Name: "vote-once", Sentence: "A server gives at most one vote in a term.", Section: "Raft paper, 5.2 and Figure 2",
				Message: "n3 votes for n2 in term 7 but votes for n1 in term 7",
				Evidence: []report.Evidence{
					{File: "cluster.ndjson", Line: 1234, Column: 39, Width: 10, Step: 1233, Node: "n3", Role: "second vote in term 7", Text: `{"node":"n3","event":"vote","term":7,"for":"n2"}`},
					{File: "cluster.ndjson", Line: 1198, Column: 39, Width: 10, Step: 1197, Node: "n3", Role: "first vote", Text: `{"node":"n3","event":"vote","term":7,"for":"n1"}`},
					{File: "cluster.ndjson", Line: 1199, Step: 1198, Node: "n3", Role: "no column known", Text: "{\"note\":\"\x1b[31m a bell \x07\"}"},
				},
				Refused: []report.Condition{{Text: "votedFor in {none, n2}", Values: "it is n1"}}, Allowed: "n3 refuses n2 in term 7",
				Hint: "n3 restarted at line 1215 and came back without the vote.", Checked: 1233, Unchecked: 19183,
			}},
		},
		"verify-truncated": {
			Version: "test", Command: "verify", Verdict: "inconclusive", Subject: "trace", Because: []string{"the input could not be read"},
			Errors: []report.InputProblem{{File: "cluster.ndjson", Line: 88, Message: "unexpected end of the trace"}},
		},
	}
}

func TestText(t *testing.T) {
	for name, r := range reports() {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			require.NoError(t, report.Text(&got, r, report.Style{}))
			golden(t, name+".txt", got.Bytes())
		})
	}
}

// TestTextAndPageSayWhatIsKnownOfFewerFaults: that none as short has fewer, or that it was left open.
func TestTextAndPageSayWhatIsKnownOfFewerFaults(t *testing.T) {
	for _, c := range []struct {
		faults int
		fewest bool
		says   string
	}{
		{0, true, "none breaks a rule. It takes no fault and no lost message."},
		{1, true, "None as short does without a fault or a lost message: this one has 1."},
		{2, true, "None as short has fewer faults and lost messages than the 2 of this one."},
		{2, false, "Whether one as short has fewer faults and lost messages than the 2 of this one was left open"},
	} {
		r := reports()["check-violated"]
		r.Findings[0].Faults, r.Findings[0].FewestFaults = c.faults, c.fewest
		for name, write := range map[string]func(w io.Writer) error{
			"text": func(w io.Writer) error { return report.Text(w, r, report.Style{}) },
			"page": func(w io.Writer) error { return report.HTML(w, r) },
		} {
			var got bytes.Buffer
			require.NoError(t, write(&got))
			require.Contains(t, strings.Join(strings.Fields(got.String()), " "), c.says, name)
		}
	}
}

func TestColourAddsNoWords(t *testing.T) {
	for name, r := range reports() {
		var plain, coloured bytes.Buffer
		require.NoError(t, report.Text(&plain, r, report.Style{}))
		require.NoError(t, report.Text(&coloured, r, report.Style{Palette: report.Palette{On: true}}))
		require.Equal(t, plain.String(), stripColour(coloured.String()), name)
	}
}

func stripColour(s string) string {
	var b bytes.Buffer
	for len(s) > 0 {
		if s[0] == 0x1b {
			for s[0] != 'm' {
				s = s[1:]
			}
		} else {
			b.WriteByte(s[0])
		}
		s = s[1:]
	}
	return b.String()
}

func TestJSONFitsTheSchema(t *testing.T) {
	schema := compile(t)
	for name, r := range reports() {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			require.NoError(t, report.JSON(&got, r))
			golden(t, name+".json", got.Bytes())
			require.NoError(t, schema.Validate(decode(t, got.Bytes())))
		})
	}
}

func TestSchemaRefusesWhatIsNoReport(t *testing.T) {
	schema := compile(t)
	for name, change := range map[string]func(map[string]any){
		"a pass with findings":         func(r map[string]any) { r["verdict"] = "held" },
		"an unknown verdict":           func(r map[string]any) { r["verdict"] = "fine" },
		"no rules":                     func(r map[string]any) { delete(r, "rules") },
		"a field that does not exist":  func(r map[string]any) { r["extra"] = 1 },
		"a violation with no evidence": func(r map[string]any) { r["findings"].([]any)[0].(map[string]any)["evidence"] = []any{} },
		"a violation without findings": func(r map[string]any) { r["findings"] = []any{} },
	} {
		var buf bytes.Buffer
		require.NoError(t, report.JSON(&buf, reports()["check-violated"]))
		doc := decode(t, buf.Bytes()).(map[string]any)
		change(doc)
		require.Error(t, schema.Validate(doc), name)
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("report.schema.json", decode(t, report.Schema)))
	schema, err := c.Compile("report.schema.json")
	require.NoError(t, err)
	return schema
}

// TestFormats pins every format for programs in golden files, and holds it to what its readers accept.
func TestFormats(t *testing.T) {
	for name, r := range reports() {
		for format, valid := range map[string]func(*testing.T, []byte){"sarif": validSARIF, "junit": validJUnit, "github": validGitHub, "markdown": validMarkdown} {
			var out bytes.Buffer
			require.NoError(t, report.Write(&out, format, r, report.Style{}))
			golden(t, name+"."+format, out.Bytes())
			valid(t, out.Bytes())
		}
	}
}

// validSARIF holds a document to the schema of SARIF 2.1.0, and to what code scanning wants besides.
func validSARIF(t *testing.T, data []byte) {
	t.Helper()
	require.NoError(t, sarifSchema(t).Validate(decode(t, data)))
	log, err := sarif.FromBytes(data)
	require.NoError(t, err)
	require.Len(t, log.Runs, 1)
	for _, result := range log.Runs[0].Results {
		require.NotEmpty(t, result.Locations, "a result without a location makes GitHub refuse the file")
		require.NotEmpty(t, *result.Locations[0].PhysicalLocation.ArtifactLocation.URI)
		require.Positive(t, *result.Locations[0].PhysicalLocation.Region.StartLine)
		require.NotEmpty(t, result.PartialFingerprints["raftcheck/v1"])
		require.Less(t, result.RuleIndex, len(log.Runs[0].Tool.Driver.Rules))
	}
}

// sarifSchema is the schema of SARIF 2.1.0, as the library that writes it has it among its source.
var sarifSchema = func() func(*testing.T) *jsonschema.Schema {
	read := sync.OnceValues(func() (*jsonschema.Schema, error) {
		dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3").Output()
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "pkg/report/v210/sarif/schema.go"), nil, 0)
		if err != nil {
			return nil, err
		}
		text, err := strconv.Unquote(file.Scope.Lookup("schema").Decl.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value)
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			return nil, err
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		if err := c.AddResource("sarif.json", doc); err != nil {
			return nil, err
		}
		return c.Compile("sarif.json")
	})
	return func(t *testing.T) *jsonschema.Schema {
		schema, err := read()
		require.NoError(t, err)
		require.Error(t, schema.Validate(map[string]any{"version": "2.1.0"}), "the schema accepts a log without runs")
		return schema
	}
}()

func validJUnit(t *testing.T, data []byte) {
	t.Helper()
	var suites junit.Testsuites
	require.NoError(t, xml.Unmarshal(data, &suites), string(data))
	counted := 0
	for _, s := range suites.Suites {
		require.Len(t, s.Testcases, s.Tests)
		counted += s.Tests
	}
	require.Equal(t, suites.Tests, counted)
}

// validGitHub expects nothing but whole commands, one a line.
func validGitHub(t *testing.T, data []byte) {
	t.Helper()
	command := regexp.MustCompile(`^::(error|warning|notice) (file=[^:,]+,(line=\d+,)?(col=\d+,)?)?title=[^:,]+::[^\r\n]+$`)
	for line := range strings.Lines(string(data)) {
		require.Regexp(t, command, strings.TrimSuffix(line, "\n"))
	}
}

// validMarkdown expects every block to be closed by a fence as long as the one that opened it.
func validMarkdown(t *testing.T, data []byte) { markup(t, data) }

// markup returns what of a document is neither in a block nor between backticks.
func markup(t *testing.T, data []byte) string {
	t.Helper()
	open, outside := "", ""
	for line := range strings.Lines(string(data)) {
		fence := regexp.MustCompile("^`{3,}").FindString(line)
		switch {
		case open == "" && fence != "":
			open = fence
		case open != "" && strings.TrimRight(line, "\n") == open:
			open = ""
		case open != "":
			require.False(t, len(fence) >= len(open), "a block is ended by what it holds: %q", line)
		default:
			outside += regexp.MustCompile("(^|[^\\\\])`[^`]*`").ReplaceAllString(line, "")
		}
	}
	require.Empty(t, open)
	return outside
}

// TestHostileNamesAreData puts what someone may write into a trace where reports show it.
func TestHostileNamesAreData(t *testing.T) {
	for _, word := range []string{"a\n::error file=x::forged", "b\r\n```\n</details><script>alert(1)</script>", "]]><x/>", "c::d,e%0Af", "\x1b[31m\x00\xff", "@everyone #1 [a](b) `c`", "````"} {
		r := &report.Report{
			Version: "test", Command: "verify", Verdict: "violated", Subject: word, Rules: []report.RuleResult{{ID: "R5.2-02", Name: "election-safety", Verdict: "violated"}},
			Findings: []report.Finding{{Rule: "R5.2-02", Name: "election-safety", Sentence: "One leader a term.", Section: "5.2", Message: word, Hint: word, Allowed: word,
				Refused: []report.Condition{{Text: word, Values: word}}, Fingerprint: "0011223344556677",
				Evidence: []report.Evidence{{File: word, Line: 3, Column: 2, Width: 4, Node: word, Role: word, Text: word}, {File: word, Line: 1, Role: word}}}},
			Errors: []report.InputProblem{{File: word, Line: 7, Message: word, Hint: word}},
		}
		for format, valid := range map[string]func(*testing.T, []byte){"sarif": validSARIF, "junit": validJUnit, "github": validGitHub, "markdown": validMarkdown} {
			var out bytes.Buffer
			require.NoError(t, report.Write(&out, format, r, report.Style{}))
			valid(t, out.Bytes())
			require.NotContains(t, out.String(), "\x1b", "%s of %q", format, word)
			if format == "markdown" {
				outside := markup(t, out.Bytes())
				require.NotContains(t, outside, "<script", "%q", word)
				require.NotContains(t, outside, "@everyone", "%q", word)
			}
		}
	}
}

func decode(t *testing.T, data []byte) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	require.NoError(t, err)
	return doc
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o777))
		require.NoError(t, os.WriteFile(path, got, 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run go test -update to write it")
	require.Equal(t, string(want), string(got))
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		report.Count(0): "0", report.Count(999): "999", report.Count(1196381): "1,196,381", report.Count(-1000): "-1,000",
		report.Some(1, "copy"): "1 copy", report.Some(2, "copy"): "2 copies", report.Some(0, "rule"): "0 rules",
		report.Seconds(0.04): "0.0s", report.Seconds(12.4): "12s", report.Seconds(59.7): "1m00s", report.Seconds(200): "3m20s",
		report.Short(9949): "9,949", report.Short(402_000): "402k", report.Short(1_900_000): "1.9M", report.Short(46_000_000): "46M", report.Short(2_000_000_000): "2.0G",
		report.Bytes(3 << 29): "1.5 GB", report.Bytes(20 << 20): "20 MB", report.Bytes(4096): "4 KB",
		report.Title("election-safety"): "Election safety", report.Title(""): "",
	} {
		require.Equal(t, want, got)
	}
}

func ExampleJSON() {
	r := &report.Report{Version: "v1.0.0", Command: "check", Verdict: "held", Subject: "reference"}
	_ = report.JSON(os.Stdout, r)
	// Output:
	// {
	//   "format": 1,
	//   "version": "v1.0.0",
	//   "command": "check",
	//   "verdict": "held",
	//   "subject": "reference",
	//   "faults": [],
	//   "seed": 0,
	//   "trace": "",
	//   "rules": [],
	//   "goals": [],
	//   "findings": []
	// }
}

func ExampleText() {
	_ = report.Text(os.Stdout, &report.Report{
		Verdict: "inconclusive", Because: []string{"the search was stopped after 10s"}, Hints: []string{"raise --for"},
	}, report.Style{})
	// Output:
	// ???? inconclusive: the search was stopped after 10s
	//      hint: raise --for
}
