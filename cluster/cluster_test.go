package cluster_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

func world(t *testing.T, edit func(*cluster.Config)) *cluster.World {
	c := cluster.Default(impl.New(impl.Options{}))
	c.Bounds.Messages = 4
	edit(&c)
	w, err := cluster.New(&c)
	require.NoError(t, err)
	return w
}

func give(id spec.ServerID, kind spec.InputKind) cluster.Action {
	return cluster.Action{Kind: cluster.Give, Server: id, Input: spec.Input{Kind: kind}}
}

func deliver(m spec.Message) cluster.Action {
	return cluster.Action{Kind: cluster.Give, Server: m.To, Input: spec.Input{Kind: spec.Deliver, Message: m}}
}

func apply(t *testing.T, w *cluster.World, a cluster.Action) cluster.Outcome {
	t.Helper()
	o, err := w.Apply(a)
	require.NoError(t, err)
	require.False(t, o.Refused)
	return o
}

func TestAMessageArrivesOnceUnlessItStays(t *testing.T) {
	w := world(t, func(c *cluster.Config) { c.Faults.Duplicate = 1 })
	apply(t, w, give(1, spec.Timeout))
	request := w.InFlight()[0]
	again := deliver(request)
	again.Stays = true
	apply(t, w, again)
	require.Contains(t, w.InFlight(), request, "it was duplicated")
	_, err := w.Clone().Apply(again)
	require.ErrorContains(t, err, "no budget is left for it")
	apply(t, w, deliver(request))
	require.NotContains(t, w.InFlight(), request)
	_, err = w.Apply(deliver(request))
	require.ErrorContains(t, err, "no such message can arrive now")
}

func TestFIFOKeepsTheOrderOfAQueue(t *testing.T) {
	w := world(t, func(c *cluster.Config) { c.Network = cluster.FIFO })
	apply(t, w, give(1, spec.Timeout))
	apply(t, w, give(1, spec.Timeout))
	first, second := w.InFlight()[0], w.InFlight()[2]
	require.Equal(t, first.To, second.To)
	_, err := w.Clone().Apply(deliver(second))
	require.ErrorContains(t, err, "no such message can arrive now")
	apply(t, w, deliver(first))
	apply(t, w, deliver(second))
}

func TestNothingPassesAPartition(t *testing.T) {
	w := world(t, func(c *cluster.Config) { c.Faults.Partition = 1 })
	apply(t, w, give(1, spec.Timeout))
	request := w.InFlight()[0]
	require.Equal(t, spec.ServerID(2), request.To)
	split := cluster.Action{Kind: cluster.Partition, Split: splitOff(t, w, 1)}
	apply(t, w, split)
	_, err := w.Clone().Apply(deliver(request))
	require.ErrorContains(t, err, "no such message can arrive now")
	apply(t, w, cluster.Action{Kind: cluster.Heal})
	apply(t, w, deliver(request))
	_, err = w.Apply(split)
	require.ErrorContains(t, err, "no budget is left for it", "one partition was allowed")
}

// splitOff finds the partition that leaves one server alone on the far side.
func splitOff(t *testing.T, w *cluster.World, id spec.ServerID) cluster.Spent {
	for _, n := range w.Next() {
		if n.Action.Kind == cluster.Partition && len(n.Action.Split.FarSide()) == 1 && n.Action.Split.FarSide()[0] == id {
			return n.Action.Split
		}
	}
	require.FailNow(t, "no such partition")
	return 0
}

func TestWhatFindsNoRoomIsLostInEveryWay(t *testing.T) {
	w := world(t, func(c *cluster.Config) { c.Bounds.Messages = 1 })
	var ways []string
	for _, n := range w.Next() {
		if n.Action.Server == 1 && n.Action.Input.Kind == spec.Timeout && n.Action.Input.Cut == 0 {
			ways = append(ways, fmt.Sprint(n.Action.Lost))
		}
	}
	require.Equal(t, []string{"[0]", "[1]"}, ways)
}

func TestLossesAreAsFewAsPossible(t *testing.T) {
	lossy := &cluster.Config{Faults: cluster.Faults{Drop: cluster.Unlimited}}
	for _, row := range []struct {
		config  *cluster.Config
		room    int
		allowed []bool
		want    []uint32
	}{
		{lossy, 2, []bool{true, true}, []uint32{0}},
		{lossy, 1, []bool{true, true}, []uint32{1, 2}},
		{lossy, 0, []bool{true, true}, []uint32{3}},
		{lossy, 5, []bool{false, true}, []uint32{1}},
		{lossy, 1, []bool{false, true, true}, []uint32{3, 5}},
		{&cluster.Config{}, 1, []bool{true, true}, nil},
		{&cluster.Config{}, 2, []bool{true, true}, []uint32{0}},
		{&cluster.Config{Strict: true, Faults: lossy.Faults}, 1, []bool{true, true}, nil},
	} {
		require.Equal(t, row.want, row.config.Losses(row.room, row.allowed))
	}
}

func TestACrashCutsAStepShort(t *testing.T) {
	w := world(t, func(c *cluster.Config) { c.Faults.Lossy = true })
	seen := map[string]bool{}
	for _, n := range w.Next() {
		if in := n.Action.Input; n.Action.Server == 1 && in.Kind == spec.Timeout && in.Cut > 0 {
			require.Equal(t, spec.Crashed, n.World.Observe(1).Role)
			seen[fmt.Sprintf("%d lossy=%t term=%d", in.Cut, in.Lossy, n.World.Observe(1).Term)] = true
		}
	}
	require.Equal(t, map[string]bool{
		"1 lossy=false term=0": true, "1 lossy=true term=0": true, // before the write
		"2 lossy=false term=1": true, "2 lossy=true term=0": true, // written, not synced
		"3 lossy=false term=1": true, "3 lossy=true term=1": true, // synced, nothing sent
	}, seen)
}

func TestACloneMovesOnByItself(t *testing.T) {
	for name, node := range map[string]spec.Factory{"cloner": impl.New(impl.Options{}), "replayed": plain} {
		c := cluster.Default(node)
		w, err := cluster.New(&c)
		require.NoError(t, err)
		apply(t, w, give(1, spec.Timeout))
		clone := w.Clone()
		require.Equal(t, w.AppendState(nil), clone.AppendState(nil), name)
		apply(t, clone, give(2, spec.Timeout))
		require.NotEqual(t, w.AppendState(nil), clone.AppendState(nil), name)
		require.Equal(t, spec.Term(0), w.Observe(2).Term, name)
	}
}

// plain is the reference without the ability to copy itself.
func plain(id spec.ServerID, servers []spec.ServerID) spec.Node {
	return struct{ spec.Node }{impl.New(impl.Options{})(id, servers)}
}

func TestSpentCountsOnlyWhatIsLimited(t *testing.T) {
	c := cluster.Default(nil)
	c.Faults.Crash, c.Bounds.Campaigns = 2, 0
	require.Zero(t, c.Price(spec.Input{Kind: spec.Timeout}))
	crash := c.Price(spec.Input{Kind: spec.Crash})
	require.NotZero(t, crash)
	require.Equal(t, crash, c.Price(spec.Input{Kind: spec.Timeout, Cut: 2}))
	require.True(t, c.Affords(2*crash))
	require.False(t, c.Affords(3*crash))
}

func TestAConfigurationSaysItself(t *testing.T) {
	c := cluster.Default(nil)
	require.Equal(t, "3 servers, terms up to 2, logs up to 1, 2 messages in flight, faults: drop, crash 1", c.String())
	c.Faults, c.Network, c.Values, c.Bounds.Depth = cluster.Faults{}, cluster.FIFO, 2, 9
	require.Equal(t, "3 servers, terms up to 2, logs up to 1, 2 messages in flight, 2 values, 9 steps, fifo network, no faults", c.String())
}

func TestAFaultOfANodeIsAnError(t *testing.T) {
	c := cluster.Default(func(spec.ServerID, []spec.ServerID) spec.Node { return rash{} })
	w, err := cluster.New(&c)
	require.NoError(t, err)
	_, err = w.Apply(give(1, spec.Timeout))
	var panicked *cluster.Panicked
	require.True(t, errors.As(err, &panicked))
	require.EqualError(t, err, "n1 timeout: the node panicked: oh")
}

type rash struct{}

func (rash) Step(spec.Input) spec.Output { panic("oh") }
func (rash) Observe() spec.Observation   { return spec.Observation{} }
func (rash) AppendState(b []byte) []byte { return b }

func ExampleWorld() {
	config := cluster.Default(impl.New(impl.Options{}))
	w, _ := cluster.New(&config)
	_, _ = w.Apply(cluster.Action{Kind: cluster.Give, Server: 1, Input: spec.Input{Kind: spec.Timeout}})
	for _, m := range w.InFlight() {
		fmt.Println(m)
	}
	fmt.Println(w.Observe(1).Role, w.Observe(1).Term)
	// Output:
	// RequestVote n1->n2 term=1 last=0@0
	// RequestVote n1->n3 term=1 last=0@0
	// candidate 1
}
