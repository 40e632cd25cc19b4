package subject

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/explore"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Explore holds the subject's world, here or where the implementation lives, so that it can be looked at until end is called. memory is how many bytes
// may be kept of states that were looked at. Servers that Begin starts have begun.
func (s *Subject) Explore(ctx context.Context, rules []*spec.Rule, memory int) (world explore.World, end func(), err error) {
	if s.goTest != nil {
		return s.goTest.explore(ctx, s, rules, memory)
	}
	if err := s.together(ctx); err != nil {
		return nil, func() {}, err
	}
	world, err = explore.New(&s.Config, explore.Options{Name: s.Name, Rules: rules, Memory: memory})
	return world, func() {}, err
}

// explore has the subject's world held by a test program.
func (g *goTest) explore(ctx context.Context, s *Subject, rules []*spec.Rule, memory int) (world explore.World, end func(), err error) {
	job, err := g.begin(s, order.Explore)
	if err != nil {
		return nil, func() {}, err
	}
	job.judge(checker.Options{Rules: rules})
	job.order.Memory = memory
	h := &held{job: job}
	if h.World, err = h.start(ctx); err != nil {
		job.end()
		return nil, func() {}, err
	}
	return h, job.end, nil
}

// held is a world that a test program holds. When it has ended, its outcome says why there is no answer.
type held struct {
	explore.World
	job *job
}

// start builds the program and starts it.
func (h *held) start(ctx context.Context) (explore.World, error) {
	args, err := h.job.build(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Stderr = h.job.dir, os.Stderr
	ask, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	told, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := h.job.keeper.Start(cmd); err != nil {
		return nil, err
	}
	return explore.Remote(ask, told), nil
}

// Look asks the program, and says why it has ended if it has.
func (h *held) Look(ctx context.Context, way explore.Way) (*explore.View, error) {
	v, err := h.World.Look(ctx, way)
	return v, h.why(ctx, err)
}

// Follow asks the program, and says why it has ended if it has.
func (h *held) Follow(ctx context.Context, t *traces.Trace) (explore.Way, string, error) {
	way, apart, err := h.World.Follow(ctx, t)
	return way, apart, h.why(ctx, err)
}

// why says why a program has ended: what is wrong with the order, or what the program said last.
func (h *held) why(ctx context.Context, err error) error {
	if !errors.Is(err, explore.ErrEnded) {
		return err
	}
	if _, wrong := h.job.outcome(ctx); wrong != nil && !errors.Is(wrong, os.ErrNotExist) {
		return wrong
	}
	return &Error{Kind: Faulty, Err: fmt.Errorf("%s: %w", h.job.order.Name, err), Hint: "a panic in the library ends the test program"}
}
