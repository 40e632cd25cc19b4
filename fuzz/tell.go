package fuzz

import (
	"fmt"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/traces"
)

// tell runs what was found again from fresh nodes, shortens it, and adds it to the result.
func (c *campaign) tell(r *Result) error {
	f := c.first
	r.Found = Found{Run: f.run, Strategy: f.strategy, Length: len(f.way)}
	actions, err := c.workers[0].Actions(f.way)
	if err != nil {
		return err
	}
	trace, broken, err := checker.Run(c.config, actions, c.options.Rules)
	if err != nil {
		return err
	}
	if len(broken) == 0 {
		last := actions[len(actions)-1]
		return &checker.Fault{Server: last.Server, Step: last.String(),
			Err: fmt.Errorf("a violation found by run %d is not there when its %d steps run again from fresh nodes: the node is not deterministic, or raftcheck is wrong", f.run, len(actions))}
	}
	trace.Header.Origin, trace.Header.Implementation, trace.Header.Seed = "fuzz", c.options.Name, c.options.Seed
	short, tried, err := shorten(c.config, trace, c.options.Rules)
	if err != nil {
		return err
	}
	r.Found.Tried = tried
	told, _ := traces.Broken(short, c.options.Rules, c.config.Variants)
	for _, b := range told {
		r.Findings = append(r.Findings, checker.Finding{Finding: b, Trace: short})
	}
	return nil
}
