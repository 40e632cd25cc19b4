package hashicorp_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/hashicorp/raft"
	"github.com/stretchr/testify/require"
)

// version is the version of the library that the tests were built with, as the place of its source says.
func version(t *testing.T) string {
	t.Helper()
	code := runtime.FuncForPC(reflect.ValueOf(raft.NewRaft).Pointer())
	file, _ := code.FileLine(code.Entry())
	found := regexp.MustCompile(`/raft@(v[^/]+)/`).FindStringSubmatch(file)
	require.NotNil(t, found, file)
	return found[1]
}

// go.mod names the oldest version of the family. Beside it, vX.mod is the same module with version X: the tests pass with each.
func TestOtherVersions(t *testing.T) {
	files, err := filepath.Glob("v*.mod")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".mod"), func(t *testing.T) {
			out, err := exec.Command("go", "test", "-count=1", "-skip", "^TestOtherVersions$", "-modfile="+file, ".").CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
}

// What both families share is one source.
func TestSharedSourcesAreUpToDate(t *testing.T) {
	files, err := filepath.Glob("../*.go")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, from := range files {
		name := filepath.Base(from)
		if strings.HasSuffix(name, "_test.go") || name == "doc.go" || name == "family.go" {
			continue
		}
		want, err := os.ReadFile(from)
		require.NoError(t, err)
		got, err := os.ReadFile(name)
		require.NoError(t, err, "go generate makes it")
		_, shared, _ := strings.Cut(string(got), "\n\n")
		require.Equal(t, string(want), shared, "%s is out of date; go generate copies it again", name)
	}
}
