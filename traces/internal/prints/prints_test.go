package prints

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A table is the list of what was added, however many fingerprints are equal, or fall on one place.
func TestTableIsAList(t *testing.T) {
	type printed struct{ print, is uint64 }
	chance := rand.New(rand.NewPCG(21, 1))
	for range 30 {
		var table Table[uint64]
		var list []printed
		spread := uint64(1 + chance.IntN(400))
		some := func() printed {
			p := printed{1 + chance.Uint64N(spread), chance.Uint64N(9)}
			if chance.IntN(2) == 0 {
				p.print <<= 40 // all at one place
			}
			return p
		}
		for range 500 {
			p := some()
			even := func(is uint64) bool { return is%2 == p.is%2 }
			first := slices.IndexFunc(list, func(q printed) bool { return q.print == p.print && even(q.is) })
			is, there := table.Find(p.print, even)
			require.Equal(t, first >= 0, there)
			if there {
				require.Equal(t, list[first].is, is)
			}
			if p = some(); !slices.Contains(list, p) {
				list = append(list, p)
			}
			table.Add(p.print, p.is, func(is uint64) bool { return is == p.is })
			require.Equal(t, len(list), table.Len())
		}
		k := 0
		for is := range table.All {
			require.Equal(t, list[k].is, is)
			k++
		}
		require.Len(t, list, k)
	}
}
