package linearizability

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/raftcheck/raftcheck/spec"
)

// Finding is a violation, with the fewest operations that show it.
type Finding struct {
	Keys        []string    // that were judged together
	Message     string      // one line, no period: "c3 reads 3 from x after 4 had replaced it"
	Operations  []Witnessed // in the order of their calls
	Guilty      int         // index into Operations: the last of them to return that saw something
	History     *History    // these operations alone; elements of lists and parts of transactions that do not matter are left out
	Why         []string    // the argument, one sentence each; operations are named by their numbers
	Hints       []string    // what would explain it, if the history is not what it seems
	Of          int         // operations that were judged together
	Minimal     bool        // without any one of them the others could be ordered
	Elided      bool        // "…" in the operations stands for what does not matter
	ConfirmedBy []string    // the methods that find these operations wrong by themselves
	lists       *lists      // of the shrinker
	Anomaly     string      // its usual name, see [DirtyWrite] and so on; "" where it has none
	Model       Model       // the weakest that it violates
	Cycle       []CycleStep // why each of some operations comes before the next, and the last before the first; nil if it is no cycle
	Steps       []Moment    // what the cluster did meanwhile, where the history is of a trace
}

// Witnessed is one operation of a finding.
type Witnessed struct {
	Index  int    // into History.Operations
	Client string // its name; a number is "client 7"
	Text   string // what it did: "write x 3"
	File   string // where it is recorded
	Operation
}

// witnessOf shrinks a part that is wrong, has the rest confirmed and explains it. What could not be confirmed in time is told as it is known.
func witnessOf(d *decision, k int) (*Finding, error) {
	p := &d.parts[k]
	if d.judged[k] != nil {
		if f, err := graphWitness(d, k); f != nil || err != nil {
			return f, err
		}
	}
	of := len(p.ops)
	if core := d.cores[k]; core != nil && !core.list { // wrong by themselves, and few: the others are not looked at again
		p = &part{keys: p.keys, ops: core.ops}
	}
	s := newShrinker(d.ctx, d.h, p)
	s.until = d.until
	if d.options.Model != StrictSerializable {
		s.model = &d.options.Model
	}
	set := s.shrink(d.cores[k], p)
	if len(set) > mostShown && s.late() {
		return d.unshown(k, placesIn(p.ops, set)), nil
	}
	f := &Finding{Model: d.options.Model, Keys: p.keys, Of: of, Minimal: !s.doubt, History: s.history(set)}
	switch err := f.confirm(d, k); {
	case err != nil:
		return nil, err
	case len(f.ConfirmedBy) == 0:
		return d.unshown(k, placesIn(p.ops, set)), nil
	}
	for _, at := range set {
		o := d.h.Operations[p.ops[at]]
		f.Operations = append(f.Operations, Witnessed{Index: p.ops[at], Client: clientName(d.h.Clients[o.Client]), Text: s.text(at), File: d.h.fileOf(&o), Operation: o})
	}
	f.Guilty = lastToSee(f.History)
	f.Elided = slices.ContainsFunc(f.Operations, func(o Witnessed) bool { return strings.Contains(o.Text, "…") })
	f.lists = s.lists
	if f.Model != StrictSerializable || len(f.Keys) > 1 || f.ofSet(d.h) || slices.ContainsFunc(f.History.Operations, func(o Operation) bool { return len(o.Do) > 1 }) {
		if err := f.tell(d.h, nil); err != nil {
			return nil, err
		}
	} else {
		f.explain(d.h)
	}
	f.hints(d.h)
	f.Steps = momentsOf(d.h, f.Operations)
	return f, nil
}

// mostShown is how many operations a finding may have to be told of when there is no time left to find fewer.
const mostShown = 100

// lastShown is how many operations stand for those that are too many to be shown.
const lastShown = 8

// placesIn returns the operations that are at some places of a part.
func placesIn(ops, places []int) []int {
	found := make([]int, len(places))
	for n, at := range places {
		found[n] = ops[at]
	}
	return found
}

// unshown is the finding about a part of which some operations are wrong, which are too many to be shown, or could not be confirmed by another
// method in time. The last of them stand for all.
func (d *decision) unshown(k int, ops []int) *Finding {
	f := &Finding{Model: d.options.Model, Keys: d.parts[k].keys, Of: len(d.parts[k].ops), ConfirmedBy: []string{d.method[k]},
		History: &History{Initial: d.h.Initial, InitialOf: d.h.InitialOf, Clients: d.h.Clients, things: d.h.things}}
	if core := d.cores[k]; core != nil && !core.list && len(core.ops) < len(ops) {
		ops = core.ops
	}
	d.findBlocked(k)
	if at := d.blocked[k]; at != 0 {
		ops = slices.DeleteFunc(slices.Clone(ops), func(op int) bool { return d.h.Operations[op].callRank() > at })
	}
	for _, op := range ops {
		f.History.Operations = append(f.History.Operations, d.h.Operations[op])
	}
	last := ops[lastToSee(f.History)]
	if at := slices.IndexFunc(ops, func(op int) bool { return d.h.Operations[op].returnRank() == d.blocked[k] }); d.blocked[k] != 0 && at >= 0 {
		last = ops[at]
	}
	shown := slices.Clone(ops[max(0, len(ops)-lastShown):])
	if !slices.Contains(shown, last) {
		shown = append([]int{last}, shown[1:]...)
	}
	for n, op := range shown {
		o := d.h.Operations[op]
		f.Operations = append(f.Operations, Witnessed{Index: op, Client: clientName(d.h.Clients[o.Client]), Text: d.h.text(&o), File: d.h.fileOf(&o), Operation: o})
		if op == last {
			f.Guilty = n
		}
	}
	g := &f.Operations[f.Guilty]
	f.Message = fmt.Sprintf("no order explains what clients saw of %s until %s: %s", keyNames(f.Keys), g.Client, g.Text)
	f.Why = []string{fmt.Sprintf("No order fits the %d operations on %s that were called by then, as the method %q finds. There was no time to find the fewest "+
		"of them that show it, and to have those confirmed: shown are the last ones.", len(ops), keyNames(f.Keys), d.method[k])}
	f.Hints = []string{"--for grants more time to find the fewest"}
	return f
}

// findBlocked finds the return at which a part shows to be wrong that a search found wrong.
func (d *decision) findBlocked(k int) {
	if d.blocked[k] != 0 || d.options.Model != StrictSerializable || d.cores[k] != nil || d.method[k] == ByGraph {
		return
	}
	var s search
	if s.sweepLoosely(d.h, d.parts[k].keys, d.parts[k].ops) == spec.Violated {
		d.blocked[k] = s.blocked
	}
}

// clientName is how a client is told of: numbers do not say what they are, and of a blank nothing would be seen.
func clientName(name string) string {
	switch {
	case strings.TrimSpace(name) == "":
		return fmt.Sprintf("client %q", name)
	case strings.Trim(name, "0123456789") == "":
		return "client " + name
	}
	return name
}

// lastToSee returns the last operation to return that saw something.
func lastToSee(h *History) int {
	last := 0
	for k := range h.Operations {
		o := &h.Operations[k]
		if o.sees() && (!h.Operations[last].sees() || o.Return >= h.Operations[last].Return) {
			last = k
		}
	}
	return last
}

// sees reports whether it is known of the operation that it saw something.
func (o *Operation) sees() bool {
	return o.Outcome == Returned && slices.ContainsFunc(o.Do, func(a Action) bool {
		return a.Kind == Read && a.Shown || a.Kind == CompareAndSet || a.Kind == Expect
	})
}

// history returns some operations as a history of their own.
func (s *shrinker) history(set []int) *History {
	h := &History{Initial: s.h.Initial, InitialOf: s.h.InitialOf, Clients: s.h.Clients, things: s.h.things}
	for _, k := range set {
		h.Operations = append(h.Operations, s.h.Operations[k])
	}
	return h
}

// confirmLimit is how long porcupine may take to confirm a witness.
const confirmLimit = 10 * time.Second

// confirm has the witness judged by porcupine and by our own search, whoever found it.
func (f *Finding) confirm(d *decision, k int) error {
	h := f.History
	if f.Model != StrictSerializable {
		h = h.timeless()
	}
	all := indexesOf(len(h.Operations))
	var own search
	searched := own.decide(h, f.Keys, all)
	asked := askPorcupine(d.ctx, h, f.Keys, all, confirmLimit)
	for _, c := range []struct {
		method  string
		verdict spec.Verdict
	}{{ByPorcupine, asked}, {"exhaustive search", searched}} {
		switch c.verdict {
		case spec.Held:
			return &Fault{fmt.Sprintf("%s finds %s violated, but by %s the %d operations that should show it can be ordered",
				d.method[k], keyNames(f.Keys), c.method, len(all))}
		case spec.Violated:
			f.ConfirmedBy = append(f.ConfirmedBy, c.method)
		}
	}
	if len(f.ConfirmedBy) == 0 && d.method[k] == ByPorcupine && len(all) == f.Of {
		f.ConfirmedBy = []string{ByPorcupine} // which found these very operations wrong, given more time
	}
	return nil
}

// text prints an operation of the witness, with … for what was left out.
func (s *shrinker) text(at int) string {
	o := s.h.Operations[at]
	if text, is := s.h.told(&o); is {
		return text
	}
	lead := ""
	if s.parts[at] {
		lead = "…; "
	}
	if s.lists == nil {
		return lead + o.String()
	}
	original := o
	original.Do = s.lists.left[at]
	parts := make([]string, len(original.Do))
	for n, a := range original.Do {
		parts[n] = s.lists.text(a, o.Outcome == Returned)
	}
	text := lead + strings.Join(parts, "; ")
	if o.Outcome != Returned {
		text += " (" + o.Outcome.String() + ")"
	}
	return text
}

// timeless returns a history without time: everything is called at once, and returns at the end.
func (h *History) timeless() *History {
	all := *h
	all.Operations = slices.Clone(h.Operations)
	for k := range all.Operations {
		all.Operations[k].Call, all.Operations[k].Return = 0, 1
	}
	return &all
}

// text prints an action as it was, with … for the elements that were left out.
func (l *lists) text(a Action, certain bool) string {
	if !l.keys[a.Key] || a.Kind == Append || a.Kind == Add || a.Kind == Read && !a.Shown {
		return a.text(certain)
	}
	shown := a
	shown.Value = Literal(l.elided(a.Key, a.Value))
	if a.Kind == CompareAndSet {
		shown.Expected = Literal(l.elided(a.Key, a.Expected))
	}
	return shown.text(certain)
}

// elided prints a list or a text with … in the place of what was left out.
func (l *lists) elided(key string, v Value) string {
	list, words := v, l.parts[key]
	if words != nil {
		list = inWords(v, words)
	}
	if !list.IsList() {
		return v.String()
	}
	var b strings.Builder
	gap := false
	for e := range list.Elements {
		if !l.kept[element{key, e}] {
			gap = true
			continue
		}
		if b.Len() > 0 && words == nil {
			b.WriteByte(' ')
		}
		if gap {
			b.WriteString("…")
			if words == nil {
				b.WriteByte(' ')
			}
			gap = false
		}
		if words != nil {
			b.WriteString(string(e[1:]))
		} else {
			b.WriteString(e.String())
		}
	}
	if gap {
		if b.Len() > 0 && words == nil {
			b.WriteByte(' ')
		}
		b.WriteString("…")
	}
	if words != nil {
		return `"` + b.String() + `"`
	}
	return "[" + b.String() + "]"
}

// momentsOf returns what the trace shows of the cluster while the operations were under way: their own steps, and those that turn things.
func momentsOf(h *History, ops []Witnessed) []Moment {
	if len(h.Trace) == 0 {
		return nil
	}
	first, last := ops[0].Call, ops[0].Call
	own := map[int64]bool{}
	for _, o := range ops {
		own[o.Call] = true
		last = max(last, o.Call)
		if o.Outcome == Returned {
			own[o.Return] = true
			last = max(last, o.Return)
		}
	}
	var found []Moment
	for _, m := range h.Trace {
		if at := int64(m.Step); at <= last && (own[at] || m.Turn && at >= first) {
			found = append(found, m)
		}
	}
	return found
}
