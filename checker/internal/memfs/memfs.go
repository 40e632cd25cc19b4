// Package memfs is a folder in memory for tests of searches in files: it fails where it is told to, and can be had as a crash leaves it.
package memfs

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"github.com/raftcheck/raftcheck/checker/external"
)

// Op is something that is done with a folder.
type Op struct {
	Number int    // of all that were done, from 0 on
	Kind   string // "create", "write", "sync", "rename", "after rename", "open", "read", "remove" or "names"
	File   string
}

// Folder is a folder in memory. The zero value is an empty one in which nothing fails.
type Folder struct {
	// Fail is asked before everything that is done, and says how it fails; nil for nothing. It is not called twice at the same time.
	Fail func(Op) error
	// Spoil may change what was read.
	Spoil func(op Op, b []byte)

	mutex   sync.Mutex
	files   map[string][]byte
	removed map[string][]byte // since the last file was committed
	ops     int
}

// ErrInjected is how things fail that are told to.
var ErrInjected = errors.New("no space left on device")

// Ops is how much was done.
func (f *Folder) Ops() int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.ops
}

// Kill returns the folder as it is when the program is killed now. Nothing fails in it.
func (f *Folder) Kill() *Folder {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.KillNow()
}

// KillNow is Kill, for Fail to call.
func (f *Folder) KillNow() *Folder {
	files := map[string][]byte{}
	maps.Copy(files, f.files)
	return &Folder{files: files}
}

// PowerLossNow returns the folder as it may be after the power failed now: what was removed lately is there again. It is for Fail to call.
func (f *Folder) PowerLossNow() *Folder {
	files := map[string][]byte{}
	maps.Copy(files, f.removed)
	maps.Copy(files, f.files)
	return &Folder{files: files}
}

// Bytes returns what is in a file; nil if it is not there.
func (f *Folder) Bytes(name string) []byte { return slices.Clone(f.files[name]) }

// Put puts a file in place; nil removes it.
func (f *Folder) Put(name string, b []byte) {
	if b == nil {
		delete(f.files, name)
		return
	}
	f.files[name] = b
}

// do counts something that is about to be done, and fails if it is told to.
func (f *Folder) do(kind, name string) (Op, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	op := Op{f.ops, kind, name}
	f.ops++
	if f.Fail == nil {
		return op, nil
	}
	if err := f.Fail(op); err != nil {
		return op, &fs.PathError{Op: kind, Path: name, Err: err}
	}
	return op, nil
}

// Create begins a file.
func (f *Folder) Create(name string) (external.File, error) {
	if _, err := f.do("create", name); err != nil {
		return nil, err
	}
	return &file{folder: f, name: name}, nil
}

type file struct {
	folder *Folder
	name   string
	data   []byte
	done   bool
}

// Write adds to the file; half of it if it fails.
func (w *file) Write(b []byte) (int, error) {
	if _, err := w.folder.do("write", w.name); err != nil {
		w.data = append(w.data, b[:len(b)/2]...)
		return len(b) / 2, err
	}
	w.data = append(w.data, b...)
	return len(b), nil
}

// Commit gives the file its name.
func (w *file) Commit() error {
	if w.done {
		return fs.ErrClosed
	}
	w.done = true
	for _, kind := range []string{"sync", "rename"} {
		if _, err := w.folder.do(kind, w.name); err != nil {
			return err
		}
	}
	w.folder.mutex.Lock()
	if w.folder.files == nil {
		w.folder.files = map[string][]byte{}
	}
	w.folder.files[w.name], w.folder.removed = w.data, map[string][]byte{}
	w.folder.mutex.Unlock()
	_, err := w.folder.do("after rename", w.name)
	return err
}

// Abandon gives the file up.
func (w *file) Abandon() { w.done = true }

// Open opens a file.
func (f *Folder) Open(name string) (external.Source, error) {
	if _, err := f.do("open", name); err != nil {
		return nil, err
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	b, there := f.files[name]
	if !there {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &source{f, name, bytes.NewReader(b)}, nil
}

type source struct {
	folder *Folder
	name   string
	*bytes.Reader
}

// ReadAt reads; half of it if it fails.
func (s *source) ReadAt(b []byte, at int64) (int, error) {
	op, err := s.folder.do("read", s.name)
	if err != nil {
		return 0, err
	}
	n, err := s.Reader.ReadAt(b, at)
	if s.folder.Spoil != nil {
		s.folder.mutex.Lock()
		defer s.folder.mutex.Unlock()
		s.folder.Spoil(op, b[:n])
	}
	return n, err
}

// Close does nothing.
func (s *source) Close() error { return nil }

// Remove takes a file away.
func (f *Folder) Remove(name string) error {
	if _, err := f.do("remove", name); err != nil {
		return err
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	b, there := f.files[name]
	if !there {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	if f.removed == nil {
		f.removed = map[string][]byte{}
	}
	f.removed[name] = b
	delete(f.files, name)
	return nil
}

// Names lists the files in alphabetical order.
func (f *Folder) Names() ([]string, error) {
	if _, err := f.do("names", "."); err != nil {
		return nil, err
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return slices.Sorted(maps.Keys(f.files)), nil
}
