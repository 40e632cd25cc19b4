package linearizability

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every order of a finding is one in which the operations may have happened: each sees what it saw, and none comes before one that had returned when it
// was called. No order has all operations.
func TestOrdersExplain(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 1))
	tried := 0
	for _, kind := range []string{"register", "unique", "cas"} {
		for range 300 {
			result, err := Verify(context.Background(), random(r, shapes[kind]), Options{})
			require.NoError(t, err)
			for k := range result.Findings {
				f := &result.Findings[k]
				orders := f.Orders()
				if orders == nil {
					continue
				}
				tried++
				require.Equal(t, orders, f.Orders(), "the same finding gives the same orders")
				for n, order := range orders {
					require.Less(t, len(order), len(f.Operations))
					require.True(t, n == 0 || len(orders[n-1]) >= len(order), "the longest come first")
					require.True(t, explains(f.History, f.Keys[0], order), "%v of %v", order, f.Operations)
				}
			}
		}
	}
	require.Greater(t, tried, 50)
}

// explains tries an order step by step.
func explains(h *History, key string, order []int) bool {
	held := h.initial(key)
	for n, k := range order {
		o := &h.Operations[k]
		if slices.ContainsFunc(order[n+1:], func(later int) bool { return h.Operations[later].returnRank() < o.callRank() }) {
			return false
		}
		ok := true
		for a := range o.Do {
			if held, ok = o.Do[a].take(held, o.Outcome == Returned); !ok && o.Outcome == Returned {
				return false
			}
		}
	}
	return true
}
