package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/process"
	"github.com/raftcheck/raftcheck/traces"
)

// TestGuideToAnyLanguage does what the guide says, and sees the same. Comments of the guide say what to do with the block of code
// that follows: put it into a file, change the file with it, or compare it with what a command prints.
func TestGuideToAnyLanguage(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		require.NotEqual(t, "all", os.Getenv("RAFTCHECK_SAMPLES"), "python3 is not on this machine")
		t.Skip("python3 is not on this machine: the guide was not followed")
	}
	follow(t, "how-to-any-language.md", t.TempDir())
}

// TestGuidesInTheRepository does what these guides say, in the repository.
func TestGuidesInTheRepository(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	for _, name := range []string{"verify-your-log.md", "what-a-pass-means.md", "tutorial.md"} {
		t.Run(name, func(t *testing.T) { follow(t, name, root) }) // which changes the folder
	}
}

// TestGuideToTraces judges the example of the native format.
func TestGuideToTraces(t *testing.T) { follow(t, "trace-format.md", t.TempDir()) }

// follow does in a directory what a guide says.
func follow(t *testing.T, name, dir string) {
	t.Helper()
	path, err := filepath.Abs(docs + "/" + name)
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	g := &guide{t: t, dir: dir, rest: string(text)}
	for g.next() {
	}
	require.Positive(t, g.ran)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(g.done.String()), 0o666))
		return
	}
	requireSameLines(t, countless(string(text)), countless(g.done.String()), "go test ./cmd/raftcheck -run Guide -update rewrites it")
}

// count is a number that stands alone. How many states and rules there are, and how long it took, is not what the guide is about.
var count = regexp.MustCompile(`\b([0-9]+h)?([0-9]+m)?[0-9][0-9,.]*s?\b`)

func countless(s string) string { return count.ReplaceAllString(s, "COUNT") }

type guide struct {
	t    *testing.T
	dir  string
	file string // that was made last
	rest string
	done strings.Builder // the guide up to here, with what commands print now
	ran  int
}

// next does what the next comment says.
func (g *guide) next() bool {
	before, after, more := strings.Cut(g.rest, "<!-- ")
	if !more {
		g.done.WriteString(g.rest)
		return false
	}
	what, after, _ := strings.Cut(after, " -->\n")
	fence, after, _ := strings.Cut(after, "\n")
	block, rest, closed := strings.Cut(after, "```\n")
	require.True(g.t, closed && strings.HasPrefix(fence, "```"), "a block of code follows %q", what)
	g.rest = rest
	block = g.do(what, block)
	for _, part := range []string{before, "<!-- ", what, " -->\n", fence, "\n", block, "```\n"} {
		g.done.WriteString(part)
	}
	return true
}

func (g *guide) do(what, block string) string {
	verb, rest, _ := strings.Cut(what, " ")
	switch verb {
	case "file":
		g.file = filepath.Join(g.dir, rest)
		g.write(block)
		return block
	}
	if old, is := strings.CutPrefix(what, "change\n"); is {
		old = strings.TrimSuffix(old, "to")
		text, err := os.ReadFile(g.file)
		require.NoError(g.t, err)
		require.Equal(g.t, 1, strings.Count(string(text), old), "what is changed is there: %q", old)
		g.write(strings.Replace(string(text), old, block, 1))
		return block
	}
	require.Equal(g.t, "run", verb, "%q", what)
	return g.run(rest)
}

func (g *guide) write(text string) { require.NoError(g.t, os.WriteFile(g.file, []byte(text), 0o666)) }

// run runs "CODE raftcheck …", expects that exit code, and returns the command and what it prints.
func (g *guide) run(line string) string {
	g.ran++
	code, command, _ := strings.Cut(line, " ")
	words, err := process.Words(command)
	require.NoError(g.t, err)
	g.t.Chdir(g.dir)
	g.t.Setenv("RAFTCHECK_PROGRESS", "never") // how often it is shown depends on how busy the machine is
	var out, errs bytes.Buffer
	got := run(words[1:], strings.NewReader(""), &out, &errs)
	require.Equal(g.t, code, strconv.Itoa(got), "%s\n%s%s", command, &out, &errs)
	return "$ " + command + "\n" + out.String() + errs.String()
}

// TestTheTutorialLeavesTheCloneClean: git ignores what its commands write into the folder where they run.
func TestTheTutorialLeavesTheCloneClean(t *testing.T) {
	ignored, err := os.ReadFile("../../.gitignore")
	require.NoError(t, err)
	lines := strings.Split(string(ignored), "\n")
	require.Contains(t, lines, "/"+strings.Split(traces.SavedUnder, "/")[0]+"/")
	written := regexp.MustCompile(`(?:-o [a-z]+=|--to |--save )([a-z][a-z./-]*)`)
	text, err := os.ReadFile("../../docs/tutorial.md")
	require.NoError(t, err)
	found := written.FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, found)
	for _, m := range found {
		name := m[1]
		require.Contains(t, lines, "/"+strings.TrimSuffix(name, filepath.Ext(name))+".*", "git does not ignore %s, which a command of docs/tutorial.md writes", name)
	}
}
