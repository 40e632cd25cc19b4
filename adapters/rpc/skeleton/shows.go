package skeleton

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/rpc/internal/names"
	"github.com/raftcheck/raftcheck/spec"
)

// fields says which fields lie deeper than usual, and which are not found, that of the members only if those change; leader reports whether there is one for the leader.
func (s *source) fields(changes bool) (lines []string, leader bool) {
	top, _ := s.raft.Underlying().(*types.Struct)
	if top == nil {
		return []string{"// TODO: Observe, and not Fields, shows what is no struct"}, false
	}
	for _, key := range slices.Sorted(maps.Keys(names.Fields)) {
		if key == "members" && !changes {
			continue
		}
		path, found := find(top, key)
		if log, is := find(top, "log"); is && (key == "log" || !found) {
			path, found = within(top, log, key, path)
		}
		switch {
		case found && strings.Contains(path, "."):
			lines = append(lines, fmt.Sprintf("%q: %q,", key, path))
		case !found && slices.Contains([]string{"term", "votedFor", "log", "role"}, key):
			lines = append(lines, fmt.Sprintf("%q: %q, // TODO: which field is it? There are %s", key, "", strings.Join(fieldsOf(top), ", ")))
		}
		leader = leader || found && key == "leader"
	}
	return lines, leader
}

// find returns the path of the field that is called as usual: at the top, in what is embedded, or in a struct of the server's.
func find(top *types.Struct, key string) (path string, found bool) {
	if f := fieldOf(top, names.Fields[key]); f != nil {
		return f.Name(), true
	}
	for embedded := range 2 {
		for f := range top.Fields() {
			inner := structOf(f.Type())
			if inner == nil || f.Embedded() != (embedded == 0) {
				continue
			}
			switch g := fieldOf(inner, names.Fields[key]); {
			case g == nil:
			case f.Embedded():
				return g.Name(), true
			default:
				return f.Name() + "." + g.Name(), true
			}
		}
	}
	return "", false
}

// within returns where a field is when the log is a struct: its entries, and what it begins after. path is where it is otherwise, "" if nowhere.
func within(top *types.Struct, log, key, path string) (string, bool) {
	for name := range strings.SplitSeq(log, ".") {
		f := fieldOf(top, []string{names.Plain(name)})
		if f == nil { // it is in what is embedded
			return path, path != ""
		}
		if top = structOf(f.Type()); top == nil {
			return path, path != ""
		}
	}
	of := names.Fields[key]
	switch key {
	case "baseIndex":
		of = append([]string{"base"}, of...)
	case "log", "baseTerm":
	default:
		return path, path != ""
	}
	if f := fieldOf(top, of); f != nil {
		return log + "." + f.Name(), true
	}
	return path, path != ""
}

// fieldOf returns the field of a struct that has one of these plain names, the first that there is; nil if none has.
func fieldOf(t *types.Struct, plain []string) *types.Var {
	for _, name := range plain {
		for f := range t.Fields() {
			if names.Plain(f.Name()) == name {
				return f
			}
		}
	}
	return nil
}

func fieldsOf(t *types.Struct) (all []string) {
	for f := range t.Fields() {
		all = append(all, f.Name())
	}
	return all
}

// roles says what numbers stand for which role, where it is not the usual; "" where it is, or where roles are known by their names.
func (s *source) roles() string {
	top, _ := s.raft.Underlying().(*types.Struct)
	if top == nil {
		return ""
	}
	path, found := find(top, "role")
	if !found || strings.Contains(path, ".") {
		return ""
	}
	f := fieldOf(top, []string{names.Plain(path)})
	if f == nil {
		return ""
	}
	t := f.Type()
	if !is(t, types.IsInteger) || types.NewMethodSet(t).Lookup(s.pkg, "String") != nil {
		return ""
	}
	values, known := s.roleValues(t)
	if !known {
		return fmt.Sprintf("// TODO: Roles: what do the numbers 0, 1, … of %s stand for? spec.Follower, spec.Candidate, spec.Leader if they are not said to be others", path)
	}
	if slices.Equal(values, []spec.Role{spec.Follower, spec.Candidate, spec.Leader}) {
		return ""
	}
	var all []string
	for _, r := range values {
		name := r.String()
		if r == spec.PreCandidate {
			name = "PreCandidate"
		}
		all = append(all, "spec."+strings.ToUpper(name[:1])+name[1:])
	}
	return "Roles: []spec.Role{" + strings.Join(all, ", ") + "},"
}

// roleValues lists the roles that constants of a type name, from 0 on, and reports whether there are any.
func (s *source) roleValues(t types.Type) (roles []spec.Role, known bool) {
	type value struct {
		at   int64
		role spec.Role
	}
	var all []value
	for _, name := range s.pkg.Scope().Names() {
		c, is := s.pkg.Scope().Lookup(name).(*types.Const)
		if !is || c.Val().Kind() != constant.Int || !types.Identical(c.Type(), t) && c.Type() != types.Typ[types.UntypedInt] {
			continue
		}
		role, told := names.Role(name)
		at, exact := constant.Int64Val(c.Val())
		if told && exact && at >= 0 && at < 16 {
			all = append(all, value{at, role})
		}
	}
	slices.SortStableFunc(all, func(a, b value) int { return cmp.Compare(a.at, b.at) })
	for _, v := range all {
		for int64(len(roles)) < v.at {
			roles = append(roles, spec.Follower)
		}
		if int64(len(roles)) == v.at {
			roles = append(roles, v.role)
		}
	}
	return roles, len(all) >= 3
}

// fromZero reports whether a commit index begins at −1.
func (s *source) fromZero() (yes bool) {
	minusOne := func(e ast.Expr) bool {
		v := s.info.Types[e].Value
		return v != nil && v.Kind() == constant.Int && v.ExactString() == "-1"
	}
	commit := func(e ast.Expr) bool {
		switch e := e.(type) {
		case *ast.Ident:
			return slices.Contains(names.Fields["commitIndex"], names.Plain(e.Name))
		case *ast.SelectorExpr:
			return slices.Contains(names.Fields["commitIndex"], names.Plain(e.Sel.Name))
		}
		return false
	}
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				yes = yes || commit(n.Key) && minusOne(n.Value)
			case *ast.AssignStmt:
				for k := range min(len(n.Lhs), len(n.Rhs)) {
					yes = yes || commit(n.Lhs[k]) && minusOne(n.Rhs[k])
				}
			}
			return true
		})
	}
	return yes
}
