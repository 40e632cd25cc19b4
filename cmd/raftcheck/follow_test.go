//go:build unix

package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// followedLines are the lines of a trace whose last record breaks a rule.
var followedLines = []string{
	`{"format":"raftcheck-trace","version":1,"servers":["n1","n2","n3"]}`,
	`{"n":1,"server":"n1","event":"timeout","post":{"role":"candidate","term":7,"votedFor":"n1"}}`,
	`{"n":2,"server":"n2","event":"deliver","message":{"kind":"RequestVote","from":"n1","to":"n2","term":7},"post":{"role":"follower","term":7,"votedFor":"n1"}}`,
	`{"n":3,"server":"n2","event":"deliver","message":{"kind":"RequestVote","from":"n3","to":"n2","term":7},"post":{"role":"follower","term":7,"votedFor":"n3"}}`,
}

// grower is raftcheck as a process that follows a file that grows.
type grower struct {
	*exec.Cmd
	t    *testing.T
	path string
	file *os.File
	errs *bufio.Scanner
	out  strings.Builder
}

// followed starts to follow a file that holds nothing yet.
func followed(t *testing.T, args ...string) *grower {
	dir := t.TempDir()
	p := &grower{t: t, path: filepath.Join(dir, "growing.ndjson")}
	var err error
	p.file, err = os.Create(p.path)
	require.NoError(t, err)
	t.Cleanup(func() { p.file.Close() })
	p.Cmd = exec.Command(os.Args[0], append([]string{"verify", "--follow", "growing.ndjson"}, args...)...)
	p.Dir, p.Stdout, p.Env = dir, &p.out, append(os.Environ(), asRaftcheck+"=always")
	errs, err := p.StderrPipe()
	require.NoError(t, err)
	p.errs = bufio.NewScanner(errs)
	require.NoError(t, p.Start())
	return p
}

func (p *grower) write(text string) {
	_, err := p.file.WriteString(text)
	require.NoError(p.t, err)
}

// told waits for the next line on stderr.
func (p *grower) told() string {
	require.True(p.t, p.errs.Scan())
	return p.errs.Text()
}

// end waits for the end, and returns the exit code.
func (p *grower) end() int {
	for p.errs.Scan() {
		p.out.WriteString(p.errs.Text() + "\n")
	}
	_ = p.Wait()
	return p.ProcessState.ExitCode()
}

// No line is judged before it is whole, and the first finding is the end.
func TestAFindingEndsWhatIsFollowed(t *testing.T) {
	p := followed(t)
	for _, line := range followedLines {
		p.write(line[:len(line)/2])
		p.write(line[len(line)/2:] + "\n")
	}
	p.write(`{"n":4`)
	require.Equal(t, 1, p.end())
	require.Contains(t, p.out.String(), "growing.ndjson:4:")
	require.Contains(t, p.out.String(), "vote-once")
}

// A file that is not empty does not pass for one that is, however soon it ends.
func TestWhatIsThereIsReadBeforeAnInterruptEndsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "growing.ndjson")
	require.NoError(t, os.WriteFile(path, []byte("\n\n"+followedLines[0]+"\n"), 0o666))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f, err := new(app).follow(ctx, path, func() {})
	require.NoError(t, err)
	defer f.file.Close()
	text, err := io.ReadAll(f)
	require.NoError(t, err)
	require.Contains(t, string(text), followedLines[0])
}

// With --keep-going a finding is told while the file goes on. Whatever ends it then, all that was judged is reported.
func TestWhatIsFollowedIsJudgedWhenItEnds(t *testing.T) {
	ends := map[string]func(*grower) error{
		"": func(p *grower) error { return p.Process.Signal(endings[1].signal) },
		"the file was cut short while it was followed": func(p *grower) error { return os.Truncate(p.path, 10) },
		"the file was replaced by another while it was followed": func(p *grower) error {
			require.NoError(t, os.WriteFile(p.path+".new", []byte(followedLines[0]+"\n"), 0o666))
			return os.Rename(p.path+".new", p.path)
		},
	}
	for what, end := range ends {
		p := followed(t, "--keep-going")
		p.write(strings.Join(followedLines, "\n") + "\n")
		require.Contains(t, p.told(), "growing.ndjson:4: vote-once: n2 ")
		require.NoError(t, end(p))
		require.Equal(t, 1, p.end(), what)
		require.Contains(t, p.out.String(), "growing.ndjson:4:")
		if what != "" {
			require.Contains(t, p.out.String(), "growing.ndjson:4: "+what)
		}
	}
}
