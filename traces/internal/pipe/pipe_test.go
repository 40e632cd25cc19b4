package pipe

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// counting fills batches of up to ten numbers, up to a number.
func counting(upTo int) func(*[]int) bool {
	n := 0
	return func(b *[]int) bool {
		*b = (*b)[:0]
		for ; len(*b) < 10 && n < upTo; n++ {
			*b = append(*b, n)
		}
		return n == upTo
	}
}

func TestBatchesComeInOrder(t *testing.T) {
	for _, upTo := range []int{0, 1, 10, 11, 1000} {
		p := New(counting(upTo))
		n := 0
		for b := p.Next(); b != nil; b = p.Next() {
			for _, got := range *b {
				require.Equal(t, n, got)
				n++
			}
		}
		require.Equal(t, upTo, n)
		require.Nil(t, p.Next())
		p.End()
		p.End()
	}
}

// Whoever has seen enough ends the pipe, and what fills it does not run on.
func TestNothingIsFilledBehindTheEnd(t *testing.T) {
	calls := 0
	p := New(func(*int) bool {
		calls++
		return false
	})
	p.Next()
	p.End()
	was := calls // no goroutine writes it any more, which the race detector would tell
	require.LessOrEqual(t, was, 1+batches)
	require.NotZero(t, was)
}

func TestPanicsReachWhoeverTakes(t *testing.T) {
	n := 0
	p := New(func(b *int) bool {
		if *b = n; n == 2 {
			panic("no more")
		}
		n++
		return false
	})
	require.Equal(t, 0, *p.Next())
	require.Equal(t, 1, *p.Next())
	require.Equal(t, 2, *p.Next(), "what was filled before")
	require.PanicsWithValue(t, "no more", func() { p.Next() })
	p.End()
}
