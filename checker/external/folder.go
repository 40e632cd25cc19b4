package external

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/raftcheck/raftcheck/whole"
)

// FS is a folder that a search is kept in. It has no folders below, and its files are written once.
type FS interface {
	Create(name string) (File, error) // what is there under that name stays until Commit
	Open(name string) (Source, error)
	Remove(name string) error
	Names() ([]string, error)
}

// File is a file on its way: it takes its name, with all of its bytes on disk, at Commit, or never.
type File interface {
	io.Writer
	Commit() error
	Abandon() // nothing after Commit
}

// Source is a file that is read.
type Source interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Damaged says that a file is not what was written, or is not there: the search cannot go on from it.
type Damaged struct {
	File string // its name in the folder
	What string // "block 3 is not what was written"
}

// Error names the file, and says what is wrong with it.
func (d *Damaged) Error() string { return d.File + ": " + d.What }

// Failed says that the machine could not write or read a file, as for want of room. The search can go on once it can.
type Failed struct {
	File string
	Err  error
}

// Error names the file, and says what happened.
func (f *Failed) Error() string { return f.File + ": " + f.Err.Error() }

// Unwrap returns the cause.
func (f *Failed) Unwrap() error { return f.Err }

func failed(name string, err error) error {
	var known *Failed
	var damaged *Damaged
	if errors.As(err, &known) || errors.As(err, &damaged) {
		return err
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &Failed{name, err}
}

// Folder is a folder of the machine, which is made if it is not there. Nobody else may have it open at the same time, which is an *Occupied.
type Folder struct {
	path string
	lock *os.File
}

// Occupied says that another program has the folder open.
type Occupied struct{ Path string }

// Error names the folder.
func (o *Occupied) Error() string { return fmt.Sprintf("%q is in use by another raftcheck", o.Path) }

// lockName is the file by which a program has a folder for itself.
const lockName = "lock"

// A program that was killed holds its lock until the machine has taken all of it down, which may be after whoever killed it goes on.
const (
	lockTries = 40
	lockPause = 50 * time.Millisecond
)

// OpenFolder opens a folder, and makes it if it is not there and may be made. One that may not be made must hold a search. For one that
// another program has open it waits up to two seconds, as that program may just be ending.
func OpenFolder(path string, make bool) (*Folder, error) {
	return openFolder(path, make, func() { time.Sleep(lockPause) })
}

func openFolder(path string, make bool, pause func()) (*Folder, error) {
	if make {
		if err := os.MkdirAll(path, 0o777); err != nil {
			return nil, err
		}
	}
	if _, err := os.ReadDir(path); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(path, ManifestName)); !make && err != nil {
		return nil, errors.New("it holds no search: there is no " + ManifestName)
	}
	file, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	for range lockTries {
		if lock(file) {
			return &Folder{path, file}, nil
		}
		pause()
	}
	file.Close()
	return nil, &Occupied{path}
}

// Close lets others open the folder.
func (f *Folder) Close() error { return f.lock.Close() }

// Create begins a file.
func (f *Folder) Create(name string) (File, error) { return whole.Create(filepath.Join(f.path, name)) }

// Open opens a file.
func (f *Folder) Open(name string) (Source, error) { return openSource(filepath.Join(f.path, name)) }

func openSource(path string) (Source, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	return &source{file, info.Size()}, nil
}

type source struct {
	*os.File
	size int64
}

// Size is how many bytes the file had when it was opened.
func (s *source) Size() int64 { return s.size }

// Remove takes a file away.
func (f *Folder) Remove(name string) error { return os.Remove(filepath.Join(f.path, name)) }

// Names lists the files, but for the lock.
func (f *Folder) Names() (names []string, err error) {
	entries, err := os.ReadDir(f.path)
	for _, e := range entries {
		if e.Name() != lockName {
			names = append(names, e.Name())
		}
	}
	return names, err
}
