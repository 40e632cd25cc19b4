package skeleton

import (
	"cmp"
	"fmt"
	"go/types"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/rpc/internal/names"
)

// kill is how a server is ended.
func (s *source) kill() string {
	m := s.method(func(f *types.Signature) bool { return f.Params().Len() == 0 }, "Kill", "Stop", "Close", "Shutdown", "Halt")
	switch {
	case m == nil:
		return "// TODO: Kill: how do the goroutines of a server end?"
	case m.Signature().Results().Len() == 0:
		return "Kill: (" + s.server() + ")." + m.Name() + ","
	}
	return fmt.Sprintf("Kill: func(server %s) { server.%s() },", s.server(), m.Name())
}

// propose is how a server is given a command.
func (s *source) propose() string {
	m := s.method(func(f *types.Signature) bool {
		return f.Params().Len() == 1 && s.command(f.Params().At(0).Type()) != ""
	},
		"Start", "Propose", "Submit", "Apply", "Append", "Execute", "Replicate")
	if m == nil {
		return "// TODO: Propose: how is a server given a command?"
	}
	head := "Propose: func(server " + s.server() + ", command string) (int, bool) {\n"
	call := fmt.Sprintf("server.%s(%s)\n", m.Name(), s.command(m.Signature().Params().At(0).Type()))
	left, index, leads := answers(m.Signature().Results())
	switch {
	case index == "" && leads == "":
		return head + call + "return 0, true // TODO: at which index will it stand, and does the server lead?\n},"
	case index == "":
		index = "0"
		leads += " // TODO: at which index will it stand, if " + m.Name() + " does not wait until it is carried out?"
	}
	return head + strings.Join(left, ", ") + " := " + call + "return " + index + ", " + leads + "\n},"
}

// read is how a server is asked for a linearizable read; "" if it has no method for that.
func (s *source) read() string {
	m := s.method(func(f *types.Signature) bool {
		_, _, leads := answers(f.Results())
		return f.Params().Len() == 0 && (leads == "leads" || leads == "err == nil")
	}, "ReadIndex", "LinearizableRead", "Read", "VerifyLeader", "ConfirmLeadership", "Barrier")
	if m == nil {
		return ""
	}
	if shape(m.Signature()) == "|int,bool" {
		return "Read: (" + s.server() + ")." + m.Name() + ","
	}
	left, index, leads := answers(m.Signature().Results())
	return fmt.Sprintf("Read: func(server %s) (int, bool) {\n%s := server.%s()\nreturn %s, %s\n},", s.server(), strings.Join(left, ", "), m.Name(), cmp.Or(index, "0"), leads)
}

// command is a command as a parameter takes it; "" if it takes none.
func (s *source) command(t types.Type) string {
	switch u := t.Underlying().(type) {
	case *types.Interface:
		if u.NumMethods() == 0 {
			return "command"
		}
	case *types.Basic:
		if u.Kind() == types.String {
			if text := s.text(t); text != "string" {
				return text + "(command)"
			}
			return "command"
		}
	case *types.Slice:
		if is(u.Elem(), types.IsInteger) {
			return s.text(t) + "(command)"
		}
	}
	return ""
}

// answers says which of the results is the index of a command and which says that the server leads. "" is none.
func answers(results *types.Tuple) (left []string, index, leads string) {
	at, where, failure := -1, -1, -1
	for k := range results.Len() {
		left = append(left, "_")
		r := results.At(k)
		switch {
		case is(r.Type(), types.IsBoolean):
			where = k
		case isError(r.Type()):
			failure = k
		case is(r.Type(), types.IsInteger) && (at < 0 || strings.Contains(names.Plain(r.Name()), "index")):
			at = k
		}
	}
	if at >= 0 {
		left[at], index, leads = "index", "index", "index >= 0"
		if is(results.At(at).Type(), types.IsUnsigned) {
			leads = "index > 0"
		}
		if t := results.At(at).Type(); t.String() != "int" {
			index = "int(index)"
		}
	}
	switch {
	case where >= 0:
		left[where], leads = "leads", "leads"
	case failure >= 0:
		left[failure], leads = "err", "err == nil"
	}
	return left, index, leads
}

func isError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }

// handler returns the arguments of a method that other servers may call, or nil.
func handler(f *types.Signature) *types.Struct {
	n := f.Params().Len()
	switch {
	case n == 0 || n > 3:
		return nil
	case n == 1 && f.Results().Len() > 0, n == 2 && f.Results().Len() > 1: // the reply is returned
		return structOf(f.Params().At(n - 1).Type())
	case n == 1:
		return nil
	}
	if _, pointer := f.Params().At(n - 1).Type().(*types.Pointer); !pointer || structOf(f.Params().At(n-1).Type()) == nil {
		return nil
	}
	return structOf(f.Params().At(n - 2).Type())
}

// oneWay returns the method that takes messages of all kinds, each of which says of which it is; nil if there is none.
func (s *source) oneWay() *types.Func {
	for m := range s.methods {
		if f := m.Signature(); m.Exported() && f.Params().Len() == 1 && (f.Results().Len() == 0 || isError(f.Results().At(0).Type())) {
			if fields := structOf(f.Params().At(0).Type()); fields != nil && has(fields, "term", "epoch") && has(fields, "type", "kind", "msgtype") {
				return m
			}
		}
	}
	return nil
}

// kinds says of what kind the calls are whose names do not tell, and whether there are any calls.
func (s *source) kinds() (lines []string, any bool) {
	for m := range s.methods {
		if !m.Exported() {
			continue // nobody but the package can call it
		}
		args := handler(m.Signature())
		if one := s.oneWay(); one != nil && one.Name() == m.Name() {
			continue
		}
		if args == nil || !has(args, "term", "epoch") {
			continue
		}
		any = true
		if _, told := names.Kind(m.Name()); told {
			continue
		}
		switch {
		case has(args, "lastlogindex", "lastlogterm", "lastindex", "lastterm"):
			lines = append(lines, fmt.Sprintf("%q: spec.RequestVote,", m.Name()))
		case has(args, "prevlogindex", "previndex", "prevlogterm", "prevterm", "entries"):
			lines = append(lines, fmt.Sprintf("%q: spec.AppendEntries,", m.Name()))
		case has(args, "lastincludedindex", "snapshotindex"):
			lines = append(lines, fmt.Sprintf("%q: spec.InstallSnapshot,", m.Name()))
		default:
			lines = append(lines, fmt.Sprintf("// TODO: %q: of what kind is it, spec.RequestVote, spec.AppendEntries, …?", m.Name()))
		}
	}
	return lines, any
}

// has reports whether a struct has a field of one of these plain names.
func has(fields *types.Struct, plain ...string) bool { return fieldOf(fields, plain) != nil }
