package linearizability

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// rounds is how many random histories of each shape the tests below try. RAFTCHECK_HISTORIES=200000 tries as many; see docs.
func rounds(t *testing.T, few int) int {
	if s := os.Getenv("RAFTCHECK_HISTORIES"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		return n
	}
	return few
}

// brute decides by trying every order of every choice of the operations that need not happen: obviously right, and slow.
func brute(h *History) spec.Verdict {
	var ops []int
	for k := range h.Operations {
		if !h.Operations[k].silent() {
			ops = append(ops, k)
		}
	}
	if bruteFrom(h, ops, map[string]Value{}) {
		return spec.Held
	}
	return spec.Violated
}

func bruteFrom(h *History, left []int, state map[string]Value) bool {
	must := false
	for _, k := range left {
		must = must || h.Operations[k].Outcome == Returned
	}
	if !must {
		return true
	}
	for at, k := range left {
		o := &h.Operations[k]
		first := true
		for _, j := range left {
			first = first && !(h.Operations[j].Outcome == Returned && h.Operations[j].Return < o.Call)
		}
		if !first {
			continue
		}
		after := map[string]Value{}
		for key, v := range state {
			after[key] = v
		}
		fits := true
		for n := range o.Do {
			held, set := after[o.Do[n].Key]
			if !set {
				held = h.initial(o.Do[n].Key)
			}
			var ok bool
			after[o.Do[n].Key], ok = o.Do[n].take(held, o.Outcome == Returned)
			fits = fits && ok
		}
		rest := append(append([]int(nil), left[:at]...), left[at+1:]...)
		if fits && bruteFrom(h, rest, after) {
			return true
		}
	}
	return false
}

var shapes = map[string]shape{
	"register":        {ops: 6, clients: 3, keys: 1, values: 3, kinds: []Kind{Read, Write}, honest: 8},
	"unique":          {ops: 7, clients: 4, keys: 1, unique: true, kinds: []Kind{Read, Read, Write}, honest: 8},
	"cas":             {ops: 6, clients: 3, keys: 1, values: 2, kinds: []Kind{Read, Write, CompareAndSet}, honest: 9},
	"lists":           {ops: 6, clients: 3, keys: 1, unique: true, lists: true, kinds: []Kind{Read, Append}, honest: 9},
	"written":         {ops: 7, clients: 3, keys: 1, unique: true, lists: true, kinds: []Kind{Read, Read, Append, Write}, honest: 9},
	"texts":           {ops: 7, clients: 3, keys: 1, unique: true, texts: true, kinds: []Kind{Read, Read, Append, Write}, honest: 9},
	"resets":          {ops: 6, clients: 3, keys: 1, values: 3, kinds: []Kind{Read, Append, Write}, honest: 9},
	"two keys":        {ops: 7, clients: 3, keys: 2, unique: true, kinds: []Kind{Read, Write}, honest: 9},
	"atomic":          {ops: 5, clients: 3, keys: 2, values: 2, wide: true, kinds: []Kind{Read, Write}, honest: 9},
	"atomic+":         {ops: 5, clients: 3, keys: 2, values: 2, wide: true, kinds: []Kind{Read, Write, CompareAndSet, Append}, honest: 9},
	"initial":         {ops: 6, clients: 3, keys: 2, values: 3, initial: Literal("1"), kinds: []Kind{Read, Write, CompareAndSet}, honest: 9},
	"initial+":        {ops: 5, clients: 3, keys: 2, values: 3, initial: Literal("1"), wide: true, kinds: []Kind{Read, Write}, honest: 9},
	"counter":         {ops: 6, clients: 3, keys: 1, values: 3, kinds: []Kind{Read, Add, Add}, honest: 7},
	"counter+":        {ops: 6, clients: 3, keys: 2, values: 2, wide: true, kinds: []Kind{Read, Add, Write, CompareAndSet}, honest: 9},
	"expecting":       {ops: 5, clients: 3, keys: 2, values: 2, wide: true, kinds: []Kind{Read, Write, Add, Expect}, honest: 9},
	"uneven":          {ops: 6, clients: 5, keys: 1, values: 3, kinds: []Kind{Append, Add, Add, Write, Read}, honest: 6},
	"expecting lists": {ops: 5, clients: 4, keys: 1, values: 3, lists: true, kinds: []Kind{Read, Append, Expect, Write}, honest: 9},
	"unordered":       {ops: 5, clients: 5, keys: 1, values: 2, kinds: []Kind{Read, Write, CompareAndSet}, honest: 8},
}

// TestSearchAgreesWithBruteForce holds our own search and the sweep to trying every order, for histories of every kind.
func TestSearchAgreesWithBruteForce(t *testing.T) {
	for name, s := range shapes {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			seen := map[spec.Verdict]int{}
			for range rounds(t, 1000) {
				h := random(r, s)
				want := brute(h)
				require.Equal(t, want, Check(h), "%s", dump(h))
				require.Equal(t, want, bySweep(h), "%s", dump(h))
				seen[want]++
			}
			require.Greater(t, min(seen[spec.Held], seen[spec.Violated]), 50, "both verdicts occur: %v", seen)
		})
	}
}

// TestPorcupineAgreesWithBruteForce holds the model that we give porcupine to trying every order.
func TestPorcupineAgreesWithBruteForce(t *testing.T) {
	for name, s := range shapes {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			for range rounds(t, 300) {
				h := random(r, s)
				require.Equal(t, brute(h), byPorcupine(h), "%s", dump(h))
			}
		})
	}
}

func bySweep(h *History) spec.Verdict {
	for _, p := range split(h) {
		if v := new(search).sweep(h, p.keys, p.ops, CheckBudget); v != spec.Held {
			return v
		}
	}
	return spec.Held
}

func byPorcupine(h *History) spec.Verdict {
	for _, p := range split(h) {
		if v := askPorcupine(context.Background(), h, p.keys, p.ops, time.Minute); v != spec.Held {
			return v
		}
	}
	return spec.Held
}

// TestZonesAgreeWithPorcupine is the proof of the log-linear test: as many histories as one likes, with pending, unknown and failed
// operations, in which no value is written twice.
func TestZonesAgreeWithPorcupine(t *testing.T) {
	for _, s := range []shape{
		{ops: 5, clients: 2, keys: 1, unique: true, kinds: []Kind{Read, Write}, honest: 7},
		{ops: 8, clients: 4, keys: 1, unique: true, kinds: []Kind{Read, Read, Write}, honest: 8},
		{ops: 8, clients: 4, keys: 1, unique: true, initial: Literal("0"), kinds: []Kind{Read, Read, Write}, honest: 8},
		{ops: 14, clients: 5, keys: 1, unique: true, kinds: []Kind{Read, Read, Write}, honest: 9},
		{ops: 30, clients: 8, keys: 1, unique: true, kinds: []Kind{Read, Write}, honest: 9},
		{ops: 7, clients: 4, keys: 1, unique: true, lists: true, kinds: []Kind{Read, Append}, honest: 9},
		{ops: 7, clients: 4, keys: 1, unique: true, lists: true, kinds: []Kind{Read, Read, Append, Append, Write}, honest: 9},
		{ops: 12, clients: 4, keys: 1, unique: true, lists: true, kinds: []Kind{Read, Append, Write}, honest: 9},
		{ops: 8, clients: 4, keys: 1, unique: true, texts: true, kinds: []Kind{Read, Append, Write}, honest: 9},
	} {
		t.Run(fmt.Sprintf("%d operations, lists %t, texts %t, %d kinds", s.ops, s.lists, s.texts, len(s.kinds)), func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, 6))
			seen := map[spec.Verdict]int{}
			for range rounds(t, 3000) {
				h := random(r, s)
				got := spec.Held
				for _, p := range split(h) {
					found, applies := zonesOf(h, &p)
					require.True(t, applies)
					if found != nil {
						got = spec.Violated
						if !s.lists && !s.texts {
							require.Equal(t, spec.Violated, new(search).run(h, p.keys, found.ops, CheckBudget), "the core is wrong by itself: %v\n%s", found.ops, dump(h))
							require.LessOrEqual(t, len(found.ops), 6)
						}
					}
				}
				require.Equal(t, byPorcupine(h), got, "%s", dump(h))
				seen[got]++
			}
			require.Greater(t, min(seen[spec.Held], seen[spec.Violated])*20, seen[spec.Held], "both verdicts occur: %v", seen)
		})
	}
}

func dump(h *History) string {
	s := ""
	for k, o := range h.Operations {
		s += fmt.Sprintf("%d: client %s %s [%d,%d]\n", k, h.Clients[o.Client], o, o.Call, o.Return)
	}
	return s
}
