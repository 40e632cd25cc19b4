package subject

import (
	"cmp"
	"context"
	"errors"
	"io"

	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/conformance"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/internal/cancellable"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// parts is a search that several programs make together.
type parts struct {
	in  io.Reader // where its parts are asked for
	out io.Writer
}

// Share makes Search do the parts of a search that lines of in ask for ([order.Parts]), and answer on out, in place of all of it. Programs that are
// built for it are kept in the folder dir.
func (s *Subject) Share(dir string, in io.Reader, out io.Writer) {
	s.parts = &parts{in, out}
	if s.goTest != nil {
		s.goTest.programs = dir
	}
	if s.mixed != nil {
		for _, kind := range s.mixed.kinds {
			kind.goTest.programs = dir
		}
	}
}

// Search searches the subject's world, here or where the implementation lives.
func (s *Subject) Search(ctx context.Context, o checker.Options) (*checker.Result, error) {
	if err := s.together(ctx); err != nil {
		return nil, err
	}
	o.Name = cmp.Or(o.Name, s.Name)
	if o.Rules == nil {
		o.Rules = spec.Rules
	}
	if len(o.Liveness) > 0 {
		if err := s.Live(); err != nil {
			return nil, err
		}
		if s.goTest != nil {
			return s.searchHere(ctx, o)
		}
	}
	switch {
	case s.parts != nil && s.goTest != nil:
		return s.goTest.share(ctx, s, o, s.parts.in, s.parts.out)
	case s.parts != nil:
		return order.Parts(ctx, &s.Config, o, s.parts.in, s.parts.out)
	case s.goTest != nil:
		return s.goTest.search(ctx, s, o)
	}
	return checker.Check(ctx, &s.Config, o)
}

// searchHere searches the world of a library's servers that a program steps and does no more with: the graph of all states, on which liveness is judged, is made in this process.
func (s *Subject) searchHere(ctx context.Context, o checker.Options) (result *checker.Result, err error) {
	if o.Symmetry {
		return nil, misasked("leave one of them out", "--symmetry and --liveness: servers of %s cannot be renamed where the graph is made", s.Name)
	}
	stepped := s.stepped()
	defer func() { err = errors.Join(err, stepped.End()) }()
	return stepped.Search(ctx, o)
}

// stepped is a library whose servers are stepped here, by a program that does no more with them. Whoever begins it ends it.
func (s *Subject) stepped() *Subject {
	library := *s
	return &Subject{Name: s.Name, Takes: s.Takes, Config: s.Config, mixed: &mixed{kinds: []*Subject{&library}}}
}

// Repeats runs a trace that goes on for ever, what is repeated twice, and says what is not as the trace has it ([traces.Repeats]).
func (s *Subject) Repeats(ctx context.Context, t *traces.Trace, rule *spec.Rule) (err error) {
	if s.goTest != nil {
		stepped := s.stepped()
		stepped.Config.Servers = len(t.Header.Servers)
		defer func() { err = errors.Join(err, stepped.End()) }()
		return stepped.Repeats(ctx, t, rule)
	}
	if err := s.together(ctx); err != nil {
		return err
	}
	return traces.Repeats(t, rule, s.Config.New)
}

// together begins what several releases are of, if Begin has not: until then their servers do nothing, and nothing would be wrong with them.
func (s *Subject) together(ctx context.Context) error {
	if s.mixed == nil {
		return nil
	}
	return s.mixed.start(ctx, &s.Config)
}

// Live reports why executions without end are not judged in the subject's world; nil if they are.
func (s *Subject) Live() error {
	switch _, err := checker.LivenessWorld(&s.Config); {
	case err != nil:
		return misasked("", "%s", err)
	}
	for _, g := range s.libraries() {
		if g.family.endless != "" {
			return misasked("raftcheck check without --liveness judges all other rules of it", "liveness is not judged of %s: %s", s.Name, g.family.endless)
		}
		if err := g.holdsIn(s.Name, order.Serve); err != nil {
			return err
		}
	}
	return nil
}

// libraries are the releases that the subject's servers run, each once.
func (s *Subject) libraries() (all []*goTest) {
	if s.goTest != nil {
		all = append(all, s.goTest)
	}
	if s.mixed != nil {
		for _, kind := range s.mixed.kinds {
			all = append(all, kind.goTest)
		}
	}
	return all
}

// Conform puts the subject through the suite, here or where the implementation lives.
func (s *Subject) Conform(ctx context.Context, o conformance.Options) (*conformance.Statement, error) {
	if err := s.together(ctx); err != nil {
		return nil, err
	}
	if s.goTest != nil {
		return s.goTest.conform(ctx, s, o)
	}
	again, end := s.elsewhere()
	defer end()
	return conformance.Run(ctx, &conformance.Subject{Name: s.Name, World: s.Config, Again: again, Slow: s.program != nil}, o)
}

// Fuzz makes a campaign in the subject's world, here or where the implementation lives.
func (s *Subject) Fuzz(ctx context.Context, o fuzz.Options) (*fuzz.Result, error) {
	if err := s.together(ctx); err != nil {
		return nil, err
	}
	o.Name = cmp.Or(o.Name, s.Name)
	if o.Rules == nil {
		o.Rules = spec.Rules
	}
	if s.goTest == nil {
		return fuzz.Run(ctx, &s.Config, o)
	}
	return s.goTest.fuzz(ctx, s, o)
}

// Learn learns what the subject's servers do in its world.
func (s *Subject) Learn(ctx context.Context, memory int) (*checker.Automaton, error) {
	if err := s.together(ctx); err != nil {
		return nil, err
	}
	if s.goTest == nil {
		return checker.Learn(ctx, &s.Config, checker.LearnOptions{Name: s.Name, Memory: memory})
	}
	return s.goTest.learn(ctx, s, memory)
}

// Replay runs a trace again, and returns it as it went this time and where it first differs.
func (s *Subject) Replay(ctx context.Context, t *traces.Trace) (*traces.Trace, *traces.Difference, error) {
	if err := s.together(ctx); err != nil {
		return nil, nil, err
	}
	if s.goTest != nil {
		happened, out, err := s.goTest.rerun(ctx, s, order.Replay, t, nil)
		if err != nil {
			return nil, nil, err
		}
		return happened, out.Differs, nil
	}
	type outcome struct {
		happened *traces.Trace
		differs  *traces.Difference
		err      error
	}
	o, done := cancellable.Run(ctx, func() (o outcome) {
		o.happened, o.differs, o.err = traces.Again(t, s.Config.New)
		return o
	})
	switch {
	case !done:
		return nil, nil, interrupted("before the trace was run again to its end")
	case o.err != nil:
		return nil, nil, &Error{Kind: Faulty, Err: o.err}
	}
	return o.happened, o.differs, nil
}

// Shrink makes a trace as short as possible, and says how many executions it tried. The error is traces.ErrNoBreach when the trace
// breaks none of the rules.
func (s *Subject) Shrink(ctx context.Context, t *traces.Trace, rules []*spec.Rule) (*traces.Trace, int, error) {
	if err := s.together(ctx); err != nil {
		return nil, 0, err
	}
	if s.goTest == nil {
		type outcome struct {
			short *traces.Trace
			tried int
			err   error
		}
		o, done := cancellable.Run(ctx, func() (o outcome) {
			o.short, o.tried, o.err = traces.Shrink(t, s.Config.New, rules, t.Header.Variants)
			return o
		})
		if !done {
			return nil, 0, interrupted("before the trace was shrunk; it stays as it is")
		}
		return o.short, o.tried, o.err
	}
	short, out, err := s.goTest.rerun(ctx, s, order.Shrink, t, rules)
	switch {
	case err != nil:
		return nil, 0, err
	case out.Nothing:
		return nil, 0, traces.ErrNoBreach
	}
	return short, out.Tried, nil
}
