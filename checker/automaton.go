package checker

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Automaton is all that the servers of a world were seen to do: for each, its states and what each input leads to. Its states are
// numbered in the order in which they are met by always trying inputs in alphabetical order, so two implementations that do the
// same have equal automata. It can be stored as JSON, to be compared with an implementation that does not fit into one program.
type Automaton struct {
	Name    string
	World   string          // the servers, bounds and faults
	Servers [][]*LocalState // by server; each begins with its first state
}

// LocalState is a state of one server.
type LocalState struct {
	Shows string // what the server shows
	Steps []Step // ascending by Input
}

// Step is what a server does on an input.
type Step struct {
	Input   string
	Outcome string // its effects in order, or that it refuses the input
	Next    int    // its state afterwards; -1 if that is outside the bounds
}

// LearnOptions says how to learn an automaton.
type LearnOptions struct {
	Name string
	// Payload says in words what a message's payload holds. Nil leaves payloads out.
	Payload func(payload string) string
	Memory  int // bytes; 0 is no bound
}

// Learn searches a world to the end, without judging it, and returns what its servers do. The error is a *Fault when the
// implementation broke, or *Unfinished when the search did not come to its end.
func Learn(ctx context.Context, config *cluster.Config, o LearnOptions) (*Automaton, error) {
	world := *config
	world.NoHistory = true // what happened earlier makes no difference to what one server does
	run, err := newRun(&world, Options{Rules: []*spec.Rule{}, Memory: o.Memory})
	if err != nil {
		return nil, err
	}
	result, err := run.exhaust(ctx)
	switch {
	case err != nil:
		return nil, err
	case !result.Search.Complete && world.Bounds.Depth == 0:
		return nil, &Unfinished{result.Reason}
	}
	l := learner{memo: run.memo, payload: o.Payload, steps: make([][]Step, len(run.servers))}
	if err := l.learn(); err != nil {
		return nil, err
	}
	a := &Automaton{Name: o.Name, World: config.String()}
	for slot := range world.IDs() {
		a.Servers = append(a.Servers, l.numbered(uint32(slot)))
	}
	return a, nil
}

// Unfinished says that a search that is of use only when it comes to its end did not.
type Unfinished struct {
	Reason string // "the time was used up"
}

// Error returns the reason.
func (u *Unfinished) Error() string { return u.Reason }

// learner reads an automaton from a memo. Of what a step did the memo keeps only what the search needs, so steps are run again.
type learner struct {
	*memo
	payload func(string) string
	steps   [][]Step // by server state; Next is a server state
}

func (l *learner) learn() error {
	known := map[stepOrigin]bool{}
	for k := range l.memo.steps {
		step, err := l.stepOf(uint32(k))
		if err != nil {
			return err
		}
		from := l.stepFrom[k]
		known[from] = true
		l.add(from.state, step.Input, &step.Output, int(l.memo.steps[k].next))
	}
	var rest []stepOrigin
	for state := range l.servers {
		for k := range l.inputs[l.servers[state].slot] {
			rest = append(rest, stepOrigin{state: uint32(state), input: uint16(k)})
		}
	}
	for _, slot := range l.deliveries.slots {
		if slot.key != 0 {
			rest = append(rest, stepOrigin{state: uint32(slot.key >> 32), message: uint32(slot.key)})
		}
	}
	for _, from := range rest {
		if !known[from] && (l.own[from.state] != unresolved || from.message != 0) {
			if err := l.learnRest(from); err != nil {
				return err
			}
		}
	}
	return nil
}

// learnRest learns what the memo did not record: that an input is refused, or leads out of the bounds.
func (l *learner) learnRest(from stepOrigin) error {
	s := &l.servers[from.state]
	kept, err := l.rebuild(s.slot, s.node, s.from)
	if err != nil {
		return err
	}
	in := spec.Input{Kind: spec.Deliver, Message: l.messages[from.message]}
	if from.message == 0 {
		in = l.inputs[s.slot][from.input]
	}
	out := cluster.StepOf(kept.node, in)
	l.add(from.state, in, &out, -1)
	return out.Fault
}

func (l *learner) add(state uint32, in spec.Input, out *spec.Output, next int) {
	l.steps[state] = append(l.steps[state], Step{l.input(&in), l.outcome(out), next})
}

func (l *learner) input(in *spec.Input) string {
	if in.Kind != spec.Deliver {
		return in.String()
	}
	text := *in
	text.Message.Payload = ""
	return text.String() + l.carried(&in.Message)
}

func (l *learner) carried(m *spec.Message) string {
	if l.payload == nil || m.Payload == "" {
		return ""
	}
	return " (" + l.payload(m.Payload) + ")"
}

func (l *learner) outcome(out *spec.Output) string {
	if out.Refused {
		return "refuses"
	}
	var parts []string
	for k := range out.Effects {
		e := &out.Effects[k]
		switch e.Kind {
		case spec.Send:
			parts = append(parts, "sends "+e.Message.String()+l.carried(&e.Message))
		case spec.Answer:
			parts = append(parts, fmt.Sprintf("answers %q at index %d", e.Reply.Value, e.Reply.Index))
		default:
			parts = append(parts, fmt.Sprintf("%ss, and has on disk term %d, vote for %s, log %s", e.Kind, e.Durable.Term, e.Durable.VotedFor, e.Durable.Log))
		}
	}
	if out.Redirect != spec.None {
		parts = append(parts, "sends the client on to "+out.Redirect.String())
	}
	if len(parts) == 0 {
		return "sends and writes nothing"
	}
	return strings.Join(parts, "; ")
}

// numbered returns the states of one server in the order in which they are met.
func (l *learner) numbered(slot uint32) []*LocalState {
	number := map[int]int{int(slot): 0} // the first states of the servers have the first ids
	order := []int{int(slot)}
	var states []*LocalState
	for k := 0; k < len(order); k++ {
		id := order[k]
		steps := slices.Clone(l.steps[id])
		slices.SortStableFunc(steps, func(a, b Step) int {
			return cmp.Or(cmp.Compare(a.Input, b.Input), cmp.Compare(a.Outcome, b.Outcome))
		})
		for n := range steps {
			next := steps[n].Next
			if _, met := number[next]; !met && next >= 0 {
				number[next] = len(order)
				order = append(order, next)
			}
			if next >= 0 {
				steps[n].Next = number[next]
			}
		}
		states = append(states, &LocalState{shows(l.servers[id].sight.Observation), steps})
	}
	return states
}

// shows says all that a server shows, in one line.
func shows(o *spec.Observation) string {
	text := fmt.Sprintf("%s, term %d, vote for %s, leader %s, log %s, commit %d, applied %d", o.Role, o.Term, o.VotedFor, o.LeaderID, o.Log,
		o.CommitIndex, o.LastApplied)
	if len(o.Granted)+len(o.Refused) > 0 {
		text += fmt.Sprintf(", votes %v and refusals %v", o.Granted, o.Refused)
	}
	for _, p := range o.Progress {
		text += fmt.Sprintf(", %s next %d match %d", p.Server, p.NextIndex, p.MatchIndex)
	}
	return text + fmt.Sprintf(", voters %v", o.Config.Voters) + unlessNone(", outgoing %v", o.Config.Outgoing) + unlessNone(", learners %v", o.Config.Learners)
}

func unlessNone(format string, ids []spec.ServerID) string {
	if len(ids) == 0 {
		return ""
	}
	return fmt.Sprintf(format, ids)
}

// WriteTo writes the automaton as text, a line for each state and each of its steps, which any tool can compare.
func (a *Automaton) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	for slot, states := range a.Servers {
		for k, s := range states {
			fmt.Fprintf(&b, "%s state %d: %s\n", spec.ServerID(slot+1), k, s.Shows)
			for _, step := range s.Steps {
				fmt.Fprintf(&b, "  %s -> %d: %s\n", step.Input, step.Next, step.Outcome)
			}
		}
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}
