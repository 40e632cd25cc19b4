package linearizability

import (
	"cmp"
	"slices"

	"github.com/anishathalye/porcupine"
)

// mostOrdered and mostAppended are how many operations Orders looks at: of more there are too many orders, and of appends each order leaves another value.
const (
	mostOrdered  = 14
	mostAppended = 8
)

// Orders returns the longest orders that porcupine finds to explain some of the operations, as indexes into Operations, longest first. It is nil for
// findings of several keys, of more than 14 operations (8 if any appends), and for those that are told as a cycle.
func (f *Finding) Orders() [][]int {
	most := mostOrdered
	if slices.ContainsFunc(f.Operations, func(o Witnessed) bool {
		return slices.ContainsFunc(o.Do, func(a Action) bool { return a.Kind == Append })
	}) {
		most = mostAppended
	}
	if f.History == nil || len(f.Keys) != 1 || len(f.Operations) > most || len(f.Operations) != len(f.History.Operations) || len(f.Cycle) > 0 {
		return nil
	}
	var ops []int
	for k := range f.History.Operations {
		if !f.History.Operations[k].silent() {
			ops = append(ops, k)
		}
	}
	answer, info := porcupine.CheckOperationsVerbose(modelOf(f.History, f.Keys, nil), porcupineOperations(f.History, ops), 0) // the bound is on operations: a clock would make pages differ
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
