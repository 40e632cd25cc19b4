package page

import (
	"bytes"
	"strings"

	"github.com/raftcheck/raftcheck/traces"
)

// control is something that goes through the steps: what it does in the script, what it says, and its key.
type control struct{ does, says, key string }

var goes = []control{
	{"first", "first", "Home"}, {"back", "back", "k"}, {"play", "play", "Space"}, {"next", "next", "j"}, {"last", "last", "End"}, {"violation", "to the violation", "v"},
	{"differs", "to where they part", "d"}, {"node", "next of this server", "n"},
}

// speeds are how fast steps are played, in milliseconds for one step.
var speeds = []struct{ after, says string }{{"2400", "slow"}, {"1200", "normal"}, {"600", "fast"}, {"200", "very fast"}}

// saves are what can be saved of an execution, by what the script calls it.
var saves = []struct{ does, says string }{{"trace", "trace"}, {"json", "JSON"}, {"text", "plain text"}, {"mermaid", "Mermaid"}, {"svg", "diagram (SVG)"}}

// controls are for those with a script.
func (d *drawn) controls(w *writer, n int) {
	w.f("<div class=\"controls\" role=\"group\" aria-label=\"Go through the steps\" hidden=\"\">")
	for _, c := range goes {
		if c.does == "violation" && d.guilty() == 0 || c.does == "differs" && d.Differs == 0 {
			continue
		}
		w.f("<button type=\"button\" data-do=\"%s\" title=\"key: %s\">%s</button>", c.does, c.key, c.says)
	}
	w.f("<label>speed <select data-do=\"speed\" title=\"keys: + and −\">")
	for _, s := range speeds {
		chosen := markup("")
		if s.says == "normal" {
			chosen = ` selected=""`
		}
		w.f("<option value=\"%s\"%s>%s</option>", s.after, chosen, s.says)
	}
	w.f("</select></label><label>server <select data-do=\"server\" title=\"key: s\"><option value=\"\">of the step</option>")
	for _, id := range d.servers {
		w.f("<option>%s</option>", id.String())
	}
	w.f("</select></label><label><input type=\"checkbox\" data-do=\"matters\" title=\"key: m\"/> only what matters</label><label><input type=\"checkbox\" data-do=\"changes\" title=\"key: c\"/> changes only</label>")
	w.f("<details class=\"save\"><summary>save</summary><p>")
	for _, s := range saves {
		w.f("<button type=\"button\" data-do=\"%s\">%s</button> ", s.does, s.says)
	}
	w.f("</p></details><details class=\"keys\"><summary>keys</summary><p><kbd>j</kbd> or <kbd>→</kbd> next step, <kbd>k</kbd> or <kbd>←</kbd> back, <kbd>Home</kbd> first, <kbd>End</kbd> last, <kbd>Space</kbd> play, "+
		"<kbd>+</kbd> faster, <kbd>−</kbd> slower, <kbd>v</kbd> to the violation, %s<kbd>n</kbd> next step of this server, <kbd>s</kbd> another server, <kbd>m</kbd> only what matters, <kbd>c</kbd> changes only, "+
		"<kbd>?</kbd> these keys</p></details></div>\n<p class=\"status\" id=\"status-%d\" role=\"status\" aria-live=\"polite\"></p>\n", d.besideKeys(), n)
}

// besideKeys are the keys that only executions beside each other have.
func (d *drawn) besideKeys() markup {
	if d.Differs == 0 {
		return ""
	}
	return "<kbd>d</kbd> to where they part, "
}

// asText tells the execution as a terminal does. Of a long one that is only to be saved.
func (d *drawn) asText(w *writer, n int) {
	said := d.story()
	if len(d.rows) > mostReady {
		w.f("<pre id=\"text-%d\" hidden=\"\">%s</pre>\n", n, said)
		return
	}
	w.f("<details class=\"story\"><summary>The same as text</summary>\n<pre id=\"text-%d\" role=\"region\" aria-label=\"The execution %sas text\" tabindex=\"0\">%s</pre></details>\n", n, d.label, said)
}

func (d *drawn) story() markup {
	var told bytes.Buffer // it takes everything
	if len(d.Findings) > 0 && d.Findings[0].Rule != nil && d.Findings[0].Rule.Sentence != "" {
		_ = traces.Layout{}.Text(&told, d.Trace, d.Findings[0])
	} else {
		_ = traces.Table(&told, d.Trace, d.guilty())
	}
	return lines(strings.TrimRight(told.String(), "\n"))
}
