package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/conformance/contract"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// statement puts together what came of everything.
func (r *run) statement() *Statement {
	s := &Statement{Format: Format, Suite: r.Version, Implementation: r.Name, Variants: r.World.Variants.Names(), Level: r.Level.String(), Seed: r.Seed,
		Worlds: r.worlds, Campaign: r.campaign, Adapter: r.adapter(), Fault: r.fault}
	if r.tried.Failure != nil {
		s.Fault = r.tried.Failure
	}
	if s.Worlds == nil {
		s.Worlds = []WorldResult{}
	}
	for _, p := range r.profiles {
		s.Profiles = append(s.Profiles, string(p))
	}
	for _, rule := range spec.AllRules() {
		if rule.Profile != spec.Recording && slices.Contains(r.profiles, rule.Profile) {
			s.Requirements = append(s.Requirements, r.requirement(rule))
		}
	}
	for _, u := range spec.NotJudged {
		if slices.Contains(r.profiles, unjudgedProfile(u.ID)) {
			s.Requirements = append(s.Requirements, Requirement{ID: u.ID, Name: u.Name, Level: spec.Must.String(), Profile: string(unjudgedProfile(u.ID)), Sentence: u.Sentence,
				Outcome: NotExercised, Because: "no rule judges it. " + u.Because})
		}
	}
	slices.SortStableFunc(s.Requirements, func(a, b Requirement) int { return compareIDs(a.ID, b.ID) })
	s.conclude(r.ctx.Err() != nil)
	return s
}

// unjudgedProfile is the part of Raft that a requirement without a rule belongs to.
func unjudgedProfile(id string) spec.Profile {
	switch {
	case strings.HasPrefix(id, "R7-"):
		return spec.Snapshot
	case strings.HasPrefix(id, "X-ST"):
		return spec.Storage
	}
	return spec.Core
}

// compareIDs orders requirements as the rulebook does: by section, and by number.
func compareIDs(a, b string) int {
	rank := func(id string) string {
		letter := map[byte]string{'R': "0", 'D': "1", 'X': "2"}[id[0]]
		return letter + id
	}
	return strings.Compare(rank(a), rank(b))
}

// requirement is what came of one.
func (r *run) requirement(rule *spec.Rule) Requirement {
	q := Requirement{ID: rule.ID, Name: rule.Name, Level: rule.Level.String(), Profile: string(rule.Profile), Sentence: rule.Sentence}
	for _, v := range slices.Concat(rule.Unless, rule.Varies) {
		if r.World.Variants.Has(v) && !slices.Contains(q.Variants, string(v)) {
			q.Variants = append(q.Variants, string(v))
		}
	}
	q.Steps, q.Worlds = r.exercised[rule.ID], r.in[rule.ID]
	d, has := r.directed[rule.ID]
	if has {
		q.Directed = &d
	}
	switch f, result := r.broken[rule.ID], r.breaks[rule.ID]; {
	case f == nil && result != nil:
		q.Outcome, q.Because = Broken, fmt.Sprintf("%s (in scenario %s)", why(rule.ID, result), result.Scenario.Name)
		q.Story = strings.Split(strings.TrimRight(result.Story, "\n"), "\n")
	case f != nil:
		q.Outcome, q.Because, q.Shape, q.Finding, q.Trace = Broken, fmt.Sprintf("%s (in %s)", f.Message, r.where[rule.ID]), f.Shape, &f.Finding, f.Trace
		q.Story = story(f.Trace, &f.Finding)
	case slices.ContainsFunc(rule.Unless, r.World.Variants.Has):
		q.Outcome, q.Because, q.Steps, q.Worlds = AllowedOtherwise, "it declares "+strings.Join(q.Variants, ", ")+", which makes it void", 0, nil
	case len(rule.Only) > 0 && !slices.ContainsFunc(rule.Only, r.World.Variants.Has):
		q.Outcome, q.Because, q.Steps, q.Worlds = NotApplicable, "it declares none of "+list(rule.Only)+", of which the requirement is", 0, nil
	case d.Met > 0:
		q.Outcome = Met
	case r.World.Variants.Has(insteadOf[rule.ID]) && q.Steps == 0:
		q.Outcome, q.Because = AllowedOtherwise, fmt.Sprintf("it declares %s, and nothing that it did put the requirement to the test", insteadOf[rule.ID])
		q.Variants = append(q.Variants, string(insteadOf[rule.ID]))
	case r.absent(rule) != "":
		q.Outcome, q.Because, q.Steps, q.Worlds = NotApplicable, r.absent(rule), 0, nil
	case q.Steps == 0:
		q.Outcome, q.Because = r.untried(rule)
	default:
		q.Outcome = Met
	}
	return q
}

// aboutFeature are requirements of what servers are asked for and need not take. Steps of servers that do not take it say nothing of them.
var aboutFeature = map[string]spec.InputKind{
	"R5.3-14": spec.Compact, "R7-01": spec.Compact, "R7-02": spec.Compact, "R7-03": spec.Compact, "R7-04": spec.Compact, "R7-05": spec.Compact,
	"R7-06": spec.Compact, "R7-07": spec.Compact, "R7-08": spec.Compact, "R7-09": spec.Compact, "R7-11": spec.Compact,
	"R8-03": spec.ReadIndex, "R8-04": spec.ReadIndex, "R8-05": spec.ReadIndex, "R8-06": spec.ReadIndex, "R8-11": spec.ReadIndex,
	"D3.10-01": spec.Transfer, "R5.6-04": spec.StorageError,
}

// aboutVariant are requirements of what an implementation has to declare.
var aboutVariant = map[string][]spec.Variant{
	"R8-07": {spec.TellsClients}, "R8-08": {spec.TellsClients}, "R8-09": {spec.TellsClients}, "R8-10": {spec.TellsClients},
	"D9.6-01": {spec.PreVotes, spec.PreVotesBySome}, "R5.6-07": {spec.StoresLater},
}

// insteadOf are declared differences that leave a requirement nothing to judge, without making it void: whoever answers no stale request answers none wrongly.
var insteadOf = map[string]spec.Variant{"R5.1-04": spec.SilentOnStale}

// absent says how it was seen that the implementation has not got what a rule is about; "" if it has, or the rule is about what all have.
func (r *run) absent(rule *spec.Rule) string {
	if r.tried.Failure != nil {
		return ""
	}
	if kind := aboutFeature[rule.ID]; kind != 0 {
		return r.lacks(kind)
	}
	if vs := aboutVariant[rule.ID]; vs != nil && !slices.ContainsFunc(vs, r.World.Variants.Has) {
		return "it declares none of " + list(vs) + ", of which the requirement is"
	}
	return ""
}

// untried says why nothing put a rule to the test: it did not happen, or the implementation has not got what it is about.
func (r *run) untried(rule *spec.Rule) (outcome, because string) {
	if rule.Profile == spec.Membership && r.tried.Failure == nil && r.lacks(spec.Reconfigure) != "" {
		return NotApplicable, r.lacks(spec.Reconfigure)
	}
	switch {
	case r.tried.Failure != nil:
		return NotExercised, "the adapter fails " + r.tried.Failure.Check.Name
	case r.over():
		return NotExercised, "the run ended before"
	case rule.Live != nil && rule.Step == nil:
		return NotExercised, "executions without end were not judged: it takes a world that is searched to the end on a graph (raftcheck check --liveness)"
	case !slices.Contains(r.profiles, spec.Core):
		return NotExercised, "the worlds of the chosen profiles do not come to it"
	}
	return NotExercised, "nothing happened that it is about, in any of the worlds: it takes a larger one, or a feature that was not there"
}

func story(t *traces.Trace, f *traces.Finding) []string {
	if t == nil {
		return nil
	}
	var b strings.Builder
	_ = traces.Text(&b, t, f) // a strings.Builder takes everything
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
}

// adapter is what the contract's checks came to.
func (r *run) adapter() Adapter {
	a := Adapter{Inputs: r.tried.Given}
	for _, c := range contract.Checks {
		k := Check{Name: c.Name, Outcome: Met, Tried: r.tried.Tried[c]}
		if k.Tried == 0 {
			k.Outcome = NotExercised
		}
		if f := r.tried.Failure; f != nil && f.Check == c {
			k.Outcome, k.Message = Broken, f.Message
			k.Story = strings.Split(strings.TrimRight(f.Story(), "\n"), "\n")
		}
		a.Checks = append(a.Checks, k)
	}
	return a
}

// conclude counts outcomes and gives the verdict.
func (s *Statement) conclude(ended bool) {
	c := &s.Counts
	for _, q := range s.Requirements {
		switch q.Outcome {
		case Met:
			c.Met++
		case Broken:
			c.Broken++
		case AllowedOtherwise:
			c.AllowedOtherwise++
		case NotApplicable:
			c.NotApplicable++
		default:
			c.NotExercised++
		}
	}
	var failure *contract.Failure
	switch {
	case c.Broken > 0:
		s.Verdict = NotConforming
	case errors.As(s.Fault, &failure):
		s.Verdict, s.Because = Inconclusive, []string{failure.Error()}
	case s.Fault != nil:
		s.Verdict, s.Because = Inconclusive, []string{s.Fault.Error()}
	case ended:
		s.Verdict, s.Because = Inconclusive, []string{"the run ended before all was tried"}
	case c.Met == 0:
		s.Verdict, s.Because = Inconclusive, []string{"no requirement was put to the test"}
	default:
		s.Verdict = Conforming
	}
}
