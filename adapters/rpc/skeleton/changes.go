package skeleton

import (
	"fmt"
	"go/types"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/rpc/internal/names"
)

// changes is how a server is asked for another configuration, and which entries are one; nil if it has no method for that.
func (s *source) changes() (lines []string) {
	one := func(as string, usual ...string) {
		m := s.method(func(f *types.Signature) bool {
			return f.Params().Len() == 1 && s.place(f.Params().At(0).Type(), "other") != "" && tells(f)
		}, usual...)
		if m == nil {
			return
		}
		if shape(m.Signature()) == "int|bool" {
			lines = append(lines, as+": ("+s.server()+")."+m.Name()+",")
			return
		}
		call := fmt.Sprintf("server.%s(%s)", m.Name(), s.place(m.Signature().Params().At(0).Type(), "other"))
		lines = append(lines, fmt.Sprintf("%s: func(server %s, other int) bool {\n%s\n},", as, s.server(), taken(m.Signature(), call)))
	}
	whole := s.method(func(f *types.Signature) bool {
		return f.Params().Len() == 1 && s.placeIn(f.Params().At(0).Type()) != "" && tells(f)
	}, "ChangeMembers", "ChangeConfiguration", "ChangeConfig", "ChangeMembership", "SetConfiguration", "SetMembers", "Reconfigure", "UpdateConfiguration")
	switch {
	case whole == nil:
		one("AddServer", "AddServer", "AddVoter", "AddMember", "AddNode", "AddPeer")
		one("RemoveServer", "RemoveServer", "RemoveVoter", "RemoveMember", "RemoveNode", "RemovePeer")
	case shape(whole.Signature()) == "[]int|bool":
		lines = append(lines, "Change: ("+s.server()+")."+whole.Name()+",")
	default:
		list := whole.Signature().Params().At(0).Type()
		lines = append(lines, fmt.Sprintf("Change: func(server %s, voters []int) bool {\n%s%s\n},", s.server(), s.list("all", list, "voters"), taken(whole.Signature(), "server."+whole.Name()+"(all)")))
	}
	if len(lines) == 0 {
		return nil
	}
	return append(lines, s.members())
}

// tells reports whether a method returns whether it did what it was asked for.
func tells(f *types.Signature) bool {
	_, _, leads := answers(f.Results())
	return leads == "leads" || leads == "err == nil"
}

// taken calls a method and returns whether it did what it was asked for.
func taken(f *types.Signature, call string) string {
	if f.Results().Len() == 1 {
		if isError(f.Results().At(0).Type()) {
			return "return " + call + " == nil"
		}
		return "return " + call
	}
	left, _, leads := answers(f.Results())
	for k, name := range left {
		if name == "index" {
			left[k] = "_"
		}
	}
	return strings.Join(left, ", ") + " := " + call + "\nreturn " + leads
}

// place is a server, counted from 0, as a parameter takes it: its number or its name. "" if it takes neither.
func (s *source) place(t types.Type, k string) string {
	switch text := s.text(t); {
	case is(t, types.IsString) && text == "string":
		return "rpc.Name(" + k + ")"
	case is(t, types.IsString):
		return text + "(rpc.Name(" + k + "))"
	case text == "int":
		return k
	case is(t, types.IsInteger):
		return text + "(" + k + ")"
	}
	return ""
}

// placeIn is place of an element of a list; "" if it is none.
func (s *source) placeIn(t types.Type) string {
	list, is := t.Underlying().(*types.Slice)
	if !is {
		return ""
	}
	return s.place(list.Elem(), "k")
}

// list makes a list of servers from one of their places.
func (s *source) list(name string, t types.Type, places string) string {
	return fmt.Sprintf("var %[1]s %[2]s\nfor _, k := range %[3]s {\n%[1]s = append(%[1]s, %[4]s)\n}\n", name, s.text(t), places, s.placeIn(t))
}

// members says which entries are configurations.
func (s *source) members() string {
	entry := s.entry()
	if entry != nil {
		for f := range structOf(entry).Fields() {
			list, listed := f.Type().Underlying().(*types.Slice)
			if !listed || !slices.Contains([]string{"members", "voters", "servers", "configuration", "config", "peers"}, names.Plain(f.Name())) || !is(list.Elem(), types.IsInteger) {
				continue
			}
			if s.inside = s.inside || !f.Exported(); list.Elem().String() == "int" {
				return fmt.Sprintf("Members: func(entry any, _ []int) ([]int, bool) {\nmembers := entry.(%s).%s\nreturn members, members != nil\n},", s.text(entry), f.Name())
			}
		}
	}
	return "// TODO: Members: which entries of the log are configurations, and who votes then? docs/raft-in-go.md of raftcheck says how"
}

// entry is the type of an element of the log, a struct or a pointer to one; nil if it is not found.
func (s *source) entry() types.Type {
	top, _ := s.raft.Underlying().(*types.Struct)
	if top == nil {
		return nil
	}
	path, found := find(top, "log")
	if found {
		path, found = within(top, path, "log", path)
	}
	if !found {
		return nil
	}
	var t types.Type = s.raft
	for name := range strings.SplitSeq(path, ".") {
		fields := structOf(t)
		if fields == nil || fieldOf(fields, []string{names.Plain(name)}) == nil { // it is in what is embedded
			return nil
		}
		t = fieldOf(fields, []string{names.Plain(name)}).Type()
	}
	if list, is := t.Underlying().(*types.Slice); is && structOf(list.Elem()) != nil {
		return list.Elem()
	}
	return nil
}

// founders lists the servers of a new cluster, for a parameter that is called like that; "" if it is not.
func (s *source) founders(name string, t types.Type) (before []string, arg string) {
	if !slices.ContainsFunc([]string{"founder", "member", "voter", "initial"}, func(part string) bool { return strings.Contains(name, part) }) || s.placeIn(t) == "" {
		return nil, ""
	}
	if s.text(t) == "[]int" {
		return nil, "e.Founders()"
	}
	return []string{strings.TrimSpace(s.list("founders", t, "e.Founders()"))}, "founders"
}
