package rewrite

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// runtimePath is the package that rewritten source calls, by the name it has there.
const (
	runtimePath = "github.com/raftcheck/raftcheck/adapters/preempt"
	runtimeName = "raftcheck_preempt"
)

// Copy copies the module in the folder dir, without its tests, into the folder to, and puts gates into the package at its root by a list. pkg is
// the import path of that package. It returns the gates, ascending. An error says what is listed and not there, or where a lock is held at a gate.
func Copy(dir, pkg string, l List, to string) (gates []string, err error) {
	p, err := parse(dir)
	if err != nil {
		return nil, err
	}
	if err := p.unlocked(l); err != nil {
		return nil, err
	}
	if err := copyModule(dir, to); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, f := range p.files {
		g := &gating{source: f, list: l, seen: seen}
		for _, d := range f.tree.Decls {
			if fn, is := d.(*ast.FuncDecl); is && fn.Body != nil {
				g.function(fn)
			}
		}
		if len(g.gates) == 0 {
			continue
		}
		gates = append(gates, g.gates...)
		g.insert(f.tree.Name.End(), fmt.Sprintf("; import %s %q", runtimeName, runtimePath))
		if err := os.WriteFile(filepath.Join(to, filepath.Base(f.path)), g.text(), 0o666); err != nil {
			return nil, err
		}
	}
	for _, f := range l {
		for _, called := range slices.Concat(f.Calls, f.Timers) {
			if !seen[f.Name+"/"+called] {
				return nil, fmt.Errorf("%s: no statement of a function %s calls %s, at which a gate is listed", dir, f.Name, called)
			}
		}
	}
	slices.Sort(gates)
	told := fmt.Sprintf("package %s\n\nimport %s %q\n\nvar _ = %s.Rewritten(%q, %s)\n", p.name, runtimeName, runtimePath, runtimeName, pkg, quoted(gates))
	return gates, os.WriteFile(filepath.Join(to, "raftcheck_gates.go"), []byte(told), 0o666)
}

// copyModule copies what a module is built from.
func copyModule(dir, to string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && below != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, below), 0o777)
		case !d.Type().IsRegular() || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, below), data, 0o666)
	})
}

// quoted lists texts as Go does.
func quoted(texts []string) string {
	var all []string
	for _, t := range texts {
		all = append(all, fmt.Sprintf("%q", t))
	}
	return strings.Join(all, ", ")
}

// source is a file of a package.
type source struct {
	path string
	data []byte
	set  *token.FileSet
	tree *ast.File
}

func (s *source) offset(p token.Pos) int { return s.set.Position(p).Offset }

// pack is a package as it is built here.
type pack struct {
	name  string
	set   *token.FileSet
	files []*source
}

func parse(dir string) (*pack, error) {
	listed, err := build.Default.ImportDir(dir, 0)
	if err != nil {
		return nil, err
	}
	p := &pack{name: listed.Name, set: token.NewFileSet()}
	for _, name := range listed.GoFiles {
		f := &source{path: filepath.Join(dir, name), set: p.set}
		if f.data, err = os.ReadFile(f.path); err != nil {
			return nil, err
		}
		if f.tree, err = parser.ParseFile(p.set, f.path, f.data, parser.SkipObjectResolution); err != nil {
			return nil, err
		}
		p.files = append(p.files, f)
	}
	if len(p.files) == 0 {
		return nil, errors.New(dir + ": no Go files")
	}
	return p, nil
}

// gating puts gates into a file.
type gating struct {
	source     *source
	list       List
	seen       map[string]bool // by FUNCTION/CALL: it has a gate
	gates      []string
	insertions []insertion
}

type insertion struct {
	at   int
	text string
}

func (g *gating) insert(at token.Pos, text string) {
	g.insertions = append(g.insertions, insertion{g.source.offset(at), text})
}

// text is the file with everything inserted. No line moves.
func (g *gating) text() []byte {
	slices.SortStableFunc(g.insertions, func(a, b insertion) int { return a.at - b.at })
	var all []byte
	from := 0
	for _, i := range g.insertions {
		all = append(append(all, g.source.data[from:i.at]...), i.text...)
		from = i.at
	}
	return append(all, g.source.data[from:]...)
}

// function puts its gates into a function, if it is listed.
func (g *gating) function(fn *ast.FuncDecl) {
	f := g.list.of(fn.Name.Name)
	if f == nil {
		return
	}
	times := map[string]int{}
	name := func(called string) string {
		gate := f.Name + "/" + called
		g.seen[gate] = true
		if times[called]++; times[called] > 1 {
			gate += fmt.Sprintf(".%d", times[called])
		}
		g.gates = append(g.gates, gate)
		gate = fmt.Sprintf("%q", gate)
		if f.Who != "" {
			gate += ", " + f.Who
		}
		return gate
	}
	statements(fn.Body, func(s ast.Stmt) {
		if called := firstOf(s, f.Calls); called != "" {
			g.insert(s.Pos(), runtimeName+".Pass("+name(called)+"); ")
		}
	})
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is && slices.Contains(f.Timers, callee(call)) {
			g.insert(call.Pos(), runtimeName+".After(")
			g.insert(call.End(), ", "+name(callee(call))+")")
		}
		return true
	})
}

// statements calls do for each statement before which another can stand, in the order of the source: not for deferred calls, nor for what is decided
// in an else if, nor for loops that have a label.
func statements(body *ast.BlockStmt, do func(ast.Stmt)) {
	var list func([]ast.Stmt)
	list = func(all []ast.Stmt) {
		for _, s := range all {
			if labeled, is := s.(*ast.LabeledStmt); is {
				switch s = labeled.Stmt; s.(type) {
				case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt, *ast.EmptyStmt:
				default:
					do(s)
				}
			} else if _, deferred := s.(*ast.DeferStmt); !deferred {
				do(s)
			}
			ast.Inspect(s, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BlockStmt:
					list(n.List)
					return false
				case *ast.CaseClause:
					list(n.Body)
					return false
				case *ast.CommClause:
					list(n.Body)
					return false
				}
				return true
			})
		}
	}
	list(body.List)
}

// firstOf returns the first of these that a statement calls by itself, and not in a statement within it or in a function that it makes; "" for none.
func firstOf(s ast.Stmt, calls []string) (found string) {
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause, *ast.FuncLit:
			return false
		case *ast.CallExpr:
			if name := callee(n); found == "" && slices.Contains(calls, name) {
				found = name
			}
		}
		return true
	})
	return found
}

// callee returns the name of what is called, without package or receiver.
func callee(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}
