package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/raftcheck/raftcheck/whole"
)

// files is what one run reads and writes, so that it never writes over what it reads.
type files struct {
	read    []readFile
	written []string
}

type readFile struct {
	path string
	info fs.FileInfo
}

// reads notes what a verb is going to read, before it creates anything: "-" is standard input. It is an error if that is also where
// stdout goes. What is not there, or no file, is for whoever reads it to complain about.
func (a *app) reads(paths ...string) error {
	for _, path := range paths {
		info, err := a.stat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		a.files.read = append(a.files.read, readFile{path, info})
		if out := a.term.file; out != nil {
			if to, err := out.Stat(); err == nil && os.SameFile(info, to) {
				return usageError("write to another file", "stdout is %q, which is read too", path)
			}
		}
	}
	return nil
}

func (a *app) stat(path string) (fs.FileInfo, error) {
	if path != "-" {
		return os.Stat(path)
	}
	in, is := a.stdin.(*os.File)
	if !is {
		return nil, fs.ErrInvalid
	}
	return in.Stat()
}

// create begins a file that a flag asks for, given as the user typed it: -o json=report.json. Every file that a verb writes because
// a flag names it is created here, and before the work of which it is the result. The file of the last run stays until Commit. It is a
// usage error if the file is also read, by any name, or is written by another flag, or cannot be written.
func (a *app) create(given, path string) (*whole.File, error) {
	if info, err := os.Stat(path); err == nil {
		for _, r := range a.files.read {
			if os.SameFile(info, r.info) {
				return nil, usageError("write to another file", "%s: the file is read too, as %q", given, r.path)
			}
		}
	}
	for _, other := range a.files.written {
		if regular(path) && whole.Same(path, other) {
			return nil, usageError("write to another file", "%s: the file is written already, as %q", given, other)
		}
	}
	f, err := whole.Create(path)
	var at *fs.PathError
	if errors.As(err, &at) {
		hint := ""
		switch {
		case errors.Is(at.Err, fs.ErrNotExist):
			hint = "mkdir -p " + filepath.Dir(path) + " makes the folder"
		case errors.Is(at.Err, syscall.EISDIR):
			hint = "name a file in it"
		case errors.Is(at.Err, fs.ErrPermission):
			hint = "name a file in a folder that you may write to"
		}
		return nil, usageError(hint, "%s: %w", given, at.Err)
	}
	if err != nil {
		return nil, usageError("", "%s: %w", given, err)
	}
	a.files.written = append(a.files.written, path)
	return f, nil
}

// regular reports whether a path is, or would be, a file that keeps what is written to it.
func regular(path string) bool {
	info, err := os.Stat(path)
	return err != nil || info.Mode().IsRegular()
}

// writes marks a flag as one that names a file to be written: the tests of all verbs go by it.
const writes = "raftcheck_writes"
