package checker

import (
	"context"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/cluster"
)

// crew is some programs that share a search, and do each part of it wherever and as often as chance has it.
type crew struct {
	t      *testing.T
	random *rand.Rand
	hands  []*Sharing
}

// any has a part done by some program, and sometimes by another one too, which does not count.
func (c *crew) any(do func(s *Sharing) (string, error)) string {
	c.t.Helper()
	var name string
	for again := true; again; again = c.random.IntN(10) == 0 {
		var err error
		name, err = do(c.hands[c.random.IntN(len(c.hands))])
		require.NoError(c.t, err)
	}
	return name
}

// search carries a search to its end.
func (c *crew) search(shares, rounds int) told {
	ctx := context.Background()
	layer := c.any(func(s *Sharing) (string, error) { return s.Begin(shares) })
	for {
		l, err := c.hands[0].Layer(layer)
		require.NoError(c.t, err)
		if l.Done {
			break
		}
		tasks := (l.Rounds() + rounds - 1) / rounds
		expanded := make([]string, tasks)
		for _, k := range c.random.Perm(tasks) {
			expanded[k] = c.any(func(s *Sharing) (string, error) { return s.Expand(ctx, layer, k*rounds, (k+1)*rounds) })
		}
		filled := c.any(func(s *Sharing) (string, error) { return s.Fill(ctx, layer, expanded) })
		merged := make([]string, shares)
		for _, k := range c.random.Perm(shares) {
			merged[k] = c.any(func(s *Sharing) (string, error) { return s.Merge(layer, filled, k) })
		}
		layer = c.any(func(s *Sharing) (string, error) { return s.Close(layer, filled, merged) })
		if c.random.IntN(5) == 0 {
			require.NoError(c.t, c.hands[0].Sweep(layer))
		}
	}
	r, err := c.hands[c.random.IntN(len(c.hands))].Tell(ctx, layer, 0)
	require.NoError(c.t, err)
	return tell(c.t, r)
}

func newCrew(t *testing.T, seed uint64, hands int, world *cluster.Config, o Options) *crew {
	t.Helper()
	dir := inMemory(t)
	c := &crew{t: t, random: rand.New(rand.NewPCG(seed, 1))}
	for range hands {
		o.Keep = &Keep{Dir: dir, Maker: "test"}
		s, err := Share(world, o)
		require.NoError(t, err)
		c.hands = append(c.hands, s)
	}
	return c
}

// inMemory returns a new folder that does not wait for a disk, where the machine has one.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "raftcheck")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// TestSharingChangesNothing holds a search that some programs share against the same in memory: its counts, its goals and the steps of what it finds.
func TestSharingChangesNothing(t *testing.T) {
	for _, row := range comparedWorlds(t) {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			want := searchIn(t, row.world, Options{Symmetry: row.symmetry, Workers: 1})
			for k, shares := range []int{1, 3, 16} {
				got := newCrew(t, uint64(k), 1+k, row.world, Options{Symmetry: row.symmetry, Workers: 1}).search(shares, 1+k)
				require.Equal(t, want, got, "%d shares", shares)
			}
		})
	}
}
