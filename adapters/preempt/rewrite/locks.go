package rewrite

import (
	"fmt"
	"go/ast"
	"go/token"
)

// unlocked complains about the first place where a gate may be passed while a lock is held: in a function with gates, or in one that calls such a function
// however indirectly. Functions are told apart by their names alone, so it may complain too much and never too little, but for locks that other packages hold.
func (p *pack) unlocked(l List) error {
	leads := p.leadTo(l)
	for _, f := range p.files {
		for _, d := range f.tree.Decls {
			fn, is := d.(*ast.FuncDecl)
			if !is || fn.Body == nil {
				continue
			}
			mine := l.of(fn.Name.Name)
			if at, called := lockedCall(fn.Body, func(name string) bool {
				return leads[name] || mine != nil && mine.has(name)
			}); called != "" {
				place := p.set.Position(at)
				return fmt.Errorf("%s:%d: a lock is held when %s is called: no goroutine can be held there", place.Filename, place.Line, called)
			}
		}
	}
	return nil
}

func (f *Function) has(called string) bool {
	for _, c := range f.Calls {
		if c == called {
			return true
		}
	}
	return false
}

// leadTo returns the names of functions of the package that pass gates, or call one that does.
func (p *pack) leadTo(l List) map[string]bool {
	leads := map[string]bool{}
	for _, f := range l {
		leads[f.Name] = true
	}
	for grows := true; grows; {
		grows = false
		for _, f := range p.files {
			for _, d := range f.tree.Decls {
				fn, is := d.(*ast.FuncDecl)
				if !is || fn.Body == nil || leads[fn.Name.Name] {
					continue
				}
				ast.Inspect(fn.Body, func(n ast.Node) bool {
					switch n := n.(type) {
					case *ast.GoStmt, *ast.FuncLit: // another goroutine, or another time
						return false
					case *ast.CallExpr:
						if leads[callee(n)] {
							leads[fn.Name.Name], grows = true, true
						}
					}
					return true
				})
			}
		}
	}
	return leads
}

// lockedCall returns the first call of one of these functions that comes after a Lock and before the Unlock of it in the order of the source; "" for
// none. An Unlock in a branch that returns does not end it.
func lockedCall(body *ast.BlockStmt, of func(string) bool) (at token.Pos, called string) {
	var list func(all []ast.Stmt, held int) int
	list = func(all []ast.Stmt, held int) int {
		for _, s := range all {
			if _, later := s.(*ast.DeferStmt); later {
				continue
			}
			before := held
			ast.Inspect(s, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.FuncLit:
					list(n.Body.List, 0)
					return false
				case *ast.BlockStmt:
					list(n.List, held)
					return false
				case *ast.CaseClause:
					list(n.Body, held)
					return false
				case *ast.CommClause:
					list(n.Body, held)
					return false
				case *ast.CallExpr:
					switch name := callee(n); {
					case (name == "Lock" || name == "RLock") && len(n.Args) == 0:
						held++
					case (name == "Unlock" || name == "RUnlock") && len(n.Args) == 0:
						held = max(0, held-1)
					case before > 0 && held > 0 && called == "" && of(name):
						at, called = n.Pos(), name
					}
				}
				return true
			})
		}
		return held
	}
	list(body.List, 0)
	return at, called
}
