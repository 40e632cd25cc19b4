package raftcheck_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// libraryPages are the pages that tell command lines which search a library.
var libraryPages = []string{"docs/adapters.md", "docs/adapters-hashicorp.md", "docs/adapters-nats.md", "docs/library-releases.md", "docs/liveness.md"}

// unrun are the documented command lines that no script runs, and why.
var unrun = map[string]string{
	"check --impl n1=etcd@v3.2.0:pre-vote --impl etcd@v3.2.0 --nodes 2 --rule some-leader-elected …": "shortened",
	"check --impl n1=hashicorp@v1.6.1 --impl hashicorp@v1.8.0 --terms 3 --campaigns 2 --for 100s":    "ended by a clock",
}

var (
	codeInLine = regexp.MustCompile("`([^`]+)`")
	ofLibrary  = regexp.MustCompile(`--impl (n\d+=)?(etcd|hashicorp|nats)\b`)
	longTests  = regexp.MustCompile(`^go test .*-tags long`)
	spaces     = regexp.MustCompile(`\s+`)
)

// TestDocumentedSearchesOfLibrariesRun: every command line on those pages that searches a library, and every test there with the tag long, is one that `.ci/long libraries`
// runs; what it leaves out is named here. The tests of nats-server's releases are `.ci/long nats`.
func TestDocumentedSearchesOfLibrariesRun(t *testing.T) {
	said, err := exec.Command(".ci/libraries", "list").Output()
	require.NoError(t, err)
	runs, tests := map[string]bool{}, ""
	for line := range strings.SplitSeq(strings.TrimSpace(string(said)), "\n") {
		line = spaces.ReplaceAllString(line, " ")
		if left, is := strings.CutPrefix(line, "not run, "); is {
			why, command, _ := strings.Cut(left, ": ")
			require.Equal(t, unrun[command], why, command)
			line = command
		}
		runs[line] = true
		tests += line + "\n"
	}
	told := 0
	for _, page := range libraryPages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, code := range codeOf(string(text)) {
			switch {
			case longTests.MatchString(code):
				require.Contains(t, code, "-run Long", "%s: .ci/libraries runs tests that are called so", page)
				require.Contains(t, tests, "go test -tags long -timeout 60m -run Long")
			case !ofLibrary.MatchString(code) || strings.Count(code, " ") < 2 && !strings.HasPrefix(code, "raftcheck "):
				continue // it names an implementation, and is no command line
			default:
				command := strings.TrimPrefix(code, "raftcheck ")
				if strings.HasPrefix(command, "--impl ") {
					command = "check " + command
				}
				require.True(t, runs[command], "%s: %s: .ci/libraries does not know it", page, code)
			}
			told++
		}
	}
	require.Greater(t, told, 50)
}

// codeOf returns the lines of code of a page, those that go on with a backslash joined, and the code inside its lines.
func codeOf(page string) (all []string) {
	for line := range strings.SplitSeq(strings.ReplaceAll(page, "\\\n", " "), "\n") {
		if code, is := strings.CutPrefix(line, "    "); is {
			code, _, _ = strings.Cut(code, " #")
			all = append(all, spaces.ReplaceAllString(strings.TrimSpace(code), " "))
			continue
		}
		for _, m := range codeInLine.FindAllStringSubmatch(line, -1) {
			all = append(all, spaces.ReplaceAllString(m[1], " "))
		}
	}
	return all
}
