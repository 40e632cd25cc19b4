package runtime

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a Disk in one file, for one process at a time. What is saved is appended; when the log is compacted the file is written anew,
// under another name until it is safe.
type File struct {
	path   string
	file   *os.File
	number uint32 // of the last frame
	last   Saved
	err    error // the first; nothing is saved after it
}

// OpenFile opens the state of a server, or makes a blank one, and returns what it holds. What a crash left of a frame that was
// being written is cut off. The error says path and byte if the file lost what was safe: then the server must not start, since it
// does not know what it promised.
func OpenFile(path string) (*File, Saved, error) {
	if err := os.Remove(path + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, Saved{}, err
	}
	f := &File{path: path}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := f.rewrite(&f.last); err != nil {
			return nil, Saved{}, err
		}
		return f, Saved{}, nil
	}
	if err != nil {
		return nil, Saved{}, err
	}
	r, err := recoverFrom(data)
	switch {
	case len(data) == 0:
		return nil, Saved{}, fmt.Errorf("%s: the state of a server is empty", path)
	case err != nil:
		return nil, Saved{}, fmt.Errorf("%s: %w", path, err)
	}
	if f.file, err = os.OpenFile(path, os.O_RDWR, 0); err != nil {
		return nil, Saved{}, err
	}
	if err := errors.Join(f.file.Truncate(int64(r.end)), f.file.Sync()); err != nil {
		f.file.Close()
		return nil, Saved{}, err
	}
	if _, err := f.file.Seek(int64(r.end), 0); err != nil {
		f.file.Close()
		return nil, Saved{}, err
	}
	f.number, f.last = r.number, r.saved
	return f, r.saved, nil
}

// Save makes a state safe. It writes what changed since the last one, and nothing if that is nothing.
func (f *File) Save(s Saved) error {
	if f.err == nil {
		f.err = f.save(&s)
	}
	return f.err
}

// Close closes the file. What was saved is safe without it.
func (f *File) Close() error {
	f.err = fs.ErrClosed
	return f.file.Close()
}

func (f *File) save(s *Saved) error {
	if !sameSnapshot(&f.last, s) {
		if err := f.rewrite(s); err != nil {
			return err
		}
		f.last = *s
		return nil
	}
	payload, changed := appendChange(nil, &f.last, s)
	if !changed {
		return nil
	}
	if _, err := f.file.Write(appendFrame(nil, f.number+1, payload)); err != nil {
		return err
	}
	if err := f.file.Sync(); err != nil {
		return err
	}
	if _, err := f.file.Write(appendFrame(nil, f.number+2, []byte{markFrame})); err != nil {
		return err
	}
	f.number += 2
	f.last = *s
	return nil
}

// rewrite makes a new file of the whole state, and gives it the old one's name when it is safe.
func (f *File) rewrite(s *Saved) error {
	file, err := os.OpenFile(f.path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	_, err = file.Write(appendFrame(nil, 1, appendWhole(nil, s)))
	if err := errors.Join(err, file.Sync()); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := errors.Join(os.Rename(f.path+".new", f.path), syncFolder(filepath.Dir(f.path))); err != nil {
		return errors.Join(err, file.Close())
	}
	if f.file != nil {
		f.file.Close() // nobody has it any more
	}
	f.file, f.number = file, 1
	return nil
}

// syncFolder makes the names in a folder safe.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
