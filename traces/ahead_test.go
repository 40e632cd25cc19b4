package traces

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// Reading ahead comes to what reading and judging in turn come to, of traces that are legal, that are not, and that are damaged.
func TestReadingAheadChangesNothing(t *testing.T) {
	chance := rand.New(rand.NewPCG(14, 6))
	verdicts := map[spec.Verdict]int{}
	faults := 0
	for _, file := range nativeTraces(t) {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		lines := bytes.SplitAfter(data, []byte("\n"))
		for n := range 8 {
			changed := bytes.Join(lines, nil)
			for range n / 2 {
				k := 1 + chance.IntN(len(lines)-1)
				if len(lines[k]) < 2 {
					continue
				}
				was := lines[k]
				lines[k] = append(mutated(chance, bytes.TrimSuffix(lines[k], []byte("\n")), lines[1]), '\n')
				changed = bytes.Join(lines, nil)
				lines[k] = was
			}
			for _, keepGoing := range []bool{false, true} {
				want, wantErr := verifyBytes(changed, VerifyOptions{KeepGoing: keepGoing})
				got, gotErr := verifyBytes(changed, VerifyOptions{KeepGoing: keepGoing, Ahead: true})
				require.Equal(t, wantErr, gotErr, file)
				require.Equal(t, want, got, file)
				if want == nil {
					faults++
				} else {
					verdicts[want.Verdict]++
				}
			}
		}
	}
	t.Logf("%v, %d errors", verdicts, faults)
	require.NotZero(t, verdicts[spec.Held])
	require.NotZero(t, verdicts[spec.Violated])
	require.NotZero(t, faults)
}

func verifyBytes(data []byte, options VerifyOptions) (*Result, error) {
	lines, err := NewLines("test.trace", bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	r, err := NewReader(lines, Options{})
	if err != nil {
		return nil, err
	}
	options.Reopen = func() (*Lines, error) { return NewLines("test.trace", bytes.NewReader(data)) }
	return Verify(context.Background(), r, options)
}

// The last line is counted alike where what comes after a finding cannot be read: a line that is too long, or compressed data that is damaged.
func TestTheLastLineIsCountedAlike(t *testing.T) {
	data, err := os.ReadFile("testdata/variants/flexible-quorums-too-few-elect.trace")
	require.NoError(t, err)
	long := append(bytes.TrimSuffix(data, []byte("\n")), '\n')
	long = append(append(long, bytes.Repeat([]byte("x"), MaxLine+(1<<20))...), "\n{}\n"...)
	want, err := verifyBytes(long, VerifyOptions{})
	require.NoError(t, err)
	require.NotEmpty(t, want.Findings)
	got, err := verifyBytes(long, VerifyOptions{Ahead: true})
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// An error that was read ahead, and a context that ends, end the judging in their turn.
func TestReadingAheadEnds(t *testing.T) {
	data, err := os.ReadFile("testdata/variants/flexible-quorums.trace")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	lines, err := NewLines("test.trace", bytes.NewReader(data))
	require.NoError(t, err)
	r, err := NewReader(lines, Options{})
	require.NoError(t, err)
	_, err = Verify(ctx, r, VerifyOptions{Ahead: true})
	require.ErrorIs(t, err, context.Canceled)
}
