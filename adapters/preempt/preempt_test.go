package preempt_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/preempt"
)

// A goroutine that comes to the gate at which one is to be held stays there, those that come later pass, and it goes on when it is told to.
func TestTheFirstIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := preempt.New()
		defer w.End()
		var done []string
		visit := func(who string) {
			preempt.Pass("f/before")
			preempt.Pass("f/call")
			done = append(done, who)
		}
		w.Begin("f/call")
		go visit("first")
		synctest.Wait()
		require.Empty(t, done)
		require.Equal(t, "f/call", w.Held())
		require.True(t, w.In("TestTheFirstIsHeld.func1.1"), "it is in the function that called Pass")
		require.False(t, w.In("elsewhere"))
		<-w.Stays()

		w.Begin("f/call") // one is held already
		go visit("second")
		synctest.Wait()
		require.Equal(t, []string{"second"}, done)
		require.Equal(t, []string{"f/before", "f/call"}, w.Passed())

		w.Begin("")
		require.True(t, w.Resume())
		synctest.Wait()
		require.Equal(t, []string{"second", "first"}, done)
		require.Empty(t, w.Held())
		require.False(t, w.Resume(), "nobody is held any more")
	})
}

// Functions that several goroutines run say for whom; a timer fires when it is told to and not when its time has come.
func TestTimersFireWhenTheyAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := preempt.New()
		defer w.End()
		fired := map[string]bool{}
		for _, who := range []string{"n2", "n3"} {
			go func() {
				<-preempt.After(time.After(time.Second), "beat/after", who)
				fired[who] = true
			}()
		}
		time.Sleep(time.Hour)
		require.Empty(t, fired)
		require.False(t, w.Fire("beat(n4)/after"), "nobody waits there")
		require.True(t, w.Fire("beat(n3)/after"))
		synctest.Wait()
		require.Equal(t, map[string]bool{"n3": true}, fired)
		require.False(t, w.Fire("beat(n3)/after"), "it has fired")
		require.True(t, w.Fire("beat(n2)/after"))
	})
}

// Where nobody watches, gates do nothing and timers are what they were; at the end of a watch whoever is held goes on.
func TestNobodyWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		preempt.Pass("f/call")
		timer := time.After(time.Second)
		require.Equal(t, timer, preempt.After(timer, "f/after"))

		w := preempt.New()
		w.Begin("f/call")
		done := false
		go func() { preempt.Pass("f/call"); done = true }()
		synctest.Wait()
		require.False(t, done)
		w.End()
		synctest.Wait()
		require.True(t, done)
		require.Equal(t, timer, preempt.After(timer, "f/after"))
	})
}

// Whoever names gates names one, all of a function, or what either is for one of those that a function runs for.
func TestGatesAreNamed(t *testing.T) {
	for name, is := range map[string]bool{"f": true, "f/g": true, "f(n2)": true, "f(n2)/g": true, "f(n3)": false, "f(n3)/g": false, "g": false, "f/h": false, "": false} {
		require.Equal(t, is, preempt.Is("f(n2)/g", name), name)
	}
	require.True(t, preempt.Chosen(nil, "f/g"))
	require.False(t, preempt.Chosen([]string{}, "f/g"))
	require.True(t, preempt.Chosen([]string{"h", "f"}, "f/g"))
	require.True(t, preempt.Is("f/g.2", "f/g.2"))
	require.False(t, preempt.Is("f/g.2", "f/g"))
	require.Equal(t, "f/g", preempt.ForAnybody("f(n2)/g"))
	require.Equal(t, "f", preempt.ForAnybody("f(n2)"))
}
