package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Implementations that live in go test are searched by a test program that raftcheck makes, builds with the user's Go toolchain
// and runs. Its module takes the adapter from the source that raftcheck was built from, if that is at hand, and else from the
// published version of raftcheck.

// hashicorpName is what --impl calls github.com/hashicorp/raft: "hashicorp", or "hashicorp@v1.7.3" for a version. Choices follow a colon.
const (
	hashicorpName   = "hashicorp"
	hashicorpNewest = "v1.8.0"
	raftcheckModule = "github.com/raftcheck/raftcheck"
)

var hashicorpShape = regexp.MustCompile(`^hashicorp(?:@(v1\.(\d+)\.\d+))?(?::([a-z,-]+))?$`)

// goTest is an implementation that is searched by go test.
type goTest struct {
	adapter string   // folder of the adapter's module, below raftcheck's
	version string   // of the library
	choices []string // no-pre-vote, whole-votes, heartbeats
}

// hashicorpChoices are what may follow --impl hashicorp@VERSION:.
var hashicorpChoices = []string{"no-pre-vote", "whole-votes", "heartbeats"}

// hashicorp returns github.com/hashicorp/raft in the default world of its adapter.
func hashicorp(name string) (*subject, error) {
	parts := hashicorpShape.FindStringSubmatch(name)
	if parts == nil {
		return nil, usageError("as in hashicorp, hashicorp@v1.7.3 or hashicorp:no-pre-vote,heartbeats", "unknown implementation %q", name)
	}
	g := &goTest{adapter: "adapters/hashicorp", version: hashicorpNewest}
	if parts[1] != "" {
		g.version = parts[1]
		switch len(parts[2]) {
		case 1:
			if minor := parts[2][0]; minor >= '3' && minor <= '6' {
				g.adapter = "adapters/hashicorp/raft13"
			} else if minor < '3' {
				return nil, usageError("versions 1.3 to 1.6, and 1.7 and later", "%s is too old to be searched", name)
			}
		}
	}
	if parts[3] != "" {
		g.choices = strings.Split(parts[3], ",")
	}
	for _, c := range g.choices {
		if !slices.Contains(hashicorpChoices, c) {
			return nil, usageError(didYouMean(c, hashicorpChoices, "one of "+strings.Join(hashicorpChoices, ", ")), "unknown choice %q of %s", c, hashicorpName)
		}
	}
	return &subject{name: name, goTest: g, config: cluster.Config{
		Servers: 3, New: newElsewhere, Variants: spec.Variants{spec.LateTerm},
		Faults: cluster.Faults{Drop: cluster.Unlimited},
		Bounds: cluster.Bounds{Terms: 3, Log: 3, Messages: 1, Campaigns: 2, Proposals: 1},
	}}, nil
}

// elsewhere stands for a server that lives in another program. It shows the term in which such servers start, and takes no input.
type elsewhere struct{}

func newElsewhere(spec.ServerID, []spec.ServerID) spec.Node { return elsewhere{} }

func (elsewhere) Step(spec.Input) spec.Output   { return spec.Output{Refused: true} }
func (elsewhere) Observe() spec.Observation     { return spec.Observation{Term: 1} }
func (elsewhere) AppendState(dst []byte) []byte { return dst }

// testOrder and testOutcome are what goes to the test program and comes back, as the adapter's Obey knows it.
type (
	testOrder struct {
		Name                              string
		Nodes, Values                     int
		Network                           cluster.Network
		Bounds                            cluster.Bounds
		Faults                            cluster.Faults
		Rules, Goals                      []string
		Memory, Walks                     int
		Seed                              uint64
		Limit                             time.Duration
		Trace                             string
		NoPreVote, WholeVotes, Heartbeats bool
	}
	testOutcome struct {
		Fault    string
		Verdict  spec.Verdict
		Reason   string
		Search   checker.Stats
		Goals    map[string]int
		Possible map[string]bool
		Void     []string
		Broken   int
	}
)

// search builds the test program, runs it and reads what it found.
func (g *goTest) search(ctx context.Context, s *subject, o checker.Options) (*checker.Result, error) {
	dir, err := os.MkdirTemp("", "raftcheck-gotest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := g.write(dir); err != nil {
		return nil, err
	}
	order := g.order(s, o, filepath.Join(dir, "trace"))
	if deadline, limited := ctx.Deadline(); limited {
		order.Limit = time.Until(deadline)
	}
	data, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "order"), data, 0o666); err != nil {
		return nil, err
	}
	for _, args := range [][]string{{"mod", "tidy"}, {"test", "-count=1", "-timeout=0", "."}} {
		cmd := exec.CommandContext(context.WithoutCancel(ctx), "go", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, &failure{exit: exitFault, err: fmt.Errorf("go %s: %w\n  | %s", strings.Join(args, " "), err, strings.ReplaceAll(lastLines(strings.TrimSpace(string(out)), 20), "\n", "\n  | ")),
				hint: "a Go toolchain and the library's source are needed; a panic in the library ends the test program"}
		}
	}
	data, err = os.ReadFile(filepath.Join(dir, "outcome"))
	if err != nil {
		return nil, err
	}
	var out testOutcome
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, err
	}
	return out.result(s, o, order.Trace)
}

func (g *goTest) order(s *subject, o checker.Options, trace string) testOrder {
	c := &s.config
	order := testOrder{Name: s.name, Nodes: c.Servers, Values: c.Values, Network: c.Network, Bounds: c.Bounds, Faults: c.Faults,
		Memory: o.Memory, Walks: o.Walks, Seed: o.Seed, Trace: trace,
		NoPreVote: slices.Contains(g.choices, "no-pre-vote"), WholeVotes: slices.Contains(g.choices, "whole-votes"), Heartbeats: slices.Contains(g.choices, "heartbeats")}
	for _, r := range o.Rules {
		order.Rules = append(order.Rules, r.ID)
	}
	for _, goal := range o.Goals {
		order.Goals = append(order.Goals, goal.Name)
	}
	return order
}

// result puts together what the search in the other program found.
func (out *testOutcome) result(s *subject, o checker.Options, trace string) (*checker.Result, error) {
	if out.Fault != "" {
		return nil, &checker.Fault{Err: errors.New(out.Fault)}
	}
	r := &checker.Result{Verdict: out.Verdict, Reason: out.Reason, Search: out.Search}
	if out.Verdict == spec.Violated {
		t, err := traces.ReadFile(trace)
		if err != nil {
			return nil, err
		}
		broken, _ := traces.Broken(t, o.Rules, s.config.Variants)
		for _, f := range broken {
			r.Findings = append(r.Findings, checker.Finding{Finding: f, Trace: t, Shortest: o.Walks == 0})
		}
	}
	for _, g := range spec.Goals {
		if reached, known := out.Goals[g.Name]; known {
			r.Goals = append(r.Goals, checker.GoalVerdict{Goal: g, Reached: reached, Possible: out.Possible[g.Name]})
		}
	}
	for _, rule := range o.Rules {
		v := checker.RuleVerdict{Rule: rule, Void: slices.Contains(out.Void, rule.ID)}
		switch {
		case slices.ContainsFunc(r.Findings, func(f checker.Finding) bool { return f.Rule == rule }):
			v.Verdict = spec.Violated
		case r.Verdict == spec.Inconclusive && !v.Void:
			v.Verdict = spec.Inconclusive
		}
		r.Rules = append(r.Rules, v)
	}
	return r, nil
}

// write makes the test program's module.
func (g *goTest) write(dir string) error {
	module := raftcheckModule + "/" + g.adapter
	var b bytes.Buffer
	fmt.Fprintf(&b, "module raftcheck.test/search\n\ngo 1.26.0\n\ngodebug randseednop=0\n\n")
	switch source, version := raftcheckSource(); {
	case source != "":
		fmt.Fprintf(&b, "require %s v0.0.0\n\nreplace %s => %s\n\nreplace %s => %s\n", module, raftcheckModule, source, module, filepath.Join(source, g.adapter))
	case version != "":
		fmt.Fprintf(&b, "require %s %s\n", module, version)
	default:
		return &failure{exit: exitFault, err: errors.New("the source of raftcheck's adapters is not at hand"),
			hint: "set RAFTCHECK_SOURCE to a checkout of raftcheck, or install a published version"}
	}
	fmt.Fprintf(&b, "\nreplace github.com/hashicorp/raft => github.com/hashicorp/raft %s\n", g.version)
	test := fmt.Sprintf("package search\n\nimport (\n\t\"testing\"\n\n\tadapter %q\n)\n\nfunc TestSearch(t *testing.T) { adapter.Obey(t, \"order\", \"outcome\") }\n", module)
	return errors.Join(os.WriteFile(filepath.Join(dir, "go.mod"), b.Bytes(), 0o666), os.WriteFile(filepath.Join(dir, "search_test.go"), []byte(test), 0o666))
}

// raftcheckSource returns where raftcheck's source is: a checkout, or the version that this program was installed as. Both are "" when
// it is not known.
func raftcheckSource() (dir, version string) {
	dir = os.Getenv("RAFTCHECK_SOURCE")
	if _, file, _, ok := runtime.Caller(0); dir == "" && ok && filepath.IsAbs(file) {
		dir = filepath.Dir(filepath.Dir(filepath.Dir(file)))
	}
	if _, err := os.Stat(filepath.Join(dir, "adapters", "hashicorp", "go.mod")); dir != "" && err == nil {
		return dir, ""
	}
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		return "", info.Main.Version
	}
	return "", ""
}

// search searches the subject's world, here or where the implementation lives.
func (s *subject) search(ctx context.Context, o checker.Options) (*checker.Result, error) {
	if s.goTest == nil {
		return checker.Check(ctx, &s.config, o)
	}
	return s.goTest.search(ctx, s, o)
}
