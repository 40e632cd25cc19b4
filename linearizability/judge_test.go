package linearizability

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// txnShapes are the shapes of histories of transactions.
var txnShapes = map[string]shape{
	"lists":          {ops: 5, clients: 3, keys: 2, unique: true, lists: true, wide: true, kinds: []Kind{Read, Append}, honest: 8},
	"lists, few":     {ops: 4, clients: 4, keys: 1, unique: true, lists: true, wide: true, kinds: []Kind{Read, Append}, honest: 8},
	"lists, three":   {ops: 5, clients: 3, keys: 3, unique: true, lists: true, wide: true, kinds: []Kind{Read, Append}, honest: 9},
	"registers":      {ops: 5, clients: 3, keys: 2, unique: true, wide: true, kinds: []Kind{Read, Write}, honest: 8},
	"registers, few": {ops: 5, clients: 4, keys: 1, unique: true, wide: true, kinds: []Kind{Read, Write}, honest: 8},
	"registers, six": {ops: 6, clients: 3, keys: 2, unique: true, wide: true, kinds: []Kind{Read, Read, Write}, honest: 9},
	"compared":       {ops: 5, clients: 3, keys: 2, unique: true, wide: true, kinds: []Kind{Read, Write, CompareAndSet}, honest: 8},
	"compared again": {ops: 5, clients: 3, keys: 2, values: 3, wide: true, kinds: []Kind{Read, Write, CompareAndSet}, honest: 8},
	"everything":     {ops: 5, clients: 3, keys: 3, values: 3, wide: true, kinds: []Kind{Read, Write, CompareAndSet, Append}, honest: 9},
	"mixed":          {ops: 5, clients: 3, keys: 2, unique: true, lists: true, wide: true, kinds: []Kind{Read, Append, Append, Write}, honest: 9},
	"initial":        {ops: 5, clients: 3, keys: 2, unique: true, wide: true, initial: Literal("0"), kinds: []Kind{Read, Write}, honest: 9},
	"expecting":      {ops: 5, clients: 3, keys: 2, unique: true, wide: true, kinds: []Kind{Read, Write, Write, Expect}, honest: 9},
	"counting":       {ops: 5, clients: 3, keys: 2, values: 3, wide: true, kinds: []Kind{Read, Write, Add, Expect}, honest: 9},
	"single":         {ops: 6, clients: 4, keys: 2, unique: true, kinds: []Kind{Read, Write, CompareAndSet}, honest: 9},
}

// TestGraphAgreesWithBruteForce holds what the dependency graph says of every model to trying everything.
func TestGraphAgreesWithBruteForce(t *testing.T) {
	for name, s := range txnShapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(7, 8))
			var seen [4]map[spec.Verdict]int
			for m := range seen {
				seen[m] = map[spec.Verdict]int{}
			}
			for range rounds(t, 1000) {
				h := random(r, s)
				requireAgreement(t, h, &seen)
			}
			t.Log(seen)
		})
	}
}

func requireAgreement(t *testing.T, h *History, seen *[4]map[spec.Verdict]int) {
	p := wholePart(h)
	if len(p.ops) == 0 {
		return
	}
	j, err := judge(h, p, guidedBudget)
	require.NoError(t, err, "%s", dump(h))
	for m, check := range []func(*History) spec.Verdict{brute, bruteSerializable, bruteSnapshot, bruteCommitted} {
		got := j.verdict[m]
		seen[m][got]++
		if got == spec.Inconclusive {
			require.True(t, j.open() && Model(m) >= SnapshotIsolation, "%s is left open only where keys are\n%s", Model(m), dump(h))
			continue
		}
		require.Equal(t, check(h), got, "%s\n%s%s", Model(m), dump(h), j)
	}
}

func (j *judged) String() string {
	s := fmt.Sprintf("verdicts %v %q\n", j.verdict, j.anomalyName())
	for _, a := range j.t.anomalies {
		s += fmt.Sprintf("%s on %s at nodes %v\n", a.name, j.t.keys[a.key].name, a.nodes)
	}
	if j.cycle != nil {
		s += fmt.Sprintf("cycle %v\n", j.cycle)
	}
	return s
}

// TestGraphAgreesWithSearch holds the graph to the search that knows nothing of it, on histories too long for brute force.
func TestGraphAgreesWithSearch(t *testing.T) {
	for name, s := range txnShapes {
		t.Run(name, func(t *testing.T) {
			s.ops, s.clients, s.honest = 14, 4, 10
			if s.kinds[0] == Read {
				s.kinds = append([]Kind{Read, Read}, s.kinds...)
			}
			r := rand.New(rand.NewPCG(17, 18))
			seen := map[spec.Verdict]int{}
			for n := range rounds(t, 300) {
				s.honest = 10 - n%2
				h := random(r, s)
				p := wholePart(h)
				if len(p.ops) == 0 {
					continue
				}
				want := new(search).run(h, p.keys, withoutInvisible(h, p.ops), CheckBudget)
				if want == spec.Inconclusive {
					continue
				}
				j, err := judge(h, p, guidedBudget)
				require.NoError(t, err, "%s", dump(h))
				require.Equal(t, want, j.verdict[StrictSerializable], "%s%s", dump(h), j)
				seen[want]++
			}
			require.Greater(t, min(seen[spec.Held], seen[spec.Violated]), 10, "both verdicts occur: %v", seen)
		})
	}
}

// TestEveryModelFindsItsWitness: what violates a model has a finding that violates it by itself.
func TestEveryModelFindsItsWitness(t *testing.T) {
	for name, s := range txnShapes {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(19, 20))
			for n := range rounds(t, 60) {
				h := random(r, s)
				m := Model(n % len(ModelNames))
				got, err := Verify(context.Background(), h, Options{Model: m, All: true})
				require.NoError(t, err, "%s", dump(h))
				for k := range got.Findings {
					f := &got.Findings[k]
					require.True(t, f.Model >= m, "%s of %s", f.Model, dump(h))
					check := []func(*History) spec.Verdict{brute, bruteSerializable, bruteSnapshot, bruteCommitted}[f.Model]
					require.Equal(t, spec.Violated, check(f.History), "%s: %s\n%s\nof\n%s", f.Model, f.Message, dump(f.History), dump(h))
				}
			}
		})
	}
}
