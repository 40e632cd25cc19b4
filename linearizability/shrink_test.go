package linearizability

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// TestTakingAwayNeverAddsWrong holds the steps of shrinking to what makes them sound: what can be ordered still can be afterwards.
func TestTakingAwayNeverAddsWrong(t *testing.T) {
	for name, s := range shapes {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 8))
			tried, changers := 0, 0
			for range rounds(t, 3000) {
				h := random(r, s)
				for _, p := range split(h) {
					sh := newShrinker(context.Background(), h, &p)
					set := indexes(len(p.ops))
					held := brute(sh.h) == spec.Held
					var unwanted []int
					for k := range set {
						if r.IntN(2) == 0 {
							unwanted = append(unwanted, k)
						}
					}
					rest := sh.without(set, unwanted)
					for _, k := range unwanted {
						if sh.h.Operations[k].changes() {
							changers++
						}
					}
					if !held || len(rest) == len(set) {
						continue
					}
					tried++
					require.Equal(t, spec.Held, brute(sh.history(rest)), "unwanted %v of\n%s", unwanted, dump(sh.h))
				}
			}
			require.Greater(t, tried, 100)
			require.Greater(t, changers, 100)
		})
	}
}

// TestLeavingActionsOutNeverAddsWrong does the same for single actions of transactions.
func TestLeavingActionsOutNeverAddsWrong(t *testing.T) {
	for _, name := range []string{"atomic", "atomic+", "initial+"} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(15, 16))
			tried, changes := 0, 0
			for range rounds(t, 2000) {
				h := random(r, shapes[name])
				if brute(h) == spec.Violated {
					continue
				}
				for _, p := range split(h) {
					sh := newShrinker(context.Background(), h, &p)
					set := indexes(len(p.ops))
					k := r.IntN(len(set))
					o := &sh.h.Operations[k]
					n := r.IntN(len(o.Do))
					if len(o.Do) == 1 || !sh.mayLeaveOut(set, k, n) {
						continue
					}
					tried++
					if o.Do[n].changes(o.Outcome == Returned) {
						changes++
					}
					o.Do = append(append([]Action(nil), o.Do[:n]...), o.Do[n+1:]...)
					require.Equal(t, spec.Held, brute(sh.h), dump(sh.h))
				}
			}
			require.Greater(t, tried, 100)
			require.Greater(t, changes, 10)
		})
	}
}

// TestLeavingElementsOutNeverAddsWrong does the same for the elements of lists and the words of texts.
func TestLeavingElementsOutNeverAddsWrong(t *testing.T) {
	texts := shapes["resets"]
	texts.values = 9
	for name, s := range map[string]shape{"lists": shapes["lists"], "texts": texts} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(9, 10))
			tried := 0
			for range rounds(t, 3000) {
				h := random(r, s)
				if name == "texts" {
					asTexts(h)
				}
				want := brute(h)
				for _, p := range split(h) {
					sh := newShrinker(context.Background(), h, &p)
					set := indexes(len(p.ops))
					l := listsOf(sh.h, p.keys, set)
					if l == nil {
						continue
					}
					require.Equal(t, want, brute(sh.h), "as lists:\n%s", dump(sh.h))
					sh.lists = l
					if want == spec.Violated {
						continue
					}
					tried++
					delete(l.kept, l.all[r.IntN(len(l.all))])
					for _, k := range set {
						for n := range sh.h.Operations[k].Do {
							l.project(&sh.h.Operations[k].Do[n])
						}
					}
					require.Equal(t, spec.Held, brute(sh.h), "%s", dump(sh.h))
				}
			}
			require.Greater(t, tried, 100)
		})
	}
}

// asTexts makes texts of all values.
func asTexts(h *History) {
	for k := range h.Operations {
		for n := range h.Operations[k].Do {
			if a := &h.Operations[k].Do[n]; a.Value != Absent {
				a.Value = Text(string(a.Value[1:]))
			}
		}
	}
}

// TestWitnessesAreWrongAndMinimal looks at the findings about random histories: they are wrong by themselves, and nothing can be spared.
func TestWitnessesAreWrongAndMinimal(t *testing.T) {
	for name, s := range shapes {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(11, 12))
			found := 0
			for range rounds(t, 300) {
				h := random(r, s)
				want := brute(h)
				got, err := Verify(context.Background(), h, Options{All: true})
				require.NoError(t, err)
				if want == spec.Held {
					require.NotEqual(t, spec.Violated, got.Verdict, dump(h))
					continue
				}
				require.Equal(t, spec.Violated, got.Verdict, dump(h))
				for _, f := range got.Findings {
					found++
					require.Equal(t, spec.Violated, brute(f.History), dump(f.History))
					require.True(t, f.Minimal)
					require.Equal(t, []string{ByPorcupine, "exhaustive search"}, f.ConfirmedBy[:2])
					require.NotEmpty(t, f.Message)
					require.NotEmpty(t, f.Why)
					p := part{keys: f.Keys, ops: indexes(len(f.History.Operations))}
					sh := newShrinker(context.Background(), f.History, &p)
					for k := range p.ops {
						rest := sh.without(p.ops, []int{k})
						if len(rest) < len(p.ops) {
							require.Equal(t, spec.Held, brute(sh.history(rest)), "operation %d can be spared:\n%s", k, dump(f.History))
						}
					}
					requireSources(t, h, f.History)
				}
			}
			require.Greater(t, found, 20)
		})
	}
}

// requireSources: what a witness reads it also writes, if anybody wrote it.
func requireSources(t *testing.T, whole, witness *History) {
	written := func(h *History, a Action) bool {
		for _, o := range h.Operations {
			for _, b := range o.Do {
				if o.Outcome != Failed && b.Key == a.Key && b.changes(o.Outcome == Returned) && b.Value == a.Value {
					return true
				}
			}
		}
		return false
	}
	for _, o := range witness.Operations {
		for _, a := range o.Do {
			if a.Kind == Read && a.Shown && !a.Value.IsList() && a.Value != whole.Initial && written(whole, a) {
				require.True(t, written(witness, a), "%s is read, and its write was dropped:\n%s", a, dump(witness))
			}
		}
	}
}

func indexes(n int) []int {
	all := make([]int, n)
	for k := range all {
		all[k] = k
	}
	return all
}

// TestLongHistoriesAreShrunk: what is wrong far into a long history of a register with few values is shown by operations that the rest does
// not take, and they are wrong by themselves.
func TestLongHistoriesAreShrunk(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 9))
	h := &History{}
	held := Absent
	for k := range 3 * manyOperations {
		client := strconv.Itoa(k % 3)
		v := Number(int64(r.IntN(4)))
		switch r.IntN(3) {
		case 0:
			seen := held
			if k == 2*manyOperations {
				seen = Number(9)
			}
			h.Return(h.Call(client, ReadOf("x")), seen)
		case 1:
			h.Return(h.Call(client, WriteOf("x", v)))
			held = v
		default:
			op := h.Call(client, CompareAndSetOf("x", held, v))
			h.Return(op)
			held = v
		}
	}
	at := 2 * manyOperations
	h.Operations[at].Do = []Action{{Kind: Read, Key: "x", Value: Number(9), Shown: true}}
	result, err := Verify(context.Background(), h, Options{})
	require.NoError(t, err)
	require.Equal(t, spec.Violated, result.Verdict)
	f := &result.Findings[0]
	require.True(t, slices.ContainsFunc(f.Operations, func(o Witnessed) bool { return o.Index == at }))
	require.Less(t, len(f.Operations), 10)
	require.Equal(t, spec.Violated, brute(f.History))
}

// TestTakingAwayFromLongHistories does the same for histories that are too long for brute force: they are right since they were made so.
func TestTakingAwayFromLongHistories(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	for seed := range uint64(rounds(t, 300)) {
		h := generate(t, Load{Operations: 10 + r.IntN(60), Clients: 2 + r.IntN(6), Keys: 1, Actions: 1, Values: 2 + r.IntN(4), Readers: 0.4, Unknown: 0.1, Seed: seed})
		p := wholePart(h)
		sh := newShrinker(context.Background(), h, p)
		set := indexes(len(p.ops))
		for range 4 {
			var unwanted []int
			for _, k := range set {
				if r.IntN(3) == 0 {
					unwanted = append(unwanted, k)
				}
			}
			before := set
			set = sh.without(set, unwanted)
			require.NotEqual(t, spec.Violated, sh.search.decide(sh.h, p.keys, set), "seed %d: %v of %v\n%s", seed, set, before, dump(sh.history(before)))
		}
	}
}
