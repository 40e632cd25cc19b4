package script

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// step gives a server an input and prints what it did: its effects in order, its state if that changed, and the rules it broke.
func (r *run) step(id spec.ServerID, in spec.Input) {
	node := r.nodes[id]
	step := &spec.Step{Server: id, Before: node.Observe(), Input: in}
	step.Output = node.Step(in)
	step.After = node.Observe()
	if step.Output.Refused {
		r.print("refused")
		return
	}
	r.steps++
	if in.Kind == spec.Deliver {
		r.print("%s", in.Message)
	}
	for _, e := range step.Output.Effects {
		r.effect(e)
	}
	if step.Output.Redirect != spec.None {
		r.print("redirected to %s", step.Output.Redirect)
	}
	if reflect.DeepEqual(step.Before, step.After) {
		r.print("%s stays as it is", id)
	} else {
		r.show(id)
	}
	r.judged(step)
}

func (r *run) print(format string, args ...any) {
	if !r.quiet {
		fmt.Fprintf(&r.out, "  "+format+"\n", args...)
	}
}

func (r *run) effect(e spec.Effect) {
	switch e.Kind {
	case spec.Send:
		r.print("send %s", e.Message)
		r.inFlight = append(r.inFlight, e.Message)
	case spec.Write:
		r.print("write")
	case spec.Sync:
		r.print("sync")
	case spec.Answer, spec.Apply:
		switch {
		case e.Reply.Passed:
			r.print("pass over %s at index %d", e.Reply.Value, e.Reply.Index)
		case e.Reply.Failed:
			r.print("answer that %s failed", e.Reply.Value)
		default:
			r.print("%s %s at index %d", e.Kind, e.Reply.Value, e.Reply.Index)
		}
	case spec.Fail:
		r.print("the disk refuses to write")
	}
}

func durable(d spec.Durable) string {
	return fmt.Sprintf("term=%d vote=%s log=%s", d.Term, d.VotedFor, d.Log)
}

// show prints what matters of a server in its role.
func (r *run) show(id spec.ServerID) {
	o := r.nodes[id].Observe()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s term=%d vote=%s log=%s", id, o.Role, o.Term, o.VotedFor, o.Log)
	if o.Role != spec.Crashed {
		fmt.Fprintf(&b, " commit=%d", o.CommitIndex)
	}
	if o.LeaderID != spec.None && o.LeaderID != id {
		fmt.Fprintf(&b, " leader=%s", o.LeaderID)
	}
	if o.Role == spec.Candidate {
		fmt.Fprintf(&b, " granted=%v refused=%v", o.Granted, o.Refused)
	}
	for _, p := range o.Progress {
		fmt.Fprintf(&b, " %s:next=%d,match=%d", p.Server, p.NextIndex, p.MatchIndex)
	}
	if disk, memory := durable(o.Durable), durable(spec.Durable{Term: o.Term, VotedFor: o.VotedFor, Log: o.Log}); disk != memory {
		fmt.Fprintf(&b, " (synced: %s)", disk)
	}
	r.print("%s", b.String())
}

func (r *run) judged(step *spec.Step) {
	for _, breach := range r.judge.Step(spec.Origin(r.steps), step) {
		r.print("breaks %s %s", breach.Rule.ID, breach.Rule.Name)
		if len(r.broken) == 0 {
			r.first = r.steps
		}
		if !slices.Contains(r.broken, breach.Rule.ID) {
			r.broken = append(r.broken, breach.Rule.ID)
		}
	}
}
