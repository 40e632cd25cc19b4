package linearizability

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// TestEqualKeysMeanEqualVerdicts: the key leaves out only what does not count.
func TestEqualKeysMeanEqualVerdicts(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	verdicts := map[string]spec.Verdict{}
	met := 0
	var memo Memo
	for range rounds(t, 5000) {
		h := random(r, shape{ops: 4, clients: 3, keys: 1, values: 2, kinds: []Kind{Read, Write, CompareAndSet}, honest: 7})
		if len(h.Operations) == 0 {
			continue
		}
		key := string(h.AppendKey(nil))
		want := brute(h)
		if known, again := verdicts[key]; again {
			met++
			require.Equal(t, known, want, dump(h))
		}
		verdicts[key] = want
		require.Equal(t, want, memo.Check(h))
		require.Equal(t, key, string(renamed(h).AppendKey(nil)), "moments and names do not count")
	}
	require.Greater(t, met, 100)
	require.Equal(t, len(verdicts), memo.Decided)
}

// renamed is the same history with other clients and other moments.
func renamed(h *History) *History {
	other := &History{Clients: []string{"all"}}
	for _, o := range h.Operations {
		o.Client, o.Call, o.Return = 0, 10*o.Call-1000, 10*o.Return-1000
		o.CallLine = 7
		other.Operations = append(other.Operations, o)
	}
	return other
}

// TestWhatIsNotDecided: a search that may take no step, an empty history, one that shows nothing, and one that makes no sense.
func TestWhatIsNotDecided(t *testing.T) {
	h := &History{}
	_, err := Verify(context.Background(), h, Options{})
	require.ErrorIs(t, err, ErrEmpty)

	h.Return(h.Call("a", WriteOf("x", Literal("1"))))
	r, err := Verify(context.Background(), h, Options{})
	require.NoError(t, err)
	require.Equal(t, spec.Inconclusive, r.Verdict)
	require.Equal(t, []string{"no client saw anything: no read returned a value, and no comparison its result"}, r.Because)
	require.Equal(t, spec.Held, Check(h))
	require.Equal(t, spec.Inconclusive, new(search).run(hard(), []string{"x"}, indexes(len(hard().Operations)), 1000))

	h.Operations[0].Return = 0
	_, err = Verify(context.Background(), h, Options{})
	require.EqualError(t, err, "operation 0 returns at 0, before its call at 1")
}

// hard is a history that takes long to decide: many writes of few values at once, and reads that no order of them explains.
func hard() *History {
	h := &History{}
	r := rand.New(rand.NewPCG(1, 2))
	var open []int
	for k := range 60 {
		open = append(open, h.Call(string(rune('a'+k)), WriteOf("x", Literal(string(rune('0'+k%7))))))
	}
	for range 20 {
		h.Return(h.Call("reader", ReadOf("x")), Literal(string(rune('0'+r.IntN(7)))))
	}
	h.Return(h.Call("reader", ReadOf("x")), Literal("9"))
	w := h.Call("late", WriteOf("x", Literal("9")))
	for _, k := range append(open, w) {
		h.Return(k)
	}
	return h
}

// TestTheLimitIsKept: what porcupine does not decide in time is inconclusive, and never a pass.
func TestTheLimitIsKept(t *testing.T) {
	r, err := Verify(context.Background(), hard(), Options{Limit: time.Millisecond})
	require.NoError(t, err)
	require.Equal(t, spec.Inconclusive, r.Verdict)
	require.Equal(t, []string{`the limit of 1ms was used up before porcupine decided key "x" (82 operations)`}, r.Because)
	require.Equal(t, []PartResult{{Keys: []string{"x"}, Operations: 82, Method: ByPorcupine, Verdict: spec.Inconclusive}}, r.Parts)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Verify(ctx, hard(), Options{})
	require.ErrorIs(t, err, context.Canceled)
}

// TestPorcupineStopsWhenThereIsNoRoom: it gives no answer rather than take all memory.
func TestPorcupineStopsWhenThereIsNoRoom(t *testing.T) {
	h := hard()
	m := &meter{ctx: context.Background(), room: 1000}
	answer := porcupine.CheckOperationsTimeout(modelOf(h, []string{"x"}, m), porcupineOperations(h, indexes(len(h.Operations))), 50*time.Millisecond)
	require.Equal(t, porcupine.Unknown, answer)
	require.True(t, m.full.Load())
}
