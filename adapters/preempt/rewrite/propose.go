package rewrite

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"io"
	"slices"
	"strings"
)

// Propose writes a list of gates for the package in a folder, to be cut down by somebody who knows it. It knows what the package shares between goroutines: fields
// that are written, and that functions look at which different goroutines run. Gates are where such a field is read or written through a small
// function, as getTerm, or where a field that is an interface is called, as a store. Functions that are called while a lock is held have none. Types of
// other packages are not looked at.
func Propose(w io.Writer, dir string) error {
	p, err := parse(dir, nil)
	if err != nil {
		return err
	}
	s := &sharing{pack: p, info: &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}, Types: map[ast.Expr]types.TypeAndValue{}},
		units: map[ast.Node]*unit{}, declared: map[types.Object]*unit{}}
	var trees []*ast.File
	for _, f := range p.files {
		trees = append(trees, f.tree)
	}
	config := types.Config{Importer: hollow{}, Error: func(error) {}, FakeImportC: true}
	_, _ = config.Check(dir, p.set, trees, s.info) // what comes from other packages is missing, and so there are errors
	s.read()
	shared := s.shared()
	calls := s.accessors(shared)
	var l List
	for _, u := range s.order {
		if u.decl == nil || calls[u.decl.Name.Name] || len(u.from) == 0 || l.of(u.decl.Name.Name) != nil {
			continue
		}
		if f := s.open(s.function(u, calls)); len(f.Calls) > 1 || len(f.Timers) > 0 || slices.ContainsFunc(f.Calls, again) {
			l = append(l, f)
		}
	}
	return write(w, p, l)
}

// write writes a list.
func write(w io.Writer, p *pack, l List) error {
	if len(l) == 0 {
		return fmt.Errorf("package %s has no function that several goroutines run and that reads or writes, without a lock, what others write", p.name)
	}
	if _, err := fmt.Fprintf(w, "# Proposed for package %s: leave only what matters, since every gate that a step passes is one more way for it to go.\n", p.name); err != nil {
		return err
	}
	for _, f := range l {
		line := f.Name + ":"
		for _, c := range f.Calls {
			line += " " + c
		}
		for _, t := range f.Timers {
			line += " timer=" + t
		}
		if f.Who != "" {
			line += " # several goroutines may run it: write FUNCTION for EXPRESSION, which says for whom, by " + f.Who
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// open drops the gates that may be passed while a lock is held.
func (s *sharing) open(f Function) Function {
	f.Calls = slices.DeleteFunc(f.Calls, func(c string) bool {
		return s.pack.unlocked(List{{Name: f.Name, Calls: []string{c}}}) != nil
	})
	if f.Timers != nil && s.pack.unlocked(List{{Name: f.Name, Timers: f.Timers}}) != nil {
		f.Timers = nil
	}
	return f
}

// again reports whether a goroutine takes a lock at a gate: there it goes on with what it knew when it gave it back.
func again(called string) bool { return locks(strings.SplitN(called, ".", 2)[0]) }

func locks(called string) bool { return called == "Lock" || called == "RLock" }

// hollow knows packages by their names only.
type hollow struct{}

// Import is part of types.Importer.
func (hollow) Import(path string) (*types.Package, error) {
	name := path[strings.LastIndexByte(path, '/')+1:]
	if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
		rest := strings.TrimSuffix(path, "/"+name)
		name = rest[strings.LastIndexByte(rest, '/')+1:]
	}
	pkg := types.NewPackage(path, strings.TrimPrefix(name, "go-"))
	pkg.MarkComplete()
	return pkg, nil
}

// sharing is what a package shares between goroutines.
type sharing struct {
	pack     *pack
	info     *types.Info
	units    map[ast.Node]*unit
	declared map[types.Object]*unit
	order    []*unit
}

// unit is a function, or a function within one, which may run elsewhere.
type unit struct {
	decl   *ast.FuncDecl // nil for one within another
	body   *ast.BlockStmt
	calls  []types.Object
	asks   bool                  // it calls a method of a field that is an interface
	within []*unit               // that it runs itself
	begins bool                  // a goroutine may begin with it
	fields map[types.Object]bool // that it looks at; true for those that it writes
	from   map[*unit]bool        // the beginnings of goroutines that come to it
}

// read finds out who calls whom, where goroutines begin, and who looks at what.
func (s *sharing) read() {
	for _, f := range s.pack.files {
		for _, d := range f.tree.Decls {
			if fn, is := d.(*ast.FuncDecl); is && fn.Body != nil {
				u := s.add(fn.Body)
				u.decl, u.begins = fn, fn.Name.IsExported() || fn.Name.Name == "main"
				s.declared[s.info.Defs[fn.Name]] = u
			}
		}
	}
	for _, u := range slices.Clone(s.order) {
		s.look(u, u.body)
	}
	for _, u := range s.order {
		if u.begins {
			s.run(u, u)
		}
	}
}

func (s *sharing) add(body *ast.BlockStmt) *unit {
	u := &unit{body: body, fields: map[types.Object]bool{}, from: map[*unit]bool{}}
	s.units[body] = u
	s.order = append(s.order, u)
	return u
}

// run notes that a goroutine which begins with one function comes to another.
func (s *sharing) run(begin, u *unit) {
	if u.from[begin] {
		return
	}
	u.from[begin] = true
	for _, v := range u.within {
		s.run(begin, v)
	}
	for _, called := range u.calls {
		if v := s.declared[called]; v != nil {
			s.run(begin, v)
		}
	}
}

func (s *sharing) look(u *unit, n ast.Node) {
	elsewhere := map[ast.Node]bool{} // functions that are handed over, and so may run in another goroutine, and calls that do
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			v := s.add(n.Body)
			if v.begins = elsewhere[n]; !v.begins {
				u.within = append(u.within, v)
			}
			s.look(v, n.Body)
			return false
		case *ast.GoStmt:
			s.handsOver(n.Call.Fun, elsewhere)
			elsewhere[n.Call] = true
		case *ast.CallExpr:
			for _, a := range n.Args {
				s.handsOver(a, elsewhere)
			}
			u.asks = u.asks || s.throughInterface(n)
			if called := s.object(n.Fun); called != nil && !elsewhere[n] {
				u.calls = append(u.calls, called)
			}
			if f, is := n.Fun.(*ast.SelectorExpr); is && writesAtomically(f.Sel.Name) {
				s.touch(u, f.X, true)
			}
		case *ast.AssignStmt:
			for _, to := range n.Lhs {
				s.touch(u, to, true)
			}
		case *ast.IncDecStmt:
			s.touch(u, n.X, true)
		case *ast.UnaryExpr: // whoever has its address may write it
			if n.Op == token.AND {
				s.touch(u, n.X, true)
			}
		case *ast.SelectorExpr:
			s.touch(u, n, false)
		}
		return true
	})
}

// writesAtomically reports whether a method of a type of sync/atomic that is called so writes.
func writesAtomically(name string) bool {
	for _, begin := range []string{"Store", "Add", "Swap", "CompareAndSwap"} {
		if strings.HasPrefix(name, begin) {
			return true
		}
	}
	return false
}

// handsOver notes a function that may run in another goroutine.
func (s *sharing) handsOver(e ast.Expr, elsewhere map[ast.Node]bool) {
	if lit, is := e.(*ast.FuncLit); is {
		elsewhere[lit] = true
	} else if fn, is := s.object(e).(*types.Func); is {
		if u := s.declared[fn]; u != nil {
			u.begins = true
		}
	}
}

// object is what an expression names.
func (s *sharing) object(e ast.Expr) types.Object {
	switch e := e.(type) {
	case *ast.Ident:
		return s.info.Uses[e]
	case *ast.SelectorExpr:
		return s.info.Uses[e.Sel]
	}
	return nil
}

// touch notes that a function looks at a field, or at what is in it.
func (s *sharing) touch(u *unit, e ast.Expr, writes bool) {
	for {
		switch inner := e.(type) {
		case *ast.IndexExpr:
			e = inner.X
			continue
		case *ast.StarExpr:
			e = inner.X
			continue
		case *ast.SelectorExpr:
			if v, is := s.object(inner).(*types.Var); is && v.IsField() {
				u.fields[v] = u.fields[v] || writes
			}
		}
		return
	}
}

// shared returns the fields that are written and that several goroutines look at.
func (s *sharing) shared() map[types.Object]bool {
	written, from := map[types.Object]bool{}, map[types.Object]map[*unit]bool{}
	for _, u := range s.order {
		for f, writes := range u.fields {
			written[f] = written[f] || writes
			if from[f] == nil {
				from[f] = map[*unit]bool{}
			}
			for begin := range u.from {
				from[f][begin] = true
			}
		}
	}
	all := map[types.Object]bool{}
	for f := range written {
		if written[f] && len(from[f]) > 1 {
			all[f] = true
		}
	}
	return all
}

// small is how many statements a function has at most that only reads or writes something.
const small = 8

// accessors returns the names of small functions that look at what is shared, or that call such a function.
func (s *sharing) accessors(shared map[types.Object]bool) map[string]bool {
	all := map[string]bool{}
	is := map[types.Object]bool{}
	looks := func(u *unit, first bool) bool {
		if !first {
			return u.asks || slices.ContainsFunc(u.calls, func(c types.Object) bool { return is[c] })
		}
		for f := range u.fields {
			if shared[f] {
				return true
			}
		}
		return false
	}
	for _, first := range []bool{true, false} {
		var found []types.Object
		for object, u := range s.declared {
			if object != nil && !u.begins && len(u.body.List) <= small && u.decl.Recv != nil && !loops(u.body) && looks(u, first) {
				found = append(found, object)
			}
		}
		for _, object := range found {
			is[object], all[object.Name()] = true, true
		}
	}
	return all
}

// loops reports whether a function does more than a few things, as those do that wait.
func loops(body *ast.BlockStmt) (does bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt, *ast.SelectStmt, *ast.FuncLit, *ast.GoStmt:
			does = true
		}
		return !does
	})
	return does
}

// function lists the gates of a function.
func (s *sharing) function(u *unit, calls map[string]bool) Function {
	f := Function{Name: u.decl.Name.Name}
	add := func(to *[]string, name string) {
		if !slices.Contains(*to, name) {
			*to = append(*to, name)
		}
	}
	at := map[string]bool{}
	taken := map[string]int{}
	statements(u.body, func(st ast.Stmt) {
		var own []string
		if point, is := receives(st); is && s.keeps(st) {
			add(&f.Calls, point)
		}
		ast.Inspect(st, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause, *ast.FuncLit:
				return false
			case *ast.CallExpr:
				name := callee(n)
				if calls[name] || s.throughInterface(n) {
					own = append(own, name)
				}
				if locks(name) && len(n.Args) == 0 {
					if taken[name]++; taken[name] > 1 || len(f.Calls) > 0 || u.begins && !u.decl.Name.IsExported() {
						f.Calls = append(f.Calls, fmt.Sprintf("%s.%d", name, taken[name]))
					}
				}
			}
			return true
		})
		if len(own) > 0 && !at[own[0]] {
			at[own[0]] = true
			add(&f.Calls, own[0])
		}
	})
	ast.Inspect(u.body, func(n ast.Node) bool {
		if c, is := n.(*ast.CommClause); is {
			if e, is := c.Comm.(*ast.ExprStmt); is {
				if from, is := e.X.(*ast.UnaryExpr); is && from.Op == token.ARROW {
					if call, is := from.X.(*ast.CallExpr); is && len(call.Args) > 0 {
						add(&f.Timers, callee(call))
					}
				}
			}
		}
		return true
	})
	for _, field := range u.decl.Type.Params.List {
		if pointer, is := field.Type.(*ast.StarExpr); is && u.handed(s) {
			if name, is := pointer.X.(*ast.Ident); is && len(field.Names) > 0 && f.Who == "" {
				f.Who = field.Names[0].Name + " *" + name.Name
			}
		}
	}
	return f
}

// handed reports whether a goroutine that begins within another function comes to it at once.
func (u *unit) handed(s *sharing) bool {
	for begin := range u.from {
		if begin.decl == nil && slices.Contains(begin.calls, s.info.Defs[u.decl.Name]) {
			return true
		}
	}
	return false
}

// keeps reports whether what a statement receives comes from a channel that is a field.
func (s *sharing) keeps(st ast.Stmt) (is bool) {
	ast.Inspect(st, func(n ast.Node) bool {
		if arrow, receives := n.(*ast.UnaryExpr); receives && arrow.Op == token.ARROW {
			field, known := s.object(arrow.X).(*types.Var)
			is = known && field.IsField()
		}
		return !is
	})
	return is
}

// throughInterface reports whether a method of a field is called that is an interface of the package, or of what is in one.
func (s *sharing) throughInterface(call *ast.CallExpr) bool {
	method, is := call.Fun.(*ast.SelectorExpr)
	if !is {
		return false
	}
	of := method.X
	if in, is := of.(*ast.IndexExpr); is {
		of = in.X
	}
	field, is := s.object(of).(*types.Var)
	if !is || !field.IsField() {
		return false
	}
	t := field.Type()
	if of != method.X {
		switch in := t.Underlying().(type) {
		case *types.Slice:
			t = in.Elem()
		case *types.Array:
			t = in.Elem()
		case *types.Map:
			t = in.Elem()
		}
	}
	named, is := t.(*types.Named)
	return is && types.IsInterface(named) && named.Obj().Pkg() != nil && field.Pkg() == named.Obj().Pkg()
}
