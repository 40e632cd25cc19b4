package traces

import (
	"errors"

	"github.com/raftcheck/raftcheck/spec"
)

// ErrNoBreach says that a trace breaks none of the rules, so that there is nothing to shrink to.
var ErrNoBreach = errors.New("the trace breaks none of the rules")

// Shrink makes a failing trace as short as it can by leaving out records, so that it still breaks the same rule. The result is
// a real execution of the implementation: its records are what fresh nodes did. The first rule that the trace breaks is
// kept; steps after the one that breaks it are cut off. It returns the trace and the number of executions that were tried.
func Shrink(t *Trace, factory spec.Factory, rules []*spec.Rule, variants spec.Variants) (*Trace, int, error) {
	s := &shrinker{servers: t.Header.Servers, network: t.Header.Network, factory: factory, rules: rules, variants: variants}
	records, rule := s.run(t.Records, nil)
	if rule == nil {
		return nil, s.tried, ErrNoBreach
	}
	records = s.minimise(records, rule)
	short := &Trace{Header: t.Header, Records: records}
	short.Header.Breaks = []string{rule.ID}
	short.Header.Records = len(records)
	return short, s.tried, Validate(short)
}

type shrinker struct {
	servers  []spec.ServerID
	network  string
	factory  spec.Factory
	rules    []*spec.Rule
	variants spec.Variants
	tried    int
}

// run executes the records' inputs on fresh nodes. It returns the records as they happened, up to and including the first that
// breaks a rule, and that rule; nil when none is broken. With want, only that rule counts. An input that is not possible
// here, because its message was not sent or the server refuses it, is left out.
func (s *shrinker) run(records []Record, want *spec.Rule) ([]Record, *spec.Rule) {
	s.tried++
	world := newReplayWorld(s.servers, s.network, s.factory)
	judge := spec.NewJudge(s.rules, s.variants)
	var happened []Record
	for k := range records {
		r, ok := world.apply(&records[k])
		if !ok {
			continue
		}
		r.Number = len(happened) + 1
		happened = append(happened, r)
		if r.Step == nil {
			continue
		}
		for _, b := range judge.Step(spec.Origin(r.Number), r.Step) {
			if want == nil || b.Rule == want {
				return happened, b.Rule
			}
		}
	}
	return nil, nil
}

// minimise leaves out ever smaller runs of records for as long as the rule stays broken (delta debugging).
func (s *shrinker) minimise(records []Record, rule *spec.Rule) []Record {
	for size := max(len(records)/2, 1); ; {
		shorter := false
		for from := len(records) - size; from > -size; from -= size {
			lo, hi := max(from, 0), min(from+size, len(records))
			if lo >= hi {
				continue
			}
			candidate := append(append([]Record{}, records[:lo]...), records[hi:]...)
			if kept, broken := s.run(candidate, rule); broken != nil && len(kept) < len(records) {
				records, shorter = kept, true
			}
		}
		switch {
		case size > 1:
			size /= 2
		case !shorter:
			return records
		}
	}
}
