package bubble

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"reflect"
	"slices"

	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// moment is a server after a history of inputs.
type moment struct {
	root    *root
	before  *moment // nil for a server before its first step
	input   spec.Input
	history [sha256.Size]byte
	outcome outcome
	after   map[string]*moment // by input
}

// outcome is what an input led to.
type outcome struct {
	output  spec.Output
	after   spec.Observation
	state   []byte
	refuses func(*spec.Input) bool // nil when the server cannot tell
}

// inputs writes all of an input, so that different ones are never taken for one.
var inputs = statekey.New()

// after returns the moment after an input, which is found out if it is not known.
func (l *Lab) after(m *moment, in spec.Input) *moment {
	key := string(inputs.Append(nil, &in))
	if next, known := m.after[key]; known {
		return next
	}
	next := &moment{root: m.root, before: m, input: in, history: sha256.Sum256(append(m.history[:], key...))}
	l.settle(next)
	if m.after == nil {
		m.after = map[string]*moment{}
	}
	m.after[key] = next
	return next
}

// way returns the moments that lead to this one, itself last, without the one before the first step.
func (m *moment) way() []*moment {
	var all []*moment
	for ; m.before != nil; m = m.before {
		all = append(all, m)
	}
	for i, k := 0, len(all)-1; i < k; i, k = i+1, k-1 {
		all[i], all[k] = all[k], all[i]
	}
	return all
}

// difference returns the first difference between two outcomes, or "".
func (o *outcome) difference(p *outcome) string {
	switch {
	case o.output.Refused != p.output.Refused:
		return fmt.Sprintf("refused %t and %t", o.output.Refused, p.output.Refused)
	case faultOf(o) != faultOf(p):
		return fmt.Sprintf("fault %s and %s", faultOf(o), faultOf(p))
	case len(o.output.Effects) != len(p.output.Effects):
		return fmt.Sprintf("%d effects and %d", len(o.output.Effects), len(p.output.Effects))
	}
	for k := range o.output.Effects {
		if x, y := &o.output.Effects[k], &p.output.Effects[k]; !reflect.DeepEqual(x, y) {
			return fmt.Sprintf("effect %d is %s and %s", k+1, describe(x), describe(y))
		}
	}
	if o.output.Keep != p.output.Keep || o.output.Redirect != p.output.Redirect {
		return fmt.Sprintf("kept %t and %t, redirected to %s and %s", o.output.Keep, p.output.Keep, o.output.Redirect, p.output.Redirect)
	}
	if !slices.Equal(o.output.Gates, p.output.Gates) {
		return fmt.Sprintf("it passes the gates %q and %q", o.output.Gates, p.output.Gates)
	}
	if !reflect.DeepEqual(o.after, p.after) {
		return differingField(&o.after, &p.after)
	}
	if !bytes.Equal(o.state, p.state) {
		return differingState(o.state, p.state)
	}
	return ""
}

// faultOf names the fault of an outcome, without what differs from run to run.
func faultOf(o *outcome) string {
	if p, ok := o.output.Fault.(*panicked); ok {
		return fmt.Sprint(p.value)
	}
	return fmt.Sprint(o.output.Fault)
}

func describe(e *spec.Effect) string {
	switch e.Kind {
	case spec.Send:
		return "send " + e.Message.String() + " " + e.Message.Payload
	case spec.Answer:
		return fmt.Sprintf("answer %+v", e.Reply)
	}
	return fmt.Sprintf("%s, disk %+v", e.Kind, e.Durable)
}

// differingField names the first field in which two observations differ.
func differingField(a, b *spec.Observation) string {
	x, y := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for k := range x.NumField() {
		if f, g := x.Field(k).Interface(), y.Field(k).Interface(); !reflect.DeepEqual(f, g) {
			return fmt.Sprintf("%s: %v and %v", x.Type().Field(k).Name, f, g)
		}
	}
	return ""
}

// differingState shows where the bytes of two states part.
func differingState(a, b []byte) string {
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	around := func(s []byte) []byte { return s[max(0, at-40):min(len(s), at+40)] }
	return fmt.Sprintf("the state, from byte %d on: %q and %q", at, around(a), around(b))
}
