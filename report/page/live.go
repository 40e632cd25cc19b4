package page

import (
	"fmt"

	_ "embed"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Live is what a page may do that a server gives: ask that server, and nobody else, for more. A nil one is of a page that stands alone.
type Live struct {
	Script  string // runs besides that of all pages; "" is none
	Refresh int    // seconds after which a page without a script asks anew; 0 is never
}

// liveStyle is what pages need that a server gives.
//
//go:embed live.css
var liveStyle string

func (l *Live) scripted() bool { return l != nil && l.Script != "" }

// asks says whom the page asks.
func (l *Live) asks() string {
	if l == nil {
		return "This page loads nothing and sends nothing."
	}
	return "This page asks nobody but the raftcheck that gives it, on this machine."
}

// policy is the content-security policy of a page with that style: what it does not name is not loaded, run, or applied.
func (l *Live) policy(style string) string {
	scripts, more := "'sha256-"+digest(script())+"'", "form-action 'none'"
	if l.scripted() {
		scripts += " 'sha256-" + digest(l.Script) + "'"
	}
	if l != nil {
		more = "form-action 'self'; connect-src 'self'"
	}
	return fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; script-src %s; base-uri 'none'; %s", digest(style), scripts, more)
}

func (l *Live) refresh(w *writer) {
	if l != nil && l.Refresh > 0 {
		w.f("<noscript><meta http-equiv=\"refresh\" content=\"%d\"/></noscript>\n", l.Refresh)
	}
}

// Links are places to go to from here.
type Links struct {
	Label string // what they are, for those who cannot see it
	Links []Link
}

// Link is a place to go to: an address of the server that gives the page.
type Link struct{ Says, Address string }

// Choices are what may happen next, each with the place it leads to.
type Choices struct {
	Title   string
	Choices []Choice
}

// Choice is one of them.
type Choice struct {
	Says, Address string
	Notes         string   // what becomes of messages besides
	Breaks        []string // what it would break: "election-safety: n1 and n2 both lead term 2"
	Goals         []string // what it would reach, in sentences
	Reached       []string // what comes of it, of a step that was taken: "breaks election-safety: …"
	Idle          bool     // it would change nothing
	Recorded      bool     // it is what happens in the trace that is looked at
}

// States are what all servers show, with what they showed before.
type States struct {
	Caption     string
	Servers     []spec.ServerID
	Before, Now []spec.Observation
}

// List is things of one kind, in order.
type List struct {
	Title string
	Items []string
}

// Form asks the server to do something.
type Form struct {
	Address string
	Hidden  [][2]string // names and values that go with it
	Selects []Select
	Submit  string
}

// Select is a choice from a list.
type Select struct {
	Name, Label string
	Options     []Option
}

// Option is one of the things to choose. Those that follow each other with the same group are shown as one.
type Option struct{ Group, Value, Says string }

// Running is something that goes on: how far it is comes as events from an address, and the page is asked for anew when it has ended.
type Running struct{ Says, Events string }

func (l Links) write(w *writer) {
	w.f("<nav aria-label=\"%s\"><ul class=\"links\">\n", l.Label)
	for _, a := range l.Links {
		w.f("<li><a href=\"%s\">%s</a></li>\n", a.Address, a.Says)
	}
	w.f("</ul></nav>\n")
}

func (c Choices) write(w *writer) {
	if c.Title != "" {
		w.f("<h3>%s</h3>\n", c.Title)
	}
	var idle []Choice
	w.f("<ul class=\"choices\">\n")
	for _, one := range c.Choices {
		if one.Idle && !one.Recorded {
			idle = append(idle, one)
			continue
		}
		one.write(w)
	}
	w.f("</ul>\n")
	if len(idle) == 0 {
		return
	}
	w.f("<details><summary>%d more, which would change nothing</summary>\n<ul class=\"choices\">\n", len(idle))
	for _, one := range idle {
		one.write(w)
	}
	w.f("</ul></details>\n")
}

func (c Choice) write(w *writer) {
	w.f("<li><a href=\"%s\">%s</a>", c.Address, c.Says)
	if c.Recorded {
		w.f(" <span class=\"recorded\">as in the trace</span>")
	}
	if c.Notes != "" {
		w.f(" <span class=\"note\">%s</span>", c.Notes)
	}
	for _, b := range c.Breaks {
		w.f(" <strong class=\"breaks\">✗ would break %s</strong>", b)
	}
	for _, r := range c.Reached {
		w.f(" <strong class=\"breaks\">✗ %s</strong>", r)
	}
	for _, g := range c.Goals {
		w.f(" <span class=\"goals\">would reach a goal: %s</span>", g)
	}
	w.f("</li>\n")
}

func (s States) write(w *writer) {
	w.tables++
	w.f("<div class=\"wide\" role=\"region\" aria-labelledby=\"table-%d\" tabindex=\"0\"><table class=\"state\">\n<caption id=\"table-%d\">%s</caption>\n<thead><tr><th scope=\"col\">field</th>", w.tables, w.tables, s.Caption)
	now, before := make([]map[string]string, len(s.Servers)), make([]map[string]string, len(s.Servers))
	var fields []string
	listed := map[string]bool{}
	for k, id := range s.Servers {
		w.f("<th scope=\"col\">%s</th>", id.String())
		now[k], before[k] = map[string]string{}, map[string]string{}
		for _, m := range membersOf(traces.AppendObservation(nil, &s.Now[k])) {
			now[k][m.name] = inWords(m.value)
			if !listed[m.name] {
				listed[m.name] = true
				fields = append(fields, m.name)
			}
		}
		for _, m := range membersOf(traces.AppendObservation(nil, &s.Before[k])) {
			before[k][m.name] = inWords(m.value)
		}
	}
	w.f("</tr></thead>\n<tbody>\n")
	for _, f := range fields {
		w.f("<tr><th scope=\"row\">%s</th>", f)
		for k := range s.Servers {
			stateCell(w, now[k], before[k], f)
		}
		w.f("</tr>\n")
	}
	w.f("</tbody></table></div>\n")
}

// stateCell shows a field of a server, and what it was if it has changed.
func stateCell(w *writer, now, before map[string]string, field string) {
	shown := func(of map[string]string) string {
		if value, known := of[field]; known {
			return value
		}
		return "·"
	}
	if is, was := shown(now), shown(before); is != was {
		w.f("<td class=\"new\">%s<span class=\"was\">was %s</span></td>", is, was)
		return
	}
	w.f("<td>%s</td>", shown(now))
}

func (l List) write(w *writer) {
	if l.Title != "" {
		w.f("<h3>%s</h3>\n", l.Title)
	}
	w.f("<ul>\n")
	for _, item := range l.Items {
		w.f("<li>%s</li>\n", item)
	}
	w.f("</ul>\n")
}

func (f Form) write(w *writer) {
	w.f("<form method=\"post\" action=\"%s\">\n", f.Address)
	for _, h := range f.Hidden {
		w.f("<input type=\"hidden\" name=\"%s\" value=\"%s\"/>\n", h[0], h[1])
	}
	for _, s := range f.Selects {
		w.f("<label>%s <select name=\"%s\">\n", s.Label, s.Name)
		group := ""
		for _, o := range s.Options {
			if o.Group != group {
				if group != "" {
					w.f("</optgroup>\n")
				}
				w.f("<optgroup label=\"%s\">\n", o.Group)
				group = o.Group
			}
			w.f("<option value=\"%s\">%s</option>\n", o.Value, o.Says)
		}
		if group != "" {
			w.f("</optgroup>\n")
		}
		w.f("</select></label>\n")
	}
	w.f("<button type=\"submit\">%s</button>\n</form>\n", f.Submit)
}

func (r Running) write(w *writer) {
	w.f("<p class=\"running\" data-events=\"%s\">%s</p>\n", r.Events, r.Says)
}
