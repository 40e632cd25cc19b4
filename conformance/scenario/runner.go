package scenario

import (
	"context"
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Runner puts one subject through scenarios. It is not for use by several goroutines at once.
type Runner struct {
	subject Subject
	looked  map[Feature]*Result // features that were looked for
	asked   bool                // whether its peers can be played
	mute    string              // why not
}

// NewRunner returns a runner for a subject of which nothing is known yet.
func NewRunner(subject Subject) *Runner {
	return &Runner{subject: subject, looked: map[Feature]*Result{}}
}

// Run puts the subject through a scenario, once and then once more for every place where the script lets it crash.
func (r *Runner) Run(ctx context.Context, s *Scenario) Result {
	result := Result{Scenario: s, Requirement: s.Requirement}
	if result.Because = r.Unplayable(ctx); result.Because != "" {
		return result
	}
	rule, judged := spec.RuleByName(s.Requirement)
	if judged && len(rule.Only) > 0 && !slices.ContainsFunc(rule.Only, r.subject.Variants.Has) {
		result.Outcome, result.Because = NotApplicable, fmt.Sprintf("it is asked only of who declares %s", anyOf(rule.Only))
		return result
	}
	if s.Servers != usualServers && r.subject.Variants.Has(spec.FlexibleQuorums) {
		result.Because = fmt.Sprintf("the quorums that it declares are not those of %d servers", s.Servers)
		return result
	}
	if missing := r.lacks(ctx, s); missing != nil {
		result.Outcome, result.Because = missing.Outcome, missing.Because
		return result
	}
	ways, checked := r.ways(ctx, s, &result)
	result.take(ways)
	if !judged {
		return result
	}
	if k := slices.IndexFunc(rule.Unless, r.subject.Variants.Has); k >= 0 && result.Outcome != Faulty && result.Outcome != NotExercised {
		result.Outcome, result.Variant, result.Because = AllowedOtherwise, rule.Unless[k], ""
	}
	if result.Outcome == Met && checked == 0 && rule.Step != nil {
		result.Outcome, result.Because = NotExercised, fmt.Sprintf("nothing that the server did or showed put %s to the test", rule.Name)
	}
	return result
}

// Unplayable says why nobody can play the peers of the subject's servers; "" if the suite can. What a candidate sends tells: messages with a Payload have
// a form of their own, which only a [spec.Composer] can write.
func (r *Runner) Unplayable(ctx context.Context) string {
	if r.asked {
		return r.mute
	}
	r.asked = true
	x := newExecution(ctx, &r.subject, &Scenario{Servers: usualServers, steps: []statement{{verb: verbInput, input: spec.Timeout, try: true}}}, nil)
	x.run()
	if _, composes := x.node.(spec.Composer); composes {
		return ""
	}
	if k := slices.IndexFunc(x.sentEver, func(m spec.Message) bool { return m.Payload != "" }); k >= 0 {
		r.mute = fmt.Sprintf("its peers cannot be played: its %s has a form of its own, and the node does not compose messages (spec.Composer)", x.sentEver[k].Kind)
	}
	return r.mute
}

func anyOf(vs []spec.Variant) string {
	text := ""
	for k, v := range vs {
		if k > 0 {
			text += " or "
		}
		text += string(v)
	}
	return text
}

// lacks looks for the features that a scenario needs, and returns what came of the first that is not there; nil if all are.
func (r *Runner) lacks(ctx context.Context, s *Scenario) *Result {
	for _, name := range s.Needs {
		if _, declared := spec.HabitOf(spec.Variant(name)); declared {
			if !r.subject.Variants.Has(spec.Variant(name)) {
				return &Result{Outcome: NotApplicable, Because: fmt.Sprintf("it does not declare %s", name)}
			}
			continue
		}
		if found := r.feature(ctx, name); found.Outcome != Met {
			return found
		}
	}
	return nil
}

// feature looks for a feature, once.
func (r *Runner) feature(ctx context.Context, name Feature) *Result {
	if found := r.looked[name]; found != nil {
		return found
	}
	probe := book().features[name]
	x := newExecution(ctx, &r.subject, probe, nil)
	x.run()
	found := &Result{Outcome: x.outcome, Because: x.because}
	switch {
	case (x.outcome == NotExercised || x.outcome == Broken) && x.within == "" && ctx.Err() == nil:
		found.Outcome, found.Because = NotApplicable, fmt.Sprintf("%s: looked for and not there: %s", name, x.because)
	case x.outcome != Met:
		found.Because = fmt.Sprintf("%s: %s", name, x.because)
	}
	if ctx.Err() == nil {
		r.looked[name] = found
	}
	return found
}

// ways goes through a scenario in all the ways that its crashes leave open. It returns them and how often the scenario's own rule was put to the test.
func (r *Runner) ways(ctx context.Context, s *Scenario, result *Result) (ways []*execution, checked int) {
	try := func(c *cut) *execution {
		x := newExecution(ctx, &r.subject, s, c)
		x.run()
		result.Runs++
		result.Steps += x.given
		for _, b := range x.breaches {
			if !slices.ContainsFunc(result.Breaches, func(known *spec.Breach) bool { return known.Rule == b.Rule }) {
				result.Breaches = append(result.Breaches, b)
			}
		}
		ways, checked = append(ways, x), checked+x.judge.Checked(s.Requirement)
		return x
	}
	whole := try(nil)
	for _, c := range whole.cuts() {
		if ctx.Err() != nil {
			break
		}
		if x := try(&c); x.outcome == Broken {
			break
		}
	}
	return ways, checked
}

// take makes the outcome of the ways through a scenario its own: the first that is broken, the first that is faulty, or the whole one.
func (r *Result) take(ways []*execution) {
	from := ways[0]
	for _, bad := range []Outcome{Faulty, Broken} {
		if k := slices.IndexFunc(ways, func(x *execution) bool { return x.outcome == bad }); k >= 0 {
			from = ways[k]
		}
	}
	r.Outcome, r.Because, r.Story, r.Record = from.outcome, from.because, from.story.String(), from.record
	if from.at != nil {
		r.Line = from.at.line
	}
}
