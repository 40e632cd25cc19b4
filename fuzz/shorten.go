package fuzz

import (
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// shorten makes a failing execution as short as it can.
func shorten(config *cluster.Config, t *traces.Trace, rules []*spec.Rule) (*traces.Trace, int, error) {
	short, tried, err := traces.Shrink(t, config.New, rules, config.Variants)
	if err != nil {
		return nil, tried, err
	}
	return traces.Story(short, rules, config.Variants), tried, nil
}
