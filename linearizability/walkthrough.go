package linearizability

import "fmt"

// walkThrough checks an order of operations: that every one sees what it saw, that all that returned are in it, and, if timed, that nothing
// comes before what had returned when it was called. It knows nothing of how the order was found, and is what a verdict of held rests on.
func walkThrough(h *History, p *part, order []int, timed bool) error {
	done := make([]bool, len(h.Operations))
	earliest := int64(never) // return of what comes later
	for n := len(order) - 1; n >= 0; n-- {
		o := &h.Operations[order[n]]
		if timed && o.callRank() > earliest {
			return &Fault{fmt.Sprintf("the order that was found for %s puts operation %d before one that had returned", keyNames(p.keys), order[n])}
		}
		if done[order[n]] || o.Outcome == Failed {
			return &Fault{fmt.Sprintf("the order that was found for %s has operation %d twice, or though it failed", keyNames(p.keys), order[n])}
		}
		done[order[n]] = true
		earliest = min(earliest, o.returnRank())
	}
	store := walked{h: h, held: make(map[string]*[]byte, len(p.keys))}
	for _, k := range order {
		o := &h.Operations[k]
		for n := range o.Do {
			if !store.take(&o.Do[n], o.Outcome == Returned) {
				return &Fault{fmt.Sprintf("the order that was found for %s does not explain operation %d", keyNames(p.keys), k)}
			}
		}
	}
	for _, k := range p.ops {
		if h.Operations[k].Outcome == Returned && !done[k] {
			return &Fault{fmt.Sprintf("the order that was found for %s leaves out operation %d", keyNames(p.keys), k)}
		}
	}
	return nil
}

// walked is a store that is walked through: what Action.take means, on lists that grow in place.
type walked struct {
	h    *History
	held map[string]*[]byte
}

func (w *walked) take(a *Action, certain bool) bool {
	held, known := w.held[a.Key]
	if !known {
		held = new([]byte)
		*held = append(*held, w.h.initial(a.Key)...)
		w.held[a.Key] = held
	}
	switch {
	case a.Kind == Read:
		return !certain || !a.Shown || string(*held) == string(a.Value)
	case a.Kind == Append && a.Value.IsList() && len(*held) > 0 && (*held)[0] == kindList:
		*held = append(*held, a.Value[1:]...)
		return true
	}
	after, ok := a.take(Value(*held), certain)
	*held = append((*held)[:0], after...)
	return ok
}
