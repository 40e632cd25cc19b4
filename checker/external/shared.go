package external

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/zeebo/xxh3"

	"github.com/raftcheck/raftcheck/whole"
)

// Shared is a folder of the machine, or of a file system of several machines, that any number of programs make one search in. A file's
// name is that of its kind with a checksum of what is in it: made twice it is made once, and two that differ never meet.
type Shared struct {
	path   string
	serial atomic.Uint64
}

// OpenShared opens a folder, and makes it if it is not there.
func OpenShared(path string) (*Shared, error) {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, err
	}
	return &Shared{path: path}, nil
}

// Create begins a file, which gets its name when it is committed: [File] has CommitAs here.
func (s *Shared) Create(name string) (File, error) {
	aside := fmt.Sprintf("%s%s-%d-%d-%s", asidePrefix, hostName(), os.Getpid(), s.serial.Add(1), name)
	file, err := whole.Create(filepath.Join(s.path, aside))
	if err != nil {
		return nil, err
	}
	return &sharedFile{file, s.path, aside}, nil
}

// asidePrefix begins the names of files that have none yet: what a program leaves that is killed between two renames.
const asidePrefix = "aside-"

func hostName() string {
	name, _ := os.Hostname() // only tells files aside apart
	return filepath.Base(name)
}

// sharedFile is a file on its way into a shared folder.
type sharedFile struct {
	*whole.File
	folder, aside string
}

// CommitAs ends the file under a name. One that is there under that name is the same.
func (f *sharedFile) CommitAs(name string) error {
	if err := f.Commit(); err != nil {
		return err
	}
	return os.Rename(filepath.Join(f.folder, f.aside), filepath.Join(f.folder, name))
}

// Open opens a file.
func (s *Shared) Open(name string) (Source, error) { return openSource(filepath.Join(s.path, name)) }

// Remove takes a file away. One that is gone already is no error: another program took it.
func (s *Shared) Remove(name string) error {
	if err := os.Remove(filepath.Join(s.path, name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Names lists the files.
func (s *Shared) Names() (names []string, err error) {
	entries, err := os.ReadDir(s.path)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// namedByContent is a file that gets its name when it is known what is in it.
type namedByContent interface{ CommitAs(name string) error }

// contentName is the name of a file of a kind with that checksum.
func contentName(kind string, sum uint64) string { return fmt.Sprintf("%s-%016x", kind, sum) }

// WriteNote writes a value as one line of JSON with its checksum, and returns the name of the file.
func WriteNote(folder *Shared, kind string, value any) (string, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	name := contentName(kind, xxh3.Hash(text))
	return name, writeLine(folder, name, text)
}

// ReadNote reads what WriteNote wrote. The error is a *Damaged if it is not that.
func ReadNote(folder FS, name string, value any) error {
	body, err := readLine(folder, name)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(value); err != nil {
		return &Damaged{name, err.Error()}
	}
	return nil
}

// Sweep removes files of a search but for those that are needed, and what programs that were killed have left aside. No other program may be at work in the folder.
func (s *Shared) Sweep(needed []string) error {
	keep := map[string]bool{}
	for _, name := range needed {
		keep[name] = true
	}
	names, err := s.Names()
	if err != nil {
		return failed(".", err)
	}
	for _, name := range names {
		if ours := sharedName.MatchString(name) || strings.HasPrefix(name, asidePrefix); ours && !keep[name] {
			if err := s.Remove(name); err != nil {
				return failed(name, err)
			}
		}
	}
	return nil
}

// sharedName is how the files of a search that is shared are named.
var sharedName = regexp.MustCompile(`^(words|keys|paths|run|memo|layer|expanded|filled|merged)-[0-9a-f]{16}$`)
