package explore_test

import (
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/explore"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

func reference() *cluster.Config {
	c := cluster.Default(impl.New(impl.Options{}))
	return &c
}

func stale(t *testing.T) *cluster.Config {
	m, known := mutant.ByName("el-stale-vote-resp")
	require.True(t, known)
	c := cluster.Default(m.Factory())
	c.Bounds.Messages = 2
	return &c
}

func world(t *testing.T, c *cluster.Config) explore.World {
	t.Helper()
	w, err := explore.New(c, explore.Options{Name: "test"})
	require.NoError(t, err)
	return w
}

func look(t *testing.T, w explore.World, way explore.Way) *explore.View {
	t.Helper()
	v, err := w.Look(t.Context(), way)
	require.NoError(t, err)
	return v
}

func find(t *testing.T, w explore.World, way explore.Way, quest string) *explore.Found {
	t.Helper()
	f, err := w.Find(t.Context(), way, quest, explore.Budget{}, nil)
	require.NoError(t, err)
	return f
}

// stroll goes a random way.
func stroll(t *testing.T, w explore.World, random *rand.Rand, steps int) (way explore.Way) {
	for range steps {
		v := look(t, w, way)
		if len(v.Next) == 0 {
			break
		}
		way = append(slices.Clip(way), random.IntN(len(v.Next)))
	}
	return way
}

// everywhere is the same world in all the ways in which it can be held: here, by a program, and with nothing remembered from one look to the next.
func everywhere(t *testing.T, c *cluster.Config) map[string]explore.World {
	forgetful, err := explore.New(c, explore.Options{Name: "test", Memory: 1})
	require.NoError(t, err)
	return map[string]explore.World{"here": world(t, c), "by a program": elsewhere(t, world(t, c)), "forgetful": forgetful}
}

// elsewhere is a world as another program holds it.
func elsewhere(t *testing.T, w explore.World) explore.World {
	questions, ask := io.Pipe()
	answers, tell := io.Pipe()
	go func() {
		_, _ = io.WriteString(tell, "=== RUN TestObey\n") // programs print other things, too
		_ = tell.CloseWithError(explore.Answer(context.Background(), w, questions, tell))
	}()
	t.Cleanup(func() { ask.Close() })
	return explore.Remote(ask, answers)
}

// TestAWayIsAState: the same way leads to the same view whoever goes it, and whatever was looked at before; so a step that is taken back leaves nothing.
func TestAWayIsAState(t *testing.T) {
	c := reference()
	c.Faults = cluster.Faults{Drop: 2, Duplicate: 1, Crash: 1, Lossy: true, Partition: 1}
	random := rand.New(rand.NewPCG(1, 1))
	first := world(t, c)
	all := everywhere(t, c)
	for range 4 {
		way := stroll(t, first, random, 25)
		for n := len(way); n >= 0; n -= 5 { // back, step by step
			want := look(t, first, way[:n])
			require.Len(t, want.Trace.Records, n)
			require.Equal(t, way[:n].String(), want.Way.String())
			for name, w := range all {
				got := look(t, w, way[:n])
				require.Equal(t, text(t, want), text(t, got), name)
				want.Trace, got.Trace = explore.Recording{}, explore.Recording{}
				want.Way, got.Way = nil, nil
				require.Equal(t, want, got, name)
				want = look(t, first, way[:n])
			}
		}
	}
}

func text(t *testing.T, v *explore.View) string {
	data, err := v.Trace.MarshalText()
	require.NoError(t, err)
	return string(data)
}

// TestStepsDoWhatTheySay: the sentence, promises and goals of what may happen are those of what has happened, once it is taken.
func TestStepsDoWhatTheySay(t *testing.T) {
	w := world(t, stale(t))
	random := rand.New(rand.NewPCG(2, 2))
	broken, idle := 0, 0
	for range 300 {
		way := stroll(t, w, random, 14)
		here := look(t, w, way)
		for nth, step := range here.Next {
			there := look(t, w, append(slices.Clip(way), nth))
			last := there.Trace.Records[len(way)]
			require.Equal(t, step.Says, traces.Sentence(&last))
			require.Equal(t, step.Event, last.Event)
			var breaks []explore.Broken
			for _, b := range there.Broken {
				if b.Step == len(way)+1 {
					breaks = append(breaks, b)
				}
			}
			require.Equal(t, breaks, step.Breaks, step.Says)
			broken += len(breaks)
			if step.Idle {
				idle++
				require.Equal(t, here.Servers, there.Servers)
				require.Equal(t, here.InFlight, there.InFlight)
			}
		}
	}
	require.Positive(t, broken)
	require.Positive(t, idle)
}

// TestASavedWayReplays: what is saved runs again, on fresh servers, to the same steps, and its header says what it breaks.
func TestASavedWayReplays(t *testing.T) {
	c := stale(t)
	w := world(t, c)
	found := find(t, w, nil, explore.AnyPromise)
	v := look(t, w, found.Way)
	require.NotEmpty(t, v.Broken)
	require.Equal(t, "test", v.Trace.Header.Implementation)
	require.Contains(t, v.Trace.Header.Breaks, v.Broken[0].Rule)
	again := explore.Recording{}
	require.NoError(t, again.UnmarshalText([]byte(text(t, v))))
	_, err := traces.Replay(again.Trace, c.New)
	require.NoError(t, err)
	broken, at := traces.Broken(again.Trace, spec.Rules, c.Variants)
	require.Equal(t, len(found.Way)-1, at)
	require.Equal(t, v.Broken[0].Message, broken[0].Message)
}

// TestASavedWayIsFollowed: what is saved and read again leads the same way, wherever the world is held, and where something else is
// recorded it goes no further.
func TestASavedWayIsFollowed(t *testing.T) {
	c := reference()
	c.Faults = cluster.Faults{Drop: 2, Duplicate: 1, Crash: 1, Lossy: true, Partition: 1}
	random := rand.New(rand.NewPCG(5, 5))
	all := everywhere(t, c)
	for range 6 {
		way := stroll(t, all["here"], random, 30)
		saved := explore.Recording{}
		require.NoError(t, saved.UnmarshalText([]byte(text(t, look(t, all["here"], way)))))
		for name, w := range all {
			got, apart, err := w.Follow(t.Context(), saved.Trace)
			require.NoError(t, err)
			require.Empty(t, apart, name)
			require.Equal(t, way, got, name)
		}
		at := len(way) - 1
		for saved.Trace.Records[at].Step == nil {
			at--
		}
		saved.Trace.Records = saved.Trace.Records[:at+1]
		saved.Trace.Records[at].Step.After.Term += 7
		saved.Trace.Header.Records = at + 1
		for name, w := range all {
			got, apart, err := w.Follow(t.Context(), saved.Trace)
			require.NoError(t, err)
			require.Equal(t, way[:at].String(), got.String(), name)
			require.Contains(t, apart, "is not what happens here", name)
		}
	}
}

func TestWaysThatLeadNowhere(t *testing.T) {
	for name, w := range everywhere(t, reference()) {
		n := len(look(t, w, nil).Next)
		for _, way := range []explore.Way{{n}, {-1}, {0, 1 << 20}} {
			_, err := w.Look(t.Context(), way)
			var nowhere *explore.NoSuchStep
			require.ErrorAs(t, err, &nowhere, name)
			require.Equal(t, len(way), nowhere.Step)
			_, err = w.Find(t.Context(), way, explore.AnyPromise, explore.Budget{}, nil)
			require.ErrorAs(t, err, &nowhere, name)
		}
		_, err := w.Find(t.Context(), nil, "happiness", explore.Budget{}, nil)
		var none *explore.NoSuchQuest
		require.ErrorAs(t, err, &none, name)
		require.Equal(t, `nothing that can be asked for is called "happiness"`, none.Error())
	}
}

func TestWaysAreText(t *testing.T) {
	for _, way := range []explore.Way{nil, {0}, {3, 0, 17}} {
		again, err := explore.ParseWay(way.String())
		require.NoError(t, err)
		require.Equal(t, way, again)
	}
	for _, text := range []string{".", "1.", "1..2", "-1", "x", "1 ", "99999999999", "1e3"} {
		_, err := explore.ParseWay(text)
		require.Error(t, err, text)
	}
}

// TestTheNearestWayIsFound: from the start and from states on the way, a search needs as many steps as check does, and as going everywhere by hand.
func TestTheNearestWayIsFound(t *testing.T) {
	c := stale(t)
	r, err := checker.Check(t.Context(), c, checker.Options{})
	require.NoError(t, err)
	for name, w := range everywhere(t, c) {
		found := find(t, w, nil, explore.AnyPromise)
		require.Equal(t, len(r.Findings[0].Trace.Records), found.Steps, name)
		require.Len(t, found.Way, found.Steps)
		require.Equal(t, r.Findings[0].Rule.ID, look(t, w, found.Way).Broken[0].Rule)
		for n := range found.Way {
			onwards := find(t, w, found.Way[:n], explore.AnyPromise)
			require.Equal(t, found.Steps-n, onwards.Steps, name)
			require.Equal(t, found.Way[:n].String(), onwards.Way[:n].String())
			require.NotEmpty(t, look(t, w, onwards.Way).Broken)
		}
	}
}

// TestGoalsAreFoundWhereGoingEverywhereFindsThem compares searches with a walk through every state, from the start and from another state.
func TestGoalsAreFoundWhereGoingEverywhereFindsThem(t *testing.T) {
	c := reference()
	c.Servers = 2
	c.Bounds = cluster.Bounds{Terms: 2, Log: 1, Messages: 2}
	c.Faults = cluster.Faults{Drop: cluster.Unlimited}
	w := world(t, c)
	for _, from := range []explore.Way{nil, stroll(t, w, rand.New(rand.NewPCG(4, 4)), 5)} {
		for _, goal := range []string{"leader-elected", "entry-committed", "vote-split", "client-redirected", "stale-leader-stepped-down"} {
			found := find(t, w, from, goal)
			require.Equal(t, byHand(t, w, from, goal), found.Steps, goal)
			if found.Steps > 0 {
				last := look(t, w, found.Way[:len(found.Way)-1])
				require.NotEmpty(t, last.Next[found.Way[len(found.Way)-1]].Goals, goal)
			} else {
				require.True(t, found.None)
			}
		}
	}
}

// byHand returns how many steps from a state a goal is, or 0 if no way leads there.
func byHand(t *testing.T, w explore.World, from explore.Way, goal string) int {
	_, sentence := goalOf(t, goal)
	seen := map[string]bool{}
	layer := []explore.Way{from}
	for depth := 1; len(layer) > 0; depth++ {
		var next []explore.Way
		for _, way := range layer {
			for nth, step := range look(t, w, way).Next {
				if slices.Contains(step.Goals, sentence) {
					return depth
				}
				there := append(slices.Clip(way), nth)
				if name := look(t, w, there).State; !seen[name] {
					seen[name], next = true, append(next, there)
				}
			}
		}
		layer = next
	}
	return 0
}

func goalOf(t *testing.T, name string) (string, string) {
	for _, g := range spec.Goals {
		if g.Name == name {
			return g.Name, g.Sentence
		}
	}
	require.Fail(t, "no goal "+name)
	return "", ""
}

func TestWhatIsSoAlready(t *testing.T) {
	c := reference()
	w := world(t, c)
	found := find(t, w, nil, "one-leader-at-a-time")
	require.NotEmpty(t, found.Way, "two leaders of two terms are a way of the reference")
	require.False(t, found.Already)
	there := find(t, w, found.Way, "one-leader-at-a-time")
	require.True(t, there.Already)
	require.Zero(t, there.Steps)
}

func TestEveryQuestIsSaidInWords(t *testing.T) {
	quests, err := world(t, reference()).Quests(t.Context())
	require.NoError(t, err)
	names := map[string]bool{}
	for _, q := range quests {
		require.NotEmpty(t, q.Sentence, q.Name)
		require.NotEmpty(t, q.Kind, q.Name)
		require.False(t, names[q.Name], q.Name)
		names[q.Name] = true
	}
	for _, name := range []string{explore.AnyPromise, "second-leader", "leader-elected", "entry-committed", "log-truncated", "committed-entry-lost", "one-leader-at-a-time"} {
		require.True(t, names[name], name)
	}
}

func TestATruncationIsFound(t *testing.T) {
	w := world(t, reference())
	found := find(t, w, nil, "log-truncated")
	require.NotEmpty(t, found.Way)
	last := look(t, w, found.Way).Trace.Records[len(found.Way)-1].Step
	require.NotEqual(t, last.Before.Log.Entries[0], append(last.After.Log.Entries, spec.Entry{})[0])
}

// TestSearchesEnd when they are cancelled, when the budget is used up, and when something else is asked.
func TestSearchesEnd(t *testing.T) {
	c := reference()
	c.Servers, c.Bounds = 5, cluster.Bounds{Terms: 5, Log: 4, Messages: 6}
	for name, w := range everywhere(t, c) {
		f, err := w.Find(t.Context(), nil, explore.AnyPromise, explore.Budget{States: 1000}, nil)
		require.NoError(t, err)
		require.Equal(t, "the bound of 1000 states was reached", f.Reason, name)
		f, err = w.Find(t.Context(), nil, explore.AnyPromise, explore.Budget{Time: time.Millisecond}, nil)
		require.NoError(t, err)
		require.Equal(t, "the time was used up", f.Reason, name)
		require.False(t, f.None)

		ctx, cancel := context.WithCancel(t.Context())
		f, err = w.Find(ctx, nil, explore.AnyPromise, explore.Budget{}, func(p explore.Progress) {
			require.Positive(t, p.States)
			cancel()
		})
		cancel()
		require.NoError(t, err)
		require.Equal(t, "the search was ended", f.Reason, name)
		require.NotEmpty(t, look(t, w, nil).Next, "it can be asked again")
	}
}

// TestSearchesOfAProgramDisturbNobody: while one goes on, states can be looked at, and another search waits, or is given up.
func TestSearchesOfAProgramDisturbNobody(t *testing.T) {
	c := reference()
	c.Servers, c.Bounds = 5, cluster.Bounds{Terms: 5, Log: 4, Messages: 6}
	w := elsewhere(t, world(t, c))
	started := make(chan bool, 1)
	search := func(ctx context.Context) chan *explore.Found {
		ended := make(chan *explore.Found, 1)
		go func() {
			f, _ := w.Find(ctx, nil, explore.AnyPromise, explore.Budget{}, func(explore.Progress) {
				select {
				case started <- true:
				default:
				}
			})
			ended <- f
		}()
		return ended
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first := search(ctx)
	<-started
	require.NotEmpty(t, look(t, w, nil).Next)
	other, giveUp := context.WithCancel(t.Context())
	second := search(other)
	require.NotEmpty(t, look(t, w, explore.Way{0}).Next)
	giveUp()
	require.Empty(t, first, "it goes on")
	cancel()
	require.Equal(t, "the search was ended", (<-first).Reason)
	require.Equal(t, "the search was ended", (<-second).Reason)
}

func TestAProgramThatEnds(t *testing.T) {
	answers, tell := io.Pipe()
	w := explore.Remote(io.Discard, answers)
	wrong := make(chan error)
	go func() {
		_, err := w.Look(t.Context(), nil)
		wrong <- err
	}()
	_, _ = io.WriteString(tell, "panic: no\n")
	tell.Close()
	require.ErrorContains(t, <-wrong, "has ended")
	_, err := w.Quests(t.Context())
	require.ErrorContains(t, err, "has ended")
}
