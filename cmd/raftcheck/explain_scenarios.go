package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/conformance/scenario"
	"github.com/raftcheck/raftcheck/report"
)

// scenarioTopics are the directed tests of the conformance suite.
func scenarioTopics() []topic {
	all := scenario.All()
	topics := make([]topic, len(all))
	for k, s := range all {
		topics[k] = topic{[]string{s.Name, strings.ToLower(s.Name)}, s.Title, func(w io.Writer) { tellScenario(w, s) }}
	}
	return topics
}

func tellScenario(w io.Writer, s *scenario.Scenario) {
	fmt.Fprintf(w, "%s  (scenario of %s)\n\n%s\n", s.Name, ruleName(s.Requirement), strings.TrimRight(s.Text, "\n"))
	fmt.Fprintf(w, "\nIt is line %d of conformance/scenario/%s, whose README.md says what each line means.\n", s.Line, s.File)
}

// listScenarios lists the scenarios of a requirement, or says why there are none, and prints one: the first with a crash.
func listScenarios(w io.Writer, requirement string) {
	all := scenario.Of(requirement)
	if len(all) == 0 {
		for _, why := range scenario.Unscripted() {
			if why.Requirement == requirement {
				fmt.Fprintf(w, "\nNo scenario of one server tests it. %s\n", report.Wrapped(why.Because, 100))
			}
		}
		return
	}
	fmt.Fprintf(w, "\nScenarios of raftcheck conform that test it, each of one server:\n\n")
	for _, s := range all {
		fmt.Fprintf(w, "  %-24s %s\n", s.Name, s.Title)
	}
	one := all[0]
	if k := slices.IndexFunc(all, func(s *scenario.Scenario) bool { return s.Crashes }); k >= 0 {
		one = all[k]
	}
	fmt.Fprintf(w, "\n%s\n", strings.TrimRight(one.Text, "\n"))
	if k := slices.IndexFunc(all, func(s *scenario.Scenario) bool { return s != one }); k >= 0 {
		fmt.Fprintf(w, "\nAnother one:  raftcheck explain %s\n", all[k].Name)
	}
}
