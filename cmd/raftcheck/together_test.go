package main

import (
	"context"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/traces"
)

// together turns the search of features together into the long run that docs/features.md describes.
var together = flag.Duration("together", 0, "search every pair of features to the end or for this long, every triple and quadruple for a sixth of it, "+
	"and make campaigns with all of them thirty times as long; 0 searches pairs a few steps far")

const togetherDepth = 9

// TestFeaturesTogether searches the worlds of every pair of features: the reference breaks no rule in them. How far is said by steps, so
// that every machine searches the same states, or by the flag. A world too large for that is no failure, and a goal that it
// leaves out is none: TestFeaturesHold sees to goals.
func TestFeaturesTogether(t *testing.T) {
	t.Parallel()
	for _, features := range chosenTogether(2) {
		t.Run(strings.Join(features, ","), func(t *testing.T) { searchTogether(t, features, *together) })
	}
}

// TestMoreFeaturesTogether is the part of the long run that goes on from there.
func TestMoreFeaturesTogether(t *testing.T) {
	if *together == 0 {
		t.Skip("only with -together")
	}
	for _, n := range []int{3, 4} {
		for _, features := range chosenTogether(n) {
			t.Run(strings.Join(features, ","), func(t *testing.T) { searchTogether(t, features, *together/6) })
		}
	}
	for _, features := range allTogether() {
		t.Run(strings.Join(features, ","), func(t *testing.T) { campaignTogether(t, features, 30**together) })
	}
}

// chosenTogether returns every choice of n features, in the order of their names in the help.
func chosenTogether(n int) [][]string {
	var all [][]string
	var choose func(from int, chosen []string)
	choose = func(from int, chosen []string) {
		if len(chosen) == n {
			all = append(all, append([]string(nil), chosen...))
			return
		}
		for k := from; k < len(subject.Choices()); k++ {
			choose(k+1, append(chosen, subject.Choices()[k]))
		}
	}
	choose(0, nil)
	return all
}

// allTogether returns every choice of features that is as large as can be: of those that exclude each other, each in turn.
func allTogether() (all [][]string) {
	common := []string{"no-op", "conflict-hints", "one-entry", "pre-vote", "check-quorum", "async-storage"}
	for _, reads := range [][]string{{"read-index", "transfer"}, {"lease-reads"}} {
		for _, members := range []string{"membership", "joint"} {
			for _, logs := range []string{"snapshots", "sessions"} {
				features := append(append([]string(nil), common...), reads...)
				all = append(all, append(features, members, logs))
			}
		}
	}
	return all
}

func searchTogether(t *testing.T, features []string, limit time.Duration) {
	s, err := subject.Named(subject.ReferenceName + ":" + strings.Join(features, ","))
	require.NoError(t, err)
	for s.Config.Validate() != nil && s.Config.Bounds.Ticks > 1 {
		s.Config.Bounds.Ticks-- // all budgets are counted together, and clocks take most
	}
	ctx := context.Background()
	if limit > 0 {
		var end context.CancelFunc
		ctx, end = context.WithTimeout(ctx, limit)
		defer end()
	} else {
		s.Config.Bounds.Depth = togetherDepth
	}
	options := checker.Options{Name: s.Name, Memory: int(machineMemory() / 4)}
	_, options.Symmetry = s.Config.New(1, s.Config.IDs()).(spec.Permuter)
	r, err := checker.Check(ctx, &s.Config, options)
	require.NoError(t, err)
	requireNothingBroken(t, r.Findings)
}

func campaignTogether(t *testing.T, features []string, limit time.Duration) {
	s, err := subject.Named(subject.ReferenceName + ":" + strings.Join(features, ","))
	require.NoError(t, err)
	ctx, end := context.WithTimeout(context.Background(), limit)
	defer end()
	world := fuzz.Enlarge(s.Config)
	r, err := fuzz.Run(ctx, &world, fuzz.Options{Name: s.Name, Seed: 1, Memory: int(machineMemory() / 4)})
	require.NoError(t, err)
	requireNothingBroken(t, r.Findings)
}

// requireNothingBroken fails with the story of a finding.
func requireNothingBroken(t *testing.T, findings []checker.Finding) {
	t.Helper()
	for k := range findings {
		f := &findings[k]
		var story strings.Builder
		require.NoError(t, traces.Text(&story, f.Trace, &f.Finding))
		require.Fail(t, "a rule is broken: "+f.Rule.Name, story.String())
	}
}
