//go:build unix

package process_test

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/process"
	"github.com/raftcheck/raftcheck/spec"
)

// Whatever a program does, it is gone after Close, and so are the processes that it started.
func TestCloseLeavesNothingBehind(t *testing.T) {
	for _, how := range []string{"family", "family hang", "family close", "family exit-0"} {
		t.Run(how, func(t *testing.T) {
			var transcript bytes.Buffer
			p := themselves(t, how, process.Options{Limit: 200 * time.Millisecond, Transcript: &transcript})
			for _, id := range three {
				p.Node(id, three).Step(spec.Input{Kind: spec.Timeout})
			}
			p.Close()
			family := regexp.MustCompile(`"pid (\d+) (\d+)"`).FindAllSubmatch(transcript.Bytes(), -1)
			require.Len(t, family, len(three))
			for _, member := range family {
				for _, text := range member[1:] {
					require.Eventually(t, func() bool { return gone(t, string(text)) }, 10*time.Second, time.Millisecond, "process %s lives on", text)
				}
			}
		})
	}
}

// gone reports whether there is no such process, or only what waits to be reaped by whoever adopted it.
func gone(t *testing.T, text string) bool {
	var pid int
	_, err := fmt.Sscan(text, &pid)
	require.NoError(t, err)
	return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || defunct(pid)
}
