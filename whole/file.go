// Package whole writes files that are there whole or not at all.
//
// A file is written aside, in the folder that it is for, and takes its name when all of it is on disk: whoever looks sees
// the file of the last run or the new one, never half of one, whatever ends the program in between. On Linux what is written
// aside has no name, so that not even kill -9 leaves anything behind.
//
//	f, err := whole.Create("report.json") // says at once if it cannot be written there; the old report stays
//	if err != nil { … }
//	defer f.Abandon() // nothing after Commit
//	… write to f …
//	err = f.Commit()
//
// [WriteFile] is all of that for bytes at hand, and [Same] tells whether two paths are one file.
//
// This is for results, which are of use only when they are whole. A log that grows while something runs, as what a server
// records of itself, is read up to its last whole line and is none of this package's business.
package whole

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// File is a file on its way. It is not for use by several goroutines at once.
type File struct {
	file   *os.File
	given  string // the path as it was asked for
	path   string // where it will be, behind links
	named  string // where it is meanwhile; "" if it has no name
	direct bool   // it is no regular file: what is written arrives at once
	done   bool
	broken error // what a Write came to that failed; no other succeeds
}

// Create begins a file at path. What is there already stays, with its permissions kept for the new one, until Commit. A link is
// followed, and stays. A device or pipe is opened as it is, and what is written to it cannot be taken back. An error is an
// *fs.PathError that names path: the folder is missing or may not be written, or what is there is a folder or may not be written.
func Create(path string) (*File, error) {
	f, err := create(path)
	if err != nil {
		return nil, failed(path, err)
	}
	f.given = path
	return f, nil
}

func failed(path string, err error) error {
	return &fs.PathError{Op: "write", Path: path, Err: causeOf(err)}
}

func create(path string) (*File, error) {
	if path == "" || os.IsPathSeparator(path[len(path)-1]) {
		return nil, errors.New("not the name of a file")
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && (isStream(path) || !info.Mode().IsRegular()):
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		return &File{file: file, path: path, direct: true}, err
	case err == nil:
		if err := mayWrite(path); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	f := &File{}
	if f.path, err = behindLinks(path); err != nil {
		return nil, err
	}
	if f.file, f.named, err = aside(filepath.Dir(f.path)); err != nil {
		return nil, err
	}
	if info != nil {
		if err := f.file.Chmod(info.Mode().Perm()); err != nil {
			f.Abandon()
			return nil, err
		}
	}
	return f, nil
}

// causeOf takes off what an error of package os says of paths, which may be those of files aside.
func causeOf(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// isStream reports whether a path stands for something that is open already, as /dev/stdout does.
func isStream(path string) bool {
	full, err := filepath.Abs(path)
	return err == nil && (strings.HasPrefix(full, "/dev/") || strings.HasPrefix(full, "/proc/"))
}

// mayWrite respects that a file is protected, which a rename would not.
func mayWrite(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// mostLinks is how many links in a row are followed.
const mostLinks = 40

// behindLinks returns the path that a path leads to, also if nothing is there yet.
func behindLinks(path string) (string, error) {
	for range mostLinks {
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSymlink == 0 {
			return path, nil
		}
		if err != nil {
			return "", err
		}
		to, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", errors.New("too many links")
}

// asideNamed makes a file with a name of its own in a folder.
func asideNamed(dir string) (*os.File, string, error) {
	for n := 0; ; n++ {
		name := nameAside(dir, n)
		file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return file, name, err
		}
	}
}

// nameAside returns the n-th name that this process tries for a file aside.
func nameAside(dir string, n int) string {
	return filepath.Join(dir, fmt.Sprintf(".raftcheck-%d-%d", os.Getpid(), n))
}

// Write adds to the file.
func (f *File) Write(p []byte) (int, error) {
	if f.broken != nil {
		return 0, f.broken
	}
	n, err := f.file.Write(p)
	if err != nil {
		f.broken = failed(f.given, err)
	}
	return n, f.broken
}

// Commit ends the file and puts it in its place. If that is not possible, what was there before stays. So it is after a Write that
// failed, if the error was let pass: half a file is never committed.
func (f *File) Commit() error {
	if f.done {
		return fs.ErrClosed
	}
	f.done = true
	if err := f.commit(); err != nil {
		return failed(f.given, err)
	}
	return nil
}

func (f *File) commit() error {
	if f.direct {
		return errors.Join(f.broken, f.file.Close())
	}
	if f.broken != nil {
		f.file.Close()
		f.remove()
		return f.broken
	}
	err := f.file.Sync()
	if err == nil && f.named == "" {
		f.named, err = name(f.file, filepath.Dir(f.path))
	}
	err = errors.Join(err, f.file.Close())
	if err == nil {
		err = os.Rename(f.named, f.path)
	}
	if err != nil {
		f.remove()
		return err
	}
	syncFolder(filepath.Dir(f.path))
	return nil
}

// Abandon gives the file up: what was there before stays. It does nothing after Commit.
func (f *File) Abandon() {
	if f.done {
		return
	}
	f.done = true
	f.file.Close()
	f.remove()
}

func (f *File) remove() {
	if f.named != "" {
		os.Remove(f.named)
	}
}

// syncFolder makes a rename last. Not every system can; the file is whole in any case.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}

// WriteFile writes a file of these bytes.
func WriteFile(path string, data []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Abandon()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}

// Same reports whether two paths are the same file, through links and by any name, also if nothing is there yet.
func Same(a, b string) bool {
	is, err := os.Stat(a)
	other, also := os.Stat(b)
	if err == nil && also == nil {
		return os.SameFile(is, other)
	}
	if !errors.Is(err, fs.ErrNotExist) || !errors.Is(also, fs.ErrNotExist) {
		return false
	}
	return samePlace(a, b)
}

// samePlace reports whether two files that are not there yet would be one.
func samePlace(a, b string) bool {
	a, err := behindLinks(a)
	b, also := behindLinks(b)
	if err != nil || also != nil || filepath.Base(a) != filepath.Base(b) {
		return false
	}
	in, err := os.Stat(filepath.Dir(a))
	of, also := os.Stat(filepath.Dir(b))
	return err == nil && also == nil && os.SameFile(in, of)
}
