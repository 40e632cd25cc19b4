package checker

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker/external"
	"github.com/raftcheck/raftcheck/checker/internal/memfs"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
)

// The long run: go test ./checker -run 'Operation|Spoiled' -every 1
var every = flag.Int("every", 37, "fail at every n-th operation with a folder, and at the first of each kind")

// chosen are the numbers of the operations at which something goes wrong, of all that an undisturbed search takes.
func chosen(t *testing.T, world *cluster.Config) (numbers []int, undisturbed told) {
	t.Helper()
	var kinds []string
	f := &memfs.Folder{}
	f.Fail = func(op memfs.Op) error {
		if op.Number%*every == 0 || !slices.Contains(kinds, op.Kind) {
			numbers, kinds = append(numbers, op.Number), append(kinds, op.Kind)
		}
		return nil
	}
	r, err := keptIn(world, f)
	require.NoError(t, err)
	slices.Sort(kinds)
	require.Equal(t, []string{"after rename", "create", "names", "open", "read", "remove", "rename", "sync", "write"}, slices.Compact(kinds))
	return numbers, tell(t, r)
}

// faultWorld is a world small enough to be searched thousands of times.
func faultWorld() *cluster.Config {
	c := cluster.Default(impl.New(impl.Options{}))
	c.Servers, c.Bounds.Messages, c.Bounds.Terms, c.Bounds.Log, c.Faults.Crash = 2, 1, 1, 1, cluster.Off
	return &c
}

// inFaultWorlds tests a search state by state, and one by groups.
func inFaultWorlds(t *testing.T, test func(t *testing.T, world *cluster.Config)) {
	t.Run("states", func(t *testing.T) { test(t, faultWorld()) })
	t.Run("groups", func(t *testing.T) { test(t, groupsWorld()) })
}

// keptIn searches the world in a folder, and goes on with the search that is there if there is one.
func keptIn(world *cluster.Config, f *memfs.Folder) (*Result, error) {
	begun := f.Bytes(external.ManifestName) != nil
	return Check(context.Background(), world, Options{Workers: 1, Keep: &Keep{Dir: "folder", Resume: begun, Maker: "test", folder: f, tight: 1}})
}

// requireEqual holds a search that went on against an undisturbed one.
func requireEqual(t *testing.T, world *cluster.Config, want told, f *memfs.Folder, how string) {
	t.Helper()
	r, err := keptIn(world, f)
	require.NoError(t, err, how)
	require.Equal(t, want, tell(t, r), how)
}

// requireHonest takes the result of a disturbed search: the equal one, or an error, or one that says what happened and no pass.
func requireHonest(t *testing.T, want told, r *Result, err error, how string) {
	t.Helper()
	if err != nil {
		var unfit *Unfit
		var failed *external.Failed
		require.True(t, errors.As(err, &unfit) || errors.As(err, &failed), "%s: %v", how, err)
		return
	}
	if r.Search.Complete || len(r.Findings) > 0 {
		require.Equal(t, want, tell(t, r), how)
		return
	}
	require.NotEmpty(t, r.Reason, how)
	require.Contains(t, r.Reason, "folder", how)
}

// TestEveryOperationFailsOnce: whatever is done with the folder fails once, at every place, and the search goes on to the equal result.
func TestEveryOperationFailsOnce(t *testing.T) {
	inFaultWorlds(t, everyOperationFailsOnce)
	t.Run("broken", func(t *testing.T) { everyOperationFailsOnce(t, brokenWorld(t)) }) // by groups, and then again state by state
}

func everyOperationFailsOnce(t *testing.T, world *cluster.Config) {
	numbers, want := chosen(t, world)
	require.Equal(t, searchIn(t, world, Options{}), want)
	for _, n := range numbers {
		f := &memfs.Folder{}
		f.Fail = func(op memfs.Op) error {
			if op.Number == n {
				return memfs.ErrInjected
			}
			return nil
		}
		r, err := keptIn(world, f)
		f.Fail = nil
		requireHonest(t, want, r, err, fmt.Sprintf("operation %d", n))
		requireEqual(t, world, want, f, fmt.Sprintf("after operation %d failed", n))
	}
}

// TestEndedAtEveryOperation: the program is killed, or the power fails, before every operation, and the search goes on to the equal result.
func TestEndedAtEveryOperation(t *testing.T) {
	inFaultWorlds(t, endedAtEveryOperation)
	t.Run("broken", func(t *testing.T) { endedAtEveryOperation(t, brokenWorld(t)) }) // by groups, and then again state by state
}

func endedAtEveryOperation(t *testing.T, world *cluster.Config) {
	numbers, want := chosen(t, world)
	var left []*memfs.Folder
	f := &memfs.Folder{}
	f.Fail = func(op memfs.Op) error {
		if slices.Contains(numbers, op.Number) {
			left = append(left, f.KillNow(), f.PowerLossNow())
		}
		return nil
	}
	_, err := keptIn(world, f)
	require.NoError(t, err)
	require.Len(t, left, 2*len(numbers))
	for n, g := range left {
		requireEqual(t, world, want, g, fmt.Sprintf("ended before operation %d", numbers[n/2]))
	}
}

// TestSpoiledFiles: bits of every file of a search are flipped, files are cut, torn, swapped and gone, in searches that were ended early and late
// and in one that is done. Whatever the manifest names is refused by name, and what it does not name changes nothing.
func TestSpoiledFiles(t *testing.T) { inFaultWorlds(t, spoiledFiles) }

func spoiledFiles(t *testing.T, world *cluster.Config) {
	r, err := keptIn(world, &memfs.Folder{})
	require.NoError(t, err)
	want := tell(t, r)
	refused := map[string]int{} // by kind of file
	for _, ends := range []int{150, 400, math.MaxInt} {
		f := &memfs.Folder{}
		f.Fail = func(op memfs.Op) error {
			if op.Number >= ends {
				return memfs.ErrInjected
			}
			return nil
		}
		_, _ = keptIn(world, f)
		f.Fail = nil
		names, err := f.Names()
		require.NoError(t, err)
		m, err := external.Read(f)
		require.NoError(t, err)
		needed := []string{external.ManifestName}
		for _, ref := range m.Files() {
			needed = append(needed, ref.File)
		}
		require.Subset(t, names, needed)
		spoil := func(name, how string, b []byte) {
			g := f.Kill()
			g.Put(name, b)
			r, err := Check(context.Background(), world, Options{Workers: 1, Keep: &Keep{Dir: "folder", Resume: true, Maker: "test", folder: g, tight: 1}})
			if bytes.Equal(b, f.Bytes(name)) || !slices.Contains(needed, name) {
				require.NoError(t, err, "%s %s", name, how)
				require.Equal(t, want, tell(t, r), "%s %s", name, how)
				return
			}
			var unfit *Unfit
			require.ErrorAs(t, err, &unfit, "%s %s", name, how)
			require.Contains(t, err.Error(), name, "%s %s", name, how)
			kind, _, _ := strings.Cut(name, "-")
			refused[kind]++
		}
		for k, name := range names {
			whole := f.Bytes(name)
			for at := 0; at < len(whole); at += 1 + len(whole)/(200 / *every) {
				b := bytes.Clone(whole)
				b[at] ^= 1 << (at % 8)
				spoil(name, fmt.Sprintf("bit of byte %d", at), b)
				torn := bytes.Clone(whole)
				clear(torn[at:min(at+512, len(torn))])
				spoil(name, fmt.Sprintf("torn at %d", at), torn)
				spoil(name, fmt.Sprintf("cut at %d", at), bytes.Clone(whole[:at]))
			}
			spoil(name, "longer", append(bytes.Clone(whole), 0))
			spoil(name, "gone", nil)
			spoil(name, "another", f.Bytes(names[(k+1)%len(names)]))
		}
	}
	kinds := []string{external.ManifestName, "words", "keys", "paths", "run", "memo"}
	if refused["sets"] > 0 {
		kinds = []string{external.ManifestName, "sets", "heads", "memo"}
	}
	for _, kind := range kinds {
		require.Greater(t, refused[kind], 20, kind)
	}
}

// TestSpoiledReads: what is read from disk while a search goes on is not what was written, once at every place.
func TestSpoiledReads(t *testing.T) { inFaultWorlds(t, spoiledReads) }

func spoiledReads(t *testing.T, world *cluster.Config) {
	numbers, want := chosen(t, world)
	spoiled := 0
	for _, n := range numbers {
		f := &memfs.Folder{}
		hit := false
		f.Spoil = func(op memfs.Op, b []byte) {
			if op.Number == n && len(b) > 0 {
				b[n%len(b)] ^= 1 << (n % 8)
				hit = true
			}
		}
		r, err := keptIn(world, f)
		f.Spoil = nil
		if !hit {
			continue
		}
		spoiled++
		requireHonest(t, want, r, err, fmt.Sprintf("read %d", n))
		requireEqual(t, world, want, f, fmt.Sprintf("after read %d", n))
	}
	require.Positive(t, spoiled)
}

// TestAnotherWorldIsRefused, and another program, and one that behaves otherwise.
func TestAnotherWorldIsRefused(t *testing.T) {
	f := &memfs.Folder{}
	_, err := keptIn(faultWorld(), f)
	require.NoError(t, err)
	for want, edit := range map[string]func(*cluster.Config, *Options){
		"another world":                 func(c *cluster.Config, _ *Options) { c.Bounds.Terms = 2 },
		"it has symmetry false":         func(_ *cluster.Config, o *Options) { o.Symmetry = true },
		"test made it, and this is new": func(_ *cluster.Config, o *Options) { o.Keep.Maker = "new" },
		"does not behave as it did":     func(c *cluster.Config, _ *Options) { c.New = impl.New(impl.Options{NoOp: true}) },
	} {
		c, o := faultWorld(), Options{Keep: &Keep{Dir: "folder", Resume: true, Maker: "test", folder: f.Kill()}}
		edit(c, &o)
		_, err := Check(context.Background(), c, o)
		var unfit *Unfit
		require.ErrorAs(t, err, &unfit, want)
		require.ErrorContains(t, err, want)
	}
	_, err = Check(context.Background(), faultWorld(), Options{Keep: &Keep{Dir: "folder", folder: f.Kill()}})
	require.EqualError(t, err, "folder: it holds a search already, which can go on")
}
