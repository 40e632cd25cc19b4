package checker

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// tell runs an execution that breaks a promise again from fresh servers, the round twice, and tells it.
func (j *liveJudge) tell(l *lasso, o Options) (Finding, error) {
	way, err := j.wayTo(l.from)
	if err != nil {
		return Finding{}, err
	}
	round := j.along(l.from, l.edges)
	if err := confirmLasso(j.config, l, way, round); err != nil {
		return Finding{}, &Fault{Step: "an execution without end", Err: err}
	}
	trace, _, err := Run(j.config, slices.Concat(way, round), nil)
	if err != nil {
		return Finding{}, err
	}
	trace.Header = headerOf(j.config, []*spec.Rule{l.Rule})
	trace.Header.Records = len(trace.Records)
	trace.Header.Origin, trace.Header.Implementation, trace.Header.Breaks = "check", o.Name, []string{l.Rule.ID}
	breach := &spec.Breach{Rule: l.Rule, Message: l.promise.Live.Says(j.cluster(l.from), l.of)}
	place := traces.Place{Step: len(way), Role: "from here on it is out of reach"}
	switch {
	case !l.endless:
		breach.Refused = []spec.Condition{{Text: "what is promised is within reach", Values: "it is in no state that can follow, in these bounds"}}
	case len(round) == 0:
		breach.Refused = []spec.Condition{{Text: "what is promised happens at last", Values: "nothing happens any more"}}
		place.Role = "nothing happens any more"
	default:
		trace.Header.Loop = len(way) + 1
		breach.Refused = []spec.Condition{{Text: "what is promised happens at last",
			Values: fmt.Sprintf("after step %d everything is as it was after step %d", len(way)+len(round), len(way))}}
		place = traces.Place{Step: len(way) + 1, Role: "from here on it repeats"}
	}
	if place.Step > 0 {
		place.Server = trace.Records[place.Step-1].Server()
	}
	return Finding{Finding: traces.Finding{Breach: breach, Evidence: []traces.Place{place}}, Trace: trace, Loop: trace.Header.Loop}, nil
}

// confirmLasso goes the way and the round, the round twice, in a world of fresh servers, without memo and graph, and says what is not as it
// should be: each round ends as it began, what is promised is wanting all the time and does not come, and the round is fair.
func confirmLasso(config *cluster.Config, l *lasso, way, round []cluster.Action) error {
	w, err := cluster.New(config)
	if err != nil {
		return err
	}
	for k, a := range way {
		if outcome, err := w.Apply(a); err != nil || outcome.Refused || outcome.Outside {
			return fmt.Errorf("step %d, %s, is not possible when it is run again from fresh servers: %v", k+1, a, err)
		}
	}
	c := newRoundConfirmer(config, l)
	if !l.endless {
		return nil
	}
	for range 2 {
		begun := w.AppendState(nil)
		c.look(w)
		for _, a := range round {
			outcome, err := w.Apply(a)
			if err != nil || outcome.Refused || outcome.Outside {
				return fmt.Errorf("%s is not possible in a round that is run again from fresh servers: %v", a, err)
			}
			c.took(a, outcome.Step)
			c.look(w)
		}
		if !bytes.Equal(begun, w.AppendState(nil)) {
			return fmt.Errorf("a round of %d steps does not end in the state in which it began, when it is run again from fresh servers: the node is not deterministic, or raftcheck is wrong", len(round))
		}
	}
	return c.verdict()
}

// roundConfirmer watches a round for what makes it fair and a breach, in the slow, obvious way.
type roundConfirmer struct {
	config  *cluster.Config
	lasso   *lasso
	met     map[string]bool // timers that fired, were reset or have nothing to do
	wanted  map[string]bool // messages that were in flight or lost and could have arrived
	arrived map[string]bool
	wrong   error
	again   bool
}

func newRoundConfirmer(config *cluster.Config, l *lasso) *roundConfirmer {
	return &roundConfirmer{config: config, lasso: l, met: map[string]bool{}, wanted: map[string]bool{}, arrived: map[string]bool{}, again: l.promise.Live.Again == nil}
}

func timerName(id spec.ServerID, in spec.Input) string { return id.String() + " " + in.String() }

// look looks at one moment of the round.
func (c *roundConfirmer) look(w *cluster.World) {
	now := &spec.Cluster{Cuts: w.Cuts}
	for _, id := range c.config.IDs() {
		o := w.Observe(id)
		now.Servers = append(now.Servers, spec.Sight{Server: id, Observation: &o})
	}
	if !c.lasso.promise.Live.Waits(now, c.lasso.of) {
		c.wrong = fmt.Errorf("%s is not wanting all the time", c.lasso.Rule.Name)
	}
	for _, id := range c.config.IDs() {
		for _, in := range c.config.Spontaneous(id) {
			if goesOnBy(in.Kind) && c.changesNothing(w, cluster.Action{Kind: cluster.Give, Server: id, Input: in}) {
				c.met[timerName(id, in)] = true
			}
		}
	}
	for _, m := range w.InFlight() {
		c.want(w, m)
	}
}

// want notes that a message must arrive if it could.
func (c *roundConfirmer) want(w *cluster.World, m spec.Message) {
	if o := w.Observe(m.To); o.Role == spec.Crashed || w.Cuts(m.From, m.To) {
		return
	}
	outcome, err := w.Clone().Apply(cluster.Action{Kind: cluster.Give, Server: m.To, Input: spec.Input{Kind: spec.Deliver, Message: m}})
	if err == nil && !outcome.Refused {
		c.wanted[m.String()+m.Payload] = true
	}
}

// changesNothing reports whether a server refuses an input, or takes it and everything stays as it is.
func (c *roundConfirmer) changesNothing(w *cluster.World, a cluster.Action) bool {
	after := w.Clone()
	outcome, err := after.Apply(a)
	return err == nil && (outcome.Refused || !outcome.Outside && bytes.Equal(w.AppendState(nil), after.AppendState(nil)))
}

// took looks at one step of the round.
func (c *roundConfirmer) took(a cluster.Action, s *spec.Step) {
	live := c.lasso.promise.Live
	switch {
	case a.Kind == cluster.Drop || a.Kind == cluster.Copy:
		return
	case a.Kind != cluster.Give || !goesOnBy(a.Input.Kind) || a.Input.Cut > 0:
		c.wrong = fmt.Errorf("%s is no step that servers make by themselves", a)
	case live.Ends != nil && live.Ends(s, c.lasso.of):
		c.wrong = fmt.Errorf("%s is what was waited for", a)
	}
	c.again = c.again || live.Again(s, c.lasso.of)
	if a.Input.Kind != spec.Deliver {
		c.met[timerName(a.Server, a.Input)] = true
		return
	}
	c.arrived[a.Input.Message.String()+a.Input.Message.Payload] = true
	if resetsTimer(s) {
		c.met[timerName(a.Server, spec.Input{Kind: spec.Timeout})] = true
	}
}

// verdict says what is missing for the round to be fair.
func (c *roundConfirmer) verdict() error {
	if c.wrong != nil {
		return c.wrong
	}
	if !c.again {
		return fmt.Errorf("what must happen again and again does not happen in the round")
	}
	for _, id := range c.config.IDs() {
		for _, in := range c.config.Spontaneous(id) {
			hangs := c.lasso.promise.Live.DiskHangs && in.Kind == spec.Stored
			if goesOnBy(in.Kind) && !hangs && !c.met[timerName(id, in)] {
				return fmt.Errorf("%s is never given to %s in the round", in, id)
			}
		}
	}
	for m := range c.wanted {
		if !c.arrived[m] {
			return fmt.Errorf("%s never arrives in the round", m)
		}
	}
	return nil
}
