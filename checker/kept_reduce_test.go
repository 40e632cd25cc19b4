package checker

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker/external"
	"github.com/raftcheck/raftcheck/checker/internal/memfs"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// reducedWorld is one that is searched with reductions.
type reducedWorld struct {
	name   string
	world  *cluster.Config
	reduce Reductions
	off    string // why one of them is not applied
}

// reducedWorlds are worlds in which reductions begin at once, begin late, and turn out not to hold.
func reducedWorlds(t *testing.T) []reducedWorld {
	small := cluster.Default(impl.New(impl.Options{}))
	small.Bounds.Terms, small.Bounds.Messages, small.Faults.Crash = 1, 2, cluster.Off
	without := func(change func(id spec.ServerID, n spec.Node) spec.Node) *cluster.Config {
		c := small
		c.Bounds = cluster.Bounds{Terms: 2, Messages: 1, Campaigns: 2}
		c.New = func(id spec.ServerID, servers []spec.ServerID) spec.Node {
			return nameless{change(id, impl.New(impl.Options{})(id, servers))}
		}
		return &c
	}
	alike := without(func(_ spec.ServerID, n spec.Node) spec.Node { return n })
	unlike := without(func(id spec.ServerID, n spec.Node) spec.Node { return &shy{n, id == 2} })
	wrong := without(func(_ spec.ServerID, n spec.Node) spec.Node { return &gullible{Node: n, acts: true} })
	wrong.Bounds.Terms, wrong.Bounds.Messages = 3, 2
	return []reducedWorld{
		{"fast", &small, FastReductions, ""},
		{"losses, no-ops, symmetry", &small, Losses | NoOps | Renaming, ""},
		{"no-ops", &small, NoOps, ""},
		{"symmetry of servers that others wrote", alike, Renaming, ""},
		{"no-ops that are guessed", alike, FastReductions, ""},
		{"no-ops that are guessed wrongly", wrong, FastReductions, "no-ops were guessed wrongly"},
		{"servers that are not alike", unlike, FastReductions, "these servers are not interchangeable"},
		{"a violation", mutantWorld(t, "el-stale-vote-resp"), FastReductions, ""},
	}
}

// shy is a server that may be one that gives nobody its vote.
type shy struct {
	spec.Node
	is bool
}

func (s *shy) Step(in spec.Input) spec.Output {
	out := s.Node.Step(in)
	if s.is && in.Kind == spec.Deliver && in.Message.Kind == spec.RequestVote {
		out.Effects = slices.DeleteFunc(out.Effects, func(e spec.Effect) bool { return e.Kind == spec.Send })
	}
	return out
}

func (w *reducedWorld) options(folder *memfs.Folder) Options {
	o := Options{Workers: 1, Reduce: w.reduce, small: 300}
	if w.off != "" {
		o.Goals, o.Rules = []*spec.Goal{}, []*spec.Rule{spec.Rules[0]}
	}
	if folder != nil {
		o.Keep = &Keep{Dir: "folder", Resume: folder.Bytes(external.ManifestName) != nil, Maker: "test", folder: folder, tight: 100}
	}
	return o
}

// search searches in a folder, or goes on with the search that is there; without one, in memory.
func (w *reducedWorld) search(t *testing.T, o Options) (told, []Reduced) {
	t.Helper()
	r, err := Check(context.Background(), w.world, o)
	require.NoError(t, err)
	return tell(t, r), r.Reduced
}

// TestReducedSearchesInFiles: what is found with reductions is the same in memory and in files, with one worker and with two, and however often the
// search was ended on the way, by an error or by a loss of power.
func TestReducedSearchesInFiles(t *testing.T) {
	for _, w := range reducedWorlds(t) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			want, reduced := w.search(t, w.options(nil))
			w.requireOff(t, reduced)
			operations := 0
			f := &memfs.Folder{Fail: func(op memfs.Op) error { operations = op.Number; return nil }}
			got, said := w.search(t, w.options(f))
			require.Equal(t, want, got)
			require.Equal(t, reduced, said)
			two := w.options(&memfs.Folder{})
			two.Workers, two.Keep.tight = 2, 0
			got, _ = w.search(t, two)
			require.Equal(t, want, got, "two workers")
			for _, ends := range []int{operations / 9, operations / 3, operations / 2, operations - operations/5, operations} {
				w.goesOn(t, want, reduced, ends)
			}
		})
	}
}

// requireOff requires that the reductions are made, or that it is said why not.
func (w *reducedWorld) requireOff(t *testing.T, reduced []Reduced) {
	t.Helper()
	off := ""
	for _, one := range reduced {
		off += one.Off
	}
	require.Contains(t, off, w.off)
	require.Equal(t, w.off == "", off == "", off)
}

// goesOn ends a search at an operation with its folder, and goes on with what is left of it.
func (w *reducedWorld) goesOn(t *testing.T, want told, reduced []Reduced, ends int) {
	t.Helper()
	f := &memfs.Folder{}
	var left []*memfs.Folder
	f.Fail = func(op memfs.Op) error {
		if op.Number < ends {
			return nil
		}
		if op.Number == ends {
			left = append(left, f.PowerLossNow())
		}
		return memfs.ErrInjected
	}
	_, _ = Check(context.Background(), w.world, w.options(f)) // what it says is for TestEveryOperationFailsOnce
	f.Fail = nil
	for n, g := range append(left, f) {
		how := fmt.Sprintf("ended at operation %d, by %s", ends, []string{"a loss of power", "an error"}[n])
		got, said := w.search(t, w.options(g))
		require.Equal(t, want, got, how)
		require.Equal(t, reduced, said, how)
	}
}

// TestOtherReductionsAreRefused: a search goes on with those that it began with.
func TestOtherReductionsAreRefused(t *testing.T) {
	w := reducedWorlds(t)[0]
	f := &memfs.Folder{}
	w.search(t, w.options(f))
	o := w.options(f)
	o.Reduce = Renaming
	_, err := Check(context.Background(), w.world, o)
	require.ErrorContains(t, err, "it has reductions no-ops, symmetry, and this one reductions symmetry")
}

// TestCoveredStatesAreLeftToMemory: it is said that they are, and the other reductions are made.
func TestCoveredStatesAreLeftToMemory(t *testing.T) {
	w := reducedWorlds(t)[0]
	w.reduce = Losses | NoOps | Renaming
	want, _ := w.search(t, w.options(nil))
	w.reduce = AllReductions
	got, said := w.search(t, w.options(&memfs.Folder{}))
	require.Equal(t, want, got)
	require.Equal(t, []Reduced{{Name: "losses"}, {Name: "covered", Off: "a search that is kept in files does without: which states are covered is known of those in memory only"}, {Name: "no-ops"}, {Name: "symmetry"}}, said)
}
