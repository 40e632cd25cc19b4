package statekey_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/statekey"
)

// engine leads back to itself, and has all that a copier follows.
type engine struct {
	mu      sync.Mutex
	name    string
	self    *engine
	parts   []*inner
	few     [2]*inner
	byName  map[string]*inner
	flags   map[uint64]bool
	any     any
	said    logger
	turn    func() int
	plain   func(int) int
	nothing *inner
	none    []int
	empty   []int
	turns   int
}

func (e *engine) next() int { e.turns++; return e.turns }

func double(n int) int { return 2 * n }

func newEngine() *engine {
	e := &engine{name: "e", parts: []*inner{{"a", 1}, {"b", 2}}, byName: map[string]*inner{}, flags: map[uint64]bool{3: true}, any: &inner{"any", 7}, said: &loud{4}, plain: double,
		empty: []int{}}
	e.self, e.turn, e.few[1], e.byName["a"] = e, e.next, e.parts[1], e.parts[0]
	return e
}

// change does something to everything that an engine leads to.
func (e *engine) change() {
	e.parts[0].n, e.few[1].n, e.flags[3], e.flags[4] = 100, 200, false, true
	e.any.(*inner).n, e.said.(*loud).lines = 300, 400
	e.byName["a"].name, e.byName["c"] = "changed", &inner{}
	e.parts = append(e.parts, &inner{})
	e.turn()
}

// What is done to a copy is not seen in the original, and the other way round.
func TestCopiesShareNothingThatChanges(t *testing.T) {
	key, copier := statekey.New(), statekey.NewCopier()
	written := func(e *engine) string { return string(key.Append(nil, e)) }
	before := written(newEngine())
	for _, changed := range []int{0, 1} {
		e, c := newEngine(), engine{}
		require.NoError(t, statekey.Copy(copier, &c, e))
		require.Equal(t, before, written(&c))
		both := []*engine{e, &c}
		both[changed].change()
		require.Equal(t, before, written(both[1-changed]))
		require.NotEqual(t, before, written(both[changed]))
	}
}

// Pointers to one object stay pointers to one, and methods are those of the copy.
func TestCopiesKeepTheirShape(t *testing.T) {
	e, c := newEngine(), engine{}
	require.NoError(t, statekey.Copy(statekey.NewCopier(), &c, e))
	require.Same(t, &c, c.self)
	require.Same(t, c.parts[0], c.byName["a"])
	require.Same(t, c.parts[1], c.few[1])
	require.NotSame(t, e.parts[0], c.parts[0])
	require.Equal(t, 1, c.turn())
	require.Equal(t, [2]int{0, 1}, [2]int{e.turns, c.turns})
	require.Equal(t, 6, c.plain(3))
	require.Nil(t, c.none)
	require.NotNil(t, c.empty)
	require.Nil(t, c.nothing)
}

func TestSharedTypesAreNotCopied(t *testing.T) {
	e, c := newEngine(), engine{}
	require.NoError(t, statekey.Copy(statekey.NewCopier(here+".inner", here+".loud"), &c, e))
	require.Same(t, e.parts[0], c.parts[0])
	require.Same(t, e.any, c.any)
	require.Same(t, e.said, c.said)
}

// What cannot be copied is refused by name.
func TestWhatCannotBeCopiedIsRefused(t *testing.T) {
	n, other := 0, newEngine()
	for _, c := range []struct {
		of   any
		want string
	}{
		{make(chan int), "chan int"},
		{func() { n++ }, "TestWhatCannotBeCopiedIsRefused.func"},
		{other.turn, "next-fm"}, // of an object that is not copied with it
	} {
		var to any
		require.ErrorContains(t, statekey.Copy(statekey.NewCopier(), &to, &c.of), c.want)
	}
}
