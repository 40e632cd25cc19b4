package linearizability

import (
	"cmp"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// mostOrdered is how many operations Orders looks at: of more there are too many orders.
const mostOrdered = 14

// Orders returns the longest orders that porcupine finds to explain some of the operations, as indexes into Operations, longest first. It is nil for
// findings of several keys, of more than 14 operations, and for those that are told as a cycle.
func (f *Finding) Orders() [][]int {
	if f.History == nil || len(f.Keys) != 1 || len(f.Operations) > mostOrdered || len(f.Operations) != len(f.History.Operations) || len(f.Cycle) > 0 {
		return nil
	}
	var ops []int
	for k := range f.History.Operations {
		if !f.History.Operations[k].silent() {
			ops = append(ops, k)
		}
	}
	answer, info := porcupine.CheckOperationsVerbose(modelOf(f.History, f.Keys, nil), porcupineOperations(f.History, ops), 10*time.Second)
	if answer != porcupine.Illegal {
		return nil
	}
	var all [][]int
	for _, orders := range info.PartialLinearizations() {
		for _, order := range orders {
			for k := range order {
				order[k] = ops[order[k]]
			}
			all = append(all, order)
		}
	}
	slices.SortFunc(all, func(a, b []int) int { return cmp.Or(cmp.Compare(len(b), len(a)), slices.Compare(a, b)) })
	return slices.CompactFunc(all, slices.Equal)
}
