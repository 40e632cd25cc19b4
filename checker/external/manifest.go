package external

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"

	"github.com/zeebo/xxh3"
)

// Manifest says which files are a search, as of the end of a layer. All others in the folder are leftovers.
type Manifest struct {
	Format int             `json:"format"`
	Maker  string          `json:"maker"`          // the program and its version: another may number things otherwise
	Search json.RawMessage `json:"search"`         // what the maker has to know besides
	Layers []Layer         `json:"layers"`         // all, in order of depth. The last is to be expanded next
	Runs   []Ref           `json:"runs"`           // the keys of all layers that are Sorted, and of no others
	Sets   *Sets           `json:"sets,omitempty"` // of a search by groups, in place of layers and runs
	Memo   []Ref           `json:"memo"`           // files of the maker's own, in order
	Serial uint64          `json:"serial"`         // the number that the next file gets
}

// Sets are the files of a search by groups: a state is a member of a numbered set.
type Sets struct {
	Heads  []Ref    `json:"heads"`  // files of the maker's own, in order: what each number stands for
	Layers []uint64 `json:"layers"` // states in each, in order of depth
	Last   Ref      `json:"last"`   // those of the last layer, which is to be expanded next
	Runs   []Ref    `json:"runs"`   // those of all layers, each once
}

// refs lists the files, each once.
func (s *Sets) refs() []Ref {
	if slices.Contains(s.Runs, s.Last) {
		return slices.Concat(s.Heads, s.Runs)
	}
	return slices.Concat(s.Heads, []Ref{s.Last}, s.Runs)
}

// ManifestName is the manifest's file. It is the only one that is ever replaced.
const ManifestName = "search.json"

// manifestTail is the line after the manifest.
const manifestTail = "xxh3 "

// Write makes a manifest the one that counts.
func Write(folder FS, m *Manifest) error {
	m.Format = Format
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return writeLine(folder, ManifestName, text)
}

// writeLine writes a file of one line, with its checksum in a second one.
func writeLine(folder FS, name string, text []byte) error {
	text = fmt.Appendf(append(text, '\n'), "%s%016x\n", manifestTail, xxh3.Hash(text))
	file, err := folder.Create(name)
	if err != nil {
		return failed(name, err)
	}
	defer file.Abandon()
	if _, err := file.Write(text); err != nil {
		return failed(name, err)
	}
	commit := file.Commit
	if later, is := file.(namedByContent); is {
		commit = func() error { return later.CommitAs(name) }
	}
	if err := commit(); err != nil {
		return failed(name, err)
	}
	return nil
}

// Read reads the manifest. The error is fs.ErrNotExist if there is none, and a *Damaged if it is not what was written, or another format.
func Read(folder FS) (*Manifest, error) {
	body, err := readLine(folder, ManifestName)
	if err != nil {
		return nil, err
	}
	m := &Manifest{}
	if err := json.Unmarshal(body, m); err != nil {
		return nil, &Damaged{ManifestName, err.Error()}
	}
	if m.Format != Format {
		return nil, &Damaged{ManifestName, fmt.Sprintf("it is of format %d, and this raftcheck reads format %d", m.Format, Format)}
	}
	return m, nil
}

// readLine reads what writeLine wrote. The error is fs.ErrNotExist if there is no such file.
func readLine(folder FS, name string) ([]byte, error) {
	source, err := folder.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, failed(name, err)
	}
	defer source.Close()
	text := make([]byte, source.Size())
	if n, err := source.ReadAt(text, 0); n < len(text) {
		return nil, failed(name, err)
	}
	body, tail, _ := bytes.Cut(text, []byte{'\n'})
	if string(tail) != fmt.Sprintf("%s%016x\n", manifestTail, xxh3.Hash(body)) {
		return nil, &Damaged{name, "it is not what was written: the checksum at its end is of something else"}
	}
	return body, nil
}

// Files lists the files that a manifest names.
func (m *Manifest) Files() (all []Ref) {
	for k := range m.Layers {
		all = append(all, m.Layers[k].refs()...)
	}
	if m.Sets != nil {
		all = append(all, m.Sets.refs()...)
	}
	return slices.Concat(all, m.Runs, m.Memo)
}

// Bytes is what they take on disk.
func (m *Manifest) Bytes() (n int64) {
	for _, r := range m.Files() {
		n += r.Bytes
	}
	return n
}

// Sweep removes files of a search that the manifest does not name. Files that are none of a search stay.
func Sweep(folder FS, m *Manifest) error {
	needed := map[string]bool{}
	for _, r := range m.Files() {
		needed[r.File] = true
	}
	names, err := folder.Names()
	if err != nil {
		return failed(".", err)
	}
	for _, name := range names {
		if !needed[name] && Ours(name) {
			if err := folder.Remove(name); err != nil {
				return failed(name, err)
			}
		}
	}
	return nil
}

// Ours reports whether files of a search are named like that.
func Ours(name string) bool { return searchFile.MatchString(name) }

// searchFile is how the files of a search are named.
var searchFile = regexp.MustCompile(`^(words|keys|paths|run|sets|heads|memo)-[0-9]{8,}$`)

func fileName(kind string, serial uint64) string {
	return fmt.Sprintf("%s-%08s", kind, strconv.FormatUint(serial, 10))
}

// The kinds of files of the maker's own.
const (
	Memo  = "memo"  // what it must do again before it can go on
	Heads = "heads" // what the numbers of sets stand for
)

// WriteNumbers writes a file of the maker's own.
func WriteNumbers(folder FS, kind string, serial uint64, numbers []uint32) (Ref, error) {
	w, err := newWriter(folder, fileName(kind, serial))
	if err != nil {
		return Ref{}, err
	}
	defer w.abandon()
	for some := range slices.Chunk(numbers, 3*runBlock) {
		b := make([]byte, 0, 4*len(some))
		for _, n := range some {
			b = binary.LittleEndian.AppendUint32(b, n)
		}
		if err := w.append(0, len(some), Key{}, b); err != nil {
			return Ref{}, err
		}
	}
	return w.commit()
}

// ReadNumbers reads what WriteNumbers wrote.
func ReadNumbers(folder FS, ref Ref) (numbers []uint32, err error) {
	r, err := openBlocks(folder, ref)
	if err != nil {
		return nil, err
	}
	defer r.close()
	for k := range r.index {
		b, err := r.read(k, nil)
		if err != nil {
			return nil, err
		}
		for ; len(b) >= 4; b = b[4:] {
			numbers = append(numbers, binary.LittleEndian.Uint32(b))
		}
	}
	return numbers, nil
}
