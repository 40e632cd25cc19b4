package runtime_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl/runtime"
)

func TestCommandsReadWhatTheyPrint(t *testing.T) {
	for text, c := range map[string]runtime.Command{
		"c1.7:put(x,5)":             {Client: "c1", Number: 7, Op: runtime.Put, Key: "x", Value: "5"},
		"a.b.0:get(x)":              {Client: "a.b", Op: runtime.Get, Key: "x"},
		"c.1:replace(k%2C,a+b,%28)": {Client: "c", Number: 1, Op: runtime.Replace, Key: "k,", Expected: "a b", Value: "("},
		"%3A.1:append(,%C3%BC)":     {Client: ":", Number: 1, Op: runtime.Append, Value: "ü"},
		"c.1:delete(x)":             {Client: "c", Number: 1, Op: runtime.Delete, Key: "x"},
		"c.1:create(x,)":            {Client: "c", Number: 1, Op: runtime.Create, Key: "x"},
	} {
		require.Equal(t, text, c.String())
		got, err := runtime.ParseCommand(text)
		require.NoError(t, err)
		require.Equal(t, c, got)
	}
	for _, text := range []string{"", "x", "c1.7:put(x)", "c1.7:get(x,y)", "c1:put(x,5)", "c1.x:put(x,5)", "c1.7:put(x,5", "c1.7:fly(x)", "c1.7:put(x,%)", "c1.-1:get(x)"} {
		_, err := runtime.ParseCommand(text)
		require.Error(t, err, text)
	}
}

func FuzzCommand(f *testing.F) {
	f.Add("c1.7:put(x,5)")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := runtime.ParseCommand(text)
		if err != nil {
			return
		}
		again, err := runtime.ParseCommand(c.String())
		require.NoError(t, err)
		require.Equal(t, c, again)
	})
}

func TestAMachineCarriesOutEachRequestOnce(t *testing.T) {
	m := runtime.NewMachine()
	do := func(number uint64, op runtime.Op, words ...string) runtime.Result {
		c := runtime.Command{Client: "c", Number: number, Op: op, Key: "x"}
		if len(words) > 0 {
			c.Value = words[len(words)-1]
		}
		if len(words) > 1 {
			c.Expected = words[0]
		}
		return m.Apply(c)
	}
	require.Equal(t, runtime.Result{}, do(1, runtime.Get))
	require.Equal(t, runtime.Result{Differs: true}, do(2, runtime.Replace, "", "b"), "nothing is not the empty text")
	require.Equal(t, runtime.Result{}, do(3, runtime.Create, "a"))
	require.Equal(t, runtime.Result{Differs: true}, do(4, runtime.Create, "b"))
	require.Equal(t, runtime.Result{}, do(5, runtime.Append, "b"))
	require.Equal(t, runtime.Result{}, do(5, runtime.Append, "b"), "again")
	require.Equal(t, runtime.Result{Stale: true}, do(4, runtime.Put, "z"), "late")
	require.Equal(t, runtime.Result{Found: true, Value: "ab"}, do(6, runtime.Get))
	require.Equal(t, runtime.Result{}, do(7, runtime.Replace, "ab", "c"))

	restored, err := runtime.RestoreMachine(m.Snapshot())
	require.NoError(t, err)
	require.Equal(t, m.Snapshot(), restored.Snapshot())
	require.Equal(t, runtime.Result{}, restored.Apply(runtime.Command{Client: "c", Number: 7, Op: runtime.Replace, Key: "x", Expected: "ab", Value: "c"}))
	require.Equal(t, runtime.Result{Found: true, Value: "c"}, restored.Get("x"))
	require.Equal(t, runtime.Result{}, do(8, runtime.Delete))
	require.Equal(t, runtime.Result{}, m.Get("x"))
	_, err = runtime.RestoreMachine([]byte("{"))
	require.Error(t, err)
}

func TestRangesReadWhatTheyPrint(t *testing.T) {
	ms := time.Millisecond
	for text, want := range map[string]runtime.Range{"150ms-300ms": {Min: 150 * ms, Max: 300 * ms}, "1m": {Min: time.Minute, Max: time.Minute}, "2.5ms-1h": {Min: 2500 * time.Microsecond, Max: time.Hour}} {
		got, err := runtime.ParseRange(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
		again, err := runtime.ParseRange(got.String())
		require.NoError(t, err)
		require.Equal(t, want, again)
	}
	for _, text := range []string{"", "x", "150", "300ms-150ms", "-1ms", "1ms-", "-"} {
		_, err := runtime.ParseRange(text)
		require.Error(t, err, text)
	}
}
