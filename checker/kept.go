package checker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/raftcheck/raftcheck/checker/external"
)

// Keep says where a search is kept, so that it needs no more memory than it is given and can go on after it was ended at any moment.
type Keep struct {
	Dir     string // a folder: empty, or not there yet, or with Resume one that holds a search
	Resume  bool   // go on with the search in Dir, which must be of the same world
	Maker   string // the program and its version, which must be the same for Resume
	Note    string // stays with the search, for whoever goes on with it: see Note
	shared  bool   // by programs that each do parts of it
	again   bool   // in place of the search that is there, of which an assumption did not hold
	folder  external.FS
	without []Reduced // which those were
	states  bool      // state by state, and not by groups
	crowd   int       // tests: there is memory for so many groups; 0 is as Memory has it
	tight   int       // tests: so many keys are sorted at once, or states expanded, and what is in memory is forgotten before every round; 0 is as Memory has it
}

// Unfit says why a folder cannot hold a search, or why the search in it cannot go on as it was asked to.
type Unfit struct {
	Dir  string
	File string // which of its files is wrong; "" for none
	Err  error
}

// Error names the folder or file, and what is wrong.
func (u *Unfit) Error() string {
	if u.File != "" {
		return fmt.Sprintf("%s/%s: %v", u.Dir, u.File, u.Err)
	}
	return fmt.Sprintf("%s: %v", u.Dir, u.Err)
}

// Unwrap returns the cause.
func (u *Unfit) Unwrap() error { return u.Err }

// Note returns what [Keep] Note was when the search in a folder began, and which program made it. The error is an *Unfit.
func Note(dir string) (note, maker string, err error) {
	k := &kept{Keep: Keep{Dir: dir, Resume: true}}
	if err := k.open(); err != nil {
		return "", "", err
	}
	defer k.close()
	return k.state.Note, k.manifest.Maker, nil
}

// kept is a search in files.
type kept struct {
	Keep
	owner    interface{ Close() error }
	manifest external.Manifest
	state    keptState
	filters  [partitions]filter
	room     int  // words that each filter should have at most
	whole    bool // the filters, or the sets of groups, hold every state that was found
	base     uint64
	fills    []uint32 // what was made known to the memo since the last manifest, as numbers
	out      *external.Candidates
	filed    uint64         // states in out, or in pieces
	putsOff  bool           // what the memo does not hold is left to somebody else, who has it for all (shared.go)
	pieces   []external.Ref // of the next layer, in a search by groups
	headed   int            // groups that the manifest knows
	memory   int            // bytes for a search by groups; 0 is no bound
	stand    *SharedLayer   // of a search that is shared, whose layers are in several files each; nil for others
}

// keptState is what a manifest says besides files.
type keptState struct {
	World []string // what is searched, and for what
	Note  string
	Memo  uint64 // digest of the memo
	Stats Stats
	Goals map[string]int

	Without    []Reduced `json:",omitempty"` // what was assumed and did not hold
	StripsFrom int       `json:",omitempty"` // the first layer from whose states no-ops are taken out by looking ahead
	StandsFor  uint64    `json:",omitempty"` // states that those expanded stand for
}

// blocks of the search are those of files.
var _ [blockStates]struct{} = [external.Rows]struct{}{}
var _ [partitions]struct{} = [external.Partitions]struct{}{}

// open opens the folder, and reads the manifest if the search is to go on.
func (k *kept) open() error {
	if k.folder == nil {
		folder, err := external.OpenFolder(k.Dir, !k.Resume)
		if err != nil {
			return k.unfit(causeOf(err))
		}
		k.folder, k.owner = folder, folder
	}
	if err := k.begin(); err != nil {
		k.close()
		return err
	}
	return nil
}

func (k *kept) begin() error {
	if k.again {
		return k.replace()
	}
	if !k.Resume {
		names, err := k.folder.Names()
		switch {
		case err != nil:
			return k.unfit(causeOf(err))
		case slices.Contains(names, external.ManifestName):
			return k.unfit(errors.New("it holds a search already, which can go on"))
		}
		for _, name := range names {
			if !external.Ours(name) {
				return k.unfit(fmt.Errorf("it is not empty: it holds %s", name))
			}
		}
		return external.Sweep(k.folder, &k.manifest) // of a search that was ended at once
	}
	m, err := external.Read(k.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return k.unfit(errors.New("it holds no search: there is no " + external.ManifestName))
	}
	if err != nil {
		return k.unfit(err)
	}
	k.manifest = *m
	if err := json.Unmarshal(m.Search, &k.state); err != nil {
		return k.unfit(&external.Damaged{File: external.ManifestName, What: err.Error()})
	}
	return nil
}

// replace begins a search in a folder that holds one already, which stays whole until the first layer of the new one is finished.
func (k *kept) replace() error {
	m, err := external.Read(k.folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		m = &external.Manifest{}
	case err != nil:
		return k.unfit(err)
	}
	k.manifest.Serial = m.Serial
	return external.Sweep(k.folder, m)
}

// heldBack reads which reductions a search that is to go on had to do without, and leaves them out of what is asked for.
func (o *Options) heldBack() ([]Reduced, error) {
	if o.Keep == nil || !o.Keep.Resume || o.Keep.shared || o.Reduce == 0 {
		return nil, nil
	}
	k := &kept{Keep: *o.Keep}
	if err := k.open(); err != nil {
		return nil, err
	}
	defer k.close()
	for _, held := range k.state.Without {
		one, _ := ReductionNamed(held.Name)
		o.Reduce &^= one
	}
	return k.state.Without, nil
}

// without are the options of a search that is made again because what some reductions rest on does not hold.
func (o Options) without(held []Reduced) Options {
	for _, h := range held {
		one, _ := ReductionNamed(h.Name)
		o.Reduce &^= one
	}
	if o.Keep != nil {
		keep := *o.Keep
		keep.Resume, keep.again, keep.without = false, true, held
		o.Keep = &keep
	}
	return o
}

func (k *kept) close() {
	if k.out != nil {
		k.out.Abandon()
	}
	for p := range k.filters {
		k.filters[p].empty()
	}
	if k.owner != nil {
		_ = k.owner.Close() // what counts is on disk
		k.owner = nil
	}
}

// unfit names the folder, and the file if one is to blame.
func (k *kept) unfit(err error) error {
	u := &Unfit{Dir: k.Dir, Err: err}
	var damaged *external.Damaged
	var failed *external.Failed
	switch {
	case errors.As(err, &damaged):
		u.File, u.Err = damaged.File, errors.New(damaged.What)
	case errors.As(err, &failed):
		u.File, u.Err = failed.File, failed.Err
	}
	return u
}

func causeOf(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// serial numbers files.
func (k *kept) serial() uint64 {
	k.manifest.Serial++
	return k.manifest.Serial
}
