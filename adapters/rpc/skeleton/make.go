package skeleton

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/rpc/internal/names"
)

// maker is how a server is made: statements that come before, and what is returned then.
type maker struct {
	before []string
	made   string
}

// makers are the names that constructors have, the likeliest first.
var makers = []string{"Make", "New", "Start", "Open"}

// maker finds the function that makes a server, and what it is given.
func (s *source) maker() maker {
	var best *types.Func
	rank := func(f *types.Func) int {
		for k, name := range makers {
			if strings.HasPrefix(f.Name(), name) {
				return k
			}
		}
		return len(makers)
	}
	for _, name := range s.pkg.Scope().Names() {
		f, is := s.pkg.Scope().Lookup(name).(*types.Func)
		if !is {
			continue
		}
		if f = s.instantiated(f); f == nil || f.Signature().Results().Len() == 0 || !s.isServer(f.Signature().Results().At(0).Type()) {
			continue
		}
		if best == nil || cmp.Or(cmp.Compare(rank(f), rank(best)), cmp.Compare(len(f.Name()), len(best.Name()))) < 0 {
			best = f
		}
	}
	if best == nil {
		return maker{[]string{"// TODO: no function returns a server: make one here from what is on e.Disk"}, "&" + s.raftName() + "{}"}
	}
	return s.making(best)
}

// instantiated is a function with the type arguments of the server, if it takes any; nil if it takes others.
func (s *source) instantiated(f *types.Func) *types.Func {
	switch f.Signature().TypeParams().Len() {
	case 0:
		return f
	case len(s.arguments):
		if t, err := types.Instantiate(nil, f.Signature(), s.arguments, false); err == nil {
			return types.NewFunc(f.Pos(), f.Pkg(), f.Name(), t.(*types.Signature))
		}
	}
	return nil
}

func (s *source) isServer(t types.Type) bool {
	p, is := t.(*types.Pointer)
	return is && types.Identical(p.Elem(), s.raft)
}

// making gives a constructor its arguments.
func (s *source) making(f *types.Func) maker {
	m := maker{}
	var args []string
	params := f.Signature().Params()
	for k := range params.Len() {
		before, arg := s.argument(params.At(k), s.paramText(f.Name(), k))
		m.before = append(m.before, before...)
		args = append(args, arg)
	}
	name := s.in(f.Name())
	if generic := s.pkg.Scope().Lookup(f.Name()).(*types.Func); generic.Signature().TypeParams().Len() > 0 {
		name += s.typeArguments()
	}
	call := name + "(" + strings.Join(args, ", ") + ")"
	if f.Signature().Results().Len() == 1 {
		m.made = call
		return m
	}
	left, results := []string{"server"}, f.Signature().Results()
	for k := 1; k < results.Len(); k++ {
		left = append(left, "_")
	}
	last := results.Len() - 1
	if isError(results.At(last).Type()) {
		left[last] = "err"
	}
	if m.before, m.made = append(m.before, strings.Join(left, ", ")+" := "+call), "server"; left[last] == "err" {
		m.before = append(m.before, "if err != nil {", "panic(err)", "}")
	}
	return m
}

// paramText is the type of a parameter as it is written, also where it is of another package.
func (s *source) paramText(function string, nth int) string {
	for _, file := range s.files {
		for _, d := range file.Decls {
			f, is := d.(*ast.FuncDecl)
			if !is || f.Recv != nil || f.Name.Name != function {
				continue
			}
			for _, field := range f.Type.Params.List {
				if nth -= max(len(field.Names), 1); nth < 0 {
					return types.ExprString(field.Type)
				}
			}
		}
	}
	return "?"
}

// What package adapters/rpc has for a server, by the names and shapes of methods.
var (
	peerMethods      = map[string]string{"Call": "string,any,any|bool"}
	diskMethods      = map[string]string{"Save": "[]byte|", "Read": "|[]byte", "Write": "[]byte|", "Sync": "|"}
	persisterMethods = map[string]string{"Save": "[]byte,[]byte|", "ReadRaftState": "|[]byte", "ReadSnapshot": "|[]byte", "RaftStateSize": "|int", "SnapshotSize": "|int"}
)

// shape is what goes in and out of a function.
func shape(f *types.Signature) string {
	list := func(t *types.Tuple) string {
		var all []string
		for k := range t.Len() {
			all = append(all, strings.ReplaceAll(types.TypeString(t.At(k).Type(), nil), "interface{}", "any"))
		}
		return strings.Join(all, ",")
	}
	return list(f.Params()) + "|" + list(f.Results())
}

// takes reports whether an interface is satisfied by what has these methods.
func takes(t types.Type, methods map[string]string) bool {
	i, is := t.Underlying().(*types.Interface)
	if !is || i.NumMethods() == 0 {
		return false
	}
	for m := range i.Methods() {
		if methods[m.Name()] != shape(m.Signature()) {
			return false
		}
	}
	return true
}

// argument is what a parameter of a constructor is given, with the statements that it takes.
func (s *source) argument(p *types.Var, written string) (before []string, arg string) {
	t, name := p.Type(), names.Plain(p.Name())
	todo := func(value string) ([]string, string) {
		return []string{fmt.Sprintf("// TODO: what is %s (%s)?", p.Name(), written)}, value
	}
	switch u := t.Underlying().(type) {
	case *types.Slice:
		if takes(u.Elem(), peerMethods) {
			return []string{"peers := make(" + s.text(t) + ", e.Servers())", "for k := range peers {", "peers[k] = e.Peer(k)", "}"}, "peers"
		}
		if before, founders := s.founders(name, t); founders != "" {
			return before, founders
		}
		if before, others := s.others(name, t); others != "" {
			return before, others
		}
		return []string{fmt.Sprintf("// TODO: %s is %s: make it a slice of an interface with Call(method string, args, reply any) bool, and give it e.Peer(k)", p.Name(), written)}, "nil"
	case *types.Map:
		if takes(u.Elem(), peerMethods) && is(u.Key(), types.IsString|types.IsInteger) {
			key := "k"
			if is(u.Key(), types.IsString) {
				key = "e.Name(k)"
			}
			return []string{"peers := " + s.text(t) + "{}", "for _, k := range e.Others() {", "peers[" + key + "] = e.Peer(k)", "}"}, "peers"
		}
	case *types.Interface:
		switch {
		case takes(t, diskMethods):
			return nil, `e.Disk("state")`
		case takes(t, persisterMethods):
			return nil, "e.Persister()"
		}
		return []string{fmt.Sprintf("// TODO: what is %s (%s)? What it keeps goes to e.Disk, calls to others through e.Peer", p.Name(), written)}, "nil"
	case *types.Signature:
		if shape(u) == "int,string,any,any|bool" {
			return nil, "func(server int, method string, args, reply any) bool { return e.Peer(server).Call(method, args, reply) }"
		}
	case *types.Chan:
		if before, arg := s.applied(u.Elem()); arg != "" {
			return before, arg
		}
	case *types.Struct:
		return s.options(t, u)
	case *types.Pointer:
		if of, is := u.Elem().Underlying().(*types.Struct); is {
			if before, fields := s.options(u.Elem(), of); !strings.HasSuffix(fields, "{}") {
				return before, "&" + fields
			}
			return todo("&" + s.text(u.Elem()) + "{}")
		}
	case *types.Basic:
		return s.plainArgument(t, name, todo)
	}
	return todo("nil")
}

// options is a struct of all that a constructor is given, with the fields that a server cannot do without.
func (s *source) options(t types.Type, fields *types.Struct) (before []string, arg string) {
	var given []string
	for f := range fields.Fields() {
		if !f.Exported() {
			s.inside = s.inside || f.Pkg() == s.pkg && needed(f.Type())
		}
		name := names.Plain(f.Name())
		switch {
		case needed(f.Type()):
		case is(f.Type(), types.IsInteger|types.IsString) && slices.Contains([]string{"id", "me", "self", "myid", "selfid", "nodeid", "serverid", "localid", "name", "servers", "nodes", "size"}, name):
		default:
			continue
		}
		more, value := s.argument(f, types.TypeString(f.Type(), types.RelativeTo(s.pkg)))
		before = append(before, more...)
		if value != "nil" {
			given = append(given, f.Name()+": "+value)
		}
	}
	return before, s.text(t) + "{" + strings.Join(given, ", ") + "}"
}

// needed reports whether a field of this type is hardly ever left out: others to be called or told, or a list of them.
func needed(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Slice, *types.Map, *types.Interface, *types.Signature, *types.Chan:
		return true
	}
	return false
}

// others lists the numbers or names of the other servers, for a parameter that is called like that; "" if it is not.
func (s *source) others(name string, t types.Type) (before []string, arg string) {
	elem := t.Underlying().(*types.Slice).Elem()
	if !slices.ContainsFunc([]string{"peer", "other", "server", "node"}, func(part string) bool { return strings.Contains(name, part) }) {
		return nil, ""
	}
	other := "k"
	switch {
	case is(elem, types.IsString):
		other = "e.Name(k)"
	case !is(elem, types.IsInteger):
		return nil, ""
	}
	if text := s.text(elem); text != "int" && text != "string" {
		other = text + "(" + other + ")"
	}
	if s.text(t) == "[]int" {
		return nil, "e.Others()"
	}
	return []string{"var others " + s.text(t), "for _, k := range e.Others() {", "others = append(others, " + other + ")", "}"}, "others"
}

// plainArgument is a number or a name.
func (s *source) plainArgument(t types.Type, name string, todo func(string) ([]string, string)) ([]string, string) {
	as := func(value, plain string) string {
		if text := s.text(t); text != plain {
			return text + "(" + value + ")"
		}
		return value
	}
	one := slices.ContainsFunc([]string{"me", "self", "id", "server", "index", "name", "addr", "host"}, func(part string) bool { return strings.Contains(name, part) })
	many := slices.ContainsFunc([]string{"n", "count", "size", "servers", "peers", "total", "num"}, func(part string) bool { return name == part || part != "n" && strings.Contains(name, part) })
	switch {
	case is(t, types.IsInteger) && many:
		return nil, as("e.Servers()", "int")
	case is(t, types.IsInteger) && one:
		return nil, as("e.Me()", "int")
	case is(t, types.IsString) && one:
		return nil, as("e.Name(e.Me())", "string")
	case is(t, types.IsBoolean):
		return todo("false")
	case is(t, types.IsString):
		return todo(`""`)
	case is(t, types.IsNumeric):
		return todo("0")
	}
	return todo("nil") // of another package
}

// applied takes what comes out of a channel of messages that say what is applied; "" if they do not look like that.
func (s *source) applied(message types.Type) (before []string, arg string) {
	fields := structOf(message)
	if fields == nil {
		return nil, ""
	}
	var index, command string
	valid := "true"
	for f := range fields.Fields() {
		name := names.Plain(f.Name())
		switch {
		case strings.Contains(name, "snapshot"):
		case index == "" && is(f.Type(), types.IsInteger) && strings.Contains(name, "index"):
			if index = "m." + f.Name(); s.text(f.Type()) != "int" {
				index = "int(" + index + ")"
			}
		case command == "" && !is(f.Type(), types.IsBoolean) && slices.Contains([]string{"command", "cmd", "data", "value", "entry", "op", "payload"}, name):
			command = "m." + f.Name()
		case is(f.Type(), types.IsBoolean) && (strings.Contains(name, "command") || name == "valid"):
			valid = "m." + f.Name()
		}
	}
	if index == "" || command == "" {
		return nil, ""
	}
	m := s.text(message)
	return []string{"applied := make(chan " + m + ")",
		fmt.Sprintf("go rpc.Apply(e, applied, func(m %s) (int, any, bool) { return %s, %s, %s })", m, index, command, valid)}, "applied"
}
