package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/internal/cpu"
	"github.com/raftcheck/raftcheck/spec"
)

// sharedFolder is where a search is kept that several programs make together: the value of --share.
type sharedFolder string

func (f *sharedFolder) addTo(flags *pflag.FlagSet) {
	flags.StringVar((*string)(f), "share", "", "take part in the search that programs make together in `FOLDER`: do what lines of JSON on stdin ask for; docs/scale.md")
}

// options returns where the search is kept, with the program that does its parts; nil is that it is not shared.
func (f *sharedFolder) options(flags *pflag.FlagSet, a *app, s *subject, liveness []*spec.Rule, known *known) (*checker.Keep, error) {
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
	case s.goTest != nil || s.mixed != nil:
		return nil, usageError("raftcheck check --impl "+s.name+" --dir FOLDER goes beyond memory on one machine",
			"--share: %s is built into a program of its own, which searches alone", s.name)
	}
	dir, err := filepath.Abs(string(*f))
	if err != nil {
		return nil, err
	}
	note, _ := json.Marshal(notedOf(flags)) // strings
	s.shared = a.share
	return &checker.Keep{Dir: dir, Maker: makerOf(), Note: string(note)}, nil
}

// asked is a line of stdin: a part of the search to be done.
type asked struct {
	Do       string   `json:"do"` // begin, expand, fill, merge, close, look, sweep; tell is the last, and the report follows
	Layer    string   `json:"layer,omitempty"`
	Shares   int      `json:"shares,omitempty"`   // begin: into how many shares keys are divided
	From     int      `json:"from,omitempty"`     // expand: the first round
	To       int      `json:"to,omitempty"`       // expand: the round behind the last
	Expanded []string `json:"expanded,omitempty"` // fill: what expand answered, in the order of rounds
	Filled   string   `json:"filled,omitempty"`   // merge, close: what fill answered
	Share    int      `json:"share,omitempty"`    // merge
	Merged   []string `json:"merged,omitempty"`   // close: what merge answered, in the order of shares
	Seconds  float64  `json:"seconds,omitempty"`  // tell: how long the search took
}

// answered is a line of stdout.
type answered struct {
	File   string  `json:"file,omitempty"`
	Rounds int     `json:"rounds"` // begin, close, look: of the layer
	Depth  int     `json:"depth"`
	States uint64  `json:"states"` // of the layer
	All    uint64  `json:"all"`    // of all layers
	Done   bool    `json:"done"`
	CPU    float64 `json:"cpu"` // seconds that the part took
	Error  string  `json:"error,omitempty"`
	Exit   int     `json:"exit,omitempty"` // the exit code for it
}

// errNotTold ends a program that took part in a search and is not to tell what was found.
var errNotTold = errors.New("stdin ended")

// share does the parts of a search that stdin asks for, until it asks for what was found.
func (a *app) share(ctx context.Context, config *cluster.Config, o checker.Options) (*checker.Result, error) {
	s, err := checker.Share(config, o)
	if err != nil {
		return nil, err
	}
	in, out := json.NewDecoder(a.in), json.NewEncoder(a.term.out)
	for {
		var q asked
		err := in.Decode(&q)
		switch {
		case errors.Is(err, io.EOF) || ctx.Err() != nil:
			return nil, errNotTold
		case err != nil:
			return nil, &failure{exit: exitInput, err: fmt.Errorf("stdin: %w", err)}
		case q.Do == "tell":
			return s.Tell(ctx, q.Layer, q.Seconds)
		}
		before := cpu.Time()
		answer, err := q.part(ctx, s)
		if err != nil {
			answer = answered{Error: err.Error(), Exit: exitOf(err).code()}
		}
		answer.CPU = (cpu.Time() - before).Seconds()
		if err := out.Encode(answer); err != nil {
			return nil, err
		}
	}
}

// part does what was asked for.
func (q *asked) part(ctx context.Context, s *checker.Sharing) (answer answered, err error) {
	switch q.Do {
	case "begin":
		answer.File, err = s.Begin(q.Shares)
	case "expand":
		answer.File, err = s.Expand(ctx, q.Layer, q.From, q.To)
		return answer, err
	case "fill":
		answer.File, err = s.Fill(ctx, q.Layer, q.Expanded)
		return answer, err
	case "merge":
		answer.File, err = s.Merge(q.Layer, q.Filled, q.Share)
		return answer, err
	case "close":
		answer.File, err = s.Close(q.Layer, q.Filled, q.Merged)
	case "look":
		answer.File = q.Layer
	case "sweep":
		return answer, s.Sweep(q.Layer)
	default:
		return answer, fmt.Errorf("nobody knows how to %q", q.Do)
	}
	if err != nil {
		return answer, err
	}
	l, err := s.Layer(answer.File)
	if err != nil {
		return answer, err
	}
	answer.Rounds, answer.Depth, answer.States, answer.All, answer.Done = l.Rounds(), l.Depth, l.States(), l.Stats.Distinct, l.Done
	return answer, nil
}

// exitOf returns the exit code for what ended a part of a search.
func exitOf(err error) exit {
	var unfit *checker.Unfit
	var short *checker.OutOfMemory
	switch {
	case errors.As(err, &unfit):
		return exitInput
	case errors.As(err, &short):
		return exitInconclusive
	}
	return exitFault
}
