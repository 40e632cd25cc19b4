package report

import (
	_ "embed"
	"encoding/json"
	"io"
)

// Schema is the JSON Schema (draft 2020-12) of what [JSON] writes.
//
//go:embed report.schema.json
var Schema []byte

// JSON writes the report as one indented JSON document. It returns only errors of w.
func JSON(w io.Writer, r *Report) error {
	whole := *r
	whole.Format = Format
	whole.Faults = orEmpty(r.Faults)
	whole.Rules = orEmpty(r.Rules)
	whole.Goals = orEmpty(r.Goals)
	whole.Findings = make([]Finding, len(r.Findings))
	for k, f := range r.Findings {
		f.Evidence = orEmpty(f.Evidence)
		whole.Findings[k] = f
	}
	if r.Comparison != nil {
		c := *r.Comparison
		c.Differences = make([]Difference, len(c.Differences))
		for k, d := range r.Comparison.Differences {
			d.Way = orEmpty(d.Way)
			c.Differences[k] = d
		}
		whole.Comparison = &c
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(&whole)
}

// orEmpty returns an empty list for none, so that a reader of the JSON always finds a list.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
