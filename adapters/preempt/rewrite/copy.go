package rewrite

import (
	"encoding/json"
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
	files, gates, err := Files(dir, pkg, l)
	if err == nil {
		err = copyModule(dir, to)
	}
	if err == nil {
		err = writeAll(to, files)
	}
	return gates, err
}

// Overlay writes into the folder to what the go command takes for files of the package in the folder dir, which is of no module in its cache, and
// returns the path of the file to name after -overlay, and the gates, ascending. pkg is the import path of that package.
func Overlay(dir, pkg string, l List, to string) (list string, gates []string, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return "", nil, err
	}
	files, gates, err := Files(dir, pkg, l)
	if err != nil {
		return "", nil, err
	}
	places := map[string]string{}
	for name := range files {
		places[filepath.Join(dir, name)] = filepath.Join(to, name)
	}
	text, err := json.MarshalIndent(map[string]any{"Replace": places}, "", "\t")
	if err != nil {
		return "", nil, err
	}
	list = filepath.Join(to, "overlay.json")
	return list, gates, errors.Join(writeAll(to, files), os.WriteFile(list, text, 0o666))
}

func writeAll(to string, files map[string][]byte) error {
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(to, name), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// Files returns the files of the package in the folder dir that are others with gates by a list, and one more that tells of them, by their names, and the gates,
// ascending. pkg is the import path of the package; only names the files that are looked at, of a package of which nothing else runs, and is empty for all.
func Files(dir, pkg string, l List, only ...string) (files map[string][]byte, gates []string, err error) {
	p, err := parse(dir, only)
	if err != nil {
		return nil, nil, err
	}
	if err := p.unlocked(l); err != nil {
		return nil, nil, err
	}
	files, seen := map[string][]byte{}, map[string]bool{}
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
		files[filepath.Base(f.path)] = g.text()
	}
	for _, f := range l {
		for _, point := range slices.Concat(f.Calls, f.Timers) {
			if !seen[f.Name+"/"+point] {
				return nil, nil, fmt.Errorf("%s: no statement of a function %s %s, at which a gate is listed", dir, f.Name, doing(point))
			}
		}
	}
	slices.Sort(gates)
	files["raftcheck_gates.go"] = fmt.Appendf(nil, "package %s\n\nimport %s %q\n\nvar _ = %s.Rewritten(%q, %s)\n", p.name, runtimeName, runtimePath, runtimeName, pkg, quoted(gates))
	return files, gates, nil
}

// doing says what a statement does at a point that is listed.
func doing(point string) string {
	if from, is := strings.CutPrefix(point, "<-"); is {
		return "receives from " + from
	}
	if to, is := strings.CutSuffix(point, "<-"); is {
		return "sends to " + to
	}
	return "calls " + point
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

	does    []routine           // what functions do, once it was asked for
	callers map[string][]string // of functions, by their names
}

// parse reads the files of a package that are built here, or only those of these names if there are any.
func parse(dir string, only []string) (*pack, error) {
	listed, err := build.Default.ImportDir(dir, 0)
	if err != nil {
		return nil, err
	}
	p := &pack{name: listed.Name, set: token.NewFileSet()}
	for _, name := range listed.GoFiles {
		if len(only) > 0 && !slices.Contains(only, name) {
			continue
		}
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
	gate := func(at token.Pos, before, point, after string) {
		times[point]++
		nth := fmt.Sprintf("%s.%d", point, times[point])
		switch {
		case slices.Contains(f.Calls, nth):
			g.seen[f.Name+"/"+nth] = true
		case slices.Contains(f.Calls, point) || slices.Contains(f.Timers, point):
			g.seen[f.Name+"/"+point] = true
		default:
			return
		}
		name := f.Name + "/" + point
		if times[point] > 1 {
			name = f.Name + "/" + nth
		}
		g.gates = append(g.gates, name)
		name = fmt.Sprintf("%q", name)
		if f.Who != "" {
			name += ", " + f.Who
		}
		g.insert(at, before+name+after)
	}
	statements(fn.Body, func(s ast.Stmt) {
		if point := firstOf(s, f); point != "" {
			gate(s.Pos(), runtimeName+".Pass(", point, "); ")
		}
		if point, _ := receives(s); f.has(point) {
			gate(s.End(), "; "+runtimeName+".Pass(", point, ")")
		}
	})
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if slices.Contains(f.Timers, callee(n)) {
				g.insert(n.Pos(), runtimeName+".After(")
				gate(n.End(), ", ", callee(n), ")")
			}
		case *ast.CommClause:
			if point, is := receives(n.Comm); is && f.has(point) {
				gate(n.Colon+1, " "+runtimeName+".Pass(", point, ");")
			}
		case *ast.RangeStmt:
			if point := "<-" + named(n.X); f.has(point) {
				gate(n.Body.Lbrace+1, runtimeName+".Pass(", point, "); ")
			}
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

// firstOf returns the first point at which a function has gates that a statement comes to by itself, and not in a statement within it or in a function that it makes, nor
// once it has received something; "" for none.
func firstOf(s ast.Stmt, f *Function) (found string) {
	ast.Inspect(s, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause, *ast.FuncLit:
			return false
		}
		if name := point(n); found == "" && f.has(name) {
			found = name
		}
		return true
	})
	return found
}

// point is what is listed of a call or of what is sent to a channel: the name of what is called, or of the channel, as in applied<-; "" for anything else.
func point(n ast.Node) string {
	switch n := n.(type) {
	case *ast.CallExpr:
		return callee(n)
	case *ast.SendStmt:
		return named(n.Chan) + "<-"
	}
	return ""
}

// receives returns the point at which a statement that does nothing else has received something from a channel, as in <-replies, and whether it does.
func receives(s ast.Stmt) (point string, is bool) {
	var from ast.Expr
	switch s := s.(type) {
	case *ast.ExprStmt:
		from = s.X
	case *ast.AssignStmt:
		from = s.Rhs[0]
	}
	if arrow, is := from.(*ast.UnaryExpr); is && arrow.Op == token.ARROW {
		return "<-" + named(arrow.X), true
	}
	return "", false
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

// named returns the name of what an expression is of: that of the function that it calls, of the field that it selects, of the slice that it is in.
func named(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.IndexExpr:
		return named(e.X)
	case *ast.CallExpr:
		return named(e.Fun)
	case *ast.ParenExpr:
		return named(e.X)
	}
	return ""
}
