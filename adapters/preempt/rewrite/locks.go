package rewrite

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// unlocked complains about the first place where a gate may be passed while a lock is held: in a function with gates, or in one that calls such a function
// however indirectly. Functions are told apart by their names alone, so it may complain too much and never too little, but for locks that other packages hold.
func (p *pack) unlocked(l List) error {
	leads := p.leadTo(l)
	for _, r := range p.routines() {
		mine := l.of(r.name)
		for _, at := range r.locked {
			if leads[at.point] || mine != nil && mine.has(at.point) {
				place := p.set.Position(at.pos)
				return fmt.Errorf("%s:%d: a lock is held when %s: no goroutine can be held there", place.Filename, place.Line, done(at.point))
			}
		}
	}
	return nil
}

// leadTo returns the names of functions of the package that pass gates, or call one that does.
func (p *pack) leadTo(l List) map[string]bool {
	leads := map[string]bool{}
	p.routines()
	var to []string
	for _, f := range l {
		leads[f.Name], to = true, append(to, f.Name)
	}
	for ; len(to) > 0; to = to[1:] {
		for _, caller := range p.callers[to[0]] {
			if !leads[caller] {
				leads[caller], to = true, append(to, caller)
			}
		}
	}
	return leads
}

// routine is what a function does.
type routine struct {
	name   string
	locked []place // where it comes while it holds a lock, in the order of the source
}

// place is a point in the source.
type place struct {
	pos   token.Pos
	point string
}

// routines returns what the functions of the package do.
func (p *pack) routines() []routine {
	if p.callers != nil {
		return p.does
	}
	p.callers = map[string][]string{}
	for _, f := range p.files {
		for _, d := range f.tree.Decls {
			fn, is := d.(*ast.FuncDecl)
			if !is || fn.Body == nil {
				continue
			}
			p.does = append(p.does, routine{fn.Name.Name, lockedPoints(fn.Body)})
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.GoStmt, *ast.FuncLit: // another goroutine, or another time
					return false
				case *ast.CallExpr:
					p.callers[callee(n)] = append(p.callers[callee(n)], fn.Name.Name)
				}
				return true
			})
		}
	}
	return p.does
}

// done says what a goroutine comes to at a point.
func done(point string) string {
	if from, is := strings.CutPrefix(point, "<-"); is {
		return "something was received from " + from
	}
	if to, is := strings.CutSuffix(point, "<-"); is {
		return "something is sent to " + to
	}
	return point + " is called"
}

// lockedPoints returns the points that come after a Lock and before the Unlock of it in the order of the source. An Unlock in a branch that returns does not end it.
func lockedPoints(body *ast.BlockStmt) (all []place) {
	var list func(body []ast.Stmt, held int) int
	list = func(body []ast.Stmt, held int) int {
		for _, s := range body {
			if _, later := s.(*ast.DeferStmt); later {
				continue
			}
			before := held
			comes := func(n ast.Node, point string) {
				if before > 0 && held > 0 {
					all = append(all, place{n.Pos(), point})
				}
			}
			if point, is := receives(s); is {
				comes(s, point)
			}
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
					if point, is := receives(n.Comm); is {
						comes(n, point)
					}
					list(n.Body, held)
					return false
				case *ast.RangeStmt:
					comes(n, "<-"+named(n.X))
				case *ast.SendStmt:
					comes(n, point(n))
				case *ast.CallExpr:
					comes(n, callee(n))
					switch name := callee(n); {
					case (name == "Lock" || name == "RLock") && len(n.Args) == 0:
						held++
					case (name == "Unlock" || name == "RUnlock") && len(n.Args) == 0:
						held = max(0, held-1)
					}
				}
				return true
			})
		}
		return held
	}
	list(body.List, 0)
	return all
}
