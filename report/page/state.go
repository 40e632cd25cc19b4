package page

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/raftcheck/raftcheck/legible"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// native returns the trace in the native format, its header first. What a page would not show as it is stands as an escape of JSON.
func (d *drawn) native() []string {
	if d.text != nil {
		return d.text
	}
	var all bytes.Buffer
	h := d.Trace.Header
	h.Records = len(d.Trace.Records)
	out, err := traces.NewWriter(&all, h)
	for k := range d.Trace.Records {
		if err == nil {
			err = out.Record(&d.Trace.Records[k])
		}
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		panic("a buffer takes everything: " + err.Error())
	}
	for line := range strings.Lines(all.String()) {
		d.text = append(d.text, string(legible.JSON([]byte(strings.TrimSuffix(line, "\n")))))
	}
	return d.text
}

// state writes what every server shows at the end. A script shows it after the selected step.
func (d *drawn) state(w *writer, n int) {
	fields, shown := d.lastShown()
	at := 0
	if len(d.rows) > 0 {
		at = d.rows[len(d.rows)-1].Number
	}
	w.f("<div class=\"wide\" role=\"region\" aria-labelledby=\"state-%d-title\" tabindex=\"0\"><table class=\"state\" id=\"state-%d\">\n<caption id=\"state-%d-title\">%s %d</caption>\n<thead><tr><th scope=\"col\">field</th>", n, n, n, d.stateAfter(), at)
	for _, id := range d.servers {
		w.f("<th scope=\"col\">%s</th>", id.String())
	}
	w.f("</tr></thead>\n<tbody>\n")
	for _, f := range fields {
		w.f("<tr><th scope=\"row\">%s</th>", f)
		for _, id := range d.servers {
			value, known := shown[id][f]
			if !known {
				value = "·"
			}
			w.f("<td>%s</td>", value)
		}
		w.f("</tr>\n")
	}
	w.f("</tbody></table></div>\n")
}

// stateAfter begins the caption of a state: a number of a step follows.
func (d *drawn) stateAfter() string {
	if d.label != "" {
		return d.label + "state after step"
	}
	return "State after step"
}

// lastShown returns the fields that servers show at the end, in the order in which they first appear, and their values in words.
func (d *drawn) lastShown() (fields []string, shown map[spec.ServerID]map[string]string) {
	shown = map[spec.ServerID]map[string]string{}
	known := map[string]bool{}
	for k := len(d.Trace.Records) - 1; k >= 0; k-- {
		id := d.Trace.Records[k].Server()
		if id == spec.None || shown[id] != nil {
			continue
		}
		shown[id] = map[string]string{}
		var record struct{ Post json.RawMessage }
		if json.Unmarshal([]byte(d.native()[k+1]), &record) != nil {
			continue
		}
		for _, m := range membersOf(record.Post) {
			shown[id][m.name] = inWords(m.value)
			if !known[m.name] {
				known[m.name] = true
				fields = append(fields, m.name)
			}
		}
		if len(shown) == len(d.servers) {
			break
		}
	}
	return fields, shown
}

type member struct {
	name  string
	value json.RawMessage
}

// membersOf lists the members of an object, in their order.
func membersOf(object json.RawMessage) (all []member) {
	in := json.NewDecoder(bytes.NewReader(object))
	if _, err := in.Token(); err != nil {
		return nil
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return all
		}
		m := member{}
		m.name, _ = name.(string)
		if in.Decode(&m.value) != nil {
			return all
		}
		all = append(all, m)
	}
	return all
}

// inWords shows a value of JSON as people write it. The script of pages does the same.
func inWords(value json.RawMessage) string {
	switch {
	case bytes.HasPrefix(value, []byte("{")):
		var parts []string
		for _, m := range membersOf(value) {
			parts = append(parts, m.name+" "+inWords(m.value))
		}
		return strings.Join(parts, ", ")
	case bytes.HasPrefix(value, []byte("[")):
		var items []json.RawMessage
		_ = json.Unmarshal(value, &items) // the writer's own
		parts := make([]string, len(items))
		separator := " "
		for k, item := range items {
			parts[k] = inWords(item)
			if bytes.HasPrefix(item, []byte("{")) {
				separator = "; "
			}
		}
		if len(parts) == 0 {
			return "none"
		}
		return strings.Join(parts, separator)
	case bytes.HasPrefix(value, []byte(`"`)):
		var text string
		_ = json.Unmarshal(value, &text)
		return text
	case string(value) == "null":
		return "none"
	}
	return string(value)
}
