package traces

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Repeats runs a trace that goes on for ever (Header.Loop) on fresh nodes, the records that are repeated twice, and says what is not
// as the trace has it: a record is not possible, or the nodes and what is in flight between them are not the same again at the end. A
// liveness rule must wait in every state that is repeated; nil is no rule.
func Repeats(t *Trace, rule *spec.Rule, factory spec.Factory) error {
	begins := slices.IndexFunc(t.Records, func(r Record) bool { return r.Number == t.Header.Loop })
	if begins < 0 {
		return fmt.Errorf("the trace does not say from which record on it repeats")
	}
	w := newReplayWorld(t.Header.Servers, t.Header.Network, factory)
	goes := func(records []Record) error {
		for k := range records {
			if _, possible := w.apply(&records[k]); !possible {
				return fmt.Errorf("record %d is not possible", records[k].Number)
			}
			if rule != nil && records[k].Number >= t.Header.Loop && !w.waits(t.Header.Servers, rule.Live) {
				return fmt.Errorf("after record %d nothing waits for what %s promises", records[k].Number, rule.Name)
			}
		}
		return nil
	}
	if err := goes(t.Records[:begins]); err != nil {
		return err
	}
	for range 2 {
		before := w.state(t.Header.Servers)
		if err := goes(t.Records[begins:]); err != nil {
			return err
		}
		if !bytes.Equal(before, w.state(t.Header.Servers)) {
			return fmt.Errorf("after the last record not everything is as it was before record %d", t.Header.Loop)
		}
	}
	return nil
}

// state writes what the future of the world depends on.
func (w *replayWorld) state(servers []spec.ServerID) (b []byte) {
	for _, id := range servers {
		b = append(w.nodes[id].AppendState(b), '|')
		var flight []string
		for _, m := range w.flight.flight[id] {
			flight = append(flight, m.String()+m.Payload)
		}
		slices.Sort(flight)
		b = fmt.Appendf(b, "%q|", flight)
	}
	return fmt.Appendf(b, "%v", w.groups)
}

// waits reports whether what a rule promises is wanting, for any server if the rule asks about each.
func (w *replayWorld) waits(servers []spec.ServerID, l *spec.Liveness) bool {
	c := &spec.Cluster{Cuts: w.cut}
	for _, id := range servers {
		o := w.nodes[id].Observe()
		c.Servers = append(c.Servers, spec.Sight{Server: id, Observation: &o})
	}
	if !l.Each {
		return l.Waits(c, spec.None)
	}
	return slices.ContainsFunc(servers, func(id spec.ServerID) bool { return l.Waits(c, id) })
}
