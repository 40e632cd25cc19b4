package traces

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// tell returns the order in which a story tells records: always the record that may come next and was set off most recently
// (the delivery of what was sent last), and where nothing was set off, the one that came first. The last record stays last.
func tell(records []Record, network string) []int {
	before := dependencies(records, network)
	trigger := triggers(records)
	told := make([]int, len(records)) // 1-based position in the story; 0 is not yet told
	var order []int
	for len(order) < len(records) {
		next := -1
		for i := range records {
			if told[i] > 0 || i == len(records)-1 && len(order) < len(records)-1 || !allTold(before[i], told) {
				continue
			}
			if next < 0 || recency(trigger[i], told) > recency(trigger[next], told) {
				next = i
			}
		}
		order = append(order, next)
		told[next] = len(order)
	}
	return order
}

// recency returns when what set a record off was told, or 0 when nothing set it off.
func recency(trigger int, told []int) int {
	if trigger < 0 {
		return 0
	}
	return told[trigger]
}

func allTold(before, told []int) bool {
	for _, i := range before {
		if told[i] == 0 {
			return false
		}
	}
	return true
}

// dependencies returns, for every record, those that must come before it: the one before at its server, all that concerned
// the same message, everything up to the last partition or heal; with queues, what travelled on the same link.
func dependencies(records []Record, network string) [][]int {
	before := make([][]int, len(records))
	lastAt := map[spec.ServerID]int{}
	barrier := -1
	for i := range records {
		r := &records[i]
		add := func(k int) {
			if k >= 0 && !slices.Contains(before[i], k) {
				before[i] = append(before[i], k)
			}
		}
		add(barrier)
		if k, seen := lastAt[r.Server()]; r.Step != nil && seen {
			add(k)
		}
		if r.Event == EventPartition || r.Event == EventHeal {
			for k := barrier + 1; k < i; k++ {
				add(k)
			}
			barrier = i
		}
		if m := r.taken(); m != nil {
			for k := range i {
				if concerns(&records[k], m, network == fifo) {
					add(k)
				}
			}
		}
		if r.Step != nil {
			lastAt[r.Server()] = i
		}
	}
	return before
}

// taken returns the message that a record takes from the network or doubles, or nil.
func (r *Record) taken() *spec.Message {
	switch {
	case r.Step != nil && r.Step.Input.Kind == spec.Deliver:
		return &r.Step.Input.Message
	case r.Event == EventDrop, r.Event == EventDuplicate:
		return &r.Message
	}
	return nil
}

// concerns reports whether a record sends or takes the message, or with queues takes any message of its link.
func concerns(r *Record, m *spec.Message, queues bool) bool {
	if t := r.taken(); t != nil && (sameMessage(t, m) || queues && t.From == m.From && t.To == m.To) {
		return true
	}
	return r.sends(m)
}

func (r *Record) sends(m *spec.Message) bool {
	if r.Step == nil || r.Step.Server != m.From {
		return false
	}
	for k, sent := range r.Step.Output.Sent {
		if sameMessage(sent, m) && !slices.Contains(r.Lost, k) {
			return true
		}
	}
	return false
}

// triggers returns, for every record that takes a message, the record that sent it; -1 for the others.
func triggers(records []Record) []int {
	trigger := make([]int, len(records))
	sent := map[route][]int{} // records that send, ascending
	for i := range records {
		r := &records[i]
		trigger[i] = -1
		if m := r.taken(); m != nil {
			from := sent[routeOf(m)]
			for k := len(from) - 1; k >= 0 && trigger[i] < 0; k-- {
				if records[from[k]].sends(m) {
					trigger[i] = from[k]
				}
			}
		}
		if r.Step == nil {
			continue
		}
		for _, m := range r.Step.Output.Sent {
			if at := routeOf(m); len(sent[at]) == 0 || sent[at][len(sent[at])-1] != i {
				sent[at] = append(sent[at], i)
			}
		}
	}
	return trigger
}

// route is what messages are told apart by at first.
type route struct {
	from, to spec.ServerID
	kind     spec.MessageKind
	term     spec.Term
}

func routeOf(m *spec.Message) route { return route{m.From, m.To, m.Kind, m.Term} }
