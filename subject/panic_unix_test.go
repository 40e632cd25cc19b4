//go:build unix

package subject

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
)

// A panic in a goroutine of a library ends the program that searches it. That is run once more, to tell of what it died; if a panic ends it again, what Go says of that is all that is known.
func TestAProgramThatAPanicEndsIsAskedOfWhat(t *testing.T) {
	s, err := Named("hashicorp")
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), "program")
	s.goTest.programs = filepath.Dir(program)
	program = filepath.Join(s.goTest.programs, s.goTest.programName())
	dies := func(script string) error {
		require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\n"+script), 0o700))
		_, err := s.Search(t.Context(), checker.Options{Name: s.Name})
		return err
	}
	err = dies(`[ -e died ] || { touch died; echo 'panic: out of breath' >&2; exit 2; }
echo '{"Fault": "n1: a goroutine of the server panicked: out of breath", "Story": "what n1 was given"}' >outcome`)
	var fault *checker.Fault
	require.ErrorAs(t, err, &fault)
	require.EqualError(t, fault, "n1: a goroutine of the server panicked: out of breath")
	require.Equal(t, "what n1 was given", fault.Story())

	err = dies("echo 'panic: out of breath' >&2; exit 2")
	require.NotErrorAs(t, err, &fault)
	require.ErrorContains(t, err, "panic: out of breath")

	err = dies("[ -e died ] && exit 0; touch died; echo 'no disk' >&2; exit 1")
	require.ErrorContains(t, err, "no disk", "what ends otherwise is not run again")
}
