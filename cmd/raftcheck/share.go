package main

import (
	"encoding/json"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/internal/built"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// sharedFolder is where a search is kept that several programs make together: the value of --share.
type sharedFolder string

func (f *sharedFolder) addTo(flags *pflag.FlagSet) {
	flags.StringVar((*string)(f), "share", "", "take part in the search that programs make together in `FOLDER`: do what lines of JSON on stdin ask for; docs/scale.md")
}

// options returns where the search is kept, with the program that does its parts; nil is that it is not shared.
func (f *sharedFolder) options(flags *pflag.FlagSet, a *app, s *subject.Subject, liveness []*spec.Rule, known *known) (*checker.Keep, error) {
	if !flags.Changed("share") {
		return nil, nil
	}
	const hint = "leave one of them out"
	switch {
	case *f == "":
		return nil, usageError("as in --share searches/one", "--share names no folder")
	case flags.Changed("dir") || flags.Changed("resume"):
		return nil, usageError(hint, "--share and --dir both say where the search is kept")
	case len(liveness) > 0:
		return nil, usageError(hint, "--share and --liveness: it takes a graph of all states in memory")
	case known.path != "":
		return nil, usageError(hint, "--share and --known: each known finding that is met makes another search")
	case flags.Changed("for"):
		return nil, usageError("whoever asks for the parts of a search stops asking", "--share and --for: a part of a search is done or not")
	}
	dir, err := filepath.Abs(string(*f))
	if err != nil {
		return nil, err
	}
	note, _ := json.Marshal(notedOf(flags)) // strings
	s.Share(dir, a.in, a.term.out)
	return &checker.Keep{Dir: dir, Maker: built.Maker(), Note: string(note)}, nil
}
