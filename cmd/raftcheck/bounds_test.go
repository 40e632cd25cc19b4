package main

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// TestEveryBoundIsTold: a world that differs from another in one bound is told in other words, for people and for programs.
func TestEveryBoundIsTold(t *testing.T) {
	told := func(b cluster.Bounds) (string, report.Bounds) {
		r := newReport("check", subject.ReferenceName, spec.Inconclusive)
		r.Bounds, r.Search = boundsOf(&cluster.Config{Servers: 3, Bounds: b}, false), &report.Search{}
		var text bytes.Buffer
		require.NoError(t, report.Text(&text, r, report.Style{}))
		return text.String(), *r.Bounds
	}
	plain := cluster.Bounds{Ticks: 1} // without clocks nothing is said of how far they differ
	text, bounds := told(plain)
	for field := range reflect.TypeFor[cluster.Bounds]().Fields() {
		other := plain
		reflect.ValueOf(&other).Elem().FieldByIndex(field.Index).Set(reflect.ValueOf(7).Convert(field.Type))
		otherText, otherBounds := told(other)
		require.NotEqual(t, text, otherText, field.Name)
		require.NotEqual(t, bounds, otherBounds, field.Name)
	}
}
