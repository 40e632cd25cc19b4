package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestManifestsSayWhatTheCommandTakes holds the ready-made manifests to the flags that there are, and the shell scripts to the shell.
func TestManifestsSayWhatTheCommandTakes(t *testing.T) {
	var files []string
	for _, pattern := range []string{"kubernetes/*.yaml", "slurm/*.sh", "github/*.yml"} {
		found, err := filepath.Glob("../../examples/" + pattern)
		require.NoError(t, err)
		require.NotEmpty(t, found, pattern)
		files = append(files, found...)
	}
	command := regexp.MustCompile(`raftcheck (fuzz|merge) ((?:[^\n\\]|\\\n)*)`)
	flag := regexp.MustCompile(`(?:^|\s)--([a-z-]+)`)
	a := &app{term: newTerminal(&bytes.Buffer{}, &bytes.Buffer{}, os.LookupEnv)}
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		commands := command.FindAllStringSubmatch(string(data), -1)
		require.NotEmpty(t, commands, file)
		for _, c := range commands {
			verb, _, err := newRoot(a).Find([]string{c[1]})
			require.NoError(t, err)
			flags := flag.FindAllStringSubmatch(c[2], -1)
			require.NotEmpty(t, flags, "%s: %s", file, c[0])
			for _, f := range flags {
				require.NotNil(t, verb.Flags().Lookup(f[1]), "%s: %s has no flag --%s", file, c[1], f[1])
			}
		}
		if shell, err := exec.LookPath("bash"); err == nil && strings.HasSuffix(file, ".sh") {
			out, err := exec.Command(shell, "-n", file).CombinedOutput()
			require.NoError(t, err, string(out))
		}
	}
}

// TestShardsOfASlurmArray runs the scripts as Slurm would, with a short campaign.
func TestShardsOfASlurmArray(t *testing.T) {
	shell, err := exec.LookPath("bash")
	require.NoError(t, err, "the README's test command needs bash too")
	self, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o777))
	require.NoError(t, os.Symlink(self, filepath.Join(dir, "bin", "raftcheck"))) // TestMain runs the command under that name
	examples, err := filepath.Abs("../../examples/slurm")
	require.NoError(t, err)
	run := func(script string, env ...string) (string, error) {
		text, err := os.ReadFile(filepath.Join(examples, script))
		require.NoError(t, err)
		short := strings.ReplaceAll(string(text), "--for 1h", "--runs 600 --allow inconclusive")
		cmd := exec.Command(shell, "-c", short)
		cmd.Dir = dir
		cmd.Env = append(append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "SLURM_ARRAY_TASK_COUNT=2", "SLURM_CPUS_PER_TASK=1"), env...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, task := range []string{"1", "2"} {
		out, err := run("fuzz.sh", "SLURM_ARRAY_TASK_ID="+task)
		require.NoError(t, err, out)
	}
	out, err := run("merge.sh")
	require.NoError(t, err, out)
	require.Contains(t, out, "rules held in 600 random executions")
}
