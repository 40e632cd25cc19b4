//go:build gates

package lab_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/raftcheck/raftcheck/adapters/rpc"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance/contract"
	"github.com/raftcheck/raftcheck/examples/lab"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// held is the servers with a mistake, whose goroutines may be held.
func held(bugs lab.Bugs) rpc.Server[*lab.Raft] {
	how := servers(bugs)
	how.Preempt = true
	return how
}

// elections is a world without commands and crashes, in which a goroutine is held so often.
func elections(t *testing.T, how rpc.Server[*lab.Raft], preemptions int) cluster.Config {
	world := rpc.World(rpc.New(t, how).Node, how)
	world.Faults.Crash, world.Faults.Lossy = cluster.Off, false
	world.Bounds.Messages, world.Bounds.Proposals, world.Bounds.Preemptions = 1, -1, preemptions
	return world
}

// TestHeld finds mistakes that only a goroutine which is held shows: without, the same world is searched to the end.
func TestHeld(t *testing.T) {
	for _, bug := range []struct {
		name string
		bugs lab.Bugs
		rule string
	}{
		{"no-recheck", lab.Bugs{NoRecheck: true}, "election-safety"},
		{"late-args", lab.Bugs{LateArgs: true}, "election-safety"},
		{"none", lab.Bugs{}, ""},
	} {
		for most := range 2 {
			world := elections(t, held(bug.bugs), most)
			r, err := checker.Check(context.Background(), &world, checker.Options{Workers: 1, Goals: []*spec.Goal{}})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s, held %d times: %s in %d states", bug.name, most, r.Verdict, r.Search.Distinct)
			if want := most > 0 && bug.rule != ""; (r.Verdict == spec.Violated) != want {
				t.Errorf("%s, held %d times: %s: %s", bug.name, most, r.Verdict, r.Reason)
			}
			if r.Verdict != spec.Violated {
				continue
			}
			f := r.Findings[0]
			if f.Rule.Name != bug.rule {
				t.Errorf("%s: %s is broken: %s", bug.name, f.Rule.Name, f.Message)
			}
			var told bytes.Buffer
			if err := traces.Text(&told, f.Trace, &f.Finding); err != nil {
				t.Fatal(err)
			}
			golden(t, "testdata/"+bug.name+".golden", told.String())
		}
	}
}

func golden(t *testing.T, path, now string) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(now), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	was, err := os.ReadFile(path)
	if err != nil || string(was) != now {
		t.Errorf("%s is out of date (%v); UPDATE=1 rewrites it. Now it is\n%s", path, err, now)
	}
}

// TestHeldIsTold holds the page about servers in Go to what is found.
func TestHeldIsTold(t *testing.T) {
	page, err := os.ReadFile("../../docs/raft-in-go.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"gates", "testdata/no-recheck.golden"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "```\n"+strings.TrimSpace(string(text))+"\n```") {
			t.Errorf("docs/raft-in-go.md does not show %s as it is", name)
		}
	}
}

// TestHeldContract holds the adapter to what a node owes, with goroutines that are held.
func TestHeldContract(t *testing.T) {
	how := held(lab.Bugs{NoRecheck: true})
	world := rpc.World(rpc.New(t, how).Node, how)
	r := contract.Try(context.Background(), &world, contract.Options{Again: rpc.New(t, how).Node, Pause: time.Millisecond, Steps: 1000})
	if r.Failure != nil {
		t.Fatal(r.Failure)
	}
}
