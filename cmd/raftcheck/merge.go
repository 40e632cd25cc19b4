package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// mergeFlags are the flags of merge.
type mergeFlags struct {
	save    string
	allow   string
	outputs outputs
}

// merge adds up the shards of a campaign.
func (a *app) merge() *cobra.Command {
	f := &mergeFlags{outputs: outputs{formats: report.Formats}}
	cmd := &cobra.Command{
		Use:   "merge FILE...",
		Short: "Add up what the shards of a campaign or a gate found and covered",
		Long: `merge reads the JSON reports that raftcheck fuzz --shard wrote on several machines, and gives one verdict. All must be of
the same campaign: the same implementation, world, rules, strategies, seed and number of shards. Runs and steps are added up;
states that several shards have seen count once. Findings are judged again from the executions in the reports, and of those that
break the same rule the shortest is told. A campaign of which a shard is missing is inconclusive, unless a rule was broken.

Of the reports of raftcheck gate --shard it makes the one that a single run of the gate would have given.`,
		Example: `  raftcheck merge shard-*.json
  raftcheck merge -o json=campaign.json shard-1.json shard-2.json
  raftcheck merge -o junit=gate.xml gate-*.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("as in raftcheck merge shard-*.json", "merge needs the reports of shards")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.runMerge(f, args) },
	}
	addSave(cmd.Flags(), &f.save)
	a.addTrust(cmd.Flags())
	addAllow(cmd.Flags(), &f.allow)
	f.outputs.addTo(cmd.Flags())
	return cmd
}

func (a *app) runMerge(f *mergeFlags, paths []string) error {
	allowed, err := allowsInconclusive(f.allow)
	if err != nil {
		return err
	}
	if err := a.reads(paths...); err != nil {
		return err
	}
	if err := f.outputs.open(a); err != nil {
		return err
	}
	defer f.outputs.abandon()
	reports, err := a.readReports(paths)
	if err != nil {
		return err
	}
	if reports[0].Command == "gate" {
		r, code, err := mergeGates(paths, reports)
		if err != nil {
			return err
		}
		if err := f.outputs.write(a.term.out, a.render(r)); err != nil {
			return err
		}
		return gateOutcome(code, allowed)
	}
	shards, err := readShards(paths, reports)
	if err != nil {
		return err
	}
	r, err := a.merged(shards, f.save)
	if err != nil {
		return err
	}
	if err := f.outputs.write(a.term.out, a.render(r)); err != nil {
		return err
	}
	return verdictOutcome(r, allowed)
}

// readReports reads JSON reports.
func (a *app) readReports(paths []string) (all []*report.Report, err error) {
	for _, path := range paths {
		data, err := a.readReport(path)
		if err != nil {
			return nil, asFailure(err)
		}
		r, err := parseReport(data)
		switch {
		case err != nil:
			return nil, a.orAnother(noShard(path, err), path, "merge", "a report of raftcheck (-o json)")
		case r.Command == "":
			return nil, a.orAnother(noShard(path, errors.New("no report of raftcheck")), path, "merge", "a report of raftcheck (-o json)")
		}
		all = append(all, r)
	}
	return all, nil
}

func noShard(path string, err error) error {
	return &failure{exit: exitInput, err: fmt.Errorf("%s: %w", path, err), bare: true, hint: "raftcheck fuzz --shard I/N -o json=FILE, or gate --shard, writes what merge reads"}
}

// shard is the report of one shard.
type shard struct {
	path string
	*report.Report
	states, vectors *fuzz.Sketch
	trace           *traces.Trace // of its finding; nil for none
}

// readShards takes reports as the shards of a campaign, ascending by shard, and refuses those that are not of one campaign.
func readShards(paths []string, reports []*report.Report) ([]*shard, error) {
	var all []*shard
	for k, path := range paths {
		s, err := shardOf(path, reports[k])
		if err != nil {
			return nil, noShard(path, err)
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b *shard) int { return cmp.Compare(a.Campaign.Shard, b.Campaign.Shard) })
	for k, s := range all[1:] {
		if difference := otherCampaign(all[0].Report, s.Report); difference != "" {
			return nil, &failure{exit: exitInput, err: fmt.Errorf("%s: of another campaign than %s: %s", s.path, all[0].path, difference), bare: true}
		}
		if before := all[k]; before.Campaign.Shard == s.Campaign.Shard {
			return nil, &failure{exit: exitInput, err: fmt.Errorf("%s: shard %d is in %s already", s.path, s.Campaign.Shard, before.path), bare: true}
		}
	}
	return all, nil
}

// longestReport is the length of the longest report that is read, in bytes.
const longestReport = 256 << 20

// readReport reads a whole file, in bounded memory; "-" is standard input.
func (a *app) readReport(path string) ([]byte, error) {
	lines, err := a.openLines(path)
	if err != nil {
		return nil, err
	}
	defer lines.Close()
	var data []byte
	for {
		line, err := lines.Next()
		switch {
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return nil, err
		case len(data)+len(line) > longestReport:
			return nil, lines.Fault(0, fmt.Sprintf("longer than %d MiB, which no report is", longestReport>>20))
		}
		data = append(append(data, line...), '\n')
	}
}

// parseShard reads the report of a shard of a campaign, whatever the bytes are.
func parseShard(path string, data []byte) (*shard, error) {
	r, err := parseReport(data)
	if err != nil {
		return nil, err
	}
	return shardOf(path, r)
}

// parseReport reads a JSON report, whatever the bytes are.
func parseReport(data []byte) (*report.Report, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("the file is empty")
	}
	r := new(report.Report)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("not a JSON report: %w", err)
	}
	if r.Format != report.Format {
		return nil, fmt.Errorf("format %d of the report is not known; this is format %d", r.Format, report.Format)
	}
	return r, nil
}

func shardOf(path string, r *report.Report) (*shard, error) {
	c := r.Campaign
	switch {
	case r.Command != "fuzz" || c == nil || c.Seen == nil || r.Bounds == nil:
		return nil, fmt.Errorf("the report is not one of raftcheck fuzz that came to an end, but of %q", r.Command)
	case c.Shards < 1 || c.Shard < 1 || c.Shard > c.Shards:
		return nil, fmt.Errorf("shard %d of %d makes no sense", c.Shard, c.Shards)
	}
	s := &shard{path: path, Report: r, states: new(fuzz.Sketch), vectors: new(fuzz.Sketch)}
	if err := errors.Join(s.states.UnmarshalText([]byte(c.Seen.States)), s.vectors.UnmarshalText([]byte(c.Seen.Vectors))); err != nil {
		return nil, err
	}
	if r.Verdict != spec.Violated.String() {
		return s, nil
	}
	var err error
	if s.trace, err = traces.Read(path, strings.NewReader(strings.Join(c.Execution, "\n")+"\n")); err != nil {
		return nil, fmt.Errorf("the execution in the report cannot be read: %w", err)
	}
	if broken, _ := traces.Broken(s.trace, knownIn(r).of(spec.Rules), s.trace.Header.Variants); broken == nil {
		return nil, errors.New("the execution in the report breaks no rule")
	}
	return s, nil
}

// otherCampaign names the first thing in which two reports are not of one campaign; "" if there is none.
func otherCampaign(a, b *report.Report) string {
	rules := func(r *report.Report) (ids []string) {
		for _, rule := range r.Rules {
			ids = append(ids, rule.ID)
		}
		return ids
	}
	goals := func(r *report.Report) (names []string) {
		for _, g := range r.Goals {
			names = append(names, g.Name)
		}
		return names
	}
	for _, part := range []struct {
		name string
		a, b any
	}{
		{"version", a.Version, b.Version}, {"implementation", a.Subject, b.Subject}, {"seed", a.Seed, b.Seed}, {"number of shards", a.Campaign.Shards, b.Campaign.Shards},
		{"bounds", *a.Bounds, *b.Bounds}, {"faults", a.Faults, b.Faults}, {"rules", rules(a), rules(b)}, {"goals", goals(a), goals(b)},
	} {
		if !reflect.DeepEqual(part.a, part.b) {
			return fmt.Sprintf("%s %v is not %v", part.name, part.b, part.a)
		}
	}
	return ""
}

// merged puts one report together.
func (a *app) merged(shards []*shard, save string) (*report.Report, error) {
	first := shards[0]
	r := newReport("merge", first.Subject, spec.Held)
	r.Bounds, r.Faults, r.Seed = first.Bounds, first.Faults, first.Seed
	r.Campaign = addUp(shards)
	for _, s := range shards {
		r.Goals = report.UniteGoals(r.Goals, s.Goals)
		r.Known = report.UniteKnown(r.Known, s.Known)
	}
	if err := a.tellShards(r, shards, save); err != nil {
		return nil, err
	}
	r.Because, r.Hints = unanswered(r)
	switch {
	case len(r.Findings) > 0:
		r.Verdict, r.Because, r.Hints = spec.Violated.String(), nil, nil
	case len(r.Because) > 0:
		r.Verdict = spec.Inconclusive.String()
	}
	for _, rule := range first.Rules {
		switch {
		case slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.Rule == rule.ID }):
			rule.Verdict = spec.Violated.String()
		case rule.Verdict != report.NotApplicable:
			rule.Verdict = spec.Held.String()
			if r.Verdict == spec.Inconclusive.String() {
				rule.Verdict = r.Verdict
			}
		}
		r.Rules = append(r.Rules, rule)
	}
	if len(r.Findings) == 0 {
		r.NotCovered = first.NotCovered
	}
	return r, nil
}

// addUp adds up what the shards covered. Shards run at the same time, so their times are not added.
func addUp(shards []*shard) *report.Campaign {
	sum := &report.Campaign{Shards: shards[0].Campaign.Shards, Strategies: []report.StrategyResult{}}
	states, vectors := fuzz.NewSketch(), fuzz.NewSketch()
	by := map[string]*report.StrategyResult{}
	given := map[int]bool{}
	for _, s := range shards {
		c := s.Campaign
		given[c.Shard] = true
		sum.Runs += c.Runs
		sum.Steps += c.Steps
		sum.Rounds += c.Rounds
		sum.Longest, sum.Events, sum.Seconds = max(sum.Longest, c.Longest), max(sum.Events, c.Events), max(sum.Seconds, c.Seconds)
		states.Unite(s.states)
		vectors.Unite(s.vectors)
		for _, one := range c.Strategies {
			if by[one.Name] == nil {
				by[one.Name] = &report.StrategyResult{Name: one.Name}
			}
			all := by[one.Name]
			all.Runs, all.Steps, all.New = all.Runs+one.Runs, all.Steps+one.Steps, all.New+one.New
		}
		sum.Parts = append(sum.Parts, report.Part{File: s.path, Shard: c.Shard, Verdict: s.Verdict, Runs: c.Runs, Steps: c.Steps, Seconds: c.Seconds})
	}
	for _, name := range fuzz.Strategies() {
		if by[name] != nil {
			sum.Strategies = append(sum.Strategies, *by[name])
		}
	}
	for k := 1; k <= sum.Shards; k++ {
		if !given[k] {
			sum.Missing = append(sum.Missing, k)
		}
	}
	sum.States, sum.Vectors = states.Count(), vectors.Count()
	sum.Seen = &report.Seen{States: states.String(), Vectors: vectors.String()}
	return sum
}

// knownIn returns the shapes of known findings that a shard came to and overlooked from then on.
func knownIn(r *report.Report) overlooked {
	over := overlooked{}
	for _, n := range r.Known {
		if n.Status == report.StillOccurs && n.Finding != nil {
			over[n.Finding.Rule] = append(over[n.Finding.Rule], n.Finding.Shape)
		}
	}
	return over
}

// unanswered says what keeps the shards from an answer.
func unanswered(r *report.Report) (because, hints []string) {
	for _, k := range r.Campaign.Missing {
		because = append(because, fmt.Sprintf("shard %d of %d is missing", k, r.Campaign.Shards))
	}
	for _, p := range r.Campaign.Parts {
		if p.Runs == 0 {
			because = append(because, fmt.Sprintf("%s: shard %d made no run", p.File, p.Shard))
		}
	}
	for _, g := range r.Goals {
		if g.Possible && !g.Reached {
			because = append(because, fmt.Sprintf("goal %s was never reached", g.Name))
			hints = []string{"go on for longer with --for or --runs, or raise the bounds until it can happen"}
		}
	}
	return because, hints
}

// tellShards tells the findings of all shards, the shortest first, and one for each rule that is broken first.
func (a *app) tellShards(r *report.Report, shards []*shard, save string) error {
	guilty := slices.DeleteFunc(slices.Clone(shards), func(s *shard) bool { return s.trace == nil })
	slices.SortStableFunc(guilty, func(a, b *shard) int { return cmp.Compare(len(a.trace.Records), len(b.trace.Records)) })
	told := map[string]bool{}
	for _, s := range guilty {
		broken, _ := traces.Broken(s.trace, knownIn(s.Report).of(spec.Rules), s.trace.Header.Variants)
		if told[broken[0].Rule.ID] {
			continue
		}
		told[broken[0].Rule.ID] = true
		path := a.saveTrace(save, broken[0].Rule.Name, s.trace)
		findings, err := storyFindings(s.trace, broken, path, false)
		if err != nil {
			return &failure{exit: exitInput, err: fmt.Errorf("%s: %w", s.path, err), bare: true}
		}
		if r.Trace == "" {
			r.Trace = path
		}
		if r.Campaign.Found == nil {
			r.Campaign.Found, r.Campaign.Execution = s.Campaign.Found, s.Campaign.Execution
		}
		r.Findings = append(r.Findings, findings...)
	}
	return nil
}
