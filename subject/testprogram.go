package subject

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/adapters/process/offspring"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/internal/built"
	"github.com/raftcheck/raftcheck/legible"
)

// job is a test program and the order that it is to obey.
type job struct {
	of     *goTest
	keeper *offspring.Keeper // of the folder and of what is called in it
	dir    string
	order  order.Order
}

// begin makes the test program's folder.
func (g *goTest) begin(s *Subject, do order.Task) (*job, error) {
	if err := g.holdsIn(s.Name, do); err != nil {
		return nil, err
	}
	keeper := offspring.New()
	dir, err := keeper.Folder()
	if err != nil {
		return nil, err
	}
	j := &job{g, keeper, dir, order.Order{Do: do, Name: s.Name, Choices: g.choices, Trace: filepath.Join(dir, traceFile),
		Happened: filepath.Join(dir, happenedFile), Automaton: filepath.Join(dir, automatonFile)}}
	c := &s.Config
	j.order.Nodes, j.order.Values, j.order.Network, j.order.Bounds, j.order.Faults = c.Servers, c.Values, c.Network, c.Bounds, c.Faults
	j.order.Changes, j.order.Variants = c.Changes, c.Variants
	return j, nil
}

func (j *job) end() { j.keeper.Close() }

// write writes the order down. It gives the program the time that ctx leaves: it then ends by itself, with what it has.
func (j *job) write(ctx context.Context) error {
	if deadline, limited := ctx.Deadline(); limited {
		j.order.Limit = max(time.Until(deadline), 1)
	}
	data, err := json.Marshal(&j.order)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(j.dir, orderFile), data, 0o666)
}

// judge says by which rules and for which goals the world is searched.
func (j *job) judge(o checker.Options) {
	for _, r := range o.Rules {
		j.order.Rules = append(j.order.Rules, r.ID)
		if shapes := r.Overlooked(); len(shapes) > 0 {
			if j.order.Known == nil {
				j.order.Known = map[string][]string{}
			}
			j.order.Known[r.ID] = shapes
		}
	}
	for _, goal := range o.Goals {
		j.order.Goals = append(j.order.Goals, goal.Name)
	}
}

// build writes the order, makes the program that obeys it if it is not there or kept yet, and returns how to run it.
func (j *job) build(ctx context.Context) ([]string, error) {
	if err := j.write(ctx); err != nil {
		return nil, err
	}
	program, making := filepath.Join(j.dir, "program.test"), ""
	var kept shelf
	if j.of.programs != "" {
		name := j.of.programName()
		program, making = filepath.Join(j.of.programs, name), filepath.Join(j.of.programs, fmt.Sprintf("aside-%s-%d", name, os.Getpid()))
	} else {
		if j.of.holds() {
			if _, _, err := j.of.gateList(j.dir); err != nil { // no program is needed to know of a gate that there is not
				return nil, err
			}
		}
		kept = j.of.shelf(j.dir)
		program = cmp.Or(kept.find(), program)
	}
	run := []string{program, "-test.timeout=0"}
	if _, err := os.Stat(program); err == nil {
		return run, nil
	}
	flags, err := j.of.write(j.dir)
	if err != nil {
		return nil, err
	}
	test := slices.Concat([]string{"go", "test"}, flags, []string{"-c", "-o", cmp.Or(making, program), "."})
	for _, args := range [][]string{{"go", "mod", "tidy"}, test} {
		if err := j.call(ctx, args, nil); err != nil {
			if args[1] == "mod" {
				err = cmp.Or(j.unreleased(ctx), err) // which says nothing without a network
			}
			return nil, err
		}
	}
	if making == "" {
		_ = kept.keep(program) // else it is built again
		return run, nil
	}
	return run, os.Rename(making, program)
}

// programName is the name of the program among others: for the same name it does the same.
func (g *goTest) programName() string {
	made := strings.Join(append([]string{built.Maker(), g.family.adapter, g.family.module, g.version, runtime.GOOS, runtime.GOARCH}, g.choices...), "\n")
	return fmt.Sprintf("program-%016x", xxh3.HashString(made))
}

// run builds the program, runs it and reads the outcome.
func (j *job) run(ctx context.Context, progress func([]byte)) (*order.Outcome, error) {
	args, err := j.build(ctx)
	if err != nil {
		return nil, err
	}
	if err := j.write(ctx); err != nil { // building took some of the time
		return nil, err
	}
	err = j.call(ctx, args, progress)
	if panicked := (*diedOfPanic)(nil); errors.As(err, &panicked) {
		err = j.call(ctx, args, progress) // it noted of which step it died, and tells of it now (package bubble)
	}
	if err != nil {
		return nil, err
	}
	return j.outcome(ctx)
}

// diedOfPanic is what is said of a program that a panic ended: one in a goroutine of the library, since any other is the fault of a step.
type diedOfPanic struct{ error }

// Unwrap returns what is said.
func (d *diedOfPanic) Unwrap() error { return d.error }

// lastWords is how Go begins to tell of the panic that ends a program.
var lastWords = regexp.MustCompile(`(?m)^(panic|fatal error): `)

// outcome reads what came of the order.
func (j *job) outcome(ctx context.Context) (*order.Outcome, error) {
	data, err := os.ReadFile(filepath.Join(j.dir, outcomeFile))
	if err != nil {
		return nil, err
	}
	out := &order.Outcome{}
	if err := json.Unmarshal(data, out); err != nil {
		return nil, err
	}
	switch {
	case out.Fault != "":
		return nil, &checker.Fault{Err: errors.New(out.Fault), Told: out.Story}
	case errors.Is(ctx.Err(), context.Canceled) && out.Problem != "":
		return nil, interrupted("before the library was searched to the end")
	case out.Unfit:
		return nil, &Error{Kind: Unfit, Err: errors.New(out.Problem), Bare: true}
	case out.Problem != "":
		return nil, &Error{Kind: Faulty, Err: errors.New(out.Problem)}
	}
	return out, nil
}

// unreleased complains about a version that the library does not have; nil if it has it, or if that
// cannot be told.
func (j *job) unreleased(ctx context.Context) error {
	f := j.of.family
	if strings.Contains(j.of.version, "-") {
		return nil // it may be a commit
	}
	cmd := exec.CommandContext(ctx, "go", "list", "-mod=mod", "-m", "-versions", f.module)
	cmd.Dir, cmd.Env = j.dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	printed, err := cmd.Output()
	versions := strings.Fields(string(printed))
	if err != nil || len(versions) < 2 || slices.Contains(versions, j.of.version+f.suffix) {
		return nil
	}
	latest := strings.Join(versions[max(1, len(versions)-8):], ", ")
	return misasked("its latest are "+strings.ReplaceAll(latest, f.suffix, ""), "%s has no version %s", f.module, j.of.version)
}

// call runs a command in the program's folder. When ctx is cancelled the command is interrupted, and the program then ends with
// what it has covered; the time that ctx gives is the program's own business.
func (j *job) call(ctx context.Context, args []string, progress func([]byte)) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = j.dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	var said bytes.Buffer
	cmd.Stderr = &said
	printed, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := j.keeper.Start(cmd); err != nil {
		return &Error{Kind: Faulty, Err: fmt.Errorf("%s: %w", args[0], err), Hint: "a Go toolchain is needed to build the library"}
	}
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			_ = cmd.Process.Signal(os.Interrupt) // it may be gone
		}
	})
	defer stop()
	rest := listen(printed, progress)
	err = cmd.Wait()
	j.keeper.Ended(cmd)
	if errors.Is(ctx.Err(), context.Canceled) && err != nil {
		return interrupted("before " + filepath.Base(args[0]) + " was done")
	}
	if err != nil {
		words := strings.TrimSpace(rest + said.String())
		if why := unreachable(words); why != "" && args[0] == "go" {
			return &Error{Kind: Faulty, Err: fmt.Errorf("modules could not be downloaded: %s", why),
				Hint: offline}
		}
		err = fmt.Errorf("%s: %w%s", filepath.Base(strings.Join(args, " ")), err, legible.Quoted(words, mostQuoted))
		if lastWords.MatchString(words) {
			err = &diedOfPanic{err}
		}
		return &Error{Kind: Faulty, Err: err,
			Hint: "a Go toolchain and the library's source are needed; a panic in the library ends the test program"}
	}
	return nil
}

// converse runs a program that reads lines and answers with lines of JSON, until either ends.
func (j *job) converse(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	cmd := exec.Command(args[0], args[1:]...)
	var said bytes.Buffer
	cmd.Dir, cmd.Stderr = j.dir, &said
	to, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	printed, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := j.keeper.Start(cmd); err != nil {
		return &Error{Kind: Faulty, Err: fmt.Errorf("%s: %w", args[0], err), Hint: "it was built for this machine's system and must be allowed to run where it is"}
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(os.Interrupt) }) // it may be gone
	defer stop()
	go func() {
		_, _ = io.Copy(to, in) // the program may have ended first, and then nobody waits for the rest
		to.Close()
	}()
	lines := bufio.NewReader(printed)
	for {
		line, err := lines.ReadString('\n')
		if strings.HasPrefix(line, "{") { // a test says more when it ends
			if _, err := io.WriteString(out, line); err != nil {
				return err
			}
		}
		if err != nil {
			break
		}
	}
	err = cmd.Wait()
	j.keeper.Ended(cmd)
	if err != nil {
		return &Error{Kind: Faulty, Err: fmt.Errorf("%s: %w%s", filepath.Base(args[0]), err, legible.Quoted(strings.TrimSpace(said.String()), mostQuoted)),
			Hint: "a panic in the library ends the test program"}
	}
	return nil
}

// noNetwork is what the go command says of modules that it cannot get, at the end of a line.
var noNetwork = regexp.MustCompile(`(?m)(dial tcp.*|lookup \S+.*: no such host.*|proxyconnect .*|module lookup disabled by GOPROXY=off|[^:\n]*TLS handshake timeout|[^:\n]*i/o timeout|[^:\n]*network is unreachable|[^:\n]*connection refused|[^:\n]*failure in name resolution)$`)

// offline says what a network is needed for.
const offline = "the first search of a library downloads it and what it needs, and later ones need no network; GOPROXY names a proxy that can be reached"

// unreachable returns why the go command could not get modules, if it was for want of a network; "" otherwise.
func unreachable(said string) string { return strings.TrimSpace(noNetwork.FindString(said)) }

// listen reads what a command prints. Lines that tell progress are passed on, and the others returned.
func listen(printed io.Reader, progress func([]byte)) string {
	var rest strings.Builder
	lines := bufio.NewReader(printed)
	for {
		line, err := lines.ReadString('\n')
		if told, is := strings.CutPrefix(line, order.ProgressMark); is && progress != nil {
			progress([]byte(told))
		} else {
			rest.WriteString(line)
		}
		if err != nil {
			return rest.String()
		}
	}
}
