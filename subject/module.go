package subject

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
	"strings"

	"github.com/raftcheck/raftcheck/legible"
)

// moduleHead begins the go.mod of the test program's module.
const moduleHead = "module raftcheck.test/search\n\ngo 1.26.0\n\ngodebug randseednop=0\n\n"

// write makes the test program's module, and returns the flags with which it is built.
func (g *goTest) write(dir string) (flags []string, err error) {
	f := g.family
	adapter := raftcheckModule + "/" + f.adapter
	var mod, imports bytes.Buffer
	mod.WriteString(moduleHead)
	switch source, version := raftcheckSource(f.adapter); {
	case source != "":
		fmt.Fprintf(&mod, "require %s v0.0.0\n\nreplace %s => %s\n\nreplace %s => %s\n", adapter, raftcheckModule, source, adapter, filepath.Join(source, f.adapter))
	case version != "":
		fmt.Fprintf(&mod, "require %s %s\n", adapter, version)
	default:
		return nil, &Error{Kind: Faulty, Err: errors.New("the source of raftcheck's adapters is not at hand"),
			Hint: "set RAFTCHECK_SOURCE to a checkout of raftcheck, or install a published version"}
	}
	switch {
	case g.holds() && !f.overlay:
		gated, err := g.gate(dir)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&mod, "\nreplace %s => %s\n", f.module, gated)
	case f.overlay:
		folder, list, err := g.overlaid(dir, mod.Bytes())
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&mod, "\nreplace %s => %s\n", f.module, folder)
		flags = []string{"-overlay=" + list, "-tags=overlaid"}
	default:
		fmt.Fprintf(&mod, "\nreplace %s => %s %s\n", f.module, f.module, g.version+f.suffix)
	}
	if f.metrics != "" {
		if version := g.wants(dir, f.metrics); version != "" {
			fmt.Fprintf(&mod, "\nreplace %s => %s %s\n", f.metrics, f.metrics, version)
		}
	}
	for _, i := range f.imports {
		fmt.Fprintf(&imports, "\t%q\n", raftcheckModule+"/"+i)
	}
	test := fmt.Sprintf("package search\n\nimport (\n\t\"testing\"\n\n\tadapter %q\n%s)\n\nfunc TestObey(t *testing.T) { %s }\n", adapter, imports.String(), f.obey)
	return flags, errors.Join(os.WriteFile(filepath.Join(dir, "go.mod"), mod.Bytes(), 0o666), os.WriteFile(filepath.Join(dir, "search_test.go"), []byte(test), 0o666))
}

// overlaid has the overlay of the library's release made, by the command beside the adapter in a module with this go.mod. It returns the folder of the release and the
// file to name after -overlay.
func (g *goTest) overlaid(dir string, mod []byte) (folder, list string, err error) {
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), mod, 0o666); err != nil {
		return "", "", err
	}
	args := []string{"run", "-mod=mod", raftcheckModule + "/" + g.family.adapter + "/with", "-release"}
	if g.holds() {
		path, _, err := g.gateList(dir)
		if err != nil {
			return "", "", err
		}
		args = append(args, "-gates", path)
	}
	cmd := exec.Command("go", append(args, g.version)...)
	var said bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS="), &said
	printed, err := cmd.Output()
	lines := strings.Fields(string(printed))
	if err == nil && len(lines) == 2 {
		return lines[0], lines[1], nil
	}
	words := strings.TrimSpace(said.String())
	if why := unreachable(words); why != "" {
		return "", "", &Error{Kind: Faulty, Err: fmt.Errorf("modules could not be downloaded: %s", why), Hint: offline}
	}
	if why := (&job{of: g, dir: dir}).unreleased(context.Background()); why != nil {
		return "", "", why
	}
	return "", "", &Error{Kind: Faulty, Err: fmt.Errorf("%s %s: %w%s", g.family.module, g.version, err, legible.Quoted(words, mostQuoted)),
		Hint: "a Go toolchain and the library's source are needed; the adapter knows the releases that its page names"}
}

// wants returns the version of a module that the library's own go.mod names, "" if none or if that is not known: what else the program needs may
// ask for a later one, in which packages that the library imports are gone.
func (g *goTest) wants(dir, module string) string {
	cmd := exec.Command("go", "mod", "download", "-json", g.family.module+"@"+g.version+g.family.suffix)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	printed, err := cmd.Output()
	var at struct{ GoMod string }
	if err != nil || json.Unmarshal(printed, &at) != nil {
		return ""
	}
	source, err := os.ReadFile(at.GoMod)
	if err != nil {
		return ""
	}
	if found := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(module) + ` (v\S+)`).FindSubmatch(source); found != nil {
		return string(found[1])
	}
	return ""
}

// raftcheckSource returns where raftcheck's source is: a checkout, or the version that this program was installed as. Both are "" when
// it is not known.
func raftcheckSource(adapter string) (dir, version string) {
	dir = os.Getenv("RAFTCHECK_SOURCE")
	if _, file, _, ok := runtime.Caller(0); dir == "" && ok && filepath.IsAbs(file) {
		dir = filepath.Dir(filepath.Dir(file))
	}
	if _, err := os.Stat(filepath.Join(dir, adapter, "go.mod")); dir != "" && err == nil {
		return dir, ""
	}
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		return "", info.Main.Version
	}
	return "", ""
}
