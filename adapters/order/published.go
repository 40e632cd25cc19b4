package order

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// number is one that stands alone. How many states and steps there are is not what a published statement is held to.
var number = regexp.MustCompile(`\b[0-9][0-9,.]*\b`)

// Published puts an implementation through the conformance suite as raftcheck conform does, by an order that obey carries out, and holds a page under docs/conformance to
// what comes of it, but for numbers. The order says which implementation and which world; the rest of it is filled in.
func Published(t *testing.T, o Order, obey func(orders, outcomes string), page string) {
	t.Helper()
	dir := t.TempDir()
	orders, outcomes := filepath.Join(dir, "order"), filepath.Join(dir, "outcome")
	o.Do, o.Nodes, o.Seed = Conform, 3, 1
	data, err := json.Marshal(&o)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(orders, data, 0o666); err != nil {
		t.Fatal(err)
	}
	obey(orders, outcomes)
	if data, err = os.ReadFile(outcomes); err != nil {
		t.Fatal(err)
	}
	var out Outcome
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if out.Statement == nil || out.Failed != "" {
		t.Fatalf("no statement: %s", data)
	}
	var now bytes.Buffer
	if err := out.Statement.Text(&now); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if line := missing(string(written), now.String()); line != "" {
		t.Fatalf("%s does not say %q; go test ./cmd/raftcheck -run StatementsArePublished -libraries . -timeout 0 -update makes it again", page, line)
	}
}

// missing returns the first line of a statement that is not where it should be on its page, but for numbers; "" if the page has all of it.
func missing(page, statement string) string {
	lines := strings.Split(number.ReplaceAllString(page, "N"), "\n")
	for line := range strings.Lines(number.ReplaceAllString(statement, "N")) {
		line = strings.TrimRight(line, "\n")
		found := false
		for k := range lines {
			if lines[k] == line {
				lines, found = lines[k+1:], true
				break
			}
		}
		if !found {
			return line
		}
	}
	return ""
}
