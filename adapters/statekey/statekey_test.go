package statekey_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/statekey"
)

const here = "github.com/raftcheck/raftcheck/adapters/statekey_test"

type inner struct {
	name string
	n    int
}

type ring struct {
	buffer []int
	start  int
	count  int
}

type logger interface{ log() }

type quiet struct{ lines int }

func (quiet) log() {}

type loud struct{ lines int }

func (*loud) log() {}

type node struct {
	value int
	next  *node
}

// server has one of everything that the state of a real implementation is made of.
type server struct {
	id       uint64
	term     uint32
	small    int8
	wide     int64
	on       bool
	ratio    float64
	both     complex64
	name     string
	data     []byte
	votes    map[uint64]bool
	progress map[uint64]*inner
	entries  []inner
	pointers []*inner
	table    [2]int16
	window   ring
	step     func(int) int
	log      logger
	any      any
	list     *node
	elapsed  int
	mu       sync.Mutex
	nested   map[string][]map[int]string
}

func plus(n int) int  { return n + 1 }
func minus(n int) int { return n - 1 }

func same[T any](v T) T { return v }

func sample() *server {
	return &server{
		id: 1, term: 2, small: -3, wide: -1 << 40, on: true, ratio: 0.5, both: 1i, name: "n1", data: []byte("xyz"),
		votes:    map[uint64]bool{1: true, 2: false, 300: true},
		progress: map[uint64]*inner{2: {"a", 1}, 3: nil},
		entries:  []inner{{"x", 1}, {"y", 2}}, pointers: []*inner{{"z", 3}, nil}, table: [2]int16{7, -7},
		window: ring{buffer: []int{5, 6, 7, 8}, start: 3, count: 2},
		step:   plus, log: quiet{1}, any: []int{1, 2}, list: &node{1, &node{2, nil}},
		nested: map[string][]map[int]string{"a": {{1: "one"}, nil}},
	}
}

func TestEqualObjectsHaveEqualBytes(t *testing.T) {
	key := statekey.New()
	for range 20 { // maps are walked in another order every time
		require.Equal(t, key.Append(nil, sample()), key.Append(nil, sample()))
	}
	require.Empty(t, key.Difference(sample(), sample()))
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	key := statekey.New()
	require.Equal(t, append([]byte("before"), key.Append(nil, sample())...), key.Append([]byte("before"), sample()))
}

func TestEveryFieldCounts(t *testing.T) {
	key := statekey.New()
	for _, c := range []struct {
		change func(*server)
		want   string
	}{
		{func(s *server) { s.id = 9 }, "id: 0x1 and 0x9"},
		{func(s *server) { s.small = 3 }, "small: -3 and 3"},
		{func(s *server) { s.wide++ }, "wide: -1099511627776 and -1099511627775"},
		{func(s *server) { s.on = false }, "on: true and false"},
		{func(s *server) { s.ratio = math.Inf(1) }, "ratio: 0.5 and +Inf"},
		{func(s *server) { s.both = -1i }, "both: (0+1i) and (0-1i)"},
		{func(s *server) { s.name = "n2" }, `name: "n1" and "n2"`},
		{func(s *server) { s.data[1] = 'Y' }, `data[1]: 0x79 and 0x59`},
		{func(s *server) { s.votes[2] = true }, "votes[2]: false and true"},
		{func(s *server) { delete(s.votes, 300) }, "votes[300]: present and absent"},
		{func(s *server) { s.votes[4] = true }, "votes[4]: absent and present"},
		{func(s *server) { s.votes = nil }, "votes: not nil and nil"},
		{func(s *server) { s.progress[2].n = 4 }, "progress[2].n: 1 and 4"},
		{func(s *server) { s.progress[3] = &inner{} }, "progress[3]: nil and not nil"},
		{func(s *server) { s.entries[1].name = "z" }, `entries[1].name: "y" and "z"`},
		{func(s *server) { s.entries = s.entries[:1] }, "entries: 2 elements and 1"},
		{func(s *server) { s.pointers[0].n++ }, "pointers[0].n: 3 and 4"},
		{func(s *server) { s.table[1] = 0 }, "table[1]: -7 and 0"},
		{func(s *server) { s.window.start = 0 }, "window.start: 3 and 0"},
		{func(s *server) { s.step = minus }, "step: " + here + ".plus and " + here + ".minus"},
		{func(s *server) { s.step = nil }, "step: " + here + ".plus and nil"},
		{func(s *server) { s.log = quiet{2} }, "log.lines: 1 and 2"},
		{func(s *server) { s.log = &loud{1} }, "log: " + here + ".quiet and *statekey_test.loud"},
		{func(s *server) { s.log = nil }, "log: not nil and nil"},
		{func(s *server) { s.any = []int{1, 3} }, "any[1]: 2 and 3"},
		{func(s *server) { s.any = []int64{1, 2} }, "any: []int and []int64"},
		{func(s *server) { s.list.next.value = 3 }, "list.next.value: 2 and 3"},
		{func(s *server) { s.list.next.next = s.list }, "list.next.next: nil and not nil"},
		{func(s *server) { s.nested["a"][0][1] = "two" }, `nested[a][0][1]: "one" and "two"`},
		{func(s *server) { s.nested["a"][1] = map[int]string{} }, "nested[a][1]: nil and not nil"},
	} {
		t.Run(c.want, func(t *testing.T) {
			a, b := sample(), sample()
			c.change(b)
			require.NotEqual(t, key.Append(nil, a), key.Append(nil, b))
			require.Equal(t, c.want, key.Difference(a, b))
		})
	}
}

func TestNilAndEmptySlicesAreTheSame(t *testing.T) {
	key := statekey.New()
	a, b := sample(), sample()
	a.entries, b.entries = nil, []inner{}
	a.data, b.data = nil, make([]byte, 0, 9)
	require.Equal(t, key.Append(nil, a), key.Append(nil, b))
	require.Empty(t, key.Difference(a, b))
}

func TestSkipped(t *testing.T) {
	key := statekey.New(statekey.Skip(here+".server", "elapsed", "log"), statekey.Skip("sync.Mutex"))
	a, b := sample(), sample()
	b.elapsed, b.log = 7, nil
	b.mu.Lock()
	require.Equal(t, key.Append(nil, a), key.Append(nil, b))
	require.Empty(t, key.Difference(a, b))
	b.id = 2
	require.Equal(t, "id: 0x1 and 0x2", key.Difference(a, b))
	require.Empty(t, key.Unmatched())
}

func TestUnmatchedOptionsAreNamed(t *testing.T) {
	key := statekey.New(
		statekey.Skip(here+".server", "elapsed", "elasped"), statekey.Skip("sync.Mutex"), statekey.Skip("sync.RWMutex"),
		statekey.Canonical(func(dst []byte, _ *bytes.Buffer) []byte { return dst }))
	key.Append(nil, sample())
	require.Equal(t, []string{"bytes.Buffer", here + ".server.elasped", "sync.RWMutex"}, key.Unmatched())
}

// A ring buffer means its window; where the window begins, and what is outside of it, does not matter.
func TestCanonicalForm(t *testing.T) {
	key := statekey.New(statekey.Canonical(func(dst []byte, r *ring) []byte {
		for i := range r.count {
			dst = append(dst, byte(r.buffer[(r.start+i)%len(r.buffer)]))
		}
		return dst
	}))
	a, b := sample(), sample()
	b.window = ring{buffer: []int{8, 5, 0}, count: 2}
	require.Equal(t, key.Append(nil, a), key.Append(nil, b))
	b.window.buffer[1] = 6
	require.Equal(t, "window: canonical form 0805 and 0806", key.Difference(a, b))
}

func TestRing(t *testing.T) {
	key := statekey.New(statekey.Ring(here+".ring", "buffer", "start", "count"))
	a, b := sample(), sample()
	b.window = ring{buffer: []int{8, 5, 0}, count: 2}
	require.Equal(t, key.Append(nil, a), key.Append(nil, b))
	require.Empty(t, key.Difference(a, b))
	b.window.buffer[1] = 6
	require.NotEqual(t, key.Append(nil, a), key.Append(nil, b))
	require.Contains(t, key.Difference(a, b), "window: window ")
	b.window.count = 1
	require.NotEqual(t, key.Append(nil, a), key.Append(nil, b))
	require.Equal(t, key.Append(nil, &server{}), key.Append(nil, &server{window: ring{buffer: []int{1}}}))
	require.Empty(t, key.Unmatched())

	misspelt := statekey.New(statekey.Ring(here+".ring", "bufer", "start", "count"))
	misspelt.Append(nil, a)
	require.Equal(t, []string{here + ".ring"}, misspelt.Unmatched())
}

// Without lengths, a canonical form could run into what follows it.
func TestCanonicalFormsDoNotRunIntoEachOther(t *testing.T) {
	type text struct{ s string }
	key := statekey.New(statekey.Canonical(func(dst []byte, v *text) []byte { return append(dst, v.s...) }))
	require.NotEqual(t, key.Append(nil, [2]text{{"ab"}, {"c"}}), key.Append(nil, [2]text{{"a"}, {"bc"}}))
}

func TestObjectsThatLeadBackToThemselves(t *testing.T) {
	circle := func(n int) *node {
		first := &node{value: 1}
		last := first
		for range n - 1 {
			last.next = &node{value: 1}
			last = last.next
		}
		last.next = first
		return first
	}
	key := statekey.New()
	require.Equal(t, key.Append(nil, circle(2)), key.Append(nil, circle(2)))
	require.NotEqual(t, key.Append(nil, circle(2)), key.Append(nil, circle(3)))
	require.Equal(t, "next.next: leads 2 back and leads on", key.Difference(circle(2), circle(3)))

	slice := []any{1, nil}
	slice[1] = slice
	require.NotEmpty(t, key.Append(nil, slice))
	table := map[string]any{}
	table["self"] = table
	require.NotEmpty(t, key.Append(nil, table))
	require.NotEqual(t, key.Append(nil, slice), key.Append(nil, []any{1, []any{1, nil}}))
}

func TestFunctionsAreToldApartByTheirCode(t *testing.T) {
	key := statekey.New()
	write := func(f any) []byte { return key.Append(nil, f) }
	require.Equal(t, write(plus), write(plus))
	require.NotEqual(t, write(plus), write(minus))
	require.NotEqual(t, write(same[int]), write(same[[2]string]))
	require.Equal(t, write((&loud{1}).log), write((&loud{2}).log), "what a closure holds cannot be seen")
}

func TestAChannelIsAPanicThatNamesIt(t *testing.T) {
	key := statekey.New()
	require.PanicsWithValue(t, "statekey: chan int cannot be written: skip it, or give it a canonical form",
		func() { key.Append(nil, struct{ c chan int }{}) })
}

func TestChannelsByWhatWaitsInThem(t *testing.T) {
	key := statekey.New(statekey.Channels())
	c, d := make(chan int, 2), make(chan int, 2)
	require.Equal(t, key.Append(nil, c), key.Append(nil, d))
	c <- 1
	require.NotEqual(t, key.Append(nil, c), key.Append(nil, d))
	require.Equal(t, "1 elements and 0", key.Difference(c, d))
	d <- 2
	require.Equal(t, key.Append(nil, c), key.Append(nil, d), "what the elements are is not seen")
	require.NotEmpty(t, key.Append(nil, (chan int)(nil)))
}

func TestDifferentTypes(t *testing.T) {
	key := statekey.New()
	require.Equal(t, "int and string", key.Difference(1, "1"))
	require.Equal(t, "1 and 2", key.Difference(1, 2))
	require.Empty(t, key.Difference(nil, nil))
	require.Equal(t, "<nil> and int", key.Difference(nil, 1))
}

// Of any two objects, either the bytes are equal and no difference is found, or neither.
func TestDifferenceAgreesWithAppend(t *testing.T) {
	type object struct {
		A []map[uint8]bool
		B map[string]*inner
		C [][]int8
		D *object
		E any
	}
	var random *rand.Rand
	var build func(depth int) *object
	build = func(depth int) *object {
		o := &object{B: map[string]*inner{}}
		for range random.IntN(2) {
			o.A = append(o.A, map[uint8]bool{uint8(random.IntN(2)): random.IntN(2) == 0})
		}
		for range random.IntN(3) {
			o.B[string(rune('a'+random.IntN(2)))] = &inner{n: random.IntN(2)}
		}
		for range random.IntN(2) {
			o.C = append(o.C, make([]int8, random.IntN(2)))
		}
		if depth > 0 && random.IntN(2) == 0 {
			o.D = build(depth - 1)
		}
		o.E = [...]any{nil, 0, int8(0), "", "x"}[random.IntN(5)]
		return o
	}
	key := statekey.New()
	equal := 0
	for n := range uint64(4_000) {
		random = rand.New(rand.NewPCG(n, 0))
		a := build(1)
		random = rand.New(rand.NewPCG(n+n%2, 0)) // the same again, or the next
		b := build(1)
		if bytes.Equal(key.Append(nil, a), key.Append(nil, b)) {
			equal++
			require.True(t, reflect.DeepEqual(a, b), "%+v %+v", a, b)
			require.Empty(t, key.Difference(a, b))
		} else {
			require.False(t, reflect.DeepEqual(a, b), "%+v %+v", a, b)
			require.NotEmpty(t, key.Difference(a, b))
		}
	}
	require.Greater(t, equal, 2_000, "too few equal pairs to say anything")
}

func TestOneKeyInSeveralGoroutines(t *testing.T) {
	key := statekey.New()
	want := statekey.New().Append(nil, sample())
	var wait sync.WaitGroup
	got := make([][]byte, 8)
	for n := range got {
		wait.Go(func() { got[n] = key.Append(nil, sample()) })
	}
	wait.Wait()
	for _, bytes := range got {
		require.Equal(t, want, bytes)
	}
}

func TestFind(t *testing.T) {
	s := sample()
	value, found := statekey.Find[int](s, "list.next.value")
	require.True(t, found)
	require.Equal(t, 2, *value)
	*value = 5
	require.Equal(t, 5, s.list.next.value)
	for _, path := range []string{"list.next.next.value", "nothing", "id.x", "name"} {
		_, found = statekey.Find[int](s, path)
		require.False(t, found, path)
	}
	_, found = statekey.Find[int](inner{}, "n")
	require.False(t, found, "what is not behind a pointer is a copy")
}

func BenchmarkAppend(b *testing.B) {
	key, s := statekey.New(), sample()
	dst := key.Append(nil, s)
	b.ReportAllocs()
	for b.Loop() {
		dst = key.Append(dst[:0], s)
	}
	b.ReportMetric(float64(len(dst)), "bytes")
}
