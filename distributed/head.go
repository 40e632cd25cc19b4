package distributed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// head is the last layer of a search that is finished.
type head struct {
	Layer  string
	Depth  int
	States uint64 // of the layer
	All    uint64 // of all layers
	Done   bool
}

// headName is the file that says how far a search has come, for whoever goes on with it. Only Run writes it.
const headName = "head.json"

// advance notes a layer that a worker has finished. Another worker may have noted it too, with files that mean the same.
func (s *Search) advance(h head) error {
	return write(filepath.Join(s.Folder, fmt.Sprintf("head-%s-%d.json", s.Job, h.Depth)), h)
}

// refuse notes why a part of the search cannot be done.
func (s *Search) refuse(r *Refused) error {
	return write(filepath.Join(s.Folder, fmt.Sprintf("refused-%s.json", s.Job)), r)
}

// latest returns the deepest layer that the job has finished, or the one that it began with.
func (s *Search) latest(from head) (head, error) {
	for h := from; ; {
		err := read(filepath.Join(s.Folder, fmt.Sprintf("head-%s-%d.json", s.Job, h.Depth+1)), &h)
		if errors.Is(err, fs.ErrNotExist) {
			return h, nil
		}
		if err != nil {
			return h, err
		}
	}
}

// refusal returns why the job was refused a part of the search, or nil.
func (s *Search) refusal() error {
	r := &Refused{}
	if read(filepath.Join(s.Folder, fmt.Sprintf("refused-%s.json", s.Job)), r) != nil {
		return nil // it failed for another reason
	}
	return r
}

// tidy removes what jobs have noted.
func (s *Search) tidy() error {
	entries, err := os.ReadDir(s.Folder)
	for _, e := range entries {
		if name := e.Name(); strings.HasPrefix(name, "head-") || strings.HasPrefix(name, "refused-") {
			err = errors.Join(err, os.Remove(filepath.Join(s.Folder, name)))
		}
	}
	return err
}

// write writes a value aside and gives the file its name when all of it is on disk.
func write(path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "aside-")
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Write(text); err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func read(path string, value any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
