package traces

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/raftcheck/raftcheck/legible"
	"github.com/raftcheck/raftcheck/spec"
)

// Mermaid writes a trace as a Mermaid sequence diagram, which GitHub draws in Markdown: a message that arrives is an arrow, one
// that is lost ends in a cross, what happens to a server is a note, and the record that breaks the rule stands out.
func Mermaid(w io.Writer, t *Trace, finding *Finding) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "sequenceDiagram")
	for _, id := range serversOf(t) {
		fmt.Fprintf(out, "    participant %s\n", id)
	}
	_, rows := Rows(t, 0)
	for _, row := range rows[1:] {
		r := row.Record
		guilty := finding != nil && len(finding.Evidence) > 0 && finding.Evidence[0].Step == r.Number
		if guilty {
			fmt.Fprintln(out, "    rect rgb(255, 225, 220)")
		}
		writeMermaidRow(out, t, &row)
		if guilty {
			fmt.Fprintf(out, "    Note over %s: ✗ %s: %s\n", whereOf(r, t), finding.Rule.Name, mermaidText(finding.Message))
			fmt.Fprintln(out, "    end")
		}
	}
	return out.Flush()
}

func writeMermaidRow(w io.Writer, t *Trace, row *Row) {
	r := row.Record
	if r.Step == nil {
		if r.Event == EventDrop {
			fmt.Fprintf(w, "    %s--x%s: %s (lost)\n", r.Message.From, r.Message.To, mermaidLabel(&r.Message))
			return
		}
		fmt.Fprintf(w, "    Note over %s: %s\n", whereOf(r, t), mermaidText(row.Says))
		return
	}
	if m := &r.Step.Input.Message; r.Step.Input.Kind == spec.Deliver && m.From != m.To {
		fmt.Fprintf(w, "    %s->>%s: %s\n", m.From, m.To, mermaidLabel(m))
	}
	fmt.Fprintf(w, "    Note over %s: %d. %s\n", r.Step.Server, r.Number, mermaidText(row.Says))
	for _, k := range r.Lost {
		m := &r.Step.Output.Effects[k].Message
		fmt.Fprintf(w, "    %s--x%s: %s (lost)\n", m.From, m.To, mermaidLabel(m))
	}
}

// whereOf names the lanes of a note: the record's server, or all of them.
func whereOf(r *Record, t *Trace) string {
	if r.Step != nil {
		return r.Step.Server.String()
	}
	servers := serversOf(t)
	if len(servers) == 1 {
		return servers[0].String()
	}
	return servers[0].String() + "," + servers[len(servers)-1].String()
}

func mermaidLabel(m *spec.Message) string {
	switch m.Kind {
	case spec.RequestVote:
		return fmt.Sprintf("RequestVote term %d", m.Term)
	case spec.RequestVoteReply:
		if m.Granted {
			return fmt.Sprintf("vote term %d", m.Term)
		}
		return fmt.Sprintf("no vote term %d", m.Term)
	case spec.AppendEntries:
		return fmt.Sprintf("AppendEntries term %d prev %d, %d entries", m.Term, m.PrevLogIndex, len(m.Entries))
	case spec.AppendEntriesReply:
		if m.Success {
			return fmt.Sprintf("match %d", m.MatchIndex)
		}
		return "no match"
	}
	return fmt.Sprintf("%s term %d", m.Kind, m.Term)
}

// mermaidText removes what Mermaid takes for syntax, and shows what could not be seen.
func mermaidText(s string) string {
	return strings.NewReplacer(";", ",", "#", "", "<", "(", ">", ")", "%%", "% %").Replace(legible.Line(s))
}
