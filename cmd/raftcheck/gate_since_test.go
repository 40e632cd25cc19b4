package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dependent is a gate, some folders down, whose checks depend on files in every way there is.
const dependent = `version: 1
checks:
- name: by pattern
  verify: logs/*.ndjson
- name: by a link
  verify: linked/*.ndjson
- name: by a setting
  verify: {traces: other/a.log, map: other/map.yaml}
- name: by a statement
  conform: {impl: reference, against: other/statement.json}
- name: by a word of the program
  check: {exec: python3 raft.py}
  inputs: [lib/**]
- name: by a folder of the program
  check: {exec: node server}
  inputs: [lib/**]
known: known.yaml
`

// TestSinceSeesWhateverACheckReads changes one file at a time, in its text or by taking it away, and wants every check that reads it, wherever
// the gate is called from and whatever git is told to show.
func TestSinceSeesWhateverACheckReads(t *testing.T) {
	root := t.TempDir()
	t.Setenv("GIT_CONFIG_GLOBAL", "")
	git := func(args ...string) {
		out, err := exec.Command("git", append([]string{"-C", root, "-c", "user.name=a", "-c", "user.email=a@example.org"}, args...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	git("init", "-q", "-b", "main")
	git("config", "diff.relative", "true") // what a user may have said
	for name, text := range map[string]string{
		"deep/raftcheck.yaml": dependent, "deep/known.yaml": "", "deep/logs/a.ndjson": "", "elsewhere/b.ndjson": "", "deep/other/a.log": "", "deep/other/map.yaml": "",
		"deep/other/statement.json": "", "deep/raft.py": "", "deep/server/main.js": "", "deep/lib/x": "", "deep/unread": "",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o666))
	}
	require.NoError(t, os.Mkdir(filepath.Join(root, "deep/linked"), 0o777))
	require.NoError(t, os.Symlink("../../elsewhere/b.ndjson", filepath.Join(root, "deep/linked/b.ndjson")))
	git("add", "-A")
	git("commit", "-q", "-m", "a gate")
	all := []string{"by pattern", "by a link", "by a setting", "by a statement", "by a word of the program", "by a folder of the program"}
	programs := all[4:]
	for file, wanted := range map[string][]string{
		"deep/logs/a.ndjson": {"by pattern"}, "elsewhere/b.ndjson": {"by a link"}, "deep/linked/b.ndjson": {"by a link"}, "deep/other/a.log": {"by a setting"}, "deep/other/map.yaml": {"by a setting"},
		"deep/other/statement.json": {"by a statement"}, "deep/raft.py": programs[:1], "deep/server/main.js": programs[1:], "deep/lib/x": programs,
		"deep/unread": nil, "deep/raftcheck.yaml": all, "deep/known.yaml": all,
	} {
		for _, from := range []string{root, filepath.Join(root, "deep")} {
			t.Chdir(from)
			full := filepath.Join(root, file)
			change, err := os.OpenFile(full, os.O_APPEND|os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = change.WriteString("# changed\n")
			require.NoError(t, err)
			require.NoError(t, change.Close())
			if file == "deep/linked/b.ndjson" {
				require.NoError(t, os.Remove(full)) // to write through it changes another
			}
			assert.ElementsMatch(t, wanted, since(t, filepath.Join(root, "deep/raftcheck.yaml")), "%s has changed", file)
			if len(wanted) < len(all) {
				_ = os.Remove(full)
				assert.ElementsMatch(t, wanted, since(t, filepath.Join(root, "deep/raftcheck.yaml")), "%s is gone", file)
			}
			git("checkout", "-q", ".")
		}
	}
}

// since lists the checks that are run when only what changed is asked for.
func since(t *testing.T, file string) (names []string) {
	t.Helper()
	a := &app{}
	g, err := a.openGate(&gateFlags{file: file}, nil)
	require.NoError(t, err)
	require.NoError(t, g.onlySince(context.Background(), "main"))
	for _, c := range g.checks {
		if g.skip[c.Name] == "" {
			names = append(names, c.Name)
		}
	}
	return names
}
