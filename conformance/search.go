package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/conformance/contract"
	"github.com/raftcheck/raftcheck/conformance/scenario"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/spec"
)

// run is one call of Run.
type run struct {
	*Subject
	Options
	ctx       context.Context
	profiles  []spec.Profile
	tried     *contract.Result
	worlds    []WorldResult
	campaign  *CampaignResult
	fault     error
	exercised map[string]int              // local steps that put a requirement to the test, by its id
	in        map[string][]string         // where
	broken    map[string]*checker.Finding // by the id of the requirement
	where     map[string]string           // and in which world
	directed  map[string]Directed         // by requirement, if it has scenarios
	breaks    map[string]*scenario.Result // the first scenario in which a requirement is broken, by its id
}

// mostBroken is how many requirements may be broken in one world before it is left: each takes a search of its own.
const mostBroken = 12

func (r *run) searchAll() {
	for k, w := range Worlds {
		if !slices.Contains(r.profiles, w.Profile) {
			continue
		}
		if r.over() {
			r.worlds = append(r.worlds, WorldResult{Name: w.Name, About: w.About, Left: "the run ended before"})
			continue
		}
		r.tell(w.Name, k)
		if why := w.unfit(r); why != "" {
			r.worlds = append(r.worlds, WorldResult{Name: w.Name, About: w.About, Left: why})
			continue
		}
		r.search(w)
	}
	if !r.over() && slices.Contains(r.profiles, spec.Core) {
		r.tell("campaign", len(Worlds))
		r.wander()
	}
}

func (r *run) over() bool { return r.fault != nil || r.ctx.Err() != nil }

func (r *run) tell(doing string, at int) {
	if r.Progress != nil {
		r.Progress(Progress{Doing: doing, At: at, All: len(Worlds) + 1})
	}
}

// rules lists what is still to be judged: what is broken is broken.
func (r *run) rules(all []*spec.Rule) []*spec.Rule {
	return slices.DeleteFunc(slices.Clone(all), func(rule *spec.Rule) bool { return r.broken[rule.ID] != nil || rule.Profile == spec.Recording })
}

// search searches one world, again without each requirement that was found broken.
func (r *run) search(w *World) {
	config := w.config(&r.World)
	told := WorldResult{Name: w.Name, About: w.About, World: config.String()}
	check := r.Subject.Search
	if check == nil {
		check = checker.Check
	}
	for range mostBroken {
		o := checker.Options{Name: r.Name, Rules: r.rules(spec.Rules), Goals: []*spec.Goal{}, States: r.Level.states(r.Slow)}
		if r.Alone {
			o.Workers = 1
		}
		if w.live {
			if _, err := checker.LivenessWorld(&config); err != nil || r.Alone || r.World.Bounds.Ticks > 0 { // timers that clocks bind need their clocks
				told.Left = "executions without end are not judged of it"
				break
			}
			o.Liveness = r.rules(spec.LivenessRules)
		}
		result, err := check(r.ctx, &config, o)
		if err != nil {
			r.fails(err)
			break
		}
		told.add(result)
		for _, v := range result.Rules {
			r.counts(v.Rule.ID, w.Name, v.Exercised)
		}
		if result.Liveness != nil {
			for _, v := range result.Liveness.Rules {
				r.counts(v.Rule.ID, w.Name, int(min(v.Waiting, 1<<30)))
			}
		}
		if len(result.Findings) == 0 || r.ctx.Err() != nil {
			break
		}
		told.Broken = append(told.Broken, r.found(w.Name, result.Findings)...)
	}
	r.worlds = append(r.worlds, told)
}

// found notes what is broken and where.
func (r *run) found(where string, findings []checker.Finding) (ids []string) {
	for k := range findings {
		if f := &findings[k]; r.broken[f.Rule.ID] == nil {
			r.broken[f.Rule.ID], r.where[f.Rule.ID] = f, where
			ids = append(ids, f.Rule.ID)
		}
	}
	return ids
}

func (r *run) counts(id, where string, n int) {
	if n == 0 {
		return
	}
	r.exercised[id] += n
	if !slices.Contains(r.in[id], where) {
		r.in[id] = append(r.in[id], where)
	}
}

func (r *run) fails(err error) {
	if r.ctx.Err() == nil {
		r.fault = err
	}
}

// wander makes a campaign of random executions in a larger world, with everything that the subject takes.
func (r *run) wander() {
	base := Worlds[0].config(&r.World)
	for _, asked := range []struct {
		kind  spec.InputKind
		bound *int
	}{{spec.Compact, &base.Bounds.Compactions}, {spec.Reconfigure, &base.Bounds.Changes}, {spec.ReadIndex, &base.Bounds.Reads}, {spec.Transfer, &base.Bounds.Transfers}} {
		if r.lacks(asked.kind) == "" {
			*asked.bound = 1
		}
	}
	base.Bounds.Ticks, base.Bounds.Drift = r.World.Bounds.Ticks, r.World.Bounds.Drift
	config := fuzz.Enlarge(base)
	told := CampaignResult{World: config.String(), Seed: r.Seed}
	for range mostBroken {
		result, err := fuzz.Run(r.ctx, &config, fuzz.Options{Name: r.Name, Rules: r.rules(spec.Rules), Goals: []*spec.Goal{}, Seed: r.Seed, Steps: r.Level.steps(r.Slow), Workers: 1, Memory: 1 << 29, Alone: r.Alone})
		if err != nil {
			r.fails(err)
			break
		}
		told.Runs += result.Stats.Runs
		told.Steps += result.Stats.Steps
		for _, v := range result.Rules {
			r.counts(v.Rule.ID, campaignName, v.Exercised)
		}
		if len(result.Findings) == 0 || r.ctx.Err() != nil {
			break
		}
		told.Broken = append(told.Broken, r.found(campaignName, result.Findings)...)
	}
	r.campaign = &told
}

const campaignName = "campaign"

// features are the words for what servers are asked for and need not take.
var features = map[spec.InputKind]string{spec.Compact: "to compact its log", spec.Reconfigure: "to change the configuration", spec.ReadIndex: "to read",
	spec.Transfer: "to hand over", spec.StorageError: "to let its disk refuse a write"}

// lacks says how it was seen that a subject does not take a kind of input; "" if it does.
func (r *run) lacks(kind spec.InputKind) string {
	a := r.tried.Asked[kind]
	switch {
	case a.Taken > 0:
		return ""
	case a.Given == 0:
		return "no server was asked " + features[kind]
	}
	return fmt.Sprintf("each of %d requests %s was refused, whoever led", a.Given, features[kind])
}

func list[T ~string](words []T) string {
	all := make([]string, len(words))
	for k, w := range words {
		all[k] = string(w)
	}
	return strings.Join(all, ", ")
}
