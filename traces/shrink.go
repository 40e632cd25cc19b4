package traces

import (
	"errors"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// ErrNoBreach says that a trace breaks none of the rules, so that there is nothing to shrink to.
var ErrNoBreach = errors.New("the trace breaks none of the rules")

// Shrink makes a failing trace as short as it can by leaving out records, so that it still breaks the same rule. The result is
// a real execution of the implementation: its records are what fresh nodes did. Where leaving something out changes what is
// sent later, a term for instance, the messages that are sent instead arrive. The first rule that the trace breaks is
// kept; steps after the one that breaks it are cut off. It returns the trace and the number of executions that were tried.
func Shrink(t *Trace, factory spec.Factory, rules []*spec.Rule, variants spec.Variants) (*Trace, int, error) {
	s := &shrinker{servers: t.Header.Servers, network: t.Header.Network, factory: factory, rules: rules, variants: variants}
	records, rule := s.run(t.Records, nil)
	if rule == nil {
		return nil, s.tried, ErrNoBreach
	}
	records = s.minimise(s.patient(records, rule), rule)
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
// here, because nothing like its message was sent or the server refuses it, is left out.
func (s *shrinker) run(records []Record, want *spec.Rule) ([]Record, *spec.Rule) {
	s.tried++
	world := newReplayWorld(s.servers, s.network, s.factory)
	judge := spec.NewJudge(s.rules, s.variants)
	var happened []Record
	for k := range records {
		r, ok := world.apply(world.fitting(&records[k]))
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

// patient leaves the losses out, if the rule is broken without them: a message that is late for ever needs no step of its own.
func (s *shrinker) patient(records []Record, rule *spec.Rule) []Record {
	var candidate []Record
	for _, r := range records {
		if r.Event != EventDrop {
			r.Lost = nil
			candidate = append(candidate, r)
		}
	}
	if kept, broken := s.run(candidate, rule); broken != nil && len(kept) <= len(records) {
		return kept
	}
	return records
}

// pairsBelow is how many records a trace has at most for pairs of them to be left out.
const pairsBelow = 64

// minimise leaves out ever smaller runs of records for as long as the rule stays broken (delta debugging), and when single records
// are all needed, pairs of them: an election that two servers take part in.
func (s *shrinker) minimise(records []Record, rule *spec.Rule) []Record {
	for {
		records = s.leaveOutRuns(records, rule)
		if len(records) > pairsBelow {
			return records
		}
		shorter, found := s.leaveOutPair(records, rule)
		if !found {
			return records
		}
		records = shorter
	}
}

func (s *shrinker) leaveOutRuns(records []Record, rule *spec.Rule) []Record {
	for size := max(len(records)/2, 1); ; {
		shorter := false
		for from := len(records) - size; from > -size; from -= size {
			lo, hi := max(from, 0), min(from+size, len(records))
			if lo >= hi {
				continue
			}
			candidate := slices.Concat(records[:lo], records[hi:])
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

// leaveOutPair leaves out the first pair of records that are not both needed, from the end.
func (s *shrinker) leaveOutPair(records []Record, rule *spec.Rule) ([]Record, bool) {
	for k := len(records) - 1; k > 0; k-- {
		for i := k - 1; i >= 0; i-- {
			candidate := slices.Concat(records[:i], records[i+1:k], records[k+1:])
			if kept, broken := s.run(candidate, rule); broken != nil && len(kept) < len(records) {
				return kept, true
			}
		}
	}
	return nil, false
}
