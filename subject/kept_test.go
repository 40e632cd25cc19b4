package subject

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/order"
)

// keptOf returns what a library's program is made of, with the source of raftcheck in a folder.
func keptOf(t *testing.T, name, source string) *made {
	t.Setenv("RAFTCHECK_SOURCE", source)
	s, err := Named(name)
	require.NoError(t, err)
	m, err := s.goTest.ingredients(t.TempDir())
	require.NoError(t, err)
	return m
}

// smallSource makes a folder that looks like raftcheck's source.
func smallSource(t *testing.T) string {
	source := t.TempDir()
	for path, text := range map[string]string{"adapters/etcd/raft37/go.mod": "module m\n", "adapters/hashicorp/go.mod": "module m\n", "adapters/hashicorp/gates": "", "spec/spec.go": "package spec\n"} {
		require.NoError(t, os.MkdirAll(filepath.Join(source, filepath.Dir(path)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(source, path), []byte(text), 0o600))
	}
	return source
}

// A program is found by all that it is made of: whatever of it changes, another is built; what is told to it when it runs changes nothing.
func TestAProgramIsFoundByAllThatItIsMadeOf(t *testing.T) {
	source := smallSource(t)
	first := keptOf(t, "etcd", source)
	same := func(name string) {
		t.Helper()
		require.Equal(t, first.key(), keptOf(t, name, source).key())
	}
	other := func(m *made) {
		t.Helper()
		require.NotEqual(t, first.key(), m.key())
	}
	same("etcd")
	same("etcd:pre-vote,check-quorum")
	other(keptOf(t, "etcd@v3.7.1", source))
	other(keptOf(t, "hashicorp", source))
	require.NotEqual(t, keptOf(t, "hashicorp", source).key(), keptOf(t, "hashicorp:preempt=1", source).key())
	other(keptOf(t, "etcd", smallSource(t)))

	for name, value := range map[string]string{"GOARCH": "arm64", "CGO_ENABLED": "0", "GOAMD64": "v3", "GOEXPERIMENT": "arenas", "GOPROXY": "off"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			other(keptOf(t, "etcd", source))
		})
	}
	changed := *first
	changed.Maker = "another program"
	other(&changed)

	require.NoError(t, os.WriteFile(filepath.Join(source, "found.trace"), []byte("of no matter"), 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(source, ".git"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(source, ".git", "hook.go"), []byte("of no matter"), 0o600))
	same("etcd")
	for _, path := range []string{"spec/spec.go", "spec/more.go", "adapters/hashicorp/gates", "adapters/etcd/raft37/go.mod", "go.sum"} {
		before := keptOf(t, "etcd", source).key()
		require.NoError(t, os.WriteFile(filepath.Join(source, path), []byte("package changed\n"), 0o600))
		require.NotEqual(t, before, keptOf(t, "etcd", source).key(), path)
	}
	before := keptOf(t, "etcd", source).key()
	require.NoError(t, os.Rename(filepath.Join(source, "spec", "more.go"), filepath.Join(source, "spec", "less.go")))
	require.NotEqual(t, before, keptOf(t, "etcd", source).key(), "a file of another name")
}

// Flags that name files may change what is built without a change of their own.
func TestNoProgramIsKeptOfFilesThatFlagsName(t *testing.T) {
	settings := filepath.Join(t.TempDir(), "env")
	require.NoError(t, os.WriteFile(settings, []byte("GOFLAGS=-overlay=other.json\n"), 0o600))
	t.Setenv("GOENV", settings)
	s, err := Named("etcd")
	require.NoError(t, err)
	_, err = s.goTest.ingredients(t.TempDir())
	require.EqualError(t, err, "GOFLAGS names a file")
	require.NoError(t, os.WriteFile(settings, []byte("GOFLAGS=-buildvcs=false\n"), 0o600))
	_, err = s.goTest.ingredients(t.TempDir())
	require.NoError(t, err)
}

// Every file of raftcheck's that Go makes the programs of counts.
func TestEveryFileOfAProgramCounts(t *testing.T) {
	root, _ := raftcheckSource("adapters/etcd/raft37")
	for folder, packages := range map[string][]string{"adapters/etcd/raft37": {".", raftcheckModule + "/adapters/etcd/etcdtest"}, "adapters/hashicorp": {"."}, "adapters/nats": {".", "./with"}} {
		const all = `{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}
{{end}}{{range .CgoFiles}}{{$d}}/{{.}}
{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}
{{end}}{{range .SFiles}}{{$d}}/{{.}}
{{end}}{{range .CFiles}}{{$d}}/{{.}}
{{end}}{{range .HFiles}}{{$d}}/{{.}}
{{end}}`
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-e", "-deps", "-f", all}, packages...)...)
		cmd.Dir = filepath.Join(root, folder)
		printed, err := cmd.Output()
		require.NoError(t, err)
		counted := 0
		for _, path := range strings.Fields(string(printed)) {
			if strings.HasPrefix(path, root+"/") {
				require.True(t, isSource(filepath.Base(path)), path)
				counted++
			}
		}
		require.NotZero(t, counted)
	}
}

// shelfOf is a shelf for what was made of something, in a folder of its own.
func shelfOf(t *testing.T, m *made) shelf {
	return shelf{folder: filepath.Join(t.TempDir(), "programs"), key: m.key(), of: func() (*made, error) { return m, nil }}
}

func written(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "program.test")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o700))
	return path
}

func TestAKeptProgramIsTheOneThatWasBuilt(t *testing.T) {
	s := shelfOf(t, &made{Library: "v1.0.0"})
	require.Empty(t, s.find())
	require.NoError(t, s.keep(written(t, "a program")))
	path := s.find()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "a program", string(text))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o700, info.Mode().Perm())

	other := s
	other.key = (&made{Library: "v1.0.1"}).key()
	require.Empty(t, other.find())
	require.Empty(t, shelf{}.find())
	require.NoError(t, shelf{}.keep(path))
}

func TestADamagedProgramIsNotRun(t *testing.T) {
	for _, damage := range []string{"", "a progra", "a progran", "a program and more"} {
		s := shelfOf(t, &made{})
		require.NoError(t, s.keep(written(t, "a program")))
		path := s.find()
		require.NoError(t, os.WriteFile(path, []byte(damage), 0o700))
		require.Empty(t, s.find(), damage)
		require.NoFileExists(t, path)
		require.NoError(t, s.keep(written(t, "a program")))
		require.Equal(t, path, s.find())
	}
}

// The program that was built may hold what was written after the key was found.
func TestAProgramIsNotKeptIfItsSourceChangedMeanwhile(t *testing.T) {
	m := &made{Files: "before"}
	s := shelfOf(t, m)
	m.Files = "after"
	require.NoError(t, s.keep(written(t, "a program")))
	require.NoDirExists(t, s.folder)
}

func TestTwoKeepAProgramAtOnce(t *testing.T) {
	s := shelfOf(t, &made{})
	program, another := written(t, strings.Repeat("a program", 10_000)), written(t, strings.Repeat("not reproduced", 10_000))
	var all sync.WaitGroup
	for k := range 20 {
		all.Go(func() {
			for range 20 {
				if k%2 == 0 {
					if path := s.find(); path != "" {
						text, err := os.ReadFile(path)
						if err != nil || len(text) < 90_000 {
							t.Errorf("%s: %d bytes, %v", path, len(text), err)
						}
					}
				} else if err := s.keep([]string{program, another}[k/2%2]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	require.NotEmpty(t, s.find())
	entries, err := os.ReadDir(s.folder)
	require.NoError(t, err)
	require.Len(t, entries, 2)
}

func TestWhatWasUsedLongestAgoGoesFirst(t *testing.T) {
	folder := t.TempDir()
	for k, name := range []string{"program-c", "program-a", "aside-b", "program-d", "of the user"} {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, make([]byte, 10), 0o600))
		at := time.Now().Add(-time.Duration(k) * time.Hour)
		require.NoError(t, os.Chtimes(path, at, at))
	}
	left := func(most int64) (names []string) {
		require.NoError(t, sweep(folder, most))
		entries, err := os.ReadDir(folder)
		require.NoError(t, err)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	require.Len(t, left(50), 5)
	require.Equal(t, []string{"of the user", "program-a", "program-c"}, left(29))
	require.Equal(t, []string{"of the user", "program-c"}, left(1), "the last one is in use")
}

// What is used is not what was used longest ago.
func TestAProgramThatIsFoundIsUsed(t *testing.T) {
	s := shelfOf(t, &made{})
	require.NoError(t, s.keep(written(t, "a program")))
	long := time.Now().Add(-100 * time.Hour)
	require.NoError(t, os.Chtimes(s.find(), long, long))
	info, err := os.Stat(s.find())
	require.NoError(t, err)
	require.Less(t, time.Since(info.ModTime()), time.Hour)
}

func TestWhereProgramsAreKept(t *testing.T) {
	t.Setenv(keptVariable, "off")
	require.Empty(t, keptFolder())
	t.Setenv(keptVariable, "/elsewhere")
	require.Equal(t, "/elsewhere", keptFolder())
	t.Setenv(keptVariable, "")
	require.Equal(t, "programs", filepath.Base(keptFolder()))
}

// A library is searched with the program that is kept, and a gate that there is not is told without one.
func TestAKeptProgramIsRun(t *testing.T) {
	t.Setenv(keptVariable, t.TempDir())
	s, err := Named("hashicorp:preempt=1,at=nowhere")
	require.NoError(t, err)
	g := *s.goTest
	j, err := g.begin(s, order.Search)
	require.NoError(t, err)
	defer j.end()
	require.NoError(t, g.shelf(j.dir).keep(written(t, "a program")))
	_, err = j.build(t.Context())
	require.ErrorContains(t, err, `there is no gate "nowhere"`)

	_, list, err := (&goTest{family: g.family}).gateList(j.dir)
	require.NoError(t, err)
	j.of.choices = []string{"preempt=1", "at=" + list[0].Name}
	run, err := j.build(t.Context())
	require.NoError(t, err)
	text, err := os.ReadFile(run[0])
	require.NoError(t, err)
	require.Equal(t, "a program", string(text))
}
