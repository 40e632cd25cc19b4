package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/raftcheck/raftcheck/explore"
	"github.com/raftcheck/raftcheck/report/page"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Recorded is a trace that is looked at.
type Recorded struct {
	Trace *traces.Trace
	Lines []string    // from which it was read, if it was another format than the native
	Way   explore.Way // what happens in it as a way of the world, as far as that goes along
	Apart string      // why the world does not go along to its end; "" if it does
}

// along is how many steps of a way are those of the trace.
func (t *Recorded) along(way explore.Way) (n int) {
	for n < len(way) && n < len(t.Way) && way[n] == t.Way[n] {
		n++
	}
	return n
}

// next is the number of the step that happens next in the trace; -1 if a way is not on it, or at its end.
func (t *Recorded) next(way explore.Way) int {
	if t == nil || len(way) >= len(t.Way) || t.along(way) < len(way) {
		return -1
	}
	return t.Way[len(way)]
}

// links lead along the trace.
func (t *Recorded) links(v *visit, way explore.Way) (all []page.Link) {
	n := t.along(way)
	on := n == len(way)
	to := func(says string, step int) {
		if step <= len(t.Way) && (!on || step != n) && !slices.ContainsFunc(all, func(l page.Link) bool { return l.Address == v.stateAt(t.Way[:step]) }) {
			all = append(all, page.Link{Says: says, Address: v.stateAt(t.Way[:step])})
		}
	}
	if on {
		to("the next step of the trace", n+1)
	} else {
		to(fmt.Sprintf("back to the trace, at step %d", n), n)
	}
	if _, at := traces.Broken(t.Trace, v.Rules, t.Trace.Header.Variants); at >= 0 {
		to(fmt.Sprintf("to step %d of the trace, which breaks a promise", at+1), at+1)
	}
	to("to the end of the trace", len(t.Way))
	return append(all, page.Link{Says: "the trace as it was recorded", Address: v.address("trace")})
}

// trace shows the trace as it was recorded, up to a step.
func (v *visit) trace(w http.ResponseWriter, r *http.Request) error {
	if v.Trace == nil {
		return &fault{http.StatusNotFound, "No trace", "a world is explored here, and no trace is looked at"}
	}
	all := v.Trace.Trace
	step, last := len(all.Records), len(all.Records)
	if given := r.FormValue("step"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 0 || n > last {
			return &fault{http.StatusNotFound, "No such step", fmt.Sprintf("the trace has the steps 0 to %d, and no step %q", last, given)}
		}
		step = n
	}
	shown := *all
	shown.Records, shown.Header.Records = all.Records[:step], step
	e := &page.Execution{Trace: &shown, Findings: v.findings(&shown), Rules: v.Rules, Name: "trace", Address: v.recordedAt}
	if step == last {
		e.Lines = v.Trace.Lines
	}
	p := &page.Page{Title: "How the servers begin"}
	if step > 0 {
		p.Title = fmt.Sprintf("Step %d of %d: %s", all.Records[step-1].Number, all.Records[last-1].Number, traces.Sentence(&all.Records[step-1]))
	}
	if len(e.Findings) > 0 {
		p.Verdict = spec.Violated.String()
	}
	s := page.Section{ID: "way", Title: "What has happened"}
	s.Blocks = append(s.Blocks, page.Links{Label: "Other steps", Links: v.steps(step)})
	s.Blocks = append(append(s.Blocks, v.apart()...), v.why(e)...)
	p.Sections = []page.Section{{ID: s.ID, Title: s.Title, Blocks: append(s.Blocks, e)}}
	v.write(w, http.StatusOK, p)
	return nil
}

// apart says why one cannot branch off everywhere, if so.
func (v *visit) apart() []page.Block {
	if v.Trace.Apart == "" {
		return nil
	}
	return []page.Block{page.Text{Label: "Only to look at:", Says: v.Trace.Apart}}
}

func (v *visit) recordedAt(step int) string { return v.address(fmt.Sprintf("trace?step=%d", step)) }

// steps lists the steps that one may want to go to from one.
func (v *visit) steps(at int) (all []page.Link) {
	last := len(v.Trace.Trace.Records)
	to := func(says string, step int) {
		if step >= 0 && step <= last && step != at && !slices.ContainsFunc(all, func(l page.Link) bool { return l.Address == v.recordedAt(step) }) {
			all = append(all, page.Link{Says: says, Address: v.recordedAt(step)})
		}
	}
	to("next step", at+1)
	to("step back", at-1)
	to("first", 0)
	to("last", last)
	if _, guilty := traces.Broken(v.Trace.Trace, v.Rules, v.Trace.Trace.Header.Variants); guilty >= 0 {
		to("to the step that breaks a promise", guilty+1)
	}
	if v.World != nil && at <= len(v.Trace.Way) {
		all = append(all, page.Link{Says: "branch off here: what else may happen", Address: v.stateAt(v.Trace.Way[:at])})
	}
	return all
}
