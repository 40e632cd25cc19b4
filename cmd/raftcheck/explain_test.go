package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance"
	"github.com/raftcheck/raftcheck/conformance/scenario"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/linearizability"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// explained is what explain prints, in one line.
func explained(t *testing.T, name string) string {
	var out bytes.Buffer
	require.Equal(t, 0, run([]string{"explain", name}, strings.NewReader(""), &out, &out), name)
	return oneLine(out.String())
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Every mutant is explained by its name: what goes wrong, where that was seen, and every rule that catches it. It is searched in its own
// bounds unless flags say otherwise.
func TestEveryMutantIsExplained(t *testing.T) {
	for _, m := range mutant.All {
		text := explained(t, m.Name)
		for _, part := range []string{m.Title[1:], m.Story, m.Source} {
			require.Contains(t, text, oneLine(part), m.Name)
		}
		for _, id := range m.Rules {
			require.Contains(t, text, id+" "+ruleName(id), m.Name)
		}
		s, err := subject.Named(subject.MutantPrefix + m.Name)
		require.NoError(t, err)
		b := s.Config.Bounds
		require.Equal(t, []int{m.Bounds.Servers, int(m.Bounds.Terms), int(m.Bounds.Log), m.Bounds.Messages, m.Bounds.Campaigns, m.Bounds.Proposals, m.Bounds.Crashes, m.Bounds.Depth},
			[]int{s.Config.Servers, int(b.Terms), int(b.Log), b.Messages, b.Campaigns, b.Proposals, int(s.Config.Faults.Crash), b.Depth}, m.Name)
	}
}

// Every rule is explained with its shortest violating story, or with the reason why no mutant breaks it.
func TestEveryRuleIsExplained(t *testing.T) {
	for _, r := range spec.Rules {
		text := explained(t, strings.ToLower(r.ID))
		require.Contains(t, text, oneLine(r.Why), r.ID)
		if story, known := mutant.StoryOf(r.ID); known {
			require.Contains(t, text, oneLine(story.Text), r.ID)
			continue
		}
		require.NotEmpty(t, r.NoMutant, r.ID)
		require.Contains(t, text, oneLine(r.NoMutant), r.ID)
	}
}

// TestEveryValueOfAFlagIsExplained: whatever --faults, --features, --network, --reduce, --level, --strategy, -o and --format take.
func TestEveryValueOfAFlagIsExplained(t *testing.T) {
	all := slices.Concat(faultNames, subject.Choices(), fuzz.Strategies(), []string{mixName}, report.Formats)
	for _, name := range all {
		asked := name
		if slices.Contains(subject.Choices(), name) {
			asked = subject.ReferenceName + ":" + name // a variant may have the same name
		}
		text := explained(t, asked)
		require.True(t, strings.HasPrefix(text, name+" ("), "%s: %s", name, text)
		require.Contains(t, text, name, "the command that uses it")
	}
	for before, names := range map[string][]string{"trace:": formats[1:], "history:": linearizability.Formats[1:], // the first is auto
		"network:": cluster.Networks, "reduction:": checker.ReductionNames(), "level:": conformance.Levels} {
		for _, name := range names {
			require.True(t, strings.HasPrefix(explained(t, before+name), name+" ("), name)
			explained(t, name)
		}
	}
	for flag, chapter := range map[string][]topic{"--faults": faultTopics, "--features": featureTopics, "--strategy": strategyTopics} {
		for _, topic := range chapter {
			require.Contains(t, all, topic.names[0], "%s does not take it", flag)
		}
	}
}

// TestEveryRequirementListsItsScenarios: all by name and one as it is written, or why there are none.
func TestEveryRequirementListsItsScenarios(t *testing.T) {
	for _, r := range spec.AllRules() {
		text := explained(t, r.ID)
		all := scenario.Of(r.ID)
		for _, s := range all {
			require.Contains(t, text, s.Name+" "+oneLine(s.Title))
		}
		if len(all) == 0 {
			require.Contains(t, text, "No scenario of one server tests it. ", r.ID)
			continue
		}
		shown := slices.ContainsFunc(all, func(s *scenario.Scenario) bool { return strings.Contains(text, oneLine(s.Text)) })
		require.True(t, shown, "%s: none of its scenarios is printed", r.ID)
		_, another, more := strings.Cut(text, "Another one: raftcheck explain ")
		require.Equal(t, len(all) > 1, more, r.ID)
		for _, s := range all {
			if strings.HasPrefix(another, s.Name+" ") {
				require.NotContains(t, text, oneLine(s.Text), "%s: the other one is the one that is printed", r.ID)
			}
		}
	}
	for _, s := range scenario.All() {
		require.Contains(t, explained(t, s.Name), oneLine(s.Text), s.Name)
	}
}
