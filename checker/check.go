package checker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Options says how to search. The zero value searches for breaches of every rule, with all cores, until everything is explored.
type Options struct {
	Rules    []*spec.Rule     // promises to judge; nil is spec.Rules
	Liveness []*spec.Rule     // promises about executions without end to judge too, of spec.LivenessRules; nil is none. It takes a graph of all states
	Goals    []*spec.Goal     // what must be reached for a pass; nil is every goal that the bounds let happen
	Symmetry bool             // count states that differ only by the names of servers and values as one
	Reduce   Reductions       // ways to search fewer states; those that do not hold in the world are not applied
	Workers  int              // goroutines, at most MostWorkers; 0 is one for each processor. Results do not depend on it
	Memory   int              // bytes; 0 is no bound. A search that needs more ends inconclusive
	States   uint64           // 0 is no bound. A search that finds more ends inconclusive
	Past     []cluster.Action // what happens before the search begins. What it breaks does not count
	Progress func(Progress)
	Keep     *Keep  // where the search is kept, beyond Memory; nil is in memory
	small    uint64 // tests: so many states are found before no-ops are taken out by looking ahead; 0 is smallSearch
	Name     string // what is checked, for the header of a trace: "reference", "mutant:NAME", a package's path
}

// Progress is how far a search has come. It is reported between rounds, from the goroutine that called Check.
type Progress struct {
	Stats   Stats
	Memory  int // bytes held
	Reached int // goals reached
	Goals   int // goals within reach of the bounds

	Liveness bool // it is the graph for liveness rules that is being made
}

// MostWorkers is how many goroutines may share the work of a search or a campaign.
const MostWorkers = 1024

// WorkersFor returns how many goroutines share the work where so many were asked for: one for each processor for 0 or less. The error is that they are
// more than MostWorkers.
func WorkersFor(asked int) (int, error) {
	if asked > MostWorkers {
		return 0, fmt.Errorf("%d workers: at most %d can share the work", asked, MostWorkers)
	}
	if asked <= 0 {
		return runtime.GOMAXPROCS(0), nil
	}
	return asked, nil
}

// Check searches every execution of a world, layer by layer, and returns what it found. A violation is the shortest there is,
// and was run again from fresh nodes. The error is a *Fault when the implementation broke or is not deterministic, or says
// what is wrong with the configuration. When ctx ends first, the result is inconclusive and says what was covered.
func Check(ctx context.Context, config *cluster.Config, o Options) (*Result, error) {
	if o.Rules != nil && len(o.Rules) == 0 && len(o.Liveness) > 0 {
		world := *config
		world.NoHistory, config = true, &world // nobody asks what happened earlier
	}
	run, result, err := searchAs(ctx, config, o)
	switch {
	case err != nil || len(result.Findings) == 0 || run.options.Reduce == 0:
	case run.leftNothingOut():
		result.Reduced = nil
	default:
		result, err = run.retell(ctx, result)
	}
	if err != nil || len(o.Liveness) == 0 || !result.Search.Complete || len(result.Findings) > 0 {
		return result, err
	}
	return run.live(ctx, result)
}

// searchAs makes a search. What was assumed for a reduction and turns out not to hold is searched again without it.
func searchAs(ctx context.Context, config *cluster.Config, o Options) (*run, *Result, error) {
	without, err := o.heldBack()
	if err != nil {
		return nil, nil, err
	}
	for {
		r, err := newRun(config, o)
		if err != nil {
			return nil, nil, err
		}
		r.reduced = append(r.reduced, without...)
		result, err := r.searched(ctx)
		off := unfit(err)
		if off == 0 || o.Reduce&off == 0 || off == Renaming && o.Symmetry {
			return r, result, err
		}
		without = append(without, Reduced{Name: off.String(), Off: err.Error()})
		o = o.without(without)
	}
}

// unfit returns the reduction that an error says to rest on what does not hold; 0 for none.
func unfit(err error) Reductions {
	var differ *Asymmetry
	var guessed *wrongGuess
	switch {
	case errors.As(err, &differ):
		return Renaming
	case errors.As(err, &guessed):
		return NoOps
	}
	return 0
}

// searched searches in memory or in files.
func (r *run) searched(ctx context.Context) (*Result, error) {
	if r.options.Keep != nil {
		return r.exhaustKept(ctx)
	}
	if r.groupable() {
		return r.exhaustGroups(ctx)
	}
	return r.exhaust(ctx)
}

// live adds to a finished search what liveness rules say.
func (r *run) live(ctx context.Context, result *Result) (*Result, error) {
	liveness, findings, reason, err := r.judgeLiveness(ctx)
	if err != nil {
		return nil, err
	}
	result.Liveness, result.Findings = liveness, findings
	switch {
	case len(findings) > 0:
		result.Verdict, result.Reason = spec.Violated, ""
	case reason != "":
		result.Verdict, result.Reason = spec.Inconclusive, reason
	}
	return result, nil
}

// run is one call of Check.
type run struct {
	config  *cluster.Config
	options Options
	goals   []GoalVerdict
	reduced []Reduced
	wants   Reductions // that begin later
	small   uint64     // states at which they begin
	leaves  Reductions // all that are applied, at once or later
	deepest int        // steps after which the search ends; 0 is no bound
	started time.Time
	*search
}

func newRun(config *cluster.Config, o Options) (*run, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if o.Rules == nil {
		o.Rules = spec.Rules
	}
	if len(o.Liveness) > 0 {
		if _, err := LivenessWorld(config); err != nil {
			return nil, err
		}
	}
	if o.Keep != nil && len(o.Liveness) > 0 {
		return nil, errors.New("a search that is kept in files judges no liveness rules: they take a graph of all states in memory")
	}
	if len(o.Past) > 0 && (o.Keep != nil || len(o.Liveness) > 0 || o.Symmetry || o.Reduce != 0) {
		return nil, errors.New("a search that begins after actions is kept in memory, judges no liveness rules and leaves nothing out")
	}
	reduce, reduced := o.applicable(config)
	names, err := renamings(config, o.Symmetry || reduce&Renaming != 0)
	if err != nil {
		return nil, err
	}
	workers, err := WorkersFor(o.Workers)
	if err != nil {
		return nil, err
	}
	r := &run{config: config, options: o, leaves: reduce, started: time.Now()}
	r.goals = GoalsWithin(config, o.Goals)
	m := newMemo(config, o.Rules, names)
	m.reduce, m.orbits = reduce&^NoOps, newOrbits(config, names)
	if m.orbits != nil && o.Keep != nil && o.Keep.shared {
		return nil, errors.New("symmetry: in a search that is shared, only servers are renamed that can write their state with other names (spec.Permuter)")
	}
	r.reduced, r.wants, r.small = reduced, reduce&NoOps, cmp.Or(o.small, smallSearch)
	if r.wants != 0 && !copies(config) {
		m.noops, m.reduce, r.wants = &noops{}, reduce, 0
	}
	r.search = newSearch(m, workers, len(spec.Goals))
	r.past, r.goesOn = o.Past, len(o.Past) > 0
	return r, nil
}

// GoalsWithin lists the goals to reach, and which of them the bounds let happen: all goals, or those that were chosen, which are
// taken to be possible.
func GoalsWithin(config *cluster.Config, chosen []*spec.Goal) []GoalVerdict {
	required := chosen != nil
	if !required {
		chosen = spec.Goals
	}
	var all []GoalVerdict
	for _, g := range chosen {
		all = append(all, GoalVerdict{Goal: g, Possible: required || config.CanReach(g)})
	}
	return all
}

// timeUsedUp is why a search is inconclusive whose context ended.
const timeUsedUp = "the time was used up"

// exhaust searches layer by layer.
func (r *run) exhaust(ctx context.Context) (*Result, error) {
	defer r.end()
	switch err := r.begin(); {
	case err != nil && ctx.Err() != nil:
		return r.ended(timeUsedUp)
	case err != nil:
		return nil, err
	}
	for depth := 0; len(r.layer) > 0; depth++ {
		r.stats.Depth = depth
		if bound := r.config.Bounds.Depth; bound > 0 && depth == bound {
			return r.ended("")
		}
		if r.deepest > 0 && depth == r.deepest {
			return r.ended("")
		}
		for from := 0; from < len(r.layer); {
			n, err := r.round(ctx, from)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil && ctx.Err() != nil { // whatever it is: a program that is ended meanwhile gives no answer
				return r.ended(timeUsedUp)
			}
			if err != nil {
				return nil, err
			}
			from += n
			if len(r.found) > 0 {
				return r.violated(ctx, depth)
			}
			if reason := r.outgrown(); reason != "" {
				return r.ended(reason)
			}
			r.report()
		}
		r.turn()
		if err := r.takeOut(depth + 1); err != nil {
			return nil, err
		}
	}
	r.stats.Complete = true
	return r.ended("")
}

// ended puts together what a search covered that found nothing, once what it assumed is proved.
func (r *run) ended(reason string) (*Result, error) {
	if err := r.prove(); err != nil {
		return nil, err
	}
	return r.result(reason, nil), nil
}

func (r *run) outgrown() string {
	if _, all := r.bytes(); r.options.Memory > 0 && all > r.options.Memory {
		return fmt.Sprintf("the memory bound of %s was reached", sizeOf(r.options.Memory))
	}
	if r.options.States > 0 && r.stats.Distinct > r.options.States {
		return fmt.Sprintf("the bound of %d states was reached", r.options.States)
	}
	return ""
}

func (r *run) report() {
	if r.options.Progress == nil {
		return
	}
	p := Progress{Stats: r.statistics()}
	_, p.Memory = r.bytes()
	for _, g := range r.goals {
		if g.Possible {
			p.Goals++
			if r.reachedGoal(g.Goal) > 0 {
				p.Reached++
			}
		}
	}
	r.options.Progress(p)
}

func (r *run) reachedGoal(g *spec.Goal) int { return r.search.goals[slices.Index(spec.Goals, g)] }

func (r *run) statistics() Stats {
	s := r.stats
	s.LocalStates, s.Messages, s.Histories, s.Executions, s.Audits = len(r.servers), len(r.messages)-1, len(r.histories), r.executed, r.audits
	if s.Bits = 64; r.kept != nil {
		s.Bits, s.Disk = 128, r.kept.manifest.Bytes()
	}
	s.Seconds, s.Inside = time.Since(r.started).Seconds(), r.inside.Seconds()
	s.Bytes, _ = r.bytes()
	s.StandsFor = r.standsFor()
	return s
}

// result puts together what a search covered. A reason makes it inconclusive unless something was found.
func (r *run) result(reason string, findings []Finding) *Result {
	result := &Result{Reason: reason, Findings: findings, Search: r.statistics(), Goals: slices.Clone(r.goals), Reduced: r.reduced}
	var missed []string
	for k := range result.Goals {
		g := &result.Goals[k]
		g.Reached = r.reachedGoal(g.Goal)
		if g.Possible && g.Reached == 0 {
			missed = append(missed, g.Goal.Name)
		}
	}
	switch {
	case reason != "" || len(missed) == 0:
	case len(missed) == 1:
		result.Reason = fmt.Sprintf("goal %s was never reached", missed[0])
	default:
		result.Reason = fmt.Sprintf("goals %s were never reached", strings.Join(missed, ", "))
	}
	if reason == "" && len(missed) == 0 && len(r.rules) > 0 && slices.Max(r.tried) == 0 {
		result.Reason = "nothing happened that the rules are about"
	}
	if result.Reason == "" && len(r.rules) > 0 {
		result.Reason = r.inVain()
	}
	switch {
	case len(findings) > 0:
		result.Verdict, result.Reason = spec.Violated, ""
	case result.Reason != "":
		result.Verdict = spec.Inconclusive
	}
	for _, rule := range r.options.Rules {
		result.Rules = append(result.Rules, r.ruleVerdict(rule, result))
	}
	return result
}

// inVain says what the world asks for that no server ever took within the bounds; "" if there is nothing.
func (r *run) inVain() string {
	b, f := &r.config.Bounds, &r.config.Faults
	for _, asked := range []struct {
		kind spec.InputKind
		by   bool
		what string
	}{
		{spec.Compact, b.Compactions > 0, "logs are compacted"}, {spec.Transfer, b.Transfers > 0, "leaders are asked to hand over"},
		{spec.Reconfigure, b.Changes > 0, "the configuration is changed"}, {spec.ReadIndex, b.Reads > 0, "clients read"},
		{spec.Tick, b.Ticks > 0, "clocks tick"}, {spec.Resume, b.Preemptions > 0, "goroutines are held at gates"}, {spec.StorageError, f.Storage != cluster.Off, "disks fail"},
	} {
		if asked.by && r.taken>>asked.kind&1 == 0 {
			return "the bounds say that " + asked.what + ", and no server ever took that input"
		}
	}
	return ""
}

func (r *run) ruleVerdict(rule *spec.Rule, result *Result) RuleVerdict {
	v := RuleVerdict{Rule: rule, Void: !slices.Contains(r.rules, rule)}
	if !v.Void {
		v.Exercised = r.tried[slices.Index(r.rules, rule)]
		v.Untried = v.Exercised == 0
	}
	if slices.ContainsFunc(result.Findings, func(f Finding) bool { return f.Rule == rule }) {
		v.Verdict = spec.Violated
	} else if result.Verdict == spec.Inconclusive && !v.Void {
		v.Verdict = spec.Inconclusive
	}
	return v
}

// sizeOf writes so many bytes in words.
func sizeOf(bytes int) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%d KiB", (bytes+1<<10-1)>>10)
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
}
