package subject

import (
	"context"
	"errors"
	"strings"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
)

// TB is what [World] needs of a *testing.T.
type TB interface {
	checker.TB
	Cleanup(end func())
}

// World returns the world of the implementation of that name, changed as edits say, with servers that live until the test ends: for checker.Test,
// conformance.Test and fuzz.Check. The servers of a library run in a program that is built of it with the Go toolchain at hand. What may happen to
// them follows from the bounds as edits leave them; later is too late. The test fails if there is no such implementation, or no such world.
func World(t TB, name string, edits ...func(*cluster.Config)) (world cluster.Config) {
	t.Helper()
	s, err := Named(name)
	if err == nil {
		if err = s.here(edits); err != nil {
			err = errors.Join(err, s.End())
		}
	}
	if err != nil {
		t.Fatalf("raftcheck: %s", withHint(err))
		return world
	}
	t.Cleanup(func() {
		if err := s.End(); err != nil {
			t.Logf("raftcheck: %v", err)
		}
	})
	return s.Config
}

// here makes the subject's servers such that can be stepped in this process.
func (s *Subject) here(edits []func(*cluster.Config)) error {
	for _, edit := range edits {
		edit(&s.Config)
	}
	s.Settle()
	if err := s.Config.Validate(); err != nil {
		return err
	}
	if s.goTest != nil {
		alone := *s
		s.goTest, s.mixed = nil, &mixed{kinds: []*Subject{&alone}}
	}
	return s.Begin(context.Background())
}

// withHint tells an error with what to do about it.
func withHint(err error) string {
	text := strings.TrimRight(err.Error(), "\n")
	var e *Error
	if errors.As(err, &e) && e.Hint != "" {
		text += "\nhint: " + e.Hint
	}
	return text
}
