//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
)

// screen is a terminal of so many columns to which a program writes: on which line it is, and what stands there.
type screen struct {
	columns int
	line    int
	held    []rune // in the line
	at      int
	longest int // that a line has been
}

// write obeys what raftcheck writes: text, line breaks, and that the rest of the line goes.
func (s *screen) write(b []byte) {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		switch {
		case r == '\r':
			s.at = 0
		case r == '\n':
			s.line, s.held = s.line+1, nil
		case bytes.HasPrefix(b, []byte("\x1b[K")):
			s.held, size = s.held[:min(s.at, len(s.held))], 3
		default:
			if s.at == s.columns { // it goes on in the next
				s.line, s.held, s.at = s.line+1, nil, 0
			}
			s.held = append(s.held[:min(s.at, len(s.held))], r)
			s.at++
			s.longest = max(s.longest, s.at)
		}
		b = b[size:]
	}
}

// TestProgressStaysInItsLineOfATerminal shows progress on a real terminal of every width, which becomes narrower meanwhile: it stands in one line,
// which is empty at the end. The clock is the test's.
func TestProgressStaysInItsLineOfATerminal(t *testing.T) {
	terminal, file, err := pty.Open()
	require.NoError(t, err)
	defer terminal.Close()
	defer file.Close()
	env := func(string) (string, bool) { return "", false }
	now := time.Unix(0, 0)
	for _, columns := range []uint16{20, 21, 40, 59, 60, 79, 80, 81, 120} {
		require.NoError(t, pty.Setsize(file, &pty.Winsize{Rows: 24, Cols: columns}))
		shown := newTerminal(io.Discard, file, env)
		require.Equal(t, int(columns), shown.errWidth)
		s := &screen{columns: int(columns)}
		shown.startProgress(now)
		for n := range 30 {
			if n == 20 { // somebody makes the window narrower
				s.columns = 20
				require.NoError(t, pty.Setsize(file, &pty.Winsize{Rows: 24, Cols: 20}))
			}
			now = now.Add(progressUpdate)
			line := fmt.Sprintf("check  %ds  depth 11  1.9M states (158k/s)  frontier 402k  1.1 GB  goals 3/4  48s left  %s", n, strings.Repeat("x", n))
			shown.progress(now, func() string { return line })
			s.write(written(t, terminal, file))
			require.Zero(t, s.line, "%d columns: the progress line went on in the next", columns)
			require.True(t, strings.HasPrefix(line, string(s.held)), "%q", string(s.held))
			require.NotEmpty(t, s.held)
		}
		require.Less(t, s.longest, int(columns))
		shown.endProgress()
		s.write(written(t, terminal, file))
		require.Zero(t, s.line)
		require.Empty(t, string(s.held))
	}
}

// written returns what came out of the terminal so far: all up to a mark that is written behind it.
func written(t *testing.T, terminal, file *os.File) []byte {
	t.Helper()
	const mark = "\x00"
	_, err := file.WriteString(mark)
	require.NoError(t, err)
	var all []byte
	for part := make([]byte, 4096); ; {
		n, err := terminal.Read(part)
		require.NoError(t, err)
		if all = append(all, part[:n]...); bytes.HasSuffix(all, []byte(mark)) {
			return bytes.TrimSuffix(all, []byte(mark))
		}
	}
}
