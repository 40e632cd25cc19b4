package main

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/spec"
)

// selection is what is judged: the values of --rule and --goal.
type selection struct {
	rules, goals []string
	debugGoal    string
}

func (s *selection) addRules(flags *pflag.FlagSet) {
	flags.StringSliceVar(&s.rules, "rule", nil, "judge only these rules, by id or `name`; '!NAME' is all but this one; all if not given")
}

func (s *selection) addGoals(flags *pflag.FlagSet) {
	flags.StringSliceVar(&s.goals, "goal", nil, "ask only for these goals, by `name`; all that the bounds allow if not given")
}

// chosenRules returns the selected rules in the rulebook's order, or all of them if none was selected: those that can be broken in finitely
// many steps. It is an error to select one that cannot.
func (s *selection) chosenRules() ([]*spec.Rule, error) {
	chosen, err := s.chosen()
	if err != nil {
		return nil, err
	}
	for _, r := range chosen {
		if endless(r) {
			return nil, usageError("raftcheck check judges it", "rule %s is about executions without end", r.Name)
		}
	}
	return chosen, nil
}

// chosen returns the selected rules of both kinds, or spec.Rules if none was selected.
func (s *selection) chosen() ([]*spec.Rule, error) {
	if len(s.rules) == 0 {
		return spec.Rules, nil
	}
	chosen, not := map[*spec.Rule]bool{}, map[*spec.Rule]bool{}
	for _, word := range s.rules {
		name, excluded := strings.CutPrefix(word, "!")
		r := ruleCalled(name)
		if r == nil {
			return nil, usageError(didYouMean(strings.ToLower(name), ruleNames(), "raftcheck explain rules lists them"), "unknown rule %q", name)
		}
		if excluded {
			not[r] = true
		} else {
			chosen[r] = true
		}
	}
	if len(chosen) == 0 {
		for _, r := range spec.Rules {
			chosen[r] = true
		}
	}
	rules := slices.DeleteFunc(judgeable(), func(r *spec.Rule) bool { return !chosen[r] || not[r] })
	if len(rules) == 0 {
		return nil, usageError("", "--rule %s leaves no rule to judge", strings.Join(s.rules, ","))
	}
	return rules, nil
}

// onlyExcludes reports whether no rule was selected, though some may have been excluded.
func (s *selection) onlyExcludes() bool {
	return !slices.ContainsFunc(s.rules, func(name string) bool { return !strings.HasPrefix(name, "!") })
}

// excludes reports whether a rule was excluded by name.
func (s *selection) excludes(r *spec.Rule) bool {
	return slices.ContainsFunc(s.rules, func(word string) bool {
		name, excluded := strings.CutPrefix(word, "!")
		return excluded && ruleCalled(name) == r
	})
}

// judgeable lists all rules, and behind them what is no promise and yet can be asked for.
func judgeable() []*spec.Rule {
	all := spec.AllRules()
	for _, g := range spec.DebugGoals {
		all = append(all, g.Invariant)
	}
	return all
}

// ruleCalled returns the rule with that id or name, or nil.
func ruleCalled(name string) *spec.Rule {
	for _, r := range judgeable() {
		if strings.EqualFold(r.ID, name) || strings.EqualFold(r.Name, name) {
			return r
		}
	}
	return nil
}

func ruleNames() []string {
	var names []string
	for _, r := range spec.AllRules() {
		names = append(names, r.Name, strings.ToLower(r.ID))
	}
	return names
}

// chosenGoals returns the selected goals, or nil if none was selected.
func (s *selection) chosenGoals() ([]*spec.Goal, error) {
	var chosen []*spec.Goal
	for _, name := range s.goals {
		k := slices.IndexFunc(spec.Goals, func(g *spec.Goal) bool { return strings.EqualFold(g.Name, name) })
		if k < 0 {
			return nil, usageError(didYouMean(strings.ToLower(name), goalNames(), "raftcheck explain goals lists them"), "unknown goal %q", name)
		}
		chosen = append(chosen, spec.Goals[k])
	}
	return chosen, nil
}

func goalNames() []string {
	names := make([]string, len(spec.Goals))
	for k, g := range spec.Goals {
		names[k] = g.Name
	}
	return names
}
