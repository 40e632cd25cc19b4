package main

import (
	"bytes"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The report is the same on any number of processors: of several traces that are judged at once, and of one that is read ahead.
func TestVerifyIsTheSameOnAnyNumberOfProcessors(t *testing.T) {
	files, err := filepath.Glob("../../traces/testdata/variants/*.trace")
	require.NoError(t, err)
	others, err := filepath.Glob("../../traces/etcd/testdata/*.gz")
	require.NoError(t, err)
	faulty, err := filepath.Glob("../../traces/etcd/testdata/faulty/*.gz")
	require.NoError(t, err)
	files = append(append(append(files, others...), faulty...), "nowhere.trace", "verify_test.go")
	require.Greater(t, len(files), 50)
	verify := func(processors int, args ...string) string {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		var out, errs bytes.Buffer
		code := run(append([]string{"verify", "--progress", "never"}, args...), strings.NewReader(""), &out, &errs)
		return string(rune('0'+code)) + out.String() + errs.String()
	}
	for _, args := range [][]string{append([]string{"-o", "json"}, files...), append([]string{"--keep-going", "--per-rule"}, files...), {files[0]}, {faulty[0]}} {
		want := verify(1, args...)
		for _, processors := range []int{2, 5} {
			require.Equal(t, want, verify(processors, args...))
		}
	}
}
