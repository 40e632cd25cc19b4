package contract

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// printed is an observation as text, which does not change with what it was made of.
func printed(o *spec.Observation) string { return fmt.Sprintf("%+v", *o) }

// differing returns the first field in which two observations differ, with both values; "" if there is none. An empty slice is none.
func differing(a, b *spec.Observation) string {
	if reflect.DeepEqual(a, b) {
		return ""
	}
	x, y := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for k := range x.NumField() {
		if p, q := fmt.Sprintf("%+v", x.Field(k).Interface()), fmt.Sprintf("%+v", y.Field(k).Interface()); p != q {
			return fmt.Sprintf("%s is %s and %s", x.Type().Field(k).Name, p, q)
		}
	}
	return ""
}

// told prints an effect with all that counts.
func told(e *spec.Effect) string {
	switch e.Kind {
	case spec.Send:
		return fmt.Sprintf("%s %s %q", e.Kind, e.Message, e.Message.Payload)
	case spec.Write, spec.Sync:
		return fmt.Sprintf("%s %+v", e.Kind, e.Durable)
	}
	return fmt.Sprintf("%s %+v", e.Kind, e.Reply)
}

func sameEffect(a, b *spec.Effect) bool {
	switch {
	case a.Kind != b.Kind || a.Reply != b.Reply:
		return false
	case a.Kind == spec.Send:
		return a.Message.Equal(b.Message)
	case a.Kind == spec.Write || a.Kind == spec.Sync:
		return a.Durable.Equal(&b.Durable)
	}
	return true
}

// outputsDiffer returns the first difference between two outputs, and whether it is only the order of what was sent.
func outputsDiffer(a, b *spec.Output) (difference string, order bool) {
	if (a.Fault != nil) != (b.Fault != nil) {
		return fmt.Sprintf("its fault is %v and %v", a.Fault, b.Fault), false
	}
	if a.Refused != b.Refused || a.Keep != b.Keep || a.Redirect != b.Redirect {
		return fmt.Sprintf("it is refused: %t and %t; the client is sent on to %s and %s", a.Refused, b.Refused, a.Redirect, b.Redirect), false
	}
	for k := range min(len(a.Effects), len(b.Effects)) {
		if x, y := &a.Effects[k], &b.Effects[k]; !sameEffect(x, y) {
			return fmt.Sprintf("effect %d is %q and %q", k+1, told(x), told(y)), permuted(a.Effects, b.Effects)
		}
	}
	if len(a.Effects) != len(b.Effects) {
		return fmt.Sprintf("it has %d effects and %d", len(a.Effects), len(b.Effects)), false
	}
	return "", false
}

// permuted reports whether two lists hold the same effects.
func permuted(a, b []spec.Effect) bool {
	sorted := func(all []spec.Effect) []string {
		var text []string
		for k := range all {
			text = append(text, told(&all[k]))
		}
		slices.Sort(text)
		return text
	}
	return slices.Equal(sorted(a), sorted(b))
}

// bytesDiffer says where the bytes of two states differ; "" if they do not.
func bytesDiffer(a, b []byte) string {
	if bytes.Equal(a, b) {
		return ""
	}
	k := 0
	for k < min(len(a), len(b)) && a[k] == b[k] {
		k++
	}
	return fmt.Sprintf("the bytes of AppendState differ from byte %d of %d and %d", k+1, len(a), len(b))
}

// statesDiffer says in what two nodes differ whose bytes do.
func statesDiffer(a, b spec.Node, x, y []byte) string {
	difference := bytesDiffer(x, y)
	if difference == "" {
		return ""
	}
	if d, ok := a.(spec.Differ); ok {
		if more := d.Difference(b); more != "" {
			return more
		}
	}
	p, q := a.Observe(), b.Observe()
	if more := differing(&p, &q); more != "" {
		return more
	}
	return difference
}
