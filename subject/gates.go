package subject

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/adapters/preempt/rewrite"
	"github.com/raftcheck/raftcheck/cluster"
)

// A library whose goroutines are to be held (:preempt=N) is built from a copy with gates, by the list in the file gates beside its adapter.

// gatesFile lists the gates of a library, in its adapter's folder; gatedFolder is where its copy is, in the test program's.
const (
	gatesFile   = "gates"
	gatedFolder = "gated"
)

// preemptions reads the choice preempt=N: how often a goroutine is held in one execution. It returns 0 for other choices.
func preemptions(choice string) int {
	text, is := strings.CutPrefix(choice, "preempt=")
	n, err := strconv.Atoi(text)
	if !is || err != nil || n < 1 || n > cluster.MaxBudget || text != strconv.Itoa(n) {
		return 0
	}
	return n
}

// holds reports whether goroutines of the library are to be held.
func (g *goTest) holds() bool {
	for _, c := range g.choices {
		if preemptions(c) > 0 {
			return true
		}
	}
	return false
}

// holdsIn complains when a library's goroutines are to be held in a task that holds none.
func (g *goTest) holdsIn(name string, do order.Task) error {
	if !g.holds() || do == order.Search || do == order.Share || do == order.Replay || do == order.Shrink {
		return nil
	}
	return misasked("raftcheck check --impl "+name+" searches with it, and replay and shrink know its traces", "%s: goroutines are held in searches only", name)
}

// gate puts a copy of the library with gates into the test program's folder, and returns where.
func (g *goTest) gate(dir string) (string, error) {
	list, err := g.gateList(dir)
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "mod", "download", "-json", g.family.module+"@"+g.version+g.family.suffix)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	printed, err := cmd.Output()
	var at struct{ Dir, Error string }
	if json.Unmarshal(printed, &at) != nil || at.Dir == "" {
		if err == nil || at.Error != "" {
			err = errors.New(at.Error)
		}
		if why := (&job{of: g, dir: dir}).unreleased(context.Background()); why != nil {
			return "", why
		}
		return "", &Error{Kind: Faulty, Err: fmt.Errorf("the source of %s %s: %w", g.family.module, g.version, err), Hint: "a Go toolchain is needed to build the library"}
	}
	to := filepath.Join(dir, gatedFolder)
	if _, err := rewrite.Copy(at.Dir, g.family.module, list, to); err != nil {
		return "", &Error{Kind: Faulty, Err: err, Hint: "the gates of this adapter are for other versions of the library"}
	}
	return to, nil
}

// gateList reads the list beside the adapter.
func (g *goTest) gateList(dir string) (rewrite.List, error) {
	source, version := raftcheckSource(g.family.adapter)
	folder := filepath.Join(source, g.family.adapter)
	if source == "" {
		cmd := exec.Command("go", "mod", "download", "-json", raftcheckModule+"/"+g.family.adapter+"@"+version)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
		printed, err := cmd.Output()
		var at struct{ Dir string }
		if err != nil || json.Unmarshal(printed, &at) != nil {
			return nil, &Error{Kind: Faulty, Err: fmt.Errorf("the source of %s %s is not at hand", g.family.adapter, version)}
		}
		folder = at.Dir
	}
	path := filepath.Join(folder, gatesFile)
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{Kind: Faulty, Err: err}
	}
	defer f.Close()
	return rewrite.Read(path, f)
}
