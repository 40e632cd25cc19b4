package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"io"
	"slices"

	"github.com/raftcheck/raftcheck/legible"
)

// Schema is the JSON Schema (draft 2020-12) of what [JSON] writes.
//
//go:embed report.schema.json
var Schema []byte

// JSON writes the report as one indented JSON document. It returns only errors of w.
func JSON(w io.Writer, r *Report) error {
	var doc bytes.Buffer
	enc := json.NewEncoder(&doc)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r.whole()); err != nil {
		return err
	}
	_, err := w.Write(legible.JSON(doc.Bytes()))
	return err
}

// whole returns a copy with a list wherever a reader expects one, in the reports of checks too.
func (r *Report) whole() *Report {
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
	whole.Checks = slices.Clone(r.Checks)
	for k, c := range whole.Checks {
		if c.Report != nil {
			whole.Checks[k].Report = c.Report.whole()
		}
	}
	return &whole
}

// orEmpty returns an empty list for none, so that a reader of the JSON always finds a list.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
