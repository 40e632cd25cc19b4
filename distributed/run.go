package distributed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
)

// Options say how a search is run.
type Options struct {
	Runner  string        // of Beam: prism, flink, dataflow, spark, universal
	Layers  int           // that one job does, at least 1
	Retries int           // jobs in a row that may fail without having finished a layer
	Limit   time.Duration // no job is given after this long; 0 is no limit
	Patient time.Duration // a job that makes no file for so long is given up: its workers are gone, and the runner gives their work to nobody; 0 is for ever
	Note    io.Writer     // gets a line for each job; nil is nobody
	Out     io.Writer     // gets the report
}

// Run carries a search to its end, or on from where it was ended, and has raftcheck tell what was found. It returns raftcheck's exit code.
func Run(ctx context.Context, s Search, o Options) (exit int, err error) {
	defer s.release()
	started, within := time.Now(), *jobopts.Endpoint == ""
	h, err := s.began()
	if err != nil {
		return 0, err
	}
	for job, failed := 0, 0; !h.Done && ctx.Err() == nil && (o.Limit == 0 || time.Since(started) < o.Limit); job++ {
		s.Job = strconv.FormatInt(started.UnixNano(), 36) + "-" + strconv.Itoa(job)
		problem := s.job(ctx, o, h)
		before := h
		if h, err = s.latest(h); err != nil {
			return 0, err
		}
		if refused := s.refusal(); problem != nil && refused != nil {
			return 0, refused
		}
		if failed++; problem == nil || h.Depth > before.Depth {
			failed = 0
		}
		o.note("depth %d  %d states (%d in the last layer)  %.0fs%s", h.Depth, h.All, h.States, time.Since(started).Seconds(), spent())
		switch {
		case problem == nil && h == before:
			return 0, errors.New("a job came to its end and has finished no layer: do the workers see the folder of --dir?")
		case problem != nil && failed > o.Retries:
			return 0, fmt.Errorf("%d jobs in a row have failed at depth %d: %w", failed, h.Depth, problem)
		case problem != nil:
			if within {
				*jobopts.Endpoint = "" // a Prism in this process whose job hangs takes no other: the next job begins one of its own
			}
			o.note("a job has failed, and is given again from depth %d: %v", h.Depth, problem)
		}
		if err := s.keep(h); err != nil {
			return 0, err
		}
	}
	return s.tell(h, o.Out, time.Since(started))
}

func (o *Options) note(format string, args ...any) {
	if o.Note != nil {
		fmt.Fprintf(o.Note, "raftcheck-beam: "+format+"\n", args...)
	}
}

// began returns how far the search has come that is in the folder, or begins one.
func (s *Search) began() (h head, err error) {
	err = read(filepath.Join(s.Folder, headName), &h)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return h, err
	}
	a, err := s.do(request{Do: "begin", Shares: s.Shares})
	if err != nil {
		return h, err
	}
	h = head{a.File, a.Depth, a.States, a.All, a.Done}
	return h, write(filepath.Join(s.Folder, headName), h)
}

// job does some layers.
func (s *Search) job(ctx context.Context, o Options, from head) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if o.Runner == "prism" && strings.EqualFold(*jobopts.EnvironmentType, "external") {
		if err := answers(ctx, *jobopts.EnvironmentConfig, o.Patient); err != nil {
			return err
		}
	}
	p, scope := beam.NewPipelineWithRoot()
	s.layers(scope, from.Layer, o.Layers)
	ended := make(chan error, 1) // whoever is given up may still say how it ended
	go func() {
		_, err := beam.Run(ctx, o.Runner, p)
		ended <- err
	}()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var last time.Time
	since := time.Now()
	for {
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
		info, err := os.Stat(s.Folder)
		switch {
		case err != nil:
			return err
		case info.ModTime() != last: // a file was made in it
			last, since = info.ModTime(), time.Now()
		case o.Patient > 0 && time.Since(since) > o.Patient:
			return fmt.Errorf("no file was made in %s: its workers may be gone", o.Patient)
		}
	}
}

// lookEvery is how often a job is looked at.
const lookEvery = 100 * time.Millisecond

// keep makes a layer the one that the search goes on from, and removes what is not needed from there on. No job is at work.
func (s *Search) keep(h head) error {
	if err := write(filepath.Join(s.Folder, headName), h); err != nil {
		return err
	}
	if err := s.tidy(); err != nil {
		return err
	}
	_, err := s.do(request{Do: "sweep", Layer: h.Layer})
	return err
}

// tell has raftcheck tell what was found.
func (s *Search) tell(h head, out io.Writer, took time.Duration) (exit int, err error) {
	teller, err := newHand(s)
	if err != nil {
		return 0, err
	}
	line := fmt.Sprintf(`{"do":"tell","layer":%q,"seconds":%f}`+"\n", h.Layer, took.Seconds())
	if _, err := io.WriteString(teller.in, line); err != nil {
		return 0, errors.Join(err, teller.end())
	}
	if _, err := io.Copy(out, teller.out); err != nil {
		return 0, errors.Join(err, teller.end())
	}
	if err := teller.end(); err != nil && teller.command.ProcessState == nil {
		return 0, err
	}
	return teller.command.ProcessState.ExitCode(), nil
}

// Fresh makes the folder of a search if it is not there. One that holds something else than a search is an error.
func Fresh(folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(folder, headName)); err == nil || len(entries) == 0 {
		return nil
	}
	return fmt.Errorf("%q is not empty, and holds no search that was begun by raftcheck-beam", folder)
}
