package linearizability

import "github.com/raftcheck/raftcheck/spec"

// Broken is something wrong with a history that is no question of an order of its operations: a watch that was told wrong.
type Broken struct {
	Keys       []string
	Message    string
	Why        []string
	Operations []Witnessed // in the order of their calls
	Guilty     int         // index into Operations
	Of         int         // events that were judged together
}

// byRevisions is what confirms what is wrong beyond the order of operations.
const byRevisions = "the revisions that etcd gave them"

// tellBroken makes findings of what is wrong with watches.
func (r *Result) tellBroken(h *History, all bool) {
	for _, b := range h.Broken {
		if len(r.Findings) > 0 && !all {
			r.AlsoWrong = append(r.AlsoWrong, b.Keys)
			continue
		}
		f := Finding{Keys: b.Keys, Message: b.Message, Operations: b.Operations, Guilty: b.Guilty, Why: b.Why, Of: b.Of, Minimal: true,
			ConfirmedBy: []string{byRevisions}, History: &History{Clients: h.Clients}}
		for k := range b.Operations {
			b.Operations[k].File = h.fileOf(&b.Operations[k].Operation)
			f.History.Operations = append(f.History.Operations, b.Operations[k].Operation)
		}
		r.Findings = append(r.Findings, f)
	}
	if len(h.Broken) > 0 {
		r.Verdict, r.Because = spec.Violated, nil
	}
}

// broken is the result of a history that is wrong before anybody looks for an order.
func (r *Result) broken(h *History, parts []part) {
	for _, p := range parts {
		r.Keys += len(p.keys)
		r.Parts = append(r.Parts, PartResult{p.keys, len(p.ops), BySearch, spec.Inconclusive})
	}
	r.tellBroken(h, false)
}
