package subject

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/zeebo/xxh3"
)

// Test programs are kept from one command to the next in the user's folder for caches, so that what is searched again is not built again. A program is found by all that
// it was made of, and one that is not what was kept, byte for byte, is not run. Where nothing can be kept, programs are built each time.

// keptVariable is the environment's variable that names another folder for what is kept, or says off.
const keptVariable = "RAFTCHECK_PROGRAMS"

// mostKept is how many bytes are kept; those last used longest ago go first.
const mostKept = 512 << 20

// keptFolder is where programs are kept, "" for nowhere.
func keptFolder() string {
	switch named := os.Getenv(keptVariable); {
	case named == "off":
		return ""
	case filepath.IsAbs(named): // another would be another one in each folder
		return named
	}
	caches, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(caches, "raftcheck", "programs")
}

// made is all that the test program is made of, beside the compilers of other languages.
type made struct {
	Maker   string            // digest of this program, which writes the module and rewrites the library
	Source  string            // where raftcheck's source is, or its version
	Files   string            // digest of that source where it can change: a version does not
	Family  string            // the adapter, and how it is called
	Library string            // the version of the library, which does not change
	Gates   bool              // goroutines can be held
	Go      map[string]string // the toolchain and its settings
}

// key names what is made of this among all that is made.
func (m *made) key() string {
	text, err := json.Marshal(m)
	if err != nil {
		panic("subject: words are always JSON: " + err.Error())
	}
	return digest(xxh3.Hash128(text))
}

// digest writes a hash down.
func digest(h xxh3.Uint128) string { return fmt.Sprintf("%016x%016x", h.Hi, h.Lo) }

// ingredients are what the program would be made of if it were built now, in the folder dir. It is an error if they cannot be told, and so if GOFLAGS names files that are part of it.
func (g *goTest) ingredients(dir string) (*made, error) {
	settings, err := toolchain(dir)
	if err != nil {
		return nil, err
	}
	m := &made{Family: fmt.Sprintf("%+v", *g.family), Library: g.version, Gates: g.holds(), Go: settings}
	source, version := raftcheckSource(g.family.adapter)
	m.Source = cmp.Or(source, version)
	this, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if m.Maker, err = fileDigest(this); err != nil {
		return nil, err
	}
	if source != "" {
		if m.Files, err = sourceDigest(source); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// namesFiles are flags of the go command whose value names what is not told by its name.
var namesFiles = regexp.MustCompile(`-(overlay|modfile|toolexec|pgo|pkgdir)\b`)

// toolchain returns what the go command says of itself in the program's module, but for what names a folder that is another one each time.
func toolchain(dir string) (map[string]string, error) {
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(moduleHead), 0o666); err != nil { // it says which toolchain is used
		return nil, err
	}
	cmd := exec.Command("go", "env", "-json")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	printed, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var settings map[string]string
	if err := json.Unmarshal(printed, &settings); err != nil {
		return nil, err
	}
	if namesFiles.MatchString(settings["GOFLAGS"]) { // those of go env -w: the environment's are not passed on
		return nil, errors.New("GOFLAGS names a file")
	}
	maps.DeleteFunc(settings, func(name, _ string) bool { return name == "GOMOD" || name == "GOGCCFLAGS" })
	return settings, nil
}

// fileDigest returns a digest of what a file holds.
func fileDigest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := xxh3.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return digest(h.Sum128()), nil
}

// sourceDigest returns a digest of the files of a checkout that a program may be made of, and of their names.
func sourceDigest(source string) (string, error) {
	h := xxh3.New()
	err := filepath.WalkDir(source, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != source && strings.HasPrefix(e.Name(), "."):
			return filepath.SkipDir
		case e.IsDir() || !isSource(e.Name()):
			return nil
		}
		file, err := fileDigest(path)
		fmt.Fprintf(h, "%q %s\n", path, file)
		return err
	})
	return digest(h.Sum128()), err
}

// isSource reports whether a program may be made of a file of raftcheck's: Go code, what says of which modules, where goroutines are held, and what is embedded.
func isSource(name string) bool {
	return name == gatesFile || slices.Contains([]string{".go", ".mod", ".sum", ".tmpl", ".txt", ".md", ".json"}, filepath.Ext(name))
}

// shelf is where the program of some ingredients is kept. The zero value keeps nothing.
type shelf struct {
	folder string
	key    string
	of     func() (*made, error)
}

// shelf returns where the program is kept, with a module's folder to ask the go command in.
func (g *goTest) shelf(dir string) shelf {
	folder := keptFolder()
	if folder == "" {
		return shelf{}
	}
	s := shelf{folder: folder, of: func() (*made, error) { return g.ingredients(dir) }}
	m, err := s.of()
	if err != nil {
		return shelf{}
	}
	s.key = m.key()
	return s
}

// keptPrefix begins the name of all that is kept; the key follows, and a digest of the program.
const keptPrefix = "program-"

// find returns the path of the program, "" if none is kept. One that is damaged is removed.
func (s shelf) find() string {
	if s.key == "" {
		return ""
	}
	entries, _ := os.ReadDir(s.folder) // none where there is no folder
	for _, e := range entries {
		sum, is := strings.CutPrefix(e.Name(), keptPrefix+s.key+"-")
		if !is {
			continue
		}
		path := filepath.Join(s.folder, e.Name())
		if is, err := fileDigest(path); err == nil && is == sum {
			now := time.Now()
			_ = os.Chtimes(path, now, now) // else it is taken for older than it is
			return path
		}
		_ = os.Remove(path) // it may be gone
	}
	return ""
}

// keep keeps a program that was built since, if it was made of the same. Who looks for it finds all of it or nothing; two who keep it at once do no harm to each other.
func (s shelf) keep(program string) error {
	if s.key == "" {
		return nil
	}
	if m, err := s.of(); err != nil || m.key() != s.key {
		return err // the source was changed meanwhile
	}
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return err
	}
	from, err := os.Open(program)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.CreateTemp(s.folder, "aside-*")
	if err != nil {
		return err
	}
	h := xxh3.New()
	_, err = io.Copy(io.MultiWriter(to, h), from)
	if err = errors.Join(err, to.Chmod(0o700), to.Close()); err == nil {
		err = os.Rename(to.Name(), filepath.Join(s.folder, keptPrefix+s.key+"-"+digest(h.Sum128())))
	}
	if err != nil {
		return errors.Join(err, os.Remove(to.Name()))
	}
	return sweep(s.folder, mostKept)
}

// sweep removes what was used longest ago, until a folder holds no more than so many bytes or one file.
func sweep(folder string, most int64) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var files []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	for k, f := range files {
		if most -= f.Size(); most < 0 && k > 0 && (strings.HasPrefix(f.Name(), keptPrefix) || strings.HasPrefix(f.Name(), "aside-")) {
			err = errors.Join(err, os.Remove(filepath.Join(folder, f.Name())))
		}
	}
	return err
}
