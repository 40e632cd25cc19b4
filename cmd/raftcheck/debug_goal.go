package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// debugWorlds are the worlds of the reference in which the debug goals are looked for unless flags say otherwise, by name.
var debugWorlds = map[string]struct {
	features string
	bounds   cluster.Bounds
	servers  int
	byFuzz   bool // a search takes too long
}{
	"one-leader-at-a-time":            {bounds: cluster.Bounds{Terms: 2, Log: 1, Messages: 2}, servers: 3},
	"no-higher-term-beside-committed": {bounds: cluster.Bounds{Terms: 3, Log: 2, Messages: 1, Campaigns: 3, Proposals: 3}, servers: 3},
	"leader-commits-what-it-stored":   {features: "async-storage", bounds: cluster.Bounds{Terms: 1, Log: 1, Messages: 2, Campaigns: 1, Proposals: 1}, servers: 3},
	"vote-goes-with-committed":        {bounds: cluster.Bounds{Terms: 1, Log: 1, Messages: 2, Campaigns: 2, Proposals: 1}, servers: 5},
	"more-up-to-date-has-committed":   {features: "one-entry,conflict-hints", bounds: cluster.Bounds{Terms: 3, Log: 2, Messages: 4, Campaigns: 3, Proposals: 3}, servers: 5, byFuzz: true},
}

func (s *selection) addDebugGoals(flags *pflag.FlagSet) {
	flags.StringVar(&s.debugGoal, "debug-goal", "", "look for an execution that breaks what is no promise of Raft though it looks like one, by `name`: docs/goals.md lists them")
}

// wantDebugGoal selects nothing but the invariant of the debug goal that was asked for, in its own world unless flags name an implementation.
func (s *selection) wantDebugGoal(world *worldFlags) error {
	if s.debugGoal == "" {
		return nil
	}
	if len(s.rules)+len(s.goals) > 0 {
		return usageError("", "--debug-goal asks for nothing else: leave out --rule and --goal")
	}
	g, err := debugGoalCalled(s.debugGoal)
	if err != nil {
		return err
	}
	s.rules = []string{g.Invariant.Name}
	world.own, world.larger = func() (*subject.Subject, error) { return debugSubject(g) }, nil
	return nil
}

// debugGoalCalled returns the debug goal of that name.
func debugGoalCalled(name string) (*spec.DebugGoal, error) {
	if g, known := spec.DebugGoalByName(name); known {
		return g, nil
	}
	return nil, usageError(didYouMean(name, debugGoalNames(), "raftcheck explain debug-goals lists them"), "unknown debug goal %q", name)
}

func debugGoalNames() []string {
	names := make([]string, len(spec.DebugGoals))
	for k, g := range spec.DebugGoals {
		names[k] = g.Invariant.Name
	}
	return names
}

// debugSubject is the reference in the world in which a debug goal is looked for.
func debugSubject(g *spec.DebugGoal) (*subject.Subject, error) {
	w := debugWorlds[g.Invariant.Name]
	name := subject.ReferenceName
	if w.features != "" {
		name += ":" + w.features
	}
	s, err := subject.Named(name)
	if err != nil {
		return nil, err
	}
	s.Config.Servers, s.Config.Bounds, s.Config.Faults = w.servers, w.bounds, cluster.Faults{Drop: cluster.Unlimited}
	return s, nil
}

// debugReport turns the report of a search that judged nothing but a debug goal's invariant: to break it is what was wanted.
func debugReport(r *report.Report, g *spec.DebugGoal) {
	i := g.Invariant
	r.DebugGoal = &report.DebugGoal{Name: i.Name, Sentence: i.Sentence, False: g.False, Source: g.Source}
	r.Rules, r.Goals = nil, nil
	switch r.Verdict {
	case spec.Violated.String():
		r.Verdict = spec.Held.String()
		r.DebugGoal.Reached, r.DebugGoal.Execution, r.Findings = true, &r.Findings[0], nil
	case spec.Held.String():
		r.Verdict = spec.Inconclusive.String()
		r.Because = []string{"the debug goal " + i.Name + " was not reached: no execution within the bounds shows that it is no promise"}
		r.Hints = []string{"raise the bounds; without any flag the debug goal is looked for where it is known to be reached"}
	}
}

// debugGoalOf returns the debug goal that is all a selection of rules asks for; nil if it asks for rules.
func debugGoalOf(rules []*spec.Rule) *spec.DebugGoal {
	if len(rules) != 1 {
		return nil
	}
	g, _ := spec.DebugGoalByName(rules[0].Name)
	return g
}

func debugGoalTopics() []topic {
	topics := make([]topic, len(spec.DebugGoals))
	for k, g := range spec.DebugGoals {
		i := g.Invariant
		topics[k] = topic{[]string{i.Name, strings.ToLower(i.ID)}, i.Sentence, func(w io.Writer) { tellDebugGoal(w, g) }}
	}
	return topics
}

func tellDebugGoal(w io.Writer, g *spec.DebugGoal) {
	i := g.Invariant
	fmt.Fprintf(w, "%s\n\nNo promise of Raft: %s\n\n%s\n\n%s\n\n", i.Name, i.Sentence, report.Wrapped(i.Why+" "+g.False, 100), report.Wrapped("Source: "+g.Source+".", 100))
	fmt.Fprintln(w, report.Wrapped("Bounds in which no execution breaks it are too narrow for what sets Raft apart here. An implementation is never judged by it.", 100))
	fmt.Fprintf(w, "\nSee it broken:  %s\n", debugCommand(g))
}

// debugCommand is the command that reaches a debug goal in its own world.
func debugCommand(g *spec.DebugGoal) string {
	verb := "check"
	if debugWorlds[g.Invariant.Name].byFuzz {
		verb = "fuzz"
	}
	return "raftcheck " + verb + " --debug-goal " + g.Invariant.Name
}
