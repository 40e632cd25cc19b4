package abstract

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// bounds say which states are in the model; states outside are neither counted nor expanded.
type bounds struct {
	servers    int
	term       spec.Term
	log        int
	messages   int
	duplicates int // how often one message may be in flight
	values     []string
	restart    bool
}

// world is one global state: a server's variables at every place, and the messages in flight, sorted.
type world struct {
	servers  []*server
	messages []spec.Message
}

// TestReachableStatesEqualTLCs counts against TLC's own numbers where TLC was run ("TLC"), else against a second transcription
// of raft.tla. A depth is the number of steps to the last state found; TLC counts the initial state as well and prints one more.
func TestReachableStatesEqualTLCs(t *testing.T) {
	one := []string{"v"}
	two := []string{"v", "w"}
	tests := []struct {
		name     string
		bounds   bounds // servers, term, log, messages, duplicates, values, restart
		distinct int
		orbits   int // states that differ in more than the names of servers and values
		depth    int
		long     bool
	}{
		{"TLC", bounds{3, 2, 0, 1, 1, one, false}, 268_430, 44_925, 37, true},
		{"two servers", bounds{2, 2, 1, 1, 1, one, false}, 710, 360, 26, false},
		{"conflicting logs", bounds{2, 3, 2, 1, 1, one, false}, 7_668, 3_844, 40, false},
		{"two messages", bounds{2, 2, 1, 2, 1, one, false}, 5_234, 2_631, 31, false},
		{"two messages, twice in flight", bounds{2, 2, 0, 2, 2, one, false}, 3_872, 1_950, 21, false},
		{"two values", bounds{2, 2, 2, 1, 1, two, false}, 2_678, 808, 31, false},
		{"restarts", bounds{2, 2, 1, 1, 1, one, true}, 1_645, 831, 27, false},
		{"restarts, two messages, twice in flight", bounds{2, 2, 1, 2, 2, one, true}, 22_231, 11_139, 32, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.long && testing.Short() {
				t.Skip("a few seconds")
			}
			t.Parallel()
			distinct, orbits, depth := reachable(test.bounds)
			require.Equal(t, test.distinct, distinct, "distinct states")
			require.Equal(t, test.orbits, orbits, "distinct states under symmetry")
			require.Equal(t, test.depth, depth, "depth")
		})
	}
}

// reachable is breadth-first search, written to be obviously right.
func reachable(b bounds) (distinct, orbits, depth int) {
	start := initial(b.servers)
	seen := map[string]bool{start.key(): true}
	symmetric := map[string]bool{start.smallestKey(b.values): true}
	inputs := Inputs(start.servers[0].servers, b.values, b.restart)
	for frontier := []world{start}; len(frontier) > 0; depth++ {
		var next []world
		for _, w := range frontier {
			for _, v := range w.successors(inputs) {
				if !b.hold(v) {
					continue
				}
				key := v.key()
				if seen[key] {
					continue
				}
				seen[key] = true
				symmetric[v.smallestKey(b.values)] = true
				next = append(next, v)
			}
		}
		frontier = next
	}
	return len(seen), len(symmetric), depth - 1
}

func initial(n int) world {
	var w world
	ids := make([]spec.ServerID, n)
	for k := range ids {
		ids[k] = spec.ServerID(k + 1)
	}
	for _, id := range ids {
		w.servers = append(w.servers, newServer(id, ids))
	}
	return w
}

// hold reports whether the state is in the model.
func (b bounds) hold(w world) bool {
	for _, s := range w.servers {
		if s.currentTerm > b.term || len(s.log) > b.log {
			return false
		}
	}
	for k := range w.messages {
		if k >= b.duplicates && w.messages[k-b.duplicates].Equal(w.messages[k]) {
			return false
		}
	}
	return len(w.messages) <= b.messages
}

// successors is Next.
func (w world) successors(inputs []spec.Input) []world {
	var all []world
	for place := range w.servers {
		for _, in := range inputs {
			all = w.step(all, place, in)
		}
	}
	for k, m := range w.messages {
		all = w.step(all, int(m.To)-1, spec.Input{Kind: spec.Deliver, Message: m})
		all = append(all, world{w.servers, slices.Delete(slices.Clone(w.messages), k, k+1)}) // DropMessage
		all = append(all, world{w.servers, inOrder(append(slices.Clone(w.messages), m))})    // DuplicateMessage
	}
	return all
}

func (w world) step(all []world, place int, in spec.Input) []world {
	s := w.servers[place].Clone().(*server)
	out := s.Step(in)
	if out.Refused {
		return all
	}
	v := world{slices.Clone(w.servers), slices.Clone(w.messages)}
	v.servers[place] = s
	if in.Kind == spec.Deliver && !out.Keep {
		at := slices.IndexFunc(v.messages, in.Message.Equal)
		v.messages = slices.Delete(v.messages, at, at+1)
	}
	for _, m := range out.Sent {
		v.messages = append(v.messages, *m)
	}
	v.messages = inOrder(v.messages)
	return append(all, v)
}

func (w world) key() string {
	var b []byte
	for _, s := range w.servers {
		b = s.AppendState(b)
	}
	return string(appendMessages(b, w.messages))
}

// smallestKey is the least key under all renamings of servers and values.
func (w world) smallestKey(values []string) string {
	var keys []string
	for _, to := range permutations(len(w.servers)) {
		rename := func(id spec.ServerID) spec.ServerID { return spec.ServerID(to[id-1] + 1) }
		for _, swap := range permutations(len(values)) {
			value := func(v string) string { return values[swap[slices.Index(values, v)]] }
			keys = append(keys, w.permutedKey(rename, value))
		}
	}
	return slices.Min(keys)
}

func (w world) permutedKey(rename func(spec.ServerID) spec.ServerID, value func(string) string) string {
	parts := make([][]byte, len(w.servers))
	for _, s := range w.servers {
		parts[rename(s.id())-1] = s.AppendPermuted(nil, rename, value)
	}
	messages := slices.Clone(w.messages)
	for k := range messages {
		m := &messages[k]
		m.From, m.To = rename(m.From), rename(m.To)
		m.Entries = slices.Clone(m.Entries)
		for e := range m.Entries {
			m.Entries[e].Value = value(m.Entries[e].Value)
		}
	}
	return string(appendMessages(slices.Concat(parts...), inOrder(messages)))
}

// inOrder sorts messages by their bytes, so that equal bags are equal slices.
func inOrder(messages []spec.Message) []spec.Message {
	slices.SortFunc(messages, func(a, b spec.Message) int {
		return bytes.Compare(appendMessages(nil, []spec.Message{a}), appendMessages(nil, []spec.Message{b}))
	})
	return messages
}

func appendMessages(dst []byte, messages []spec.Message) []byte {
	for _, m := range messages {
		dst = append(dst, byte(m.Kind), byte(m.From), byte(m.To), byte(m.Term), byte(m.LastLogIndex), byte(m.LastLogTerm),
			flag(m.Granted), byte(m.PrevLogIndex), byte(m.PrevLogTerm), byte(m.LeaderCommit), flag(m.Success), byte(m.MatchIndex))
		for _, e := range m.Entries {
			dst = append(append(dst, byte(e.Term)), e.Value...)
		}
		dst = append(dst, '.')
	}
	return dst
}

func flag(on bool) byte {
	if on {
		return 1
	}
	return 0
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var all [][]int
	for _, p := range permutations(n - 1) {
		for k := range n {
			all = append(all, slices.Insert(slices.Clone(p), k, n-1))
		}
	}
	return all
}
