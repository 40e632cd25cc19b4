package traces

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A table of messages is the list of them: fingerprints that are equal, or fall on one place, and records that leave something out.
func TestSentTableIsAList(t *testing.T) {
	chance := rand.New(rand.NewPCG(21, 1))
	for range 30 {
		var table sentTable
		var list []sentMessage
		spread := uint64(1 + chance.IntN(400))
		some := func() sentMessage {
			p := sentMessage{print: 1 + chance.Uint64N(spread)}
			if chance.IntN(2) == 0 {
				p.print <<= 40 // all at one place
			}
			for _, field := range []*uint64{&p.told.prevTerm, &p.told.values, &p.told.chunk, &p.told.hint} {
				*field = chance.Uint64N(3)
			}
			return p
		}
		for range 500 {
			p := some()
			is := slices.ContainsFunc(list, func(q sentMessage) bool { return q.print == p.print && q.told.agrees(p.told) })
			require.Equal(t, is, table.has(p.print, p.told))
			if p = some(); !slices.Contains(list, p) {
				list = append(list, p)
			}
			table.add(p.print, p.told)
			require.Equal(t, len(list), len(table.sent))
		}
	}
}
