package report

import (
	"fmt"
	"strings"
)

// histories says of every history what was judged and how.
func (t *text) histories() {
	for k := range t.r.Histories {
		h := &t.r.Histories[k]
		switch h.Verdict {
		case "held":
			t.line("%s   %s: %s: %s", t.Good("ok"), h.Path, h.promise(), h.size())
		case "inconclusive":
			t.line("%s %s: %s", t.Unsure("????"), h.Path, h.size())
		}
		t.below("outcomes: ", h.outcomes())
		t.below("decided by: ", h.methods())
		for _, note := range h.Notes {
			t.below("note: ", note)
		}
		if h.Model != "" && (h.Strongest != h.Model || len(h.Anomalies) > 0) {
			t.below("strongest: ", h.strongest())
		}
	}
	t.notCovered()
}

// promise is what the history was judged by, as people call it.
func (h *History) promise() string {
	if h.Model == "" {
		return "linearizable"
	}
	return h.Model
}

// strongest says which model holds, and what is in the way of a stronger one.
func (h *History) strongest() string {
	s := h.Strongest
	switch {
	case s == "":
		return "not known"
	case s == "none":
		s = "none of strict-serializable, serializable, snapshot-isolation and read-committed"
	case !h.Sure:
		s = "at least " + s
	}
	if len(h.Anomalies) > 0 {
		s += "; what violates strict-serializable is called " + listed(h.Anomalies)
	}
	return s
}

// size says how large the history is: "2,024 operations of 50 clients on 10 keys, up to 49 at once (jepsen)".
func (h *History) size() string {
	s := fmt.Sprintf("%s of %s on %s", Some(h.Operations, "operation"), Some(h.Clients, "client"), Some(h.Keys, "key"))
	if h.Concurrent > 1 {
		s += fmt.Sprintf(", up to %s at once", Count(h.Concurrent))
	}
	return s + " (" + h.Format + ")"
}

func (h *History) outcomes() string {
	parts := []string{Count(h.Returned) + " returned"}
	for _, o := range []struct {
		count int
		name  string
	}{{h.Unknown, "unknown"}, {h.Pending, "never returned"}, {h.Failed, "failed"}} {
		if o.count > 0 {
			parts = append(parts, Count(o.count)+" "+o.name)
		}
	}
	return strings.Join(parts, ", ")
}

func (h *History) methods() string {
	var parts []string
	for _, m := range h.Methods {
		s := fmt.Sprintf("%s (%s, %s)", m.Name, Some(m.Keys, "key"), Some(m.Operations, "operation"))
		if m.Undecided > 0 {
			s = fmt.Sprintf("%s (%s, %s; %s undecided)", m.Name, Some(m.Keys, "key"), Some(m.Operations, "operation"), Count(m.Undecided))
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

// historyFindings tells what is wrong with histories, and then what is right.
func (t *text) historyFindings() {
	for k := range t.r.Findings {
		if k > 0 {
			t.line("")
			t.line("")
		}
		t.historyFinding(&t.r.Findings[k])
	}
	t.line("")
	wrong := 0
	for k := range t.r.Histories {
		if t.r.Histories[k].Verdict == "violated" {
			wrong++
		}
	}
	t.line("%s", t.Bad(Some(wrong, "history")+" not "+t.r.Histories[0].promise())+t.others())
}

// others counts the histories that are not wrong.
func (t *text) others() (s string) {
	counts := map[string]int{}
	for k := range t.r.Histories {
		counts[t.r.Histories[k].Verdict]++
	}
	if n := counts["held"]; n > 0 {
		s += ", " + Count(n) + " " + t.r.Histories[0].promise()
	}
	if n := counts["inconclusive"]; n > 0 {
		s += ", " + Count(n) + " inconclusive"
	}
	if n := len(t.r.Errors); n > 0 {
		s += ", " + Count(n) + " unreadable"
	}
	return s
}

func (t *text) historyFinding(f *Finding) {
	t.line("%s %s: %s%s", t.Strong(f.Evidence[0].place()+":"), t.Bad(f.Name), f.Message, f.earlierLines())
	t.line("")
	t.story(f)
	t.line("")
	t.promise(f)
	w := f.Witness
	smallest := fmt.Sprintf("Of %s judged together these %s suffice", Some(w.Of, "operation"), Count(len(w.Operations)))
	if len(w.Operations) == 1 {
		smallest = fmt.Sprintf("Of %s judged together this one suffices", Some(w.Of, "operation"))
	}
	switch {
	case w.Minimal && len(w.Operations) > 1:
		smallest += "; without any one of them the others can be ordered"
	case !w.Minimal:
		smallest += "; there may be fewer: not all that could be left out was tried"
	}
	t.paragraph(smallest + ". Confirmed, on these alone, by " + listed(w.ConfirmedBy) + ".")
	t.historyOf(f)
	t.line("")
	t.command("see", "raftcheck linearize -o porcupine=picture.html "+f.Evidence[0].File)
	t.command("learn", "raftcheck explain "+f.Name)
}

// historyOf says what else there is to say of the finding's history.
func (t *text) historyOf(f *Finding) {
	for k := range t.r.Histories {
		h := &t.r.Histories[k]
		if file := f.Evidence[0].File; file != h.Path && !strings.HasPrefix(file, h.Path+"/") {
			continue
		}
		t.paragraph(fmt.Sprintf("Judged: %s; %s.", h.size(), h.outcomes()))
		for _, note := range h.Notes {
			t.paragraph("Note: " + note + ".")
		}
		if h.Strongest != "" {
			t.paragraph("What holds of the whole history: " + h.strongest() + ".")
		}
		if n := h.undecided(); n > 0 {
			t.paragraph(fmt.Sprintf("Not decided, as one is wrong already: %s.", Some(n, "key")))
		}
		if len(h.AlsoWrong) > 0 {
			names := h.AlsoWrong
			if len(names) > mostNames {
				names = append(names[:mostNames-1:mostNames-1], Count(len(h.AlsoWrong)-mostNames+1)+" more")
			}
			t.paragraph("Also not " + h.promise() + ": keys " + listed(names) + ". Use --keep-going to have them explained too.")
		}
	}
}

func (h *History) undecided() int {
	n := 0
	for _, m := range h.Methods {
		n += m.Undecided
	}
	return n
}
