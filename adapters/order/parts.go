package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/internal/cpu"
)

// The exit codes of raftcheck that an answer names.
const (
	exitInconclusive = 3
	exitInput        = 4
	exitFault        = 5
)

// part is a line that asks for a part of a search that programs share.
type part struct {
	Do       string   `json:"do"` // begin, expand, fill, merge, close, look, sweep; tell is the last
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

// done is the line that answers it.
type done struct {
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

// ErrNotTold ends a program that took part in a search and is not to tell what was found.
var ErrNotTold = errors.New("stdin ended")

// Parts does the parts of a search that lines of in ask for, and answers each with a line on out, until it is asked for the result (docs/scale.md). The error is
// [ErrNotTold] if it is not.
func Parts(ctx context.Context, world *cluster.Config, search checker.Options, in io.Reader, out io.Writer) (*checker.Result, error) {
	s, err := checker.Share(world, search)
	if err != nil {
		return nil, err
	}
	asks, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var p part
		err := asks.Decode(&p)
		switch {
		case errors.Is(err, io.EOF) || ctx.Err() != nil:
			return nil, ErrNotTold
		case err != nil:
			return nil, fmt.Errorf("stdin: %w", err)
		case p.Do == "tell":
			return s.Tell(ctx, p.Layer, p.Seconds)
		}
		before := cpu.Time()
		answer, err := p.by(ctx, s)
		if err != nil {
			answer = done{Error: err.Error(), Exit: exitOf(err)}
		}
		answer.CPU = (cpu.Time() - before).Seconds()
		if err := answers.Encode(answer); err != nil {
			return nil, err
		}
	}
}

// by does what was asked for.
func (p *part) by(ctx context.Context, s *checker.Sharing) (answer done, err error) {
	switch p.Do {
	case "begin":
		answer.File, err = s.Begin(p.Shares)
	case "expand":
		answer.File, err = s.Expand(ctx, p.Layer, p.From, p.To)
		return answer, err
	case "fill":
		answer.File, err = s.Fill(ctx, p.Layer, p.Expanded)
		return answer, err
	case "merge":
		answer.File, err = s.Merge(p.Layer, p.Filled, p.Share)
		return answer, err
	case "close":
		answer.File, err = s.Close(p.Layer, p.Filled, p.Merged)
	case "look":
		answer.File = p.Layer
	case "sweep":
		return answer, s.Sweep(p.Layer)
	default:
		return answer, fmt.Errorf("nobody knows how to %q", p.Do)
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
func exitOf(err error) int {
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
