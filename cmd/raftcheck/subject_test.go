package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhatASubjectWantsIsSaid: whatever package subject returns as an error is told with its hint, and has its exit code.
func TestWhatASubjectWantsIsSaid(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOMODCACHE", t.TempDir())
	for arguments, want := range map[string]struct {
		exit exit
		says string
	}{
		"check --impl etcd --for 1s": {exitFault, "raftcheck: modules could not be downloaded: module lookup disabled by GOPROXY=off\n" +
			"     hint: the first search of a library downloads it and what it needs, and later ones need no network; GOPROXY names a proxy that can be reached\n"},
		"check --impl n4=etcd@v3.5.35 --impl etcd": {exitUsage, "raftcheck: n4=etcd@v3.5.35 etcd: there is no server n4, only n1 n2 n3\n     hint: --nodes says how many there are\n"},
		"check --impl refrence":                    {exitUsage, "raftcheck: unknown implementation \"refrence\"\n     hint: did you mean \"reference\"?\n"},
	} {
		var out, errs bytes.Buffer
		require.Equal(t, int(want.exit), run(strings.Fields(arguments), strings.NewReader(""), &out, &errs), arguments)
		require.Equal(t, want.says, errs.String(), arguments)
	}
}
