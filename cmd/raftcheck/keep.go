package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/internal/built"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
)

// searchFolder is where a search is kept: the values of --dir and --resume.
type searchFolder struct {
	dir, resume string
}

func (k *searchFolder) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&k.dir, "dir", "", "keep the search in `FOLDER`, new or empty: it goes beyond --memory, and on after it was ended at any moment")
	flags.StringVar(&k.resume, "resume", "", "go on with the search in `FOLDER`, with the flags that it began with; those that do not say what is searched can be given anew")
}

// anew are the flags that do not say what is searched: a search that goes on may be given others than it began with.
var anew = []string{"dir", "resume", "share", "memory", "for", "save", "allow", "output", "expect-states", "exec-limit", "exec-transcript", "known", "on",
	"color", "progress", "verbose", "help", "trust"}

// noted is a flag that says what is searched.
type noted struct {
	Flag   string
	Values []string // one each time that it was given
}

// notedOf lists the flags that say what is searched, as they were given.
func notedOf(flags *pflag.FlagSet) (all []noted) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed && !slices.Contains(anew, f.Name) {
			all = append(all, noted{f.Name, valuesOf(f)})
		}
	})
	return all
}

// valuesOf returns the values of a flag as it takes them.
func valuesOf(f *pflag.Flag) []string {
	if list, is := f.Value.(pflag.SliceValue); is {
		return list.GetSlice()
	}
	if f.Name == "faults" {
		return []string{cmp.Or(f.Value.String(), "none")}
	}
	return []string{f.Value.String()}
}

// goOn gives the flags the values that the search began with which is to go on. It is an error if they were given others.
func (k *searchFolder) goOn(flags *pflag.FlagSet) error {
	if k.resume == "" {
		return nil
	}
	if k.dir != "" {
		return usageError("--resume goes on in the folder that it names", "--dir and --resume both name a folder")
	}
	note, maker, err := checker.Note(k.resume)
	if err != nil {
		return k.failure(err)
	}
	if maker != built.Maker() {
		return k.failure(&checker.Unfit{Dir: k.resume, File: "search.json", Err: fmt.Errorf("the search was begun by %s, and this is %s", maker, built.Maker())})
	}
	var began []noted
	if err := json.Unmarshal([]byte(note), &began); err != nil {
		return k.failure(&checker.Unfit{Dir: k.resume, File: "search.json", Err: errors.New("no search of raftcheck check")})
	}
	given := notedOf(flags)
	for _, g := range given {
		if err := sameAsBegun(k.resume, g, began); err != nil {
			return err
		}
	}
	for _, n := range began {
		if slices.ContainsFunc(given, func(g noted) bool { return g.Flag == n.Flag }) {
			continue
		}
		for _, value := range n.Values {
			if err := flags.Set(n.Flag, value); err != nil {
				return k.failure(&checker.Unfit{Dir: k.resume, File: "search.json", Err: err})
			}
		}
	}
	return nil
}

// sameAsBegun refuses a flag that a search did not begin with.
func sameAsBegun(dir string, given noted, began []noted) error {
	const hint = "leave it out: the search goes on with the flags that it began with"
	at := slices.IndexFunc(began, func(n noted) bool { return n.Flag == given.Flag })
	switch {
	case at < 0:
		return usageError(hint, "the search in %q began without --%s", dir, given.Flag)
	case !slices.Equal(began[at].Values, given.Values):
		return usageError(hint, "the search in %q began with --%s %s, not %s", dir, given.Flag, joined(began[at].Values), joined(given.Values))
	}
	return nil
}

func joined(values []string) string {
	text, _ := json.Marshal(values)
	if len(values) == 1 {
		return values[0]
	}
	return string(text)
}

// options returns where the search is kept; nil is in memory.
func (k *searchFolder) options(flags *pflag.FlagSet, liveness []*spec.Rule, known *known) (*checker.Keep, error) {
	flag, dir := "dir", k.dir
	if k.resume != "" {
		flag, dir = "resume", k.resume
	}
	switch {
	case !flags.Changed(flag):
		return nil, nil
	case dir == "":
		return nil, usageError("as in --dir searches/one", "--%s names no folder", flag)
	case len(liveness) > 0:
		return nil, usageError("leave one of them out", "--%s and --liveness: it takes a graph of all states in memory", flag)
	case known.path != "":
		return nil, usageError("leave one of them out", "--%s and --known: each known finding that is met makes another search", flag)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	note, _ := json.Marshal(notedOf(flags)) // strings
	return &checker.Keep{Dir: dir, Resume: k.resume != "", Maker: built.Maker(), Note: string(note)}, nil
}

// failure says what is wrong with a folder: with what is in it, or with its name.
func (k *searchFolder) failure(err error) error {
	var unfit *checker.Unfit
	if !errors.As(err, &unfit) {
		return err
	}
	if unfit.File == "" && k.resume == "" && k.dir != "" {
		return usageError("--resume goes on with a search, --dir begins one in a folder that is new or empty", "--dir %w", err)
	}
	return &failure{exit: exitInput, err: err, bare: true}
}

// goesOn says how a search that was ended can go on.
func (k *searchFolder) goesOn(r *report.Report) {
	dir := cmp.Or(k.dir, k.resume)
	if dir != "" && r.Search != nil && !r.Search.Complete && r.Verdict == spec.Inconclusive.String() {
		r.Hints = []string{fmt.Sprintf("raftcheck check --resume %s goes on with it from depth %d", dir, r.Search.Depth)}
	}
}
