package traces

import (
	"fmt"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// Parting says how far two executions are the same, and how they go on otherwise.
type Parting struct {
	Same int // records that both begin with
	// Contrasts say what comes of the next record of both, where they are the same input of the same server; none where they are not.
	Contrasts []Contrast
}

// Contrast is something that two executions show differently.
type Contrast struct {
	What string // "votedFor", or "before: term"; "does" for what is sent, written and answered
	In   [2]string
}

// Part compares two executions from the beginning, step by step: what happens, what the server does, and what it shows where both record it. What
// a recorder numbers, and lines of files, make no difference.
func Part(a, b *Trace) *Parting {
	p := &Parting{}
	for p.Same < min(len(a.Records), len(b.Records)) {
		x, y := &a.Records[p.Same], &b.Records[p.Same]
		if !sameCause(x, y) {
			return p
		}
		if p.Contrasts = contrasts(x, y); len(p.Contrasts) > 0 {
			return p
		}
		p.Same++
	}
	return p
}

// Alike reports whether two executions are the same to the end of both.
func (p *Parting) Alike(a, b *Trace) bool {
	return p.Same == len(a.Records) && p.Same == len(b.Records)
}

// Says tells it in a line.
func (p *Parting) Says(a, b *Trace) string {
	begin := "A and B begin with the same " + some(p.Same)
	switch {
	case p.Alike(a, b):
		return "A and B are the same, " + some(p.Same)
	case p.Same == len(a.Records):
		return begin + ", and then A ends"
	case p.Same == len(b.Records):
		return begin + ", and then B ends"
	case p.Same == 0:
		return "A and B part at the first step"
	case len(p.Contrasts) > 0:
		return begin + ", and the next one goes otherwise"
	}
	return begin + ", and then part"
}

// some is a number of steps.
func some(steps int) string {
	if steps == 1 {
		return "1 step"
	}
	return fmt.Sprintf("%d steps", steps)
}

// sameCause reports whether the same happens to the same server, or to the network.
func sameCause(x, y *Record) bool {
	if x.Event != y.Event || (x.Step == nil) != (y.Step == nil) || x.Stays != y.Stays {
		return false
	}
	if x.Step == nil {
		return sameMessage(&x.Message, &y.Message) && slices.EqualFunc(x.Groups, y.Groups, slices.Equal[[]spec.ServerID])
	}
	return x.Step.Server == y.Step.Server && sameInput(&x.Step.Input, &y.Step.Input)
}

func sameInput(a, b *spec.Input) bool {
	return a.Kind == b.Kind && sameMessage(&a.Message, &b.Message) && a.Value == b.Value && a.Peer == b.Peer && a.Change == b.Change && a.Client == b.Client &&
		a.Request == b.Request && a.Cut == b.Cut && a.Lossy == b.Lossy
}

// contrasts lists in what two records of the same cause differ.
func contrasts(x, y *Record) (all []Contrast) {
	if x.Step == nil {
		return nil
	}
	all = fieldContrasts(all, "before: ", &x.Step.Before, &y.Step.Before)
	if one, other := &x.Step.Output, &y.Step.Output; showsEffects(one) && showsEffects(other) {
		if differingOutput(one, other) != "" {
			all = append(all, Contrast{"does", [2]string{doesBeside(one, other), doesBeside(other, one)}})
		}
		if !slices.Equal(x.Lost, y.Lost) {
			all = append(all, Contrast{"lost", [2]string{lostOf(x), lostOf(y)}})
		}
	}
	return fieldContrasts(all, "", &x.Step.After, &y.Step.After)
}

// showsEffects reports whether a record shows what the server did, or that it did nothing.
func showsEffects(o *spec.Output) bool { return !o.Unseen || len(o.Effects) > 0 }

func fieldContrasts(all []Contrast, when string, a, b *spec.Observation) []Contrast {
	for k := range fields {
		if f := &fields[k]; f.differ(a, b) {
			all = append(all, Contrast{when + f.name, [2]string{f.tell(a), f.tell(b)}})
		}
	}
	return all
}

// doesBeside says what of an output is not in another.
func doesBeside(of, other *spec.Output) string {
	var parts []string
	for k := range of.Effects {
		e := &of.Effects[k]
		if slices.ContainsFunc(other.Effects, func(o spec.Effect) bool { return sameEffect(e, &o) }) {
			continue
		}
		if e.Kind == spec.Send {
			parts = append(parts, "sends "+theMessage(&e.Message))
			continue
		}
		parts = append(parts, describeEffect(e))
	}
	switch {
	case of.Refused:
		parts = append(parts, "cannot take it")
	case of.Fault != nil:
		parts = append(parts, "breaks down: "+of.Fault.Error())
	case of.Redirect != other.Redirect && of.Redirect != spec.None:
		parts = append(parts, "sends the client on to "+of.Redirect.String())
	}
	if len(parts) == 0 && len(of.Effects) > 0 && len(of.Effects) == len(other.Effects) {
		return "the same in another order"
	}
	if len(parts) == 0 {
		return "nothing more"
	}
	return strings.Join(parts, "; ")
}

func lostOf(r *Record) string {
	if len(r.Lost) == 0 {
		return "nothing"
	}
	return strings.TrimPrefix(strings.Join(losses(r), "; "), "lost: ")
}
