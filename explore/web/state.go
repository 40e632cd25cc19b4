package web

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/explore"
	"github.com/raftcheck/raftcheck/report/page"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// state shows the state that a way leads to, and what may happen there.
func (v *visit) state(w http.ResponseWriter, r *http.Request) error {
	if v.World == nil {
		http.Redirect(w, r, v.address("trace"), http.StatusSeeOther)
		return nil
	}
	view, err := v.look(r)
	if err != nil {
		return err
	}
	before := view.First
	if n := len(view.Way); n > 0 {
		last, err := v.World.Look(r.Context(), view.Way[:n-1])
		if err != nil {
			return err
		}
		before = last.Servers
	}
	quests, err := v.World.Quests(r.Context())
	if err != nil {
		return err
	}
	p := &page.Page{Title: titleOf(view), Sections: []page.Section{v.now(view, before), v.next(view), v.ask(view.Way, quests)}}
	if len(view.Broken) > 0 {
		p.Verdict = spec.Violated.String()
	}
	p.Sections = append(p.Sections, v.happened(view)...)
	v.write(w, http.StatusOK, p)
	return nil
}

// look is the state that a request asks for.
func (v *visit) look(r *http.Request) (*explore.View, error) {
	way, err := explore.ParseWay(r.FormValue("way"))
	if err != nil {
		return nil, &fault{http.StatusNotFound, "No such state", err.Error()}
	}
	return v.World.Look(r.Context(), way)
}

// titleOf says where one is.
func titleOf(view *explore.View) string {
	n := len(view.Trace.Records)
	if n == 0 {
		return "Nothing has happened yet"
	}
	return fmt.Sprintf("Step %d: %s", n, traces.Sentence(&view.Trace.Records[n-1]))
}

// now shows the servers, and where one may go from here but onwards.
func (v *visit) now(view *explore.View, before []spec.Observation) page.Section {
	s := page.Section{ID: "now", Title: "The state"}
	if links := v.elsewhere(view); len(links) > 0 {
		s.Blocks = append(s.Blocks, page.Links{Label: "Other states", Links: links})
	}
	for _, b := range view.Broken {
		if b.Step == len(view.Way) {
			s.Blocks = append(s.Blocks, page.Text{Label: "✗ breaks " + b.Name + ":", Says: b.Message, Bad: true})
		}
	}
	caption := "How the servers begin"
	if n := len(view.Way); n > 0 {
		caption = fmt.Sprintf("The servers after step %d", n)
	}
	s.Blocks = append(s.Blocks, page.States{Caption: caption, Servers: v.Servers, Before: before, Now: view.Servers})
	if len(view.InFlight) == 0 {
		s.Blocks = append(s.Blocks, page.Text{Says: "No message is on its way."})
		return s
	}
	list := page.List{Title: counted(len(view.InFlight), "message") + " on the way"}
	for k := range view.InFlight {
		list.Items = append(list.Items, traces.MessageInWords(&view.InFlight[k]))
	}
	s.Blocks = append(s.Blocks, list)
	return s
}

// elsewhere lists the states that one may want to go to from here.
func (v *visit) elsewhere(view *explore.View) (all []page.Link) {
	n := len(view.Way)
	if n > 0 {
		all = append(all, page.Link{Says: "take the last step back", Address: v.stateAt(view.Way[:n-1])}, page.Link{Says: "to the beginning", Address: v.stateAt(nil)})
	}
	for _, b := range firstOf(view.Broken) {
		if b.Step < n {
			all = append(all, page.Link{Says: fmt.Sprintf("to step %d, which breaks %s", b.Step, b.Name), Address: v.stateAt(view.Way[:b.Step])})
		}
	}
	if v.Trace != nil {
		all = append(all, v.Trace.links(v, view.Way)...)
	}
	if n > 0 {
		all = append(all, page.Link{Says: "save these steps as a trace", Address: v.address("save?way=" + view.Way.String())})
	}
	return all
}

// firstOf keeps the first breach of each promise.
func firstOf(all []explore.Broken) (first []explore.Broken) {
	for _, b := range all {
		if !slices.ContainsFunc(first, func(known explore.Broken) bool { return known.Rule == b.Rule }) {
			first = append(first, b)
		}
	}
	return first
}

// next lists what may happen, server by server in the order of the world.
func (v *visit) next(view *explore.View) page.Section {
	s := page.Section{ID: "next", Title: "What may happen next"}
	if len(view.Next) == 0 {
		s.Blocks = append(s.Blocks, page.Text{Says: "Nothing more may happen within the bounds of this world."})
		return s
	}
	breaking := 0
	groups := map[string]*page.Choices{}
	var order []string
	recorded := v.Trace.next(view.Way)
	for nth, step := range view.Next {
		if len(step.Breaks) > 0 {
			breaking++
		}
		name := step.Server
		if name == "" {
			name = "the network"
		}
		if groups[name] == nil {
			groups[name] = &page.Choices{Title: name}
			order = append(order, name)
		}
		groups[name].Choices = append(groups[name].Choices, v.choice(view.Way, nth, &step, nth == recorded))
	}
	says := counted(len(view.Next), "step") + " may be taken"
	switch breaking {
	case 0:
		says += "; none of them would break a promise."
	default:
		says += fmt.Sprintf("; %d would break a promise.", breaking)
	}
	s.Blocks = append(s.Blocks, page.Text{Says: says, Bad: breaking > 0})
	slices.SortStableFunc(order, func(a, b string) int { return rank(a) - rank(b) })
	for _, name := range order {
		s.Blocks = append(s.Blocks, *groups[name])
	}
	return s
}

// rank puts the network behind the servers, which are in order.
func rank(name string) int {
	if id, is := traces.ParseServer(name); is {
		return int(id)
	}
	return 1 << 30
}

// choice is a step that may be taken.
func (v *visit) choice(way explore.Way, nth int, step *explore.Step, recorded bool) page.Choice {
	c := page.Choice{Says: step.Says, Address: v.stateAt(append(slices.Clip(way), nth)), Notes: strings.Join(step.Notes, "; "), Goals: step.Goals, Idle: step.Idle, Recorded: recorded}
	for _, b := range step.Breaks {
		c.Breaks = append(c.Breaks, b.Name+": "+b.Message)
	}
	return c
}

// happened shows what happened on the way, and what it broke.
func (v *visit) happened(view *explore.View) []page.Section {
	if len(view.Way) == 0 {
		return nil
	}
	t := view.Trace.Trace
	e := &page.Execution{Trace: t, Findings: v.findings(t), Rules: v.Rules, Name: fileName(t), Address: func(row int) string { return v.stateAt(view.Way[:row]) }}
	s := page.Section{ID: "way", Title: "What has happened", Blocks: append(v.why(e), e)}
	for _, g := range view.Goals {
		s.Blocks = append(s.Blocks, page.Text{Label: fmt.Sprintf("Goal, at step %d:", g.Step), Says: g.Sentence})
	}
	return []page.Section{s}
}

// findings are what a trace breaks first.
func (v *visit) findings(t *traces.Trace) (all []*traces.Finding) {
	broken, _ := traces.Broken(t, v.Rules, t.Header.Variants)
	for k := range broken {
		all = append(all, &broken[k])
	}
	return all
}

// why says why an execution breaks what it breaks first.
func (v *visit) why(e *page.Execution) (all []page.Block) {
	for _, f := range e.Findings[:min(len(e.Findings), 1)] {
		why := traces.ReasonOf(e.Trace, f)
		all = append(all, page.Text{Label: "✗ " + f.Rule.Name + ":", Says: f.Message, Bad: true}, page.Text{Label: "Why:", Says: why.Says})
		for _, c := range why.Refused {
			all = append(all, page.Text{Label: "Refused because not:", Says: c.Text + " (" + c.Values + ")"})
		}
		if why.Hint != "" {
			all = append(all, page.Text{Label: "Hint:", Says: why.Hint})
		}
		all = append(all, page.Command{Label: "learn", Line: "raftcheck explain " + f.Rule.Name})
	}
	return all
}

// fileName is what a trace is called when it is saved, without an ending.
func fileName(t *traces.Trace) string {
	name := "steps"
	for _, id := range t.Header.Breaks {
		if r, known := spec.RuleByName(id); known {
			name = r.Name
			break
		}
	}
	return fmt.Sprintf("%s-%d", name, len(t.Records))
}

// save gives the trace of a way as a file.
func (v *visit) save(w http.ResponseWriter, r *http.Request) error {
	if v.World == nil {
		return &fault{http.StatusNotFound, "Nothing to save", "the trace is a file already"}
	}
	view, err := v.look(r)
	if err != nil {
		return err
	}
	if len(view.Way) == 0 {
		return &fault{http.StatusNotFound, "Nothing to save", "no step was taken yet, and a trace without one says nothing"}
	}
	var text bytes.Buffer
	if err := traces.Write(&text, view.Trace.Trace); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", fileName(view.Trace.Trace)+".trace"))
	_, _ = w.Write(text.Bytes())
	return nil
}
