package checker

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// covered is all that a reduction must keep of a search that came to its end.
type covered struct {
	guessed   bool            // no-ops were guessed wrongly
	servers   map[uint64]bool // states of all servers with what is spent, under every renaming
	local     map[uint64]bool // states of single servers, likewise
	goals     []bool          // by goal: it was reached
	exercised []bool          // by rule: it was put to the test
}

// explore searches layer by layer and takes note of what it comes by; nil when something was found. The result is nil when there are
// too many states. spoil, if it is not nil, has its way with the search before every layer.
func explore(t testing.TB, config *cluster.Config, o Options, spoil func(*run)) (*covered, *run, *Result) {
	r, err := newRun(config, o)
	require.NoError(t, err)
	c := &covered{servers: map[uint64]bool{}, local: map[uint64]bool{}}
	r.small = 10 // no-ops are taken out from early on, and not from the start
	require.NoError(t, r.begin())
	for depth := 0; len(r.layer) > 0; depth++ {
		r.stats.Depth = depth
		if spoil != nil {
			spoil(r)
		}
		c.note(r.search)
		for from := 0; from < len(r.layer); {
			n, err := r.round(context.Background(), from)
			require.NoError(t, err)
			from += n
			if len(r.found) > 0 && spoil != nil {
				return nil, r, &Result{Verdict: spec.Violated} // the way there may be lost
			}
			if len(r.found) > 0 {
				result, err := r.violated(context.Background(), depth)
				require.NoError(t, err)
				return nil, r, result
			}
			if r.outgrown() != "" {
				return nil, r, nil
			}
		}
		r.turn()
		require.NoError(t, r.takeOut(depth+1))
	}
	r.stats.Complete = true
	if err := r.prove(); err != nil {
		var wrong *wrongGuess
		require.ErrorAs(t, err, &wrong)
		c.guessed = true
	}
	requireWays(t, r.memo)
	for _, n := range r.search.goals {
		c.goals = append(c.goals, n > 0)
	}
	for _, n := range r.tried {
		c.exercised = append(c.exercised, n > 0)
	}
	return c, r, r.result("", nil)
}

// requireWays: the steps by which a server state is said to be reached lead to it.
func requireWays(t testing.TB, m *memo) {
	for id, s := range m.servers {
		for _, step := range []int{s.from, s.twin} {
			if step >= 0 {
				require.Equal(t, uint32(id), m.steps[step].next, "%s comes there by %q", s.sight.Server, m.inputOf(step))
			}
		}
	}
}

func (c *covered) note(s *search) {
	n := len(s.names)
	for _, b := range s.layer {
		for at := 0; at < len(b.words); at += s.words() {
			state := b.words[at : at+s.words()]
			for p := range s.names {
				sum := hashSpent(cluster.Spent(state[s.spent()]))
				for _, id := range state[:s.size] {
					c.local[s.serverHash[int(id)*n+p]] = true
					sum += s.serverHash[int(id)*n+p]
				}
				c.servers[sum] = true
			}
		}
	}
}

// compared holds a reduced search of a world against one that is not. It returns the first thing in which they differ, "" for nothing, and how
// many states the two found; none where the world is too large, or something was found.
func compared(t testing.TB, config *cluster.Config, o Options, spoil func(*run)) (differs string, plain, reduced uint64) {
	o.States, o.Workers = cmp.Or(o.States, 20_000), 1
	without := o
	without.Reduce = 0
	want, all, wanted := explore(t, config, without, nil)
	defer all.end()
	if wanted == nil {
		return "", 0, 0
	}
	got, few, found := explore(t, config, o, spoil)
	defer few.end()
	switch {
	case got != nil && got.guessed && spoil == nil: // as Check does
		o.Reduce &^= NoOps
		return compared(t, config, o, nil)
	case found == nil && want == nil:
		return "", 0, 0 // as many steps beside losses lead to more states than as many steps
	case found == nil:
		return "the reduced search finds more states than the other", 0, 0
	case (want == nil) != (got == nil):
		return fmt.Sprintf("verdict: %s and %s", wanted.Verdict, found.Verdict), 0, 0
	case want == nil && spoil != nil:
		return "", 0, 0
	case want == nil:
		return sameViolation(t, config, o, wanted, found), 0, 0
	}
	counted := few.reduce != 0 && few.reduce&NoOps == 0 && few.reduce != Losses
	for _, c := range []struct {
		what string
		same bool
	}{
		{"states of the servers", maps.Equal(want.servers, got.servers)}, {"states of one server", maps.Equal(want.local, got.local)},
		{"goals", slices.Equal(want.goals, got.goals)}, {"rules put to the test", slices.Equal(want.exercised, got.exercised)},
		{"verdict", wanted.Verdict == found.Verdict && wanted.Reason == found.Reason},
		{"more states", found.Search.Distinct <= wanted.Search.Distinct},
		{"states that it stands for", !counted || wanted.Search.Distinct == found.Search.StandsFor},
	} {
		if !c.same {
			return c.what, 0, 0
		}
	}
	return "", wanted.Search.Distinct, found.Search.Distinct
}

// sameViolation holds what a reduced search found to what the other did: it takes no more steps beside losses, and no fewer with them; and
// what Check tells of it is what it tells without reductions.
func sameViolation(t testing.TB, config *cluster.Config, o Options, want, got *Result) string {
	if got.Search.Depth > want.Search.Depth || len(got.Findings[0].Trace.Records) < want.Search.Depth {
		return fmt.Sprintf("%d steps, %d with losses, and %d without reductions", got.Search.Depth, len(got.Findings[0].Trace.Records), want.Search.Depth)
	}
	told, err := Check(context.Background(), config, o)
	require.NoError(t, err)
	if steps := len(told.Findings[0].Trace.Records); steps != len(told.Way) {
		return fmt.Sprintf("the judge sees in step %d what the search finds in step %d", steps, len(told.Way))
	}
	if want.Findings[0].Rule != told.Findings[0].Rule || bytesOf(t, want) != bytesOf(t, told) {
		return "what is told"
	}
	return ""
}

func bytesOf(t testing.TB, r *Result) string {
	var b bytes.Buffer
	require.NoError(t, traces.Write(&b, r.Findings[0].Trace))
	return b.String()
}

// reductionSets are every reduction by itself, and all of them.
var reductionSets = []Reductions{Losses, Covered, NoOps, Renaming, NoOps | Renaming, AllReductions}

// randomWorld is a small world of the reference or a mutant.
func randomWorld(seed uint64) (string, *cluster.Config) {
	random := rand.New(rand.NewPCG(seed, 14))
	name, options := "reference", impl.Options{}
	if n := random.IntN(2 * len(mutant.All)); n < len(mutant.All) {
		name, options = mutant.All[n].Name, mutant.All[n].Options
	}
	for _, flip := range []*bool{&options.NoOp, &options.PreVote, &options.ConflictHints, &options.Pipeline} {
		if random.IntN(5) == 0 {
			*flip = true
		}
	}
	c := &cluster.Config{Servers: 1 + min(random.IntN(6), 2), New: impl.New(options), Variants: options.Variants(), Values: 1 + random.IntN(5)/4,
		Faults: cluster.Faults{Drop: cluster.Unlimited},
		Bounds: cluster.Bounds{Terms: spec.Term(1 + random.IntN(2)), Log: spec.Index(random.IntN(3)), Messages: 1 + random.IntN(3), Copies: 1 + random.IntN(4)/3,
			Campaigns: random.IntN(3), Proposals: random.IntN(3)}}
	if random.IntN(3) == 0 {
		c.Faults.Duplicate = cluster.Budget(random.IntN(3) - 1)
	}
	if random.IntN(3) == 0 {
		c.Faults.Crash, c.Faults.Lossy = cluster.Budget(1), random.IntN(2) == 0
	}
	if random.IntN(8) == 0 {
		c.Faults.Partition = 1
	}
	if random.IntN(8) == 0 {
		c.Faults.Storage = 1
	}
	for option, bound := range map[*bool]*int{&options.Snapshots: &c.Bounds.Compactions, &options.Transfer: &c.Bounds.Transfers, &options.Membership: &c.Bounds.Changes} {
		if *option {
			*bound = 1
		}
	}
	if options.Reads != 0 {
		c.Bounds.Reads = 1
	}
	return fmt.Sprintf("%s, seed %d: %s", name, seed, c), c
}

// The random worlds of every run, among which TestBrokenReductionsAreFoundOut finds each broken reduction out.
const firstWorld, fewWorlds = 20, 15

// TestReductionsKeepVerdicts compares reduced searches of random small worlds with searches that are not. RAFTCHECK_WORLDS=10000 asks for
// more of them than the few of every run, which are fewer still with -short: for the race detector. RAFTCHECK_SEED=5000 begins with that seed, and -v
// names each world before it is searched.
func TestReductionsKeepVerdicts(t *testing.T) {
	first, worlds := uint64(firstWorld), fewWorlds
	if testing.Short() {
		worlds = 6
	}
	if begin, err := strconv.ParseUint(os.Getenv("RAFTCHECK_SEED"), 10, 64); err == nil {
		first = begin
	}
	if more, err := strconv.Atoi(os.Getenv("RAFTCHECK_WORLDS")); err == nil {
		worlds = more
	}
	var plain, reduced [AllReductions + 1]uint64
	finished := 0
	for seed := first; seed < first+uint64(worlds); seed++ {
		name, config := randomWorld(seed)
		if config.Validate() != nil {
			continue
		}
		t.Log(name)
		for _, reduce := range reductionSets {
			differs, a, b := compared(t, config, Options{Reduce: reduce}, nil)
			require.Empty(t, differs, "%s: %s", reduce, name)
			plain[reduce] += a
			reduced[reduce] += b
			finished += int(min(a, 1))
		}
	}
	require.Greater(t, finished, worlds, "many come to their end")
	for _, reduce := range reductionSets {
		t.Logf("%s: %d states of %d", reduce, reduced[reduce], plain[reduce])
	}
}

// TestWhatOnlyAReducedSearchFindsIsNotTold: a search without reductions that comes to its end, or as far, contradicts it.
func TestWhatOnlyAReducedSearchFindsIsNotTold(t *testing.T) {
	config := cluster.Default(impl.New(impl.Options{}))
	config.Bounds = cluster.Bounds{Terms: 1, Messages: 1, Campaigns: 1}
	for _, steps := range []int{2, 1000} {
		r, err := newRun(&config, Options{Reduce: Losses})
		require.NoError(t, err)
		r.end()
		_, err = r.retell(context.Background(), &Result{Way: make([]cluster.Action, steps), Findings: []Finding{{Finding: traces.Finding{Breach: &spec.Breach{Rule: spec.Rules[0]}}}}})
		require.ErrorContains(t, err, fmt.Sprintf("in %d steps, and a search without reductions does not", steps))
	}
}

// muddled is a server by itself whose only entry is another one every second time it times out, with none in between, and whose term falls in the end.
type muddled struct {
	spec.Node
	times byte
}

func (m *muddled) Step(spec.Input) spec.Output {
	m.times++
	return spec.Output{}
}

func (m *muddled) AppendState(to []byte) []byte { return append(to, m.times) }

func (m *muddled) Observe() spec.Observation {
	o := spec.Observation{Role: spec.Follower, Term: 1, Unknown: ^(spec.FieldRole | spec.FieldTerm | spec.FieldLog)}
	switch {
	case m.times == 1:
		o.Log.Entries = []spec.Entry{{Term: 1, Value: "a"}}
	case m.times == 3:
		o.Log.Entries = []spec.Entry{{Term: 1, Value: "b"}}
	case m.times > 5:
		o.Term = 0
	}
	return o
}

// TestTheJudgeOfAnExecutionMaySeeMore: the judge of a whole execution remembers entries, and sees a promise broken in a step before the one in which the
// search does. What is told ends there; and nobody says that no shorter execution breaks one.
func TestTheJudgeOfAnExecutionMaySeeMore(t *testing.T) {
	matching, _ := spec.RuleByName("log-matching")
	rises, _ := spec.RuleByName("term-monotonic")
	config := cluster.Config{Servers: 1, Faults: cluster.Faults{Drop: cluster.Unlimited}, Bounds: cluster.Bounds{Terms: 9, Log: 1, Messages: 1, Campaigns: 9},
		New: func(spec.ServerID, []spec.ServerID) spec.Node { return &muddled{} }}
	for _, reduce := range []Reductions{0, Losses, AllReductions} {
		result, err := Check(context.Background(), &config, Options{Reduce: reduce, Rules: []*spec.Rule{matching, rises}})
		require.NoError(t, err, reduce)
		require.Len(t, result.Way, 6)
		require.Len(t, result.Findings, 1)
		require.Equal(t, matching, result.Findings[0].Rule)
		require.Len(t, result.Findings[0].Trace.Records, 3)
		require.False(t, result.Findings[0].Shortest)
	}
}

// nameless is a server that renames its messages, and can neither write its state with other names nor copy itself.
type nameless struct{ spec.Node }

func (nameless) Rename(m spec.Message, rename func(spec.ServerID) spec.ServerID, _ func(string) string) spec.Message {
	m.From, m.To = rename(m.From), rename(m.To)
	return m
}

// TestServersAreRenamedByWhatTheyDo: states that cannot be written with other names are reached with other names.
func TestServersAreRenamedByWhatTheyDo(t *testing.T) {
	var plain, reduced uint64
	for seed := range uint64(80) {
		name, config := randomWorld(seed)
		new := config.New
		config.New = func(id spec.ServerID, servers []spec.ServerID) spec.Node { return nameless{new(id, servers)} }
		if _, named := new(1, config.IDs()).(spec.Permuter); !named || config.Validate() != nil || Symmetric(config) != nil {
			continue
		}
		for _, reduce := range []Reductions{Renaming, Renaming | NoOps, AllReductions} {
			differs, a, b := compared(t, config, Options{Reduce: reduce}, nil)
			require.Empty(t, differs, "%s: %s", reduce, name)
			plain, reduced = plain+a, reduced+b
		}
	}
	require.Greater(t, plain, 3*reduced)
}

// entitled is nameless, and renames what entries hold, or forgets a part of it.
type entitled struct {
	nameless
	values, changes bool
}

func (entitled) RenamesEntries() {}

func (e entitled) Rename(m spec.Message, rename func(spec.ServerID) spec.ServerID, value func(string) string) spec.Message {
	m = e.nameless.Rename(m, rename, value)
	m.Entries = slices.Clone(m.Entries)
	for k := range m.Entries {
		switch to := &m.Entries[k]; {
		case to.Kind == spec.ConfigurationChange && e.changes:
			c, _ := spec.ParseConfiguration(to.Value)
			for _, list := range [][]spec.ServerID{c.Voters, c.Learners} {
				for i, id := range list {
					list[i] = rename(id)
				}
				slices.Sort(list)
			}
			to.Value = c.String()
		case to.Kind != spec.ConfigurationChange && e.values:
			to.Value = value(to.Value)
		}
	}
	return m
}

// TestEntriesAreRenamed: values change their names, and servers those that a change of the configuration gives them, as far as the same changes may be asked for. What
// does not rename all that it says it does is found out.
func TestEntriesAreRenamed(t *testing.T) {
	for name, w := range map[string]struct {
		options   impl.Options
		values    int
		changes   []spec.Change
		bounds    cluster.Bounds
		renamings int
	}{
		"two values": {values: 2, bounds: cluster.Bounds{Terms: 1, Log: 2, Messages: 1, Campaigns: 1}, renamings: 12},
		"any change": {options: impl.Options{Membership: true, NoOp: true}, bounds: cluster.Bounds{Terms: 1, Log: 2, Messages: 1, Campaigns: 1, Proposals: -1, Changes: 1}, renamings: 6},
		"one leaves, of two values": {options: impl.Options{Membership: true}, values: 2, changes: []spec.Change{{Voters: "n1,n2"}},
			bounds: cluster.Bounds{Terms: 1, Log: 2, Messages: 1, Campaigns: 1, Proposals: 1, Changes: 1}, renamings: 4},
		"one learns": {options: impl.Options{Membership: true}, changes: []spec.Change{{Voters: "n1,n2", Learners: "n3"}},
			bounds: cluster.Bounds{Terms: 2, Log: 2, Messages: 1, Campaigns: 1, Proposals: 1, Changes: 1}, renamings: 2},
	} {
		new := impl.New(w.options)
		config := &cluster.Config{Servers: 3, Values: w.values, Changes: w.changes, Variants: w.options.Variants(), Faults: cluster.Faults{Drop: cluster.Unlimited}, Bounds: w.bounds}
		with := func(values, changes bool) *cluster.Config {
			c := *config
			c.New = func(id spec.ServerID, servers []spec.ServerID) spec.Node {
				return entitled{nameless{new(id, servers)}, values, changes}
			}
			return &c
		}
		names, err := renamings(with(true, true), true)
		require.NoError(t, err, name)
		require.Len(t, names, w.renamings, name)
		o := Options{Reduce: Renaming, States: 200_000}
		differs, plain, reduced := compared(t, with(true, true), o, nil)
		require.Empty(t, differs, name)
		require.Greater(t, 2*plain, uint64(w.renamings)*reduced, name)
		t.Logf("%s: %d states for %d", name, reduced, plain)

		if w.values < 2 && w.changes != nil {
			continue // the one change stays what it is
		}
		o.Rules, o.Goals = []*spec.Rule{spec.Rules[0]}, []*spec.Goal{}
		r, err := Check(context.Background(), with(w.values < 2, w.values >= 2), o)
		require.NoError(t, err)
		require.Contains(t, r.Reduced[0].Off, "these servers are not interchangeable: ", name)
	}
}

// TestInputsNamePeers: a leader that is the same whoever of the others is who is asked to hand over to one of them.
func TestInputsNamePeers(t *testing.T) {
	new := impl.New(impl.Options{Transfer: true})
	config := &cluster.Config{Servers: 3, Faults: cluster.Faults{Drop: cluster.Unlimited},
		Bounds: cluster.Bounds{Terms: 2, Log: 1, Messages: 1, Campaigns: 1, Transfers: 1},
		New:    func(id spec.ServerID, servers []spec.ServerID) spec.Node { return nameless{new(id, servers)} }}
	differs, plain, reduced := compared(t, config, Options{Reduce: Renaming}, nil)
	require.Empty(t, differs)
	require.Greater(t, plain, 4*reduced)
}

// TestGuessedNoOpsAreProved: servers act on a message of an earlier term, but only once they have heard from a leader. It is found out that it is no
// no-op, and a search that is not asked for the proof comes to less. Of servers that never do, it is proved.
func TestGuessedNoOpsAreProved(t *testing.T) {
	for _, acts := range []bool{true, false} {
		alike := impl.New(impl.Options{})
		config := cluster.Default(func(id spec.ServerID, servers []spec.ServerID) spec.Node {
			return nameless{&gullible{Node: alike(id, servers), acts: acts}}
		})
		config.Bounds, config.Faults = cluster.Bounds{Terms: 3, Messages: 2, Campaigns: 2}, cluster.Faults{Drop: cluster.Unlimited}
		o := Options{Goals: []*spec.Goal{}, Rules: []*spec.Rule{spec.Rules[0]}, Reduce: FastReductions}
		r, err := Check(context.Background(), &config, o)
		require.NoError(t, err)
		said := slices.IndexFunc(r.Reduced, func(r Reduced) bool { return r.Name == "no-ops" })
		o.States = 1 << 20
		differs, plain, _ := compared(t, &config, o, func(*run) {})
		require.Equal(t, acts, differs != "", differs)
		require.Equal(t, acts, plain == 0, "without a difference, both came to their end")
		if acts {
			require.Contains(t, r.Reduced[said].Off, "no-ops were guessed wrongly: n")
		} else {
			require.Empty(t, r.Reduced[said].Off)
		}
	}
}

// TestWhatAProofTriesDoesNotCount: a rule that only the proof of no-ops puts to the test makes the guess a wrong one, and how often others were is as it was.
func TestWhatAProofTriesDoesNotCount(t *testing.T) {
	alike := impl.New(impl.Options{})
	config := cluster.Default(func(id spec.ServerID, servers []spec.ServerID) spec.Node { return nameless{alike(id, servers)} })
	config.Bounds, config.Faults = cluster.Bounds{Terms: 2, Log: 1, Messages: 2, Campaigns: 2, Proposals: 1}, cluster.Faults{Drop: cluster.Unlimited}
	searched := func() *run {
		r, err := newRun(&config, Options{Reduce: FastReductions, Workers: 1})
		require.NoError(t, err)
		t.Cleanup(r.end)
		exhausted(t, r)
		return r
	}
	r := searched()
	before, executed := slices.Clone(r.tried), r.executed
	require.NoError(t, r.prove())
	require.Greater(t, r.executed, executed, "something is tried")
	require.Equal(t, before, r.tried)

	r = searched()
	for s, lost := range r.lostBefore() {
		for message := range ones(lost) {
			why, err := r.acts(uint32(s), message)
			require.NoError(t, err)
			require.Empty(t, why)
		}
	}
	k := slices.IndexFunc(r.rules, func(rule *spec.Rule) bool { n := slices.Index(r.rules, rule); return r.tried[n] > before[n] })
	require.GreaterOrEqual(t, k, 0)
	name := r.rules[k].Name

	r = searched()
	r.tried[k] = 0
	var wrong *wrongGuess
	require.ErrorAs(t, r.prove(), &wrong)
	require.Equal(t, "only they put "+name+" to the test", wrong.because)
}

// gullible is a server that takes who voted in an earlier term for a candidate of the next, once it has heard from a leader.
type gullible struct {
	spec.Node
	acts, heard bool
}

func (g *gullible) Step(in spec.Input) spec.Output {
	o := g.Observe()
	if m := in.Message; g.acts && g.heard && in.Kind == spec.Deliver && m.Kind == spec.RequestVoteReply && m.Term < o.Term {
		in.Message = spec.Message{Kind: spec.RequestVote, From: m.From, To: m.To, Term: o.Term + 1}
	}
	g.heard = g.heard || in.Kind == spec.Deliver && in.Message.Kind == spec.AppendEntries
	return g.Node.Step(in)
}

func (g *gullible) AppendState(b []byte) []byte { return append(g.Node.AppendState(b), bit(g.heard)) }

// TestServersThatAreNotAlikeAreNotRenamed: a server does, or minds, what the others do not. By default such servers are searched without renaming; who
// asks for symmetry is told.
func TestServersThatAreNotAlikeAreNotRenamed(t *testing.T) {
	refuses := func(is func(id spec.ServerID, in *spec.Input) bool) func(spec.ServerID, *spec.Input, *spec.Output) {
		return func(id spec.ServerID, in *spec.Input, out *spec.Output) { out.Refused = out.Refused || is(id, in) }
	}
	asksOnly := func(whom func(id spec.ServerID) spec.ServerID) func(spec.ServerID, *spec.Input, *spec.Output) {
		return func(id spec.ServerID, in *spec.Input, out *spec.Output) {
			out.Effects = slices.DeleteFunc(out.Effects, func(e spec.Effect) bool {
				return e.Kind == spec.Send && in.Kind == spec.Timeout && e.Message.To != whom(id)
			})
		}
	}
	for name, odd := range map[string]func(id spec.ServerID, in *spec.Input, out *spec.Output){
		"the first refuses":               refuses(func(id spec.ServerID, in *spec.Input) bool { return id == 1 && in.Kind == spec.Timeout }),
		"the second refuses":              refuses(func(id spec.ServerID, in *spec.Input) bool { return id == 2 && in.Kind == spec.Propose }),
		"the last refuses":                refuses(func(id spec.ServerID, in *spec.Input) bool { return id == 3 && in.Kind == spec.Heartbeat }),
		"the first refuses when it leads": refuses(func(id spec.ServerID, in *spec.Input) bool { return id == 1 && in.Kind == spec.Heartbeat }),
		"one refuses what another says": refuses(func(id spec.ServerID, in *spec.Input) bool {
			return id == 1 && in.Kind == spec.Deliver && in.Message.Kind == spec.AppendEntriesReply && in.Message.From == 2
		}),
		"one says less": func(id spec.ServerID, in *spec.Input, out *spec.Output) {
			out.Effects = slices.DeleteFunc(out.Effects, func(e spec.Effect) bool {
				return id == 2 && e.Kind == spec.Send && in.Kind == spec.Timeout && e.Message.To == 3
			})
		},
		"each asks the first of the others": asksOnly(func(id spec.ServerID) spec.ServerID {
			if id == 1 {
				return 2
			}
			return 1
		}),
		"each asks the next": asksOnly(func(id spec.ServerID) spec.ServerID { return id%3 + 1 }),
	} {
		alike := impl.New(impl.Options{})
		config := cluster.Default(func(id spec.ServerID, servers []spec.ServerID) spec.Node {
			return nameless{&oddly{alike(id, servers), func(in *spec.Input, out *spec.Output) { odd(id, in, out) }}}
		})
		config.Bounds.Messages, config.Bounds.Terms, config.Faults.Crash = 1, 1, cluster.Off
		o := Options{Goals: []*spec.Goal{}, Rules: []*spec.Rule{spec.Rules[0]}}
		plain, err := Check(context.Background(), &config, o)
		require.NoError(t, err)
		o.Reduce = Renaming
		r, err := Check(context.Background(), &config, o)
		require.NoError(t, err)
		require.Equal(t, plain.Search.Distinct, r.Search.Distinct, name)
		require.Contains(t, r.Reduced[0].Off, "these servers are not interchangeable: ", name)
		o.Reduce, o.Symmetry = 0, true
		_, err = Check(context.Background(), &config, o)
		require.ErrorContains(t, err, "these servers are not interchangeable: ", name)
	}
}

// oddly is a server that does something else on some inputs.
type oddly struct {
	spec.Node
	odd func(*spec.Input, *spec.Output)
}

func (o *oddly) Step(in spec.Input) spec.Output {
	var out spec.Output
	if o.odd(&in, &out); out.Refused {
		return out
	}
	if out = o.Node.Step(in); !out.Refused {
		o.odd(&in, &out)
	}
	return out
}

// drowsy is a server that ignores all messages until it hears of a leader.
type drowsy struct {
	spec.Node
	awake bool
}

func (d *drowsy) Step(in spec.Input) spec.Output {
	if in.Kind == spec.Deliver {
		if d.awake = d.awake || in.Message.Kind == spec.AppendEntries; !d.awake {
			return spec.Output{}
		}
	}
	return d.Node.Step(in)
}

func (d *drowsy) AppendState(b []byte) []byte { return append(d.Node.AppendState(b), bit(d.awake)) }
func (d *drowsy) Clone() spec.Node            { return &drowsy{d.Node.(spec.Cloner).Clone(), d.awake} }

// deadNow says which messages do nothing in a server state, whatever they do in those that it leads to.
func deadNow(m *memo) [][]uint64 {
	dead := make([][]uint64, len(m.servers))
	for s := range dead {
		dead[s] = make([]uint64, len(m.messages)/64+1)
		for message := 1; message < len(m.messages); message++ {
			found, _ := m.deliveries.get(pair(uint32(s), uint32(message)))
			steps := m.steps[found>>32 : found>>32+uint64(uint32(found))]
			if m.messages[message].To == m.servers[s].sight.Server && !slices.ContainsFunc(steps, func(l localStep) bool { return l.flags&idle == 0 || l.goals != 0 }) {
				dead[s][message/64] |= 1 << (message % 64)
			}
		}
	}
	return dead
}

// TestNoOpsAreOnesForEver: a vote that is asked for while the voter is drowsy is given when it has woken, though only who has got others' votes wakes it.
func TestNoOpsAreOnesForEver(t *testing.T) {
	alike := impl.New(impl.Options{})
	config := &cluster.Config{Servers: 3, Faults: cluster.Faults{Drop: cluster.Unlimited}, Bounds: cluster.Bounds{Terms: 1, Messages: 2, Campaigns: 1},
		New: func(id spec.ServerID, servers []spec.ServerID) spec.Node {
			if id == 3 {
				return &drowsy{Node: alike(id, servers)}
			}
			return alike(id, servers)
		}}
	fromTheStart := func(r *run) {
		if r.noops == nil {
			r.small = 0
			require.NoError(t, r.takeOut(0))
			require.NotNil(t, r.noops)
		}
	}
	o := Options{Reduce: NoOps, Rules: []*spec.Rule{spec.Rules[0]}} // a server that sleeps breaks others
	differs, plain, reduced := compared(t, config, o, fromTheStart)
	require.Empty(t, differs)
	require.Greater(t, plain, reduced)
	differs, _, _ = compared(t, config, o, func(r *run) {
		fromTheStart(r)
		r.noops.dead = deadNow(r.noops.ahead)
	})
	require.NotEmpty(t, differs, "what does nothing now is taken for a no-op for ever")
}

// TestBrokenReductionsAreFoundOut: the comparison fails when a reduction leaves out what it must not, in a world of every run.
func TestBrokenReductionsAreFoundOut(t *testing.T) {
	for name, broken := range map[string]struct {
		reduce Reductions
		spoil  func(*run)
	}{
		"no message is worth anything": {NoOps, func(r *run) {
			if r.noops != nil {
				for _, row := range r.noops.dead {
					for k := range row {
						row[k] = ^uint64(0)
					}
				}
			}
		}},
		"messages are alike, whatever they say": {Renaming, func(r *run) { clear(r.messageHash) }},
		"what is in flight is lost as soon as there is no room for more": {Losses, func(r *run) {
			for _, b := range r.layer {
				for at := 0; at < len(b.words); at += r.words() {
					if b.words[at+r.words()-1] != 0 {
						clear(b.words[at+r.network() : at+r.words()])
					}
				}
			}
		}},
		"more in flight is covered by less": {Covered, func(r *run) {
			for _, b := range r.layer {
				for at := 0; at < len(b.words); at += r.words() {
					clear(b.words[at+r.network()+1 : at+r.words()])
				}
			}
		}},
	} {
		found := false
		for seed := uint64(firstWorld); seed < firstWorld+fewWorlds && !found; seed++ {
			_, config := randomWorld(seed)
			if config.Validate() == nil && reducible(config) == nil {
				differs, _, _ := compared(t, config, Options{Reduce: broken.reduce}, broken.spoil)
				found = differs != ""
			}
		}
		require.True(t, found, name)
	}
}

// TestLookingAheadEndsWhereStatesGrow: reads that wait are a part of a server's state, and where no budget bounds them every one more makes each state that follows
// larger. The world is one in which that took 18 GB.
func TestLookingAheadEndsWhereStatesGrow(t *testing.T) {
	_, config := randomWorld(4589)
	require.NoError(t, config.Validate())
	_, err := lookAhead(config, spec.Rules)
	require.ErrorContains(t, err, "bytes to look ahead at")
	differs, _, _ := compared(t, config, Options{Reduce: AllReductions}, nil)
	require.Empty(t, differs)
}
