package whole_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/whole"
)

// TestTheOldFileStaysUntilTheNewOneIsWhole: at no moment does anybody see anything else.
func TestTheOldFileStaysUntilTheNewOneIsWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.json")
	require.NoError(t, whole.WriteFile(path, []byte("old")))
	f, err := whole.Create(path)
	require.NoError(t, err)
	write(t, f, "ne")
	holds(t, path, "old")
	write(t, f, "w")
	holds(t, path, "old")
	require.NoError(t, f.Commit())
	holds(t, path, "new")
	f.Abandon()
	holds(t, path, "new")
	require.ErrorIs(t, f.Commit(), fs.ErrClosed)
	require.Equal(t, []string{"report.json"}, names(t, dir))
}

func TestAFileThatIsAbandonedWasNeverThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.json")
	f, err := whole.Create(path)
	require.NoError(t, err)
	write(t, f, "half")
	require.NoFileExists(t, path)
	f.Abandon()
	require.Empty(t, names(t, dir))
}

func TestNothingHasAName(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has files without a name")
	}
	dir := t.TempDir()
	f, err := whole.Create(filepath.Join(dir, "report.json"))
	require.NoError(t, err)
	defer f.Abandon()
	write(t, f, "half")
	require.Empty(t, names(t, dir), "kill -9 would leave this behind")
}

func TestPermissionsAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o755} {
		require.NoError(t, os.RemoveAll(path))
		require.NoError(t, os.WriteFile(path, nil, mode))
		require.NoError(t, os.Chmod(path, mode))
		require.NoError(t, whole.WriteFile(path, []byte("new")))
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm())
	}
	plain := path + ".plain"
	require.NoError(t, os.WriteFile(plain, nil, 0o666))
	require.NoError(t, os.Remove(path))
	require.NoError(t, whole.WriteFile(path, nil))
	want, err := os.Stat(plain)
	require.NoError(t, err)
	is, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, want.Mode(), is.Mode(), "a new file is as any program would make it")
}

func TestLinksAreFollowedAndStay(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "real"), 0o777))
	link, dangling, other := filepath.Join(dir, "link"), filepath.Join(dir, "dangling"), filepath.Join(dir, "other")
	require.NoError(t, os.Symlink("real/report", link))
	require.NoError(t, os.Symlink("link", dangling))
	require.NoError(t, whole.WriteFile(dangling, []byte("new")))
	holds(t, filepath.Join(dir, "real", "report"), "new")
	require.NoError(t, os.Symlink(other, other))
	_, err := whole.Create(other)
	require.Error(t, err)
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&fs.ModeSymlink)
}

func TestStreamsAreWrittenAsTheyAre(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no /dev/null")
	}
	require.NoError(t, whole.WriteFile(os.DevNull, []byte("gone")))
	info, err := os.Stat(os.DevNull)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&fs.ModeDevice)
}

// TestWhatCannotBeWrittenIsSaidAtOnce also as root, who may write everywhere: so no permissions are tried here.
func TestWhatCannotBeWrittenIsSaidAtOnce(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "none", "report"), "", filepath.Join(dir, "file", "report")} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o666))
		_, err := whole.Create(path)
		var at *fs.PathError
		require.True(t, errors.As(err, &at), "%q: %v", path, err)
		require.Equal(t, path, at.Path)
	}
}

func TestAFolderThatVanishes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.Mkdir(dir, 0o777))
	f, err := whole.Create(filepath.Join(dir, "report"))
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(dir))
	write(t, f, "new")
	require.ErrorIs(t, f.Commit(), fs.ErrNotExist)
}

func TestSame(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.Mkdir(path("folder"), 0o777))
	for _, name := range []string{"a", "b"} {
		require.NoError(t, os.WriteFile(path(name), nil, 0o666))
	}
	require.NoError(t, os.Link(path("a"), path("hard")))
	require.NoError(t, os.Symlink("a", path("soft")))
	require.NoError(t, os.Symlink("new", path("dangling")))
	require.NoError(t, os.Symlink("folder", path("aside")))
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"a", "a", true}, {"a", "hard", true}, {"a", "soft", true}, {"hard", "soft", true}, {"a", "b", false}, {"a", "new", false},
		{"new", "new", true}, {"new", "dangling", true}, {"folder/new", "aside/new", true}, {"folder/new", "new", false}, {"new", "newer", false},
		{"a", "folder/../a", true}, {"none/new", "none/new", false},
	} {
		require.Equal(t, c.same, whole.Same(path(c.a), path(c.b)), "%s and %s", c.a, c.b)
		require.Equal(t, c.same, whole.Same(path(c.b), path(c.a)), "%s and %s", c.b, c.a)
	}
}

func write(t *testing.T, f *whole.File, text string) {
	t.Helper()
	n, err := f.Write([]byte(text))
	require.NoError(t, err)
	require.Len(t, text, n)
}

func holds(t *testing.T, path, text string) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, text, string(data))
}

func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
