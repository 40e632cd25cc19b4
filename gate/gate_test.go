package gate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/gate"
	"github.com/raftcheck/raftcheck/report"
)

// guess guesses nothing.
func guess(_ string, _ []string, otherwise string) string { return otherwise }

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a/*.x", "a/b.x", true}, {"a/*.x", "a/b/c.x", false}, {"a/**/*.x", "a/b/c.x", true}, {"a/**/*.x", "a/c.x", true}, {"a/**/*.x", "b/c.x", false},
		{"**", "a/b/c", true}, {"**/*.go", "main.go", true}, {"raft/**", "raft/a/b.go", true}, {"raft/**", "rafts/a.go", false}, {"./a.x", "a.x", true},
		{"a/**/b/**/c", "a/b/c", true}, {"a/**/b/**/c", "a/x/b/y/z/c", true}, {"a/**/b/**/c", "a/x/c", false}, {"a?c", "abc", true}, {"[ab].x", "b.x", true},
	} {
		is, err := gate.Match(c.pattern, c.name)
		require.NoError(t, err, c.pattern)
		require.Equal(t, c.want, is, "%s %s", c.pattern, c.name)
	}
	_, err := gate.Match("a/[b", "a/b")
	require.Error(t, err)
}

// TestFindFindsWhatMatches holds the walk to the plain meaning of a pattern.
func TestFindFindsWhatMatches(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for _, f := range []string{"a.x", "b/a.x", "b/c/a.x", "b/c/d.y", "e*/a.x", ".git/a.x"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(f)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, f), nil, 0o666))
		if !strings.HasPrefix(f, ".git") {
			files = append(files, f)
		}
	}
	for _, pattern := range []string{"*.x", "*/*.x", "**/*.x", "b/**", "b/*", "**", "b/**/d.y", "*/**/a.x", "[b]/**/*", "none/**", "a.x", `e\**/**/*.x`} {
		found, err := gate.Find(dir, pattern)
		require.NoError(t, err)
		var want []string
		for _, f := range files {
			if is, _ := gate.Match(pattern, f); is {
				want = append(want, f)
			}
		}
		require.ElementsMatch(t, want, found, pattern)
	}
	found, err := gate.Find(dir, filepath.ToSlash(dir)+"/b/**/*.y")
	require.NoError(t, err)
	require.Equal(t, []string{filepath.ToSlash(dir) + "/b/c/d.y"}, found)
}

func TestTemplateIsRight(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raftcheck.yaml")
	require.NoError(t, os.WriteFile(path, gate.Template, 0o666))
	f, err := gate.Read(path, guess)
	require.NoError(t, err)
	require.Len(t, f.Checks, 1)
	require.Equal(t, []string{"testdata/traces/**/*.ndjson*"}, f.Checks[0].Files)

	// What is commented out is right too.
	var lines []string
	for line := range strings.Lines(string(gate.Template)) {
		if comment, is := strings.CutPrefix(line, "  # "); is && (strings.HasPrefix(comment, " ") || strings.HasPrefix(comment, "-")) {
			line = "  " + comment
		}
		lines = append(lines, line)
	}
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "")), 0o666))
	f, err = gate.Read(path, guess)
	require.NoError(t, err)
	require.Len(t, f.Checks, len(gate.Verbs))
}

func TestWrongFilesAreToldAtTheirLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                                      "f.yaml: the file says nothing",
		"# nothing\n":                                           "f.yaml: the file says nothing",
		"version: 1\nchecks:\n":                                 "f.yaml:2: checks: nothing stands there",
		"version: 1\nchecks:\n- verify:\n":                      "f.yaml:3: verify: nothing stands there",
		"version: 1\nchecks:\n- verify: ''\n":                   "f.yaml:3: verify: the text is empty",
		"\ufeffverion: 1\n":                                     "f.yaml:1: unknown key \"verion\"",
		"version: 1\n":                                          "f.yaml:1: checks is missing",
		"version: 2\nchecks:\n- verify: x\n":                    "f.yaml:1: version: 2 stands where 1 belongs",
		"version: 1\nchecks: []\n":                              "f.yaml:2: checks: the list is empty",
		"version: 1\nchecks:\n- name: x\n":                      "f.yaml:3: a check has exactly one of verify, linearize, check, fuzz, conform, diff, replay",
		"version: 1\nchecks:\n- verify: x\n  check:\n":          "f.yaml:3: a check has exactly one of verify, linearize, check, fuzz, conform, diff, replay",
		"version: 1\nchecks:\n- verfy: x\n":                     "f.yaml:3: unknown key \"verfy\"",
		"version: 1\nchecks:\n- check:\n    nodes: three\n":     "f.yaml:4: nodes: a text stands where a whole number belongs",
		"version: 1\nchecks:\n- check:\n    node: 3\n":          "f.yaml:4: unknown key \"node\"",
		"version: 1\nchecks:\n- verify:\n    lenient: true\n":   "f.yaml:3: verify: traces is missing",
		"version: 1\nchecks:\n- verify: []\n":                   "f.yaml:3: verify: the list is empty",
		"version: 1\nchecks:\n- verify: '[a'\n":                 "f.yaml:3: the pattern \"[a\" is malformed",
		"version: 1\nchecks:\n- verify: '-'\n":                  "f.yaml:3: a gate reads no standard input",
		"version: 1\nchecks:\n- diff: [a]\n":                    "f.yaml:3: diff: 1 of at least 2",
		"version: 1\nchecks:\n- fuzz:\n    for: ten minutes\n":  "f.yaml:4: for: \"ten minutes\" is not of the form that it must have",
		"version: 1\nchecks:\n- verify: a\n- verify: a\n":       "f.yaml:4: another check is called \"verify a\", in line 3",
		"version: 1\nversion: 1\n":                              "f.yaml:2:1: not YAML: mapping key \"version\" already defined at [1:1]",
		"version: 1\nchecks:\n- verify: a\nknown:\n- rule: x\n": "f.yaml:5: subject, fingerprint, reason and expires are missing",
		"- a\n":                                  "f.yaml:1: a list stands where a mapping belongs",
		"version: 1\n---\nversion: 1\n":          "f.yaml:3: more than one document",
		"version: 1\nchecks:\n- verify: {traces": "f.yaml:3:",
	} {
		dir := t.TempDir()
		t.Chdir(dir)
		require.NoError(t, os.WriteFile("f.yaml", []byte(text), 0o666))
		_, err := gate.Read("f.yaml", guess)
		require.Error(t, err, text)
		if strings.HasSuffix(want, ":") {
			require.Contains(t, err.Error(), want, text)
			continue
		}
		require.Equal(t, want, err.Error(), text)
	}
}

var found = report.Known{Rule: "vote-once", Subject: "exec:./a b", Fingerprint: "0123456789012345", Shape: "timeout, to a leader, in its input", Reason: "why: #1 \"quoted\"\nand more", Expires: "2027-01-31"}

// TestUpdateKeepsWhatIsThere adds a finding to files of every form, reads it back, takes it out again, and expects every line of the file
// to be as it was.
func TestUpdateKeepsWhatIsThere(t *testing.T) {
	head := "# head\nversion: 1 # one\nchecks:\n  - verify: a # a\n"
	old := "- # an old one\n    rule: log-matching\n    subject: s\n    fingerprint: 'ffffffffffffffff'\n    reason: >\n      folded\n\n      text\n    expires: 2027-01-31\n"
	for _, c := range []struct {
		text  string
		alone bool
	}{
		{head, false}, {head + "known: []\n", false}, {head + "known:\n", false}, {head + "\nknown:\n  " + old, false}, {head + "known:\n  " + old + "\n# tail\n", false},
		{"version: 1\nknown:\n" + strings.ReplaceAll(old, "    ", "  ") + "# between\nchecks:\n  - verify: a\n", false},
		{"", true}, {"# only a comment\n", true}, {"[]\n", true}, {strings.ReplaceAll(old, "    ", "  "), true}, {"known:\n  " + old, true}, {"known: []\n", true},
	} {
		none := func(*report.Known) bool { return false }
		added, err := gate.Update("f", []byte(c.text), c.alone, []report.Known{found}, none)
		require.NoError(t, err, c.text)
		list := readKnown(t, added, c.alone)
		require.Contains(t, list, found, string(added))
		require.Len(t, list, 1+strings.Count(c.text, "rule:"), string(added))
		for line := range strings.Lines(c.text) {
			if line != "known: []\n" && line != "[]\n" {
				require.Contains(t, string(added), line)
			}
		}
		back, err := gate.Update("f", added, c.alone, nil, func(n *report.Known) bool { return n.Fingerprint == found.Fingerprint })
		require.NoError(t, err)
		require.NotContains(t, readKnown(t, back, c.alone), found, string(back))
		again, err := gate.Update("f", back, c.alone, []report.Known{found}, none)
		require.NoError(t, err)
		require.Equal(t, readKnown(t, added, c.alone), readKnown(t, again, c.alone))
	}
}

// TestUpdateTakesOutTheRightOnes drops each subset of three findings.
func TestUpdateTakesOutTheRightOnes(t *testing.T) {
	text := "# all\n"
	var all []report.Known
	for _, n := range []string{"a", "b", "c"} {
		k := found
		k.Subject, k.Shape, k.Reason = n, "", n+" because"
		all = append(all, k)
		text += "# about " + n + "\n- rule: vote-once\n  subject: " + n + "\n  fingerprint: \"0123456789012345\"\n  reason: " + n + " because\n  expires: \"2027-01-31\"\n"
	}
	for subset := range 8 {
		out, err := gate.Update("f", []byte(text), true, nil, func(n *report.Known) bool { return subset>>(n.Subject[0]-'a')&1 == 1 })
		require.NoError(t, err)
		var want []report.Known
		for k, n := range all {
			if subset>>k&1 == 0 {
				want = append(want, n)
				require.Contains(t, string(out), "# about "+n.Subject)
			}
		}
		require.Equal(t, want, readKnown(t, out, true), string(out))
	}
	_, err := gate.Update("f", []byte("known: [{rule: vote-once, subject: a, fingerprint: '0123456789012345', reason: b, expires: 2027-01-31}]\n"), true, []report.Known{found}, nil)
	require.ErrorContains(t, err, "f:1: the known findings are written between [ and ]")
}

// TestUpdateNeverLosesWhatIsDeclared puts a finding into files that are written in every way, and wants either a file that declares the same checks
// and one known finding more, or an error that says what to do.
func TestUpdateNeverLosesWhatIsDeclared(t *testing.T) {
	updated := 0
	for _, head := range []string{"version: 1\nchecks:\n- verify: a\n", "\ufeffversion: 1\nchecks:\n- verify: a\n", "---\nversion: 1\nchecks:\n- verify: a # known:\n", "version: 1\nchecks: [{verify: a}]\n", "version: 1\nchecks:\n- name: |\n    known: []\n  verify: a\n"} {
		for _, known := range []string{"", "known:\n", "known: []\n", "known: []   # a remark\n", "known: [ ]\n", "known: [\n]\n", "known:\n  []\n", "known: ~\n", "known: null # none\n", "\"known\": []\n", "known: &none []\n", "? known\n: []\n", "known: !!seq []\n"} {
			for _, tail := range []string{"", "# tail\n", "...\n", "\n\n", "   # tail"} {
				for _, text := range []string{head + known + tail, known + head + tail, strings.ReplaceAll(head+known+tail, "\n", "\r\n")} {
					updated += updatedOrRefused(t, text)
				}
			}
		}
	}
	require.Greater(t, updated, 400)
	for _, text := range []string{"{version: 1, checks: [{verify: a}], known: []}\n", "{version: 1, checks: [{verify: a}]}\n", "{\n  \"version\": 1,\n  \"checks\": [{\"verify\": \"a\"}],\n  \"known\": []\n}\n"} {
		require.Zero(t, updatedOrRefused(t, text), text)
	}
}

// updatedOrRefused is 1 if a finding was added to a file, and 0 if that was refused.
func updatedOrRefused(t *testing.T, text string) int {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	was, err := gate.Read(path, guess)
	if err != nil {
		return 0 // it says nothing that could be lost
	}
	out, err := gate.Update(path, []byte(text), false, []report.Known{found}, func(*report.Known) bool { return false })
	if err != nil {
		require.ErrorContains(t, err, "cannot be updated in a file that is written like this", text)
		return 0
	}
	require.NoError(t, os.WriteFile(path, out, 0o666))
	is, err := gate.Read(path, guess)
	require.NoError(t, err, string(out))
	require.Equal(t, []report.Known{found}, is.Known, string(out))
	require.Len(t, is.Checks, len(was.Checks))
	require.Equal(t, was.Checks[0].Name, is.Checks[0].Name)
	for remark := range strings.SplitSeq("# a remark,# none,# tail,# known:", ",") {
		require.Equal(t, strings.Count(text, remark), strings.Count(string(out), remark), string(out))
	}
	require.Equal(t, strings.Contains(text, "\r\n"), strings.Contains(string(out), "\r\n"))
	return 1
}

func readKnown(t *testing.T, text []byte, alone bool) []report.Known {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.yaml")
	require.NoError(t, os.WriteFile(path, text, 0o666))
	if alone {
		list, err := gate.ReadKnown(path, guess)
		require.NoError(t, err, string(text))
		return list
	}
	f, err := gate.Read(path, guess)
	require.NoError(t, err, string(text))
	return f.Known
}

func FuzzRead(f *testing.F) {
	f.Add(gate.Template)
	f.Add([]byte("version: 1\nchecks:\n- verify: &a [x]\n- linearize: *a\nknown:\n- !!str x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "f.yaml")
		require.NoError(t, os.WriteFile(path, text, 0o666))
		file, err := gate.Read(path, guess)
		if err == nil {
			require.NotEmpty(t, file.Checks)
		}
		_, _ = gate.ReadKnown(path, guess)
	})
}
