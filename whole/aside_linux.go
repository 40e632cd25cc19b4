package whole

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// ownFiles is where Linux shows what this process has open, by which a file without a name gets one.
const ownFiles = "/proc/self/fd"

// aside makes a file in a folder: without a name where the file system can, and else with one.
func aside(dir string) (*os.File, string, error) {
	if _, err := os.Stat(ownFiles); err != nil {
		return asideNamed(dir)
	}
	file, err := os.OpenFile(dir, os.O_RDWR|unix.O_TMPFILE, 0o666)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EINVAL) {
		return asideNamed(dir)
	}
	return file, "", err
}

// name gives a file a name of its own in a folder.
func name(file *os.File, dir string) (string, error) {
	from := fmt.Sprintf("%s/%d", ownFiles, file.Fd())
	for n := 0; ; n++ {
		to := nameAside(dir, n)
		err := unix.Linkat(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.AT_SYMLINK_FOLLOW)
		if !errors.Is(err, fs.ErrExist) {
			return to, err
		}
	}
}
