package runtime_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/spec"
)

const ms = time.Millisecond

var three = []spec.ServerID{1, 2, 3}

// driver returns a driver of n1 in a cluster of three that starts at 0.
func driver(o impl.Options) *runtime.Driver {
	return runtime.NewDriver(1, impl.New(o)(1, three), o, runtime.DefaultTiming, rand.New(rand.NewPCG(1, 1)), 0)
}

func message(kind spec.MessageKind, from spec.ServerID, term spec.Term) spec.Input {
	return spec.Input{Kind: spec.Deliver, Message: spec.Message{Kind: kind, From: from, To: 1, Term: term}}
}

func granted(from spec.ServerID, term spec.Term) spec.Input {
	in := message(spec.RequestVoteReply, from, term)
	in.Message.Granted = true
	return in
}

// Election timeouts are drawn afresh for every election, each from the whole range.
func TestElectionTimeoutsAreDrawnAfresh(t *testing.T) {
	d := driver(impl.Options{})
	now, last, thirds := time.Duration(0), time.Duration(0), [3]int{}
	seen := map[time.Duration]bool{}
	// A server that nobody answers campaigns again and again.
	for range 3000 {
		for {
			now = d.NextAt()
			d.Unanswered(now)
			if in, due := d.Due(now); due {
				d.Step(now, in)
				break
			}
		}
		timeout := now - last
		last = now
		require.GreaterOrEqual(t, timeout, 150*ms)
		require.LessOrEqual(t, timeout, 300*ms)
		seen[timeout] = true
		thirds[min(int((timeout-150*ms)/(50*ms)), 2)]++
	}
	require.Greater(t, len(seen), 2900, "hardly two are alike")
	for _, n := range thirds {
		require.InDelta(t, 1000, n, 120)
	}
}

// The election timer starts again with every message of the leader and every vote given, and with nothing else (Figure 2, followers).
func TestWhatStartsTheElectionTimerAgain(t *testing.T) {
	vote := message(spec.RequestVote, 2, 5)
	behind := message(spec.RequestVote, 3, 5)
	for name, test := range map[string]struct {
		before []spec.Input
		in     spec.Input
		starts bool
	}{
		"a heartbeat":                   {nil, message(spec.AppendEntries, 2, 1), true},
		"a heartbeat of an old leader":  {[]spec.Input{message(spec.AppendEntries, 3, 2)}, message(spec.AppendEntries, 2, 1), false},
		"a vote given":                  {nil, vote, true},
		"a vote refused":                {[]spec.Input{vote}, behind, false},
		"a reply that is late":          {nil, message(spec.AppendEntriesReply, 2, 0), false},
		"a snapshot that is not spoken": {nil, message(spec.InstallSnapshot, 2, 0), false},
	} {
		t.Run(name, func(t *testing.T) {
			d := driver(impl.Options{})
			for _, in := range test.before {
				d.Step(0, in)
			}
			was := d.NextAt()
			d.Step(140*ms, test.in)
			if !test.starts {
				require.Equal(t, was, d.NextAt())
				return
			}
			require.GreaterOrEqual(t, d.NextAt(), 290*ms)
			require.LessOrEqual(t, d.NextAt(), 440*ms)
		})
	}
}

// A candidate asks those again that did not answer, until the election is over. Then the leader's heart beats.
func TestRequestsAreSentAgainUntilTheyAreAnswered(t *testing.T) {
	d := driver(impl.Options{})
	s := d.Step(0, spec.Input{Kind: spec.Timeout})
	require.Equal(t, spec.Candidate, s.After.Role)
	require.Empty(t, d.Unanswered(49*ms))
	to := func(all []spec.Message) (ids []spec.ServerID) {
		for _, m := range all {
			require.Equal(t, spec.RequestVote, m.Kind)
			ids = append(ids, m.To)
		}
		return ids
	}
	require.Equal(t, []spec.ServerID{2, 3}, to(d.Unanswered(50*ms)))
	require.Empty(t, d.Unanswered(50*ms))
	d.Step(60*ms, message(spec.RequestVoteReply, 2, 1)) // refused
	require.Equal(t, []spec.ServerID{3}, to(d.Unanswered(100*ms)))
	s = d.Step(110*ms, granted(3, 1))
	require.Equal(t, spec.Leader, s.After.Role)
	require.Equal(t, 160*ms, d.NextAt(), "the next heartbeat, and nothing else")
	in, due := d.Due(160 * ms)
	require.True(t, due)
	require.Equal(t, spec.Heartbeat, in.Kind)
	d.Step(160*ms, in)
	require.Equal(t, 210*ms, d.NextAt())
	d.Step(170*ms, spec.Input{Kind: spec.Propose, Value: "x"})
	require.Equal(t, 210*ms, d.NextAt())
	d.Step(180*ms, message(spec.RequestVote, 2, 2)) // another campaigns: it leads no longer
	require.Equal(t, spec.Follower, d.Observe().Role)
	require.GreaterOrEqual(t, d.NextAt(), 330*ms)
}

// Where voters are loyal, a follower hears when the shortest election timeout has passed, and a leader has an election timer too.
func TestTimersOfFeatures(t *testing.T) {
	d := driver(impl.Options{CheckQuorum: true})
	d.Step(10*ms, message(spec.AppendEntries, 2, 1))
	require.Equal(t, 160*ms, d.NextAt())
	in, due := d.Due(160 * ms)
	require.True(t, due)
	require.Equal(t, spec.Heartbeat, in.Kind)
	require.False(t, d.Step(160*ms, in).Output.Refused, "it is loyal no longer")
	require.Greater(t, d.NextAt(), 160*ms)

	d = driver(impl.Options{CheckQuorum: true})
	d.Step(0, spec.Input{Kind: spec.Timeout})
	d.Step(0, granted(2, 1))
	for now := time.Duration(0); d.Observe().Role == spec.Leader; now = d.NextAt() {
		require.LessOrEqual(t, now, 600*ms, "a leader that nobody answers steps down when its timer finds so")
		if in, due := d.Due(now); due {
			d.Step(now, in)
		}
	}

	d = driver(impl.Options{Reads: impl.ReadByLease, NoOp: true, ElectionTicks: 3, Drift: 1})
	for k := range 3 {
		at := time.Duration(k+1) * 50 * ms
		in, due := d.Due(at)
		require.True(t, due)
		require.Equal(t, spec.Input{Kind: spec.Tick, Peer: 1}, in)
		d.Step(at, in)
	}
}

func TestTimingsThatMakeNoSense(t *testing.T) {
	require.NoError(t, runtime.DefaultTiming.Validate())
	for _, bad := range []runtime.Timing{
		{}, {Election: runtime.Range{Min: 100 * ms, Max: 200 * ms}}, {Election: runtime.Range{Min: 100 * ms, Max: 50 * ms}, Heartbeat: ms},
		{Election: runtime.Range{Min: 100 * ms, Max: 200 * ms}, Heartbeat: 100 * ms},
	} {
		require.Error(t, bad.Validate())
	}
}
