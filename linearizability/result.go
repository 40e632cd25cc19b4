package linearizability

import (
	"fmt"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// Result is the verdict on a history, and what it rests on.
type Result struct {
	Verdict spec.Verdict
	Because []string // why it is Inconclusive

	Operations, Clients, Keys          int
	Returned, Unknown, Pending, Failed int // operations by outcome
	Concurrent                         int // most operations under way at once, without those that never returned
	Parts                              []PartResult
	Findings                           []Finding  // one for each part that is wrong; only the first unless Options.All
	AlsoWrong                          [][]string // the keys of further parts that are wrong

	Model     Model           // that was asked for
	Strongest string          // the strongest of ModelNames that surely holds, or NoModel; "" where that is not known
	Sure      bool            // no stronger one holds
	Judged    [4]spec.Verdict // of each model over all parts; Inconclusive where that is not known
	Anomalies []string        // the names of what violates the strictest model, the first of each part that is wrong; those without a name are left out
}

// PartResult is the verdict on some keys that can be judged by themselves.
type PartResult struct {
	Keys       []string     // one, or those that transactions join
	Operations int          // without those that say nothing
	Method     string       // one of Methods: the one that decided it, or tried last
	Verdict    spec.Verdict // Inconclusive if there was no time, or another part was found wrong before
}

// Fault says that two of our methods contradict each other: a bug of raftcheck, not of what was judged.
type Fault struct{ Message string }

// Error returns the message.
func (f *Fault) Error() string { return f.Message }

func newResult(h *History) *Result {
	r := &Result{Operations: len(h.Operations)}
	seen := make([]bool, len(h.Clients))
	for k := range h.Operations {
		o := &h.Operations[k]
		if !seen[o.Client] {
			seen[o.Client] = true
			r.Clients++
		}
		switch o.Outcome {
		case Returned:
			r.Returned++
		case Unknown:
			r.Unknown++
		case Pending:
			r.Pending++
		case Failed:
			r.Failed++
		}
	}
	r.Concurrent = concurrent(h)
	return r
}

// concurrent returns how many operations that returned were under way at once, at most.
func concurrent(h *History) int {
	var returns []int64
	for k := range h.Operations {
		if o := &h.Operations[k]; o.Outcome == Returned {
			returns = append(returns, o.returnRank())
		}
	}
	slices.Sort(returns)
	most, open, at := 0, 0, 0
	for k := range h.Operations {
		o := &h.Operations[k]
		if o.Outcome != Returned {
			continue
		}
		for returns[at] < o.callRank() {
			at++
			open--
		}
		open++
		most = max(most, open)
	}
	return most
}

// conclude fills in what was decided, and explains what is wrong.
func (r *Result) conclude(d *decision) error {
	undecided := 0
	r.models(d)
	for k, p := range d.parts {
		r.Keys += len(p.keys)
		r.Parts = append(r.Parts, PartResult{p.keys, len(p.ops), d.method[k], d.verdict[k]})
	}
	r.tellWrong(d)
	for k := range d.parts {
		switch d.verdict[k] {
		case spec.Inconclusive:
			undecided++
		case spec.Violated:
			if err := r.explain(d, k); err != nil {
				return err
			}
		}
	}
	switch {
	case len(r.Findings) > 0:
		r.Verdict, r.Because = spec.Violated, nil
	case len(r.Because) > 0:
		r.Verdict = spec.Inconclusive
	case d.ctx.Err() != nil && undecided > 0:
		return d.ctx.Err()
	case undecided > 0:
		r.Verdict = spec.Inconclusive
		r.Because = append(r.Because, d.undecided()...)
	case !shows(d.h):
		r.Verdict = spec.Inconclusive
		r.Because = append(r.Because, "no client saw anything: no read returned a value, and no comparison its result")
	}
	return nil
}

// tellWrong tells what is known as soon as something is wrong.
func (r *Result) tellWrong(d *decision) {
	k := slices.Index(d.verdict, spec.Violated)
	if k < 0 || d.options.Wrong == nil {
		return
	}
	early := *r
	early.Verdict, early.Findings = spec.Violated, []Finding{*d.unshown(k, d.parts[k].ops)}
	d.options.Wrong(&early)
}

// explain makes the finding about a part.
func (r *Result) explain(d *decision, k int) error {
	if len(r.Findings) > 0 && !d.options.All {
		r.AlsoWrong = append(r.AlsoWrong, d.parts[k].keys)
		return nil
	}
	f, err := witnessOf(d, k)
	if f != nil {
		r.Findings = append(r.Findings, *f)
	}
	return err
}

// models tells which models hold over all parts: those that hold for each.
func (r *Result) models(d *decision) {
	r.Model = d.options.Model
	r.Judged = [4]spec.Verdict{}
	for k := range d.parts {
		v := d.modelsOf(k)
		for m := range v {
			switch {
			case v[m] == spec.Violated:
				r.Judged[m] = spec.Violated
			case v[m] == spec.Inconclusive && r.Judged[m] == spec.Held:
				r.Judged[m] = spec.Inconclusive
			}
		}
		if j := d.judged[k]; j != nil && j.anomalyName() != "" && !slices.Contains(r.Anomalies, j.anomalyName()) {
			r.Anomalies = append(r.Anomalies, j.anomalyName())
		}
	}
	r.Strongest, r.Sure = strongest(r.Judged)
}

// modelsOf returns the verdict on each model for a part.
func (d *decision) modelsOf(k int) (v [4]spec.Verdict) {
	if d.judged[k] != nil && d.judged[k].verdict[StrictSerializable] != spec.Inconclusive {
		return d.judged[k].verdict
	}
	for m := range v {
		if v[m] = d.verdict[k]; v[m] == spec.Violated && Model(m) > d.options.Model {
			v[m] = spec.Inconclusive // that a weaker model is violated does not follow
		}
	}
	if d.options.Model != StrictSerializable && d.judged[k] != nil {
		return d.judged[k].verdict
	}
	return v
}

// undecided says what was not decided, and why.
func (d *decision) undecided() (why []string) {
	var names, large []string
	ops, most := 0, 0
	for k, v := range d.verdict {
		switch {
		case v != spec.Inconclusive:
		case slices.Contains(d.large, k):
			large = append(large, keyNames(d.parts[k].keys))
			most = max(most, needed(d.h, &d.parts[k], d.options.Model)+d.h.size())
		default:
			names = append(names, keyNames(d.parts[k].keys))
			ops += len(d.parts[k].ops)
		}
	}
	if len(large) > 0 {
		why = append(why, fmt.Sprintf("the memory of %s does not suffice for %s, which may take %s", bytesText(d.options.Memory), listed(large), bytesText(most)))
	}
	switch {
	case len(names) == 0:
	case d.options.Model != StrictSerializable:
		why = append(why, fmt.Sprintf("whether %s is %s was not found out in %d steps (%d operations)", listed(names), d.options.Model, guidedBudget, ops))
	default:
		why = append(why, fmt.Sprintf("the limit of %s was used up before porcupine decided %s (%d operations)", d.options.Limit, listed(names), ops))
	}
	return why
}

// bytesText prints an amount of memory, rounded.
func bytesText(n int) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}

// keyNames names keys, or the first few of many.
func keyNames(keys []string) string {
	var names []string
	for _, k := range keys {
		names = append(names, fmt.Sprintf("key %q", k))
	}
	if len(names) > 4 {
		names = append(names[:3], fmt.Sprintf("%d more keys", len(names)-3))
	}
	return strings.Join(names, ", ")
}

// listed joins words as in "a, b and c", and counts those beyond a handful.
func listed(words []string) string {
	if len(words) > 6 {
		words = append(words[:5:5], fmt.Sprintf("%d more", len(words)-5))
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// shows reports whether any operation that returned says something about the state.
func shows(h *History) bool {
	return slices.ContainsFunc(h.Operations, func(o Operation) bool { return o.sees() })
}
