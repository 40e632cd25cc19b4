package skeleton_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/rpc/skeleton"
)

// shaped is a Raft that is given its surroundings in a struct, keeps its log in another, and tells by errors what failed.
const shaped = `package shaped

import "time"

type Entry struct {
	Term uint64
	Data []byte
}

type entries struct {
	Base, BaseTerm uint64
	Entries        []Entry
}

type hard struct {
	Term  uint64
	Voted int
	Log   entries
}

type State uint8

const (
	StateFollower State = iota + 1
	StateCandidate
	StateLeader
)

type Applied struct {
	Index uint64
	Data  []byte
}

type End interface {
	Call(method string, args, reply any) bool
}

type Options struct {
	ID              uint64
	Peers           map[string]End
	ElectionTimeout int
	Pause           time.Duration
	Verbose         bool
	Applied         chan<- Applied
	Log             func(format string, args ...any)
}

type Server struct {
	hard  hard
	state State
}

func New(o *Options) (*Server, error) { return &Server{state: StateFollower}, nil }

func (s *Server) Stop() error { return nil }

func (s *Server) Submit(data []byte) ([]byte, error) { return nil, nil }

type Ask struct{ Term, LastLogIndex, LastLogTerm uint64 }

type Answer struct{ Term uint64; Granted bool }

func (s *Server) Elect(a *Ask) (*Answer, error) { return nil, nil }

func (s *Server) conflict(a *Answer) uint64 { return 0 }
`

// module is a folder with a module of one package that finds raftcheck here.
func module(t *testing.T, source string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	mod, err := os.ReadFile(filepath.Join(root, "examples/lab/go.mod"))
	require.NoError(t, err)
	sum, err := os.ReadFile(filepath.Join(root, "examples/lab/go.sum"))
	require.NoError(t, err)
	own := strings.NewReplacer("module github.com/raftcheck/raftcheck/examples/lab", "module example.com/shaped", "=> ../..", "=> "+root).Replace(string(mod))
	for name, text := range map[string]string{"go.mod": own, "go.sum": string(sum), "raft.go": source} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
	}
	return folder
}

// compiled is the skeleton for the type Server of a source, which compiles.
func compiled(t *testing.T, source string) string {
	t.Helper()
	folder := module(t, source)
	written, err := skeleton.Of(folder, "Server")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "raftcheck_test.go"), written, 0o644))
	vet := exec.Command("go", "vet", ".")
	vet.Dir = folder
	said, err := vet.CombinedOutput()
	require.NoError(t, err, string(said))
	return string(written)
}

// What a source tells is written, whatever its shape, and what it does not is asked; the result compiles.
func TestOtherShapes(t *testing.T) {
	written := compiled(t, shaped)
	for _, want := range []string{
		"server, err := shaped.New(&shaped.Options{ID: uint64(e.Me()), Peers: peers, Applied: applied})\n",
		"\tpanic(err)\n",
		"// TODO: what is Log (func(format string, args ...any))?\n",
		"_, err := server.Submit([]byte(command))\n",
		"return 0, err == nil // TODO: at which index will it stand, if Submit does not wait until it is carried out?\n",
		`"log":       "hard.Log.Entries",`, `"baseIndex": "hard.Log.Base",`, `"baseTerm":  "hard.Log.BaseTerm",`, `"votedFor":  "hard.Voted",`,
		"Roles: []spec.Role{spec.Follower, spec.Follower, spec.Candidate, spec.Leader},",
		`"Elect": spec.RequestVote,`,
	} {
		require.Contains(t, written, want)
	}
	for _, not := range []string{"ElectionTimeout", "conflict", "Receiver"} {
		require.NotContains(t, written, not)
	}
}

// A server that takes messages of all kinds in one method is asked to have them be calls.
func TestOneWayMessages(t *testing.T) {
	for _, result := range []string{"", " error"} {
		written := compiled(t, strings.NewReplacer("type Ask struct{ Term,", "type Ask struct{ Type int; Term,", "Elect(a *Ask) (*Answer, error) { return nil, nil }", "Step(a Ask)"+result+" { panic(a) }").Replace(shaped))
		require.Contains(t, written, "// TODO: Receiver: Step takes messages that nobody waits for: ")
		require.NotContains(t, written, "Kinds")
	}
}

// A server that can be read is read, whatever its method is called and returns.
func TestReads(t *testing.T) {
	for method, want := range map[string]string{
		"ReadIndex() (int, bool)":                   "Read: (*shaped.Server).ReadIndex,",
		"LinearizableRead() (at uint64, err error)": "index, err := server.LinearizableRead()\n\t\t\treturn int(index), err == nil\n",
		"VerifyLeader() error":                      "err := server.VerifyLeader()\n\t\t\treturn 0, err == nil\n",
	} {
		written := compiled(t, shaped+"\nfunc (s *Server) "+method+" { panic(s) }\n")
		require.Contains(t, written, want)
		require.Contains(t, written, "func TestServerReads(t *testing.T) { rpc.Test(t, servers(), rpc.Reads) }\n")
	}
	for _, method := range []string{"Read() []byte", "Read(b []byte) (int, error)", "Barrier() int"} {
		require.NotContains(t, compiled(t, shaped+"\nfunc (s *Server) "+method+" { panic(s) }\n"), "Read")
	}
}

// A server whose configuration changes is asked for that, whatever its methods are called and take.
func TestChanges(t *testing.T) {
	const add = "\nfunc (s *Server) AddServer(other int) bool { return false }\n"
	for more, want := range map[string]string{
		add: "AddServer: (*shaped.Server).AddServer,\n",
		"\nfunc (s *Server) RemoveNode(id uint64) (at uint64, err error) { return }\n":      "RemoveServer: func(server *shaped.Server, other int) bool {\n\t\t\t_, err := server.RemoveNode(uint64(other))\n\t\t\treturn err == nil\n",
		"\nfunc (s *Server) AddVoter(name string) error { return nil }\n":                   "return server.AddVoter(rpc.Name(other)) == nil\n",
		"\nfunc (s *Server) ChangeConfig(voters []int) bool { return false }\n":             "Change: (*shaped.Server).ChangeConfig,\n",
		"\nfunc (s *Server) SetMembers(all []string) (leads bool) { return false }\n" + add: "all = append(all, rpc.Name(k))\n\t\t\t}\n\t\t\treturn server.SetMembers(all)\n",
	} {
		written := compiled(t, shaped+more)
		require.Contains(t, written, want)
		require.Contains(t, written, "// TODO: Members: which entries of the log are configurations")
		require.NotContains(t, written, "rpc.Changes")
	}
	written := compiled(t, strings.NewReplacer("Data []byte\n}\n\ntype entries", "Data []byte\n\tVoters []int\n}\n\ntype entries", "Peers           map[string]End", "Peers map[string]End\n\tMembers []uint64").Replace(shaped)+add)
	for _, want := range []string{"members := entry.(shaped.Entry).Voters\n\t\t\treturn members, members != nil\n", "founders = append(founders, uint64(k))\n", "Members: founders", "rpc.Test(t, servers(), rpc.Changes)"} {
		require.Contains(t, written, want)
	}
	for _, not := range []string{"AddServer(other int)", "AddServer(a, b int) bool", "AddServer(other []byte) bool"} {
		require.NotContains(t, compiled(t, shaped+"\nfunc (s *Server) "+not+" { panic(s) }\n"), "AddServer")
	}
}

// A generic server is one of what its constraint allows.
func TestGenericServers(t *testing.T) {
	generic := func(constraint string) string {
		return strings.NewReplacer("type Server struct {", "type Server[C "+constraint+"] struct {\n\tlast C", "*Server", "*Server[C]", "&Server{", "&Server[C]{",
			"func New(", "func New[C "+constraint+"](").Replace(shaped)
	}
	for constraint, argument := range map[string]string{"any": "string", "~[]byte": "[]byte", "~int | ~uint": "int"} {
		written := compiled(t, generic(constraint))
		require.Contains(t, written, "rpc.Server[*shaped.Server["+argument+"]]")
		require.Contains(t, written, "shaped.New["+argument+"](&shaped.Options{ID:")
	}
	_, err := skeleton.Of(module(t, generic("error")), "Server")
	require.ErrorContains(t, err, "raft.go:48:6: Server is generic, and neither string nor []byte nor int can stand for C")
}
