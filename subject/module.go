package subject

import (
	"bytes"
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
)

// write makes the test program's module.
func (g *goTest) write(dir string) error {
	f := g.family
	adapter := raftcheckModule + "/" + f.adapter
	var mod, imports bytes.Buffer
	fmt.Fprintf(&mod, "module raftcheck.test/search\n\ngo 1.26.0\n\ngodebug randseednop=0\n\n")
	switch source, version := raftcheckSource(f.adapter); {
	case source != "":
		fmt.Fprintf(&mod, "require %s v0.0.0\n\nreplace %s => %s\n\nreplace %s => %s\n", adapter, raftcheckModule, source, adapter, filepath.Join(source, f.adapter))
	case version != "":
		fmt.Fprintf(&mod, "require %s %s\n", adapter, version)
	default:
		return &Error{Kind: Faulty, Err: errors.New("the source of raftcheck's adapters is not at hand"),
			Hint: "set RAFTCHECK_SOURCE to a checkout of raftcheck, or install a published version"}
	}
	if g.holds() {
		gated, err := g.gate(dir)
		if err != nil {
			return err
		}
		fmt.Fprintf(&mod, "\nreplace %s => %s\n", f.module, gated)
	} else {
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
	return errors.Join(os.WriteFile(filepath.Join(dir, "go.mod"), mod.Bytes(), 0o666), os.WriteFile(filepath.Join(dir, "search_test.go"), []byte(test), 0o666))
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
