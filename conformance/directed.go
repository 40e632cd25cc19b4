package conformance

import (
	"fmt"

	"github.com/raftcheck/raftcheck/conformance/scenario"
)

// direct puts the subject through every scenario of the chosen profiles.
func (r *run) direct() {
	r.directed, r.breaks = map[string]Directed{}, map[string]*scenario.Result{}
	runner := scenario.NewRunner(scenario.Subject{Name: r.Name, New: r.World.New, Variants: r.World.Variants})
	if why := runner.Unplayable(r.ctx); why != "" {
		r.worlds = append(r.worlds, WorldResult{Name: "scenarios", About: "directed tests of one server", Left: why})
		return
	}
	for _, s := range scenario.All() {
		if r.over() {
			return
		}
		result := runner.Run(r.ctx, s)
		d := r.directed[s.Requirement]
		d.Scenarios++
		switch result.Outcome {
		case scenario.Met:
			d.Met++
			d.Steps += result.Steps
		case scenario.Broken:
			d.Broken = append(d.Broken, s.Name)
			r.noteBreak(s.Requirement, &result)
		case scenario.Faulty:
			r.fault = fmt.Errorf("in scenario %s: %s", s.Name, result.Because)
		case scenario.NotExercised, scenario.NotApplicable:
			if d.because == "" {
				d.because, d.absent = result.Because, result.Outcome == scenario.NotApplicable
			}
		}
		r.directed[s.Requirement] = d
		for _, b := range result.Breaches {
			if b.Rule.ID != s.Requirement {
				r.noteBreak(b.Rule.ID, &result)
			}
		}
	}
}

// noteBreak keeps the first result that breaks a requirement.
func (r *run) noteBreak(id string, result *scenario.Result) {
	if r.breaks[id] == nil {
		r.breaks[id] = result
	}
}

// why says in a line how a scenario breaks a requirement.
func why(id string, result *scenario.Result) string {
	for _, b := range result.Breaches {
		if b.Rule.ID == id {
			return b.Message
		}
	}
	return result.Because
}
