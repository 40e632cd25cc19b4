package traces

import (
	"bytes"
	"fmt"

	"github.com/raftcheck/raftcheck/spec"
)

// spelling returns an error for a record that shows a configuration which nobody could read: rules about configurations in the log would
// pass over it, and over two that are pending. line is the record's.
func (r *Reader) spelling(line []byte, record *Record) error {
	if record.Step == nil {
		return r.spelt(line, record.Message.Entries)
	}
	s := record.Step
	shown := [][]spec.Entry{s.Before.Log.Entries, s.Before.Durable.Log.Entries, s.After.Log.Entries, s.After.Durable.Log.Entries, s.Input.Message.Entries}
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		shown = append(shown, e.Message.Entries, e.Durable.Log.Entries)
	}
	for _, entries := range shown {
		if err := r.spelt(line, entries); err != nil {
			return err
		}
	}
	if s.Input.Kind == spec.Reconfigure && s.Input.Change.Voters+s.Input.Change.Learners != "" {
		if _, err := spec.ParseConfiguration(s.Input.Change.Text()); err != nil {
			return r.misspelt(line, "change", s.Input.Change.Text(), err)
		}
	}
	return nil
}

func (r *Reader) spelt(line []byte, entries []spec.Entry) error {
	for _, e := range entries {
		if e.Kind != spec.ConfigurationChange || e.Value == "" {
			continue
		}
		if _, err := spec.ParseConfiguration(e.Value); err != nil {
			return r.misspelt(line, e.Value, e.Value, err)
		}
	}
	return nil
}

// misspelt is the error; part is what it points at in the line.
func (r *Reader) misspelt(line []byte, part, text string, err error) error {
	column := bytes.Index(line, []byte(`"`+part+`"`)) + 1
	fault := r.lines.Fault(column, fmt.Sprintf("the configuration %q is spelt otherwise than it is read: %v", text, err))
	fault.Hint = `with the variant configuration-in-log it is as in "voters=n1,n2,n3 outgoing=n1,n2 learners=n4" (docs/trace-format.md), or left out where it is not known`
	return fault
}
