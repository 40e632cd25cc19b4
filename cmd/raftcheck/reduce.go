package main

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/subject"
)

// reduceUsage is what --reduce is said to do.
const reduceUsage = "search fewer states for the same verdict: all, none, fast (no-ops,symmetry), or some of losses, covered, no-ops, symmetry; without it none with --expect-states and of raft.tla"

// reduced says which reductions a search is to have.
func (f *checkFlags) reduced(flags *pflag.FlagSet, s *subject.Subject) (checker.Reductions, error) {
	if !flags.Changed("reduce") && (f.expect >= 0 || s.RaftTLA) {
		return 0, nil
	}
	switch f.reduce {
	case "all":
		return checker.AllReductions, nil
	case "fast":
		return checker.FastReductions, nil
	case "none":
		return 0, nil
	}
	names := append(checker.ReductionNames(), "all", "fast", "none")
	some := "all, fast, none, or some of " + strings.Join(checker.ReductionNames(), ", ")
	var all checker.Reductions
	for name := range strings.SplitSeq(f.reduce, ",") {
		one, known := checker.ReductionNamed(name)
		switch {
		case known:
			all |= one
		case slices.Contains(names, name):
			return 0, usageError(some, "--reduce %s: %s goes alone", f.reduce, name)
		default:
			return 0, usageError(didYouMean(name, names, some), "unknown reduction %q", name)
		}
	}
	return all, nil
}

// reductionsOf tells what became of the reductions that were asked for.
func reductionsOf(r *checker.Result) (all []report.Reduction) {
	for _, done := range r.Reduced {
		all = append(all, report.Reduction{Name: done.Name, Off: done.Off})
	}
	return all
}

// symmetricIn reports whether a search counted states that differ only in names as one.
func symmetricIn(o checker.Options, r *checker.Result) bool {
	return o.Symmetry || slices.ContainsFunc(r.Reduced, func(d checker.Reduced) bool { return d.Name == checker.Renaming.String() && d.Off == "" })
}
