package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/raftcheck/raftcheck/report"
)

var update = flag.Bool("update", false, "rewrite golden files, stories and generated documents")

// asRaftcheck makes this test's program raftcheck: for the processes that raftcheck run starts.
const asRaftcheck = "TESTING_AS_RAFTCHECK"

func TestMain(m *testing.M) {
	if how := os.Getenv(asRaftcheck); how == "always" || how != "" && len(os.Args) > 1 && os.Args[1] == oneServer {
		main()
	}
	testscript.Main(m, map[string]func(){"raftcheck": main})
}

// TestStories runs the command line as users do: one story a file, each with its exit codes and both streams.
func TestStories(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			env.Setenv("RAFTCHECK_PROGRESS", "never") // how often it is shown depends on how busy the machine is
			return nil
		},
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "steady": steady, "huge": huge, "binary": binary, "cut": cut, "same": same, "timeless": timeless, "report": checkReport, "json": checkJSON, "sarif": checkSARIF,
		},
	})
}

// exits CODE raftcheck ARGS... runs the command and expects that very exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS...")
	}
	if got := codeOf(ts, ts.Exec(args[1], args[2:]...)); strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, not %s", got, args[0])
	}
}

func codeOf(ts *testscript.TestScript, err error) int {
	var failed *exec.ExitError
	if err == nil {
		return 0
	}
	if !errors.As(err, &failed) {
		ts.Fatalf("%v", err)
	}
	return failed.ExitCode()
}

// seconds are all in a report that the clock decides.
var seconds = regexp.MustCompile(`"seconds(Inside)?": [0-9.e-]+|\b[0-9]+(\.[0-9])?s\b`)

// steady COMMAND ARGS... runs the command twice and expects the same exit code and the same bytes, but for the time it took.
func steady(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: steady COMMAND ARGS...")
	}
	first := codeOf(ts, ts.Exec(args[0], args[1:]...))
	text := seconds.ReplaceAllString(ts.ReadFile("stdout"), "TIME")
	second := codeOf(ts, ts.Exec(args[0], args[1:]...))
	if again := seconds.ReplaceAllString(ts.ReadFile("stdout"), "TIME"); again != text || first != second {
		ts.Fatalf("two runs differ:\n%s (exit %d)\n--\n%s (exit %d)", text, first, again, second)
	}
}

// timeless FILE writes what was last printed to a file, with every duration replaced, so that it can be compared.
func timeless(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(seconds.ReplaceAllString(ts.ReadFile("stdout"), "TIME")), 0o666))
}

// same FILE FILE expects the same bytes, but for the time.
func same(ts *testscript.TestScript, neg bool, args []string) {
	a, b := ts.ReadFile(args[0]), ts.ReadFile(args[1])
	if seconds.ReplaceAllString(a, "TIME") != seconds.ReplaceAllString(b, "TIME") {
		ts.Fatalf("%s and %s differ:\n%s\n--\n%s", args[0], args[1], a, b)
	}
}

// huge FILE MIB writes a file of that many megabytes that has no line break.
func huge(ts *testscript.TestScript, neg bool, args []string) {
	mib, err := strconv.Atoi(args[1])
	ts.Check(err)
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	for range mib {
		_, err = f.Write(bytes.Repeat([]byte("["), 1<<20))
		ts.Check(err)
	}
	ts.Check(f.Close())
}

// binary FILE HEX writes bytes that a script cannot hold.
func binary(ts *testscript.TestScript, neg bool, args []string) {
	var data []byte
	_, err := fmt.Sscanf(args[1], "%x", &data)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o666))
}

// cut FILE N takes the last N bytes off a file.
func cut(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	data := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(data[:len(data)-n]), 0o666))
}

// report FILE expects exactly one JSON document that fits the published schema.
func checkReport(ts *testscript.TestScript, neg bool, args []string) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(report.Schema))
	ts.Check(err)
	c := jsonschema.NewCompiler()
	ts.Check(c.AddResource("report.schema.json", schema))
	compiled, err := c.Compile("report.schema.json")
	ts.Check(err)
	ts.Check(compiled.Validate(doc))
}

// sarif FILE expects a SARIF log that the schema accepts.
func checkSARIF(ts *testscript.TestScript, neg bool, args []string) {
	log, err := sarif.FromString(ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Check(log.Validate())
}

// json FILE PATH VALUE expects a value in a JSON document: json stdout findings.0.evidence.0.line 12.
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: json FILE PATH VALUE")
	}
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	dec.UseNumber()
	var at any
	ts.Check(dec.Decode(&at))
	for _, key := range strings.Split(args[1], ".") {
		switch v := at.(type) {
		case map[string]any:
			at = v[key]
		case []any:
			k, err := strconv.Atoi(key)
			if err != nil || k >= len(v) {
				ts.Fatalf("%s: no element %s in a list of %d", args[1], key, len(v))
			}
			at = v[k]
		default:
			at = nil
		}
	}
	if got := fmt.Sprint(at); (got == args[2]) == neg {
		ts.Fatalf("%s is %s", args[1], got)
	}
}
