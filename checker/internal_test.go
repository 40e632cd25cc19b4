package checker

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

func TestSeenIsASet(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var s seen
	defer func() { release(s.slots) }()
	want := map[uint64]bool{}
	for range 400 {
		batch := 1 + random.IntN(2000)
		for range batch {
			fp := random.Uint64N(600_000) << 44 // all in the first partition's share, many of them twice
			if fp == 0 {
				fp = 1
			}
			require.Equal(t, !want[fp], s.insert(fp))
			want[fp] = true
		}
		require.Equal(t, len(want), s.count)
	}
	require.GreaterOrEqual(t, len(s.slots), large, "the test covers words outside the heap")
	for fp := range want {
		require.False(t, s.insert(fp), "still there after the table grew")
	}
}

func TestSeenSurvivesLongRuns(t *testing.T) {
	var s seen
	defer func() { release(s.slots) }()
	for k := range uint64(12_000) {
		require.True(t, s.insert(^uint64(0)>>partitionBits-k), "fingerprints that all have their home at the end, and wrap around")
	}
	for k := range uint64(12_000) {
		require.False(t, s.insert(^uint64(0)>>partitionBits-k))
	}
}

func TestIDTableIsAMap(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var table idTable
	want := map[uint64]uint64{}
	for range 20_000 {
		key, value := 1+random.Uint64N(5000), random.Uint64()
		table.put(key, value)
		want[key] = value
		probe := 1 + random.Uint64N(5000)
		got, known := table.get(probe)
		wanted, there := want[probe]
		require.Equal(t, there, known)
		require.Equal(t, wanted, got)
	}
}

func TestPermutationsBeginWithTheGivenOrder(t *testing.T) {
	all := permutations([]int{1, 2, 3})
	require.Equal(t, [][]int{{1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}}, all)
}

// TestFingerprintsByDifference walks at random and holds the fingerprint of every successor, which is found by adding a
// difference, against the one that is found by hashing every part of the state.
func TestFingerprintsByDifference(t *testing.T) {
	for name, edit := range map[string]func(*cluster.Config){
		"loss":       func(c *cluster.Config) {},
		"budgets":    func(c *cluster.Config) { c.Bounds.Campaigns, c.Bounds.Proposals, c.Faults.Drop = 3, 2, 3 },
		"duplicates": func(c *cluster.Config) { c.Faults.Duplicate = 2 },
		"copies":     func(c *cluster.Config) { c.Bounds.Copies, c.Duplications = 2, true },
		"values":     func(c *cluster.Config) { c.Values = 2 },
	} {
		for _, symmetry := range []bool{false, true} {
			c := cluster.Default(impl.New(impl.Options{}))
			c.Faults.Lossy = true
			edit(&c)
			names, err := renamings(&c, symmetry)
			require.NoError(t, err)
			s := newSearch(newMemo(&c, spec.Rules, names), 1, len(spec.Goals))
			require.NoError(t, s.begin())
			checked := walkComparing(t, s, rand.New(rand.NewPCG(5, 6)))
			require.Greater(t, checked, 3000, name)
			s.end()
		}
	}
}

func walkComparing(t *testing.T, s *search, random *rand.Rand) (checked int) {
	x := s.workers[0].expander
	next := make([]uint32, s.words())
	for range 40 {
		state, err := s.workers[0].firstState()
		require.NoError(t, err)
		for range 60 {
			all := x.successors(state)
			for len(x.missing) > 0 {
				require.NoError(t, s.fill(x.missing))
				all = x.successors(state)
			}
			if len(all) == 0 {
				break
			}
			for _, n := range all {
				x.apply(next, state, n.move)
				require.Equal(t, x.fingerprint(next), n.fingerprint)
				checked++
			}
			x.apply(next, state, all[random.IntN(len(all))].move)
			state = slices.Clone(next)
		}
	}
	return checked
}

// TestVotesAreForgottenOnlyWhereTermsStay: a vote of a term that was left may be given again by a server whose term falls, which is no finding of its own
// unless that is among the rules.
func TestVotesAreForgottenOnlyWhereTermsStay(t *testing.T) {
	vote := spec.Fact{Key: spec.Key{Kind: spec.FactVote, Server: 1, Term: 1}, Holder: 2}
	left := &spec.Step{Server: 1, After: spec.Observation{Term: 2}}
	for _, termsStay := range []bool{false, true} {
		h := history{facts: []spec.Fact{vote}}
		h.tidy(left, termsStay)
		require.Equal(t, termsStay, len(h.facts) == 0)
	}
	require.True(t, judgesTerms(spec.Rules))
	require.False(t, judgesTerms(slices.DeleteFunc(slices.Clone(spec.Rules), func(r *spec.Rule) bool { return r.ID == "R5.1-01" })))
}

// A round of a search is given up when the time is over: nothing of it is filed.
func TestARoundEndsWithItsTime(t *testing.T) {
	config := cluster.Default(impl.New(impl.Options{}))
	r, err := newRun(&config, Options{})
	require.NoError(t, err)
	defer r.end()
	require.NoError(t, r.begin())
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.round(over, 0)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, uint64(1), r.stats.Distinct)
	n, err := r.round(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Greater(t, r.stats.Distinct, uint64(1))
}

// Where renamings are many, the least fingerprints of states are as evenly spread as those of others, and what they stand for is counted.
func TestManyRenamings(t *testing.T) {
	for _, servers := range []int{4, 5} {
		config := cluster.Default(impl.New(impl.Options{}))
		config.Servers, config.Bounds.Terms, config.Bounds.Log, config.Bounds.Messages = servers, 1, 0, 1
		count := map[Reductions]*Result{}
		for _, reduce := range []Reductions{0, Renaming} {
			r, err := newRun(&config, Options{Reduce: reduce})
			require.NoError(t, err)
			count[reduce], err = r.searched(t.Context())
			require.NoError(t, err)
		}
		few := count[Renaming].Search
		require.Equal(t, count[0].Search.Distinct, few.StandsFor)
		require.Less(t, 10*few.Distinct, few.StandsFor)

		r, err := newRun(&config, Options{Reduce: Renaming})
		require.NoError(t, err)
		exhausted(t, r)
		for p := range r.seen {
			require.InDelta(t, few.Distinct/partitions, r.seen[p].count, float64(few.Distinct/partitions/2), "%d servers, partition %d", servers, p)
		}
		r.end()
	}
}

// exhausted searches all layers, and leaves the search open to be looked at.
func exhausted(t *testing.T, r *run) {
	t.Helper()
	require.NoError(t, r.begin())
	for len(r.layer) > 0 {
		for from := 0; from < len(r.layer); {
			n, err := r.round(t.Context(), from)
			require.NoError(t, err)
			from += n
		}
		r.turn()
	}
}
