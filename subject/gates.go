package subject

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/adapters/preempt/rewrite"
	"github.com/raftcheck/raftcheck/cluster"
)

// A library whose goroutines are to be held (:preempt=N) is built from a copy with gates, or with an overlay that has them, by the list in the file gates beside its adapter.

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

// gateChoice reads the choice at=GATE, a gate or a function that has some: where goroutines are held. It returns "" for other choices.
func gateChoice(choice string) string {
	gate, is := strings.CutPrefix(choice, "at=")
	if !is {
		return ""
	}
	return gate
}

// holdsChoice reports whether a choice says that goroutines are held, or where.
func holdsChoice(choice string) bool { return preemptions(choice) > 0 || gateChoice(choice) != "" }

// mostPreemptions returns how often choices allow that a goroutine is held.
func mostPreemptions(choices []string) (most int) {
	for _, choice := range choices {
		most = max(most, preemptions(choice))
	}
	return most
}

// atGates complains about a gate at which goroutines are to be held and that there is not, or if none are to be held at all.
func (g *goTest) atGates(list rewrite.List) error {
	for _, c := range g.choices {
		at := gateChoice(c)
		if at == "" {
			continue
		}
		function, call, one := strings.Cut(at, "/")
		k := slices.IndexFunc(list, func(f rewrite.Function) bool { return f.Name == function })
		if k < 0 || one && !slices.Contains(list[k].Calls, call) && !slices.Contains(list[k].Timers, call) {
			return misasked("the file "+g.family.adapter+"/"+gatesFile+" lists them", "there is no gate %q", at)
		}
	}
	return nil
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

// wholeSteps says of tasks that hold nobody why that is.
var wholeSteps = map[order.Task]string{
	order.Fuzz:    "a campaign chooses inputs and crash points, and no gates",
	order.Conform: "what the suite expects of a server is what it has done when all is quiet",
	order.Learn:   "an automaton is made of whole steps",
	order.Explore: "what may happen next is listed as whole steps",
	order.Serve:   "servers of several programs take whole steps",
}

// holdsIn complains when a library's goroutines are to be held in a task that holds none.
func (g *goTest) holdsIn(name string, do order.Task) error {
	if why := wholeSteps[do]; g.holds() && why != "" {
		return misasked("raftcheck check --impl "+name+" searches with it, and replay and shrink know its traces", "%s: goroutines are held in searches only: %s", name, why)
	}
	return nil
}

// gate puts a copy of the library with gates into the test program's folder, and returns where.
func (g *goTest) gate(dir string) (string, error) {
	_, list, err := g.gateList(dir)
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

// gateList reads the list beside the adapter, and returns its path too. It complains about gates at which goroutines are to be held and that are not in it.
func (g *goTest) gateList(dir string) (path string, list rewrite.List, err error) {
	source, version := raftcheckSource(g.family.adapter)
	folder := filepath.Join(source, g.family.adapter)
	if source == "" {
		cmd := exec.Command("go", "mod", "download", "-json", raftcheckModule+"/"+g.family.adapter+"@"+version)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
		printed, err := cmd.Output()
		var at struct{ Dir string }
		if err != nil || json.Unmarshal(printed, &at) != nil {
			return "", nil, &Error{Kind: Faulty, Err: fmt.Errorf("the source of %s %s is not at hand", g.family.adapter, version)}
		}
		folder = at.Dir
	}
	path = filepath.Join(folder, gatesFile)
	f, err := os.Open(path)
	if err != nil {
		return "", nil, &Error{Kind: Faulty, Err: err}
	}
	defer f.Close()
	if list, err = rewrite.Read(path, f); err == nil {
		err = g.atGates(list)
	}
	return path, list, err
}
