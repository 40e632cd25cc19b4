// Package raftcheck_test holds the shape of the house: which package may know which.
package raftcheck_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/raftcheck/raftcheck"

// mayImport lists, for every package of the main module, the packages of the module that it may import. "…" stands for the
// packages below. A package that is not listed must be added here, with thought.
var mayImport = map[string][]string{
	"internal/…":               {},
	"spec":                     {},
	"spec/abstract":            {"spec"},
	"impl":                     {"spec"},
	"impl/internal/…":          {"spec", "impl"},
	"impl/mutant":              {"spec", "impl"},
	"impl/runtime":             {"spec", "impl", "traces/record", "traces/wire"},
	"impl/runtime/processes":   {"spec", "impl", "impl/runtime", "linearizability", "traces/record", "adapters/process/offspring"},
	"impl/simulation":          {"spec", "impl", "impl/runtime"},
	"cluster":                  {"spec"},
	"whole":                    {},
	"legible":                  {},
	"fold":                     {},
	"traces":                   {"spec", "legible", "fold", "whole", "internal/nearest", "traces/wire", "traces/foreign", "traces/internal/…"},
	"traces/internal/…":        {"spec", "traces/internal/…"},
	"traces/wire":              {"spec", "traces/internal/…"},
	"traces/record":            {"spec", "traces/wire"},
	"traces/record/rawnode":    {"spec", "traces/record"},
	"traces/etcd":              {"spec", "traces", "traces/foreign", "traces/internal/…"},
	"traces/ccf":               {"spec", "traces", "traces/foreign", "traces/internal/…"},
	"traces/foreign":           {},
	"traces/mapped":            {"spec", "traces", "traces/foreign", "traces/wire", "traces/internal/…", "internal/nearest"},
	"traces/recorded":          {"spec", "traces", "traces/ccf", "traces/etcd"},
	"conformance/contract":     {"spec", "cluster"},
	"conformance":              {"spec", "cluster", "traces", "checker", "fuzz", "conformance/…"},
	"checker/external":         {"whole"},
	"checker/internal/…":       {"checker/external"},
	"checker":                  {"spec", "cluster", "traces", "checker/external", "checker/internal/…", "conformance/contract"},
	"explore":                  {"spec", "cluster", "traces", "checker"},
	"explore/web":              {"spec", "traces", "explore", "report/page"},
	"linearizability":          {"spec", "legible", "traces", "traces/wire", "traces/foreign"},
	"linearizability/generate": {"linearizability"},
	"fuzz":                     {"spec", "cluster", "traces", "checker", "linearizability", "conformance/contract", "internal/cpu"},
	"adapters/order":           {"spec", "cluster", "traces", "checker", "fuzz", "conformance", "explore", "internal/cpu"},
	"adapters/rpc":             {"spec", "cluster", "checker", "adapters/bubble", "adapters/preempt", "adapters/statekey", "adapters/rpc/internal/…"},
	"adapters/rpc/skeleton":    {"spec", "internal/nearest", "adapters/rpc/internal/…"},
	"adapters/…":               {"spec", "traces/wire", "adapters/…"},
	"adapters/etcd":            {"spec", "cluster", "adapters/…"},
	"adapters/etcd/etcdtest":   {"spec", "cluster", "traces", "checker", "conformance/contract", "conformance/scenario", "adapters/etcd", "adapters/order"},
	"report":                   {"spec", "legible", "fold", "traces", "checker", "linearizability", "report/page"},
	"report/page":              {"spec", "legible", "traces"},
	"conformance/scenario":     {"spec", "cluster"},
	"gate":                     {"spec", "traces", "report", "legible"},
	"examples/two-leaders":     {"spec", "impl", "cluster", "traces", "checker", "report/page", "whole"},
	"subject":                  {"spec", "spec/abstract", "impl", "impl/mutant", "cluster", "traces", "checker", "fuzz", "conformance", "conformance/contract", "explore", "legible", "internal/…", "adapters/…"},
	"examples/…":               {},
	"cmd/raftcheck":            {"…"},
}

// listed is what go list says of a package.
type listed struct {
	Dir                                string
	ImportPath                         string
	Standard                           bool
	Imports, TestImports, XTestImports []string
}

func TestImportDirections(t *testing.T) {
	for _, p := range goList(t) {
		name := within(p.ImportPath)
		if name == "" {
			continue
		}
		allowed, known := lookUp(name)
		require.True(t, known, "%s is not in the list of packages: add it to mayImport in layout_test.go", name)
		for _, imported := range p.Imports {
			if target := within(imported); strings.HasPrefix(imported, module+"/") {
				require.True(t, matchesAny(allowed, target), "%s must not import %s", name, target)
			}
		}
	}
}

func TestSpecImportsOnlyTheStandardLibrary(t *testing.T) {
	for _, p := range goList(t) {
		if within(p.ImportPath) != "spec" {
			continue
		}
		for _, imported := range p.Imports {
			first, _, _ := strings.Cut(imported, "/")
			require.NotContains(t, first, ".", "spec imports %s", imported)
		}
	}
}

func TestNobodyImportsTheCommand(t *testing.T) {
	for _, p := range goList(t) {
		for _, imported := range append(append(p.Imports, p.TestImports...), p.XTestImports...) {
			require.NotContains(t, imported, module+"/cmd", p.ImportPath)
		}
	}
}

func goList(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=Dir,ImportPath,Standard,Imports,TestImports,XTestImports", "./...").Output()
	require.NoError(t, err)
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			require.NotEmpty(t, all)
			return all
		}
		require.NoError(t, err)
		all = append(all, p)
	}
}

// within returns the path of a package inside the module; "" for the root.
func within(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

func lookUp(name string) ([]string, bool) {
	if allowed, known := mayImport[name]; known {
		return allowed, true
	}
	for at := strings.LastIndexByte(name, '/'); at > 0; at = strings.LastIndexByte(name[:at], '/') {
		if allowed, known := mayImport[name[:at+1]+"…"]; known {
			return allowed, true
		}
	}
	return nil, false
}

func matchesAny(patterns []string, name string) bool {
	for _, p := range patterns {
		if matches(p, name) {
			return true
		}
	}
	return false
}

func matches(pattern, name string) bool {
	if parent, below := strings.CutSuffix(pattern, "…"); below {
		return strings.HasPrefix(name, parent)
	}
	return path.Clean(pattern) == name
}

// Nobody has to own every system that the module is built for: a name that only the files of another one declare is undefined in its package.
func TestBuildsOnOtherSystems(t *testing.T) {
	for _, p := range goList(t) {
		here := undefined(t, p, runtime.GOOS) // packages whose names are not what they are imported by
		for _, system := range []string{"linux", "darwin", "freebsd", "windows"} {
			for name, at := range undefined(t, p, system) {
				require.Contains(t, here, name, "on %s %s is undefined: %s", system, name, at)
			}
		}
	}
}

// undefined returns which names are undefined in a package on a system, and where; those in other packages are not looked at.
func undefined(t *testing.T, p listed, system string) map[string]string {
	there := build.Default
	there.GOOS, there.CgoEnabled = system, false
	found, err := there.ImportDir(p.Dir, 0)
	if none := new(build.NoGoError); errors.As(err, &none) {
		return nil
	}
	require.NoError(t, err)
	fset, names := token.NewFileSet(), map[string]string{}
	var files []*ast.File
	for _, name := range found.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, f)
	}
	config := types.Config{Importer: blank{}, Error: func(err error) {
		e := err.(types.Error)
		if name, is := strings.CutPrefix(e.Msg, "undefined: "); is && !strings.Contains(name, ".") {
			names[name] = fset.Position(e.Pos).String()
		}
	}}
	_, _ = config.Check(p.ImportPath, fset, files, nil) // what blank packages lack is told, too
	return names
}

// blank imports packages in which there is nothing.
type blank struct{}

func (blank) Import(name string) (*types.Package, error) {
	p := types.NewPackage(name, path.Base(name))
	p.MarkComplete()
	return p, nil
}
