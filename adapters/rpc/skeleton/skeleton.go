package skeleton

import (
	"fmt"
	"go/format"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Of writes the test that searches the servers of a type, as a file for the folder of its package. What the source does not tell says TODO in it. The
// error says what is wrong with the folder, the type or its source, with file and line.
func Of(dir, typeName string) ([]byte, error) {
	s, err := load(dir, typeName)
	if err != nil {
		return nil, err
	}
	body := s.body()
	if s.inside {
		body = s.body() // names are now written without the package
	}
	return s.file(body)
}

// body is what the adapter says.
func (s *source) body() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	m := s.maker()
	line("Make: func(e *rpc.Env) %s {", s.server())
	for _, l := range m.before {
		line("%s", l)
	}
	line("return %s\n},", m.made)
	line("%s", s.kill())
	line("%s", s.propose())
	if read := s.read(); read != "" {
		line("%s", read)
	}
	changes := s.changes()
	for _, l := range changes {
		line("%s", l)
	}
	fields, leader := s.fields(changes != nil)
	group := func(head string, lines []string) {
		if len(lines) > 0 {
			line("%s{\n%s\n},", head, strings.Join(lines, "\n"))
		}
	}
	group("Fields: map[string]string", fields)
	if roles := s.roles(); roles != "" {
		line("%s", roles)
	}
	if s.fromZero() {
		line("FromZero: true, // the commit index begins at −1")
	}
	kinds, any := s.kinds()
	group("Kinds: map[string]spec.MessageKind", kinds)
	switch one := s.oneWay(); {
	case any:
	case one != nil:
		line("// TODO: Receiver: %s takes messages that nobody waits for: docs/raft-in-go.md of raftcheck says under One-way messages how they are calls", one.Name())
	default:
		line("// TODO: Receiver: %s has no methods that take arguments with a term. What do other servers call?", s.raft.Obj().Name())
	}
	if !leader {
		line(`OutOfReach: []string{"client-redirected"}, // no field says who leads`)
	}
	return strings.TrimSpace(b.String())
}

// file is the whole test.
func (s *source) file(body string) ([]byte, error) {
	pkg, servers := s.pkg.Name()+"_test", "servers"
	own := fmt.Sprintf("%q", s.path)
	if s.inside {
		pkg, own = s.pkg.Name(), ""
		for s.pkg.Scope().Lookup(servers) != nil {
			servers = "searched" + capital(servers)
		}
	}
	var imports []string
	if strings.Contains(body, "spec.") {
		imports = append(imports, `"github.com/raftcheck/raftcheck/spec"`)
	}
	name, asked := s.raft.Obj().Name(), ""
	if strings.Contains(body, "TODO") {
		asked = " What the source did not tell says TODO; docs/raft-in-go.md of raftcheck\n// says what there is."
	}
	search := func(which, what, edit string) string {
		return fmt.Sprintf("\n// Test%[1]s searches %[2]s.\nfunc Test%[1]s(t *testing.T) { rpc.Test(t, %[3]s()%[4]s) }\n", capital(name)+which, what, servers, edit)
	}
	tests := search("", "every execution of three servers within a bound", "")
	if strings.Contains(body, "\nRead: ") {
		tests += search("Reads", "those in which a client reads", ", rpc.Reads")
	}
	if strings.Contains(body, "\nMembers: ") {
		tests += search("Changes", "those in which a client asks for another configuration", ", rpc.Changes")
	}
	text := fmt.Sprintf(`package %[1]s

import (
	"testing"

	%[2]s
	"github.com/raftcheck/raftcheck/adapters/rpc"
	%[3]s
)

// %[4]s says how a server is made, ended and asked.%[8]s
func %[4]s() rpc.Server[%[5]s] {
	return rpc.Server[%[5]s]{
		%[6]s
	}
}
%[7]s`, pkg, own, strings.Join(imports, "\n"), servers, s.server(), body, tests, asked)
	out, err := format.Source([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("what was written for %s is no Go: %w", name, err)
	}
	return out, nil
}

func capital(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:]
}
