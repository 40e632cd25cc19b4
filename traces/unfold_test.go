package traces_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/traces"
)

// A gigabyte that is a few kilobytes is refused, unless it is trusted; what people record is read.
func TestWhatUnfoldsToTooMuchIsRefused(t *testing.T) {
	line := strings.Repeat("a", 1023) + "\n"
	bomb := folded(t, line, 100<<10)
	require.Less(t, len(bomb), 100<<10)
	for _, trusted := range []bool{false, true} {
		lines, err := traces.NewLines("bomb.zst", bytes.NewReader(bomb))
		require.NoError(t, err)
		if trusted {
			lines.Trust()
		}
		n, err := count(lines)
		if trusted {
			require.Equal(t, io.EOF, err)
			require.Equal(t, 100<<10, n)
			continue
		}
		var fault *traces.InputError
		require.True(t, errors.As(err, &fault))
		require.Equal(t, "--trust reads it all the same", fault.Hint)
		require.Less(t, n, 65<<10)
	}
	lines, err := traces.NewLines("small.zst", bytes.NewReader(folded(t, line, 32<<10)))
	require.NoError(t, err)
	n, err := count(lines)
	require.Equal(t, io.EOF, err)
	require.Equal(t, 32<<10, n)
}

func folded(t *testing.T, line string, times int) []byte {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	require.NoError(t, err)
	for range times {
		_, err := io.WriteString(w, line)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func count(lines *traces.Lines) (n int, err error) {
	defer lines.Close()
	for {
		if _, err = lines.Next(); err != nil {
			return n, err
		}
		n++
	}
}

// TestAnInterruptIsNoDamage whatever the data is compressed with.
func TestAnInterruptIsNoDamage(t *testing.T) {
	for name, data := range map[string][]byte{"plain": []byte("a\nb"), "zstd": folded(t, "abc\n", 1000)[:20]} {
		lines, err := traces.NewLines(name, io.MultiReader(bytes.NewReader(data), broken{}))
		require.NoError(t, err)
		_, err = count(lines)
		require.ErrorIs(t, err, context.Canceled)
		var fault *traces.InputError
		require.False(t, errors.As(err, &fault))
	}
}

// broken is a reader whose user went away.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, context.Canceled }
