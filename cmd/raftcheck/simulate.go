package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/fold"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/impl/simulation"
	"github.com/raftcheck/raftcheck/internal/built"
	"github.com/raftcheck/raftcheck/subject"
)

// simulateFlags are the flags of simulate.
type simulateFlags struct {
	ranges      []string
	nodes       int
	delay, disk string
	heartbeat   time.Duration
	trials      int
	limit       time.Duration
	seed        uint64
	features    []string
	sameLogs    bool
	outputs     outputs
}

// simulate measures elections on a clock that it makes up.
func (a *app) simulate() *cobra.Command {
	f := &simulateFlags{outputs: outputs{formats: []string{"text", "json", "svg", "html"}}}
	paper := simulation.Paper(runtime.DefaultTiming.Election)
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Measure how long elections take, and how often votes split",
		Long: `simulate crashes a leader a thousand times and measures how long the others take to detect and replace it, for one range of election
timeouts after another: the experiment of Figure 16 of the Raft paper. The servers are the reference with the timers of raftcheck
run, on a clock that is made up and a network whose delays are drawn; the same seed gives the same result.

As in the paper, the leader crashes at any moment between two heartbeats, all followers have just heard from it, and logs differ in
length so that some servers cannot win. Without --election-timeout it is the paper's ranges; a range of one time is no randomness.`,
		Example: `  raftcheck simulate
  raftcheck simulate -o svg=elections.svg -o html=elections.html
  raftcheck simulate --election-timeout 50ms-100ms,100ms-200ms --delay 1ms-10ms --nodes 7
  raftcheck simulate --features pre-vote,check-quorum`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.runSimulate(f) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.ranges, "election-timeout", nil, "the `ranges` that election timeouts are drawn from, as in 150ms-300ms; the paper's if not given")
	flags.IntVar(&f.nodes, "nodes", paper.Servers, "servers in the cluster")
	flags.StringVar(&f.delay, "delay", simulation.Delay.String(), "the `range` of how long a message takes, one way")
	flags.StringVar(&f.disk, "disk", "0s", "the `range` of how long a sync takes")
	flags.DurationVar(&f.heartbeat, "heartbeat", 0, "from one heartbeat to the next; 0 is half of the shortest election timeout")
	flags.IntVar(&f.trials, "trials", 0, "leaders that crash for each range; 0 is 1000, or 100 where timeouts are not random")
	flags.DurationVar(&f.limit, "limit", paper.Limit, "when to give an election up")
	flags.Uint64Var(&f.seed, "seed", paper.Seed, "where chance begins")
	flags.StringSliceVar(&f.features, "features", nil, "parts of Raft that the servers have: some of "+strings.Join(subject.Choices(), ","))
	flags.BoolVar(&f.sameLogs, "same-logs", false, "all logs are alike, so that every server can win")
	f.outputs.addTo(flags)
	return cmd
}

// simulated is the outcome for one range.
type simulated struct {
	config simulation.Config
	trials []simulation.Trial
	simulation.Summary
}

func (a *app) runSimulate(f *simulateFlags) error {
	configs, err := f.configs()
	if err != nil {
		return err
	}
	if err := f.outputs.open(a); err != nil {
		return err
	}
	defer f.outputs.abandon()
	a.term.startProgress(time.Now())
	var all []simulated
	for _, c := range configs {
		a.term.progress(time.Now(), func() string { return "simulate " + c.Timing.Election.String() })
		trials, err := simulation.Elections(a.ctx, c)
		if len(trials) > 0 {
			all = append(all, simulated{c, trials, simulation.Summarize(trials)})
		}
		if wasInterrupted(err) {
			break
		}
		if err != nil {
			return &failure{exit: exitFault, err: err}
		}
	}
	a.term.endProgress()
	if len(all) == 0 {
		return interrupted("before the first leader was replaced")
	}
	if err := f.outputs.write(a.term.out, func(w io.Writer, format string, person bool) error {
		switch format {
		case "json":
			return writeSimulatedJSON(w, all)
		case "svg":
			return simulation.Plot(w, withoutLeader, f.graphs(all)...)
		case "html":
			return f.page(all, built.Version(debug.ReadBuildInfo())).Write(w)
		}
		width := 0
		if person {
			width = a.term.style.Width
		}
		return writeSimulated(w, all, width)
	}); err != nil {
		return err
	}
	if a.ctx.Err() != nil {
		return interrupted("before all was measured: what is told is only of the leaders that were replaced by then")
	}
	return nil
}

// configs returns the experiments that the flags describe.
func (f *simulateFlags) configs() (all []simulation.Config, err error) {
	ranges := f.paperRanges()
	for _, text := range f.ranges {
		r, err := runtime.ParseRange(text)
		if err != nil {
			return nil, usageError("as in --election-timeout 150ms-300ms", "--election-timeout: %w", err)
		}
		ranges = append(ranges, r)
	}
	var delay, disk runtime.Range
	for _, flag := range []struct {
		name, text string
		r          *runtime.Range
	}{{"delay", f.delay, &delay}, {"disk", f.disk, &disk}} {
		if *flag.r, err = runtime.ParseRange(flag.text); err != nil {
			return nil, usageError("as in --"+flag.name+" 1ms-5ms", "--%s: %w", flag.name, err)
		}
	}
	options, err := f.options()
	if err != nil {
		return nil, err
	}
	for _, r := range ranges {
		c := simulation.Paper(r)
		c.Servers, c.Delay, c.Disk, c.Limit, c.Seed, c.SameLogs, c.Options = f.nodes, delay, disk, f.limit, f.seed, f.sameLogs, options
		if f.trials > 0 {
			c.Trials = f.trials
		}
		if f.heartbeat > 0 {
			c.Timing.Heartbeat = f.heartbeat
		}
		if err := c.Validate(); err != nil {
			return nil, usageError("raftcheck simulate --help says what each flag means", "%w", err)
		}
		all = append(all, c)
	}
	return all, nil
}

// paperRanges are the ranges of Figure 16, each once, if no others are asked for.
func (f *simulateFlags) paperRanges() []runtime.Range {
	if len(f.ranges) > 0 {
		return nil
	}
	return append(slices.Clone(simulation.Upper), simulation.Lower[:len(simulation.Lower)-1]...) // both graphs end with 150ms-300ms
}

func (f *simulateFlags) options() (impl.Options, error) {
	var o impl.Options
	if len(f.features) == 0 {
		return o, nil
	}
	if _, err := subject.Named(subject.ReferenceName + ":" + strings.Join(f.features, ",")); err != nil {
		return o, err
	}
	return o, subject.Choose(f.features, &o)
}

// graphs are the two of Figure 16, or one of the ranges that were asked for.
func (f *simulateFlags) graphs(all []simulated) []simulation.Graph {
	graph := func(title string, ranges []runtime.Range) simulation.Graph {
		g := simulation.Graph{Title: title}
		for _, s := range all {
			if slices.Contains(ranges, s.config.Timing.Election) {
				g.Lines = append(g.Lines, simulation.Line{Label: s.config.Timing.Election.String(), Trials: s.trials})
			}
		}
		return g
	}
	var ranges []runtime.Range
	longest := time.Duration(0)
	for _, s := range all {
		ranges = append(ranges, s.config.Timing.Election)
		longest = max(longest, s.Longest)
	}
	if len(f.ranges) == 0 {
		upper := graph("A little randomness, and more (election timeouts)", simulation.Upper)
		upper.From, upper.To, upper.Log = 50*time.Millisecond, f.limit, true
		lower := graph("Shorter timeouts", simulation.Lower)
		lower.To = 600 * time.Millisecond
		slices.SortStableFunc(lower.Lines, func(a, b simulation.Line) int {
			return slices.IndexFunc(simulation.Lower, called(a)) - slices.IndexFunc(simulation.Lower, called(b))
		})
		return []simulation.Graph{upper, lower}
	}
	g := graph("Election timeouts", ranges)
	if g.To = longest.Round(time.Millisecond) + time.Millisecond; longest > 2*time.Second {
		g.From, g.Log = 10*time.Millisecond, true
	}
	return []simulation.Graph{g}
}

func called(l simulation.Line) func(runtime.Range) bool {
	return func(r runtime.Range) bool { return r.String() == l.Label }
}

// simulatedColumns is how wide the table of simulate is.
const simulatedColumns = 92

// writeSimulated writes a table or, where it does not fit, a few lines for each range. A width of 0 is no bound.
func writeSimulated(w io.Writer, all []simulated, width int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", simulatedCluster(&all[0].config))
	if width > 0 && width < simulatedColumns {
		for k := range all {
			all[k].lines(&b)
		}
	} else {
		simulatedTable(&b, all)
	}
	_, err := io.WriteString(w, fold.Text(b.String(), width))
	return err
}

// simulatedCluster says what was simulated.
func simulatedCluster(c *simulation.Config) string {
	logs := "logs that differ in length"
	if c.SameLogs {
		logs = "logs that are alike"
	}
	disk := "a sync " + c.Disk.String()
	if c.Disk.Max == 0 {
		disk = "a sync no time"
	}
	return fmt.Sprintf("%d servers, %s; a message takes %s, %s; seed %d", c.Servers, logs, c.Delay, disk, c.Seed)
}

func simulatedTable(b *strings.Builder, all []simulated) {
	fmt.Fprintf(b, "  %-13s  %-11s  %-37s  %s\n", "", "", "time without a leader", "more than one election")
	fmt.Fprintf(b, "  %-13s  %-11s  %8s %8s %8s %10s  %8s  %9s\n", "timeout", "replaced", "median", "mean", "99%", "longest", "crashes", "elections")
	for k := range all {
		s := &all[k]
		fmt.Fprintf(b, "  %-13s  %4d of %-4d %8s %8s %8s %10s  %7.0f%%  %9.1f\n", s.config.Timing.Election, s.Elected, s.Trials,
			tidyOf(s, s.Median), tidyOf(s, s.Mean), tidyOf(s, s.P99), s.longest(), s.split(), s.Elections)
	}
}

// lines tells one range without a table.
func (s *simulated) lines(b *strings.Builder) {
	fmt.Fprintf(b, "  timeout %s  %d of %d replaced\n", s.config.Timing.Election, s.Elected, s.Trials)
	fmt.Fprintf(b, "    time without a leader   median %s, mean %s, 99%% %s, longest %s\n", tidyOf(s, s.Median), tidyOf(s, s.Mean), tidyOf(s, s.P99), s.longest())
	fmt.Fprintf(b, "    more than one election  in %.0f%% of crashes, %.1f elections\n", s.split(), s.Elections)
}

// longest is the longest time without a leader; of those that were given up it is known only to be longer than the limit.
func (s *simulated) longest() string {
	if s.Elected < s.Trials {
		return "> " + tidy(s.config.Limit)
	}
	return tidy(s.Longest)
}

// split is the share of crashes after which it took more than one election, in per cent.
func (s *simulated) split() float64 { return 100 * float64(s.Split) / float64(s.Trials) }

// tidyOf prints a time of the elections that came to an end.
func tidyOf(s *simulated, d time.Duration) string {
	if s.Elected == 0 {
		return "-"
	}
	return tidy(d)
}

// tidy prints a time to the millisecond, or to a tenth of a second.
func tidy(d time.Duration) string {
	if d >= 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Millisecond).String()
}

// simulatedJSON is one range in the JSON of simulate. Times are in milliseconds.
type simulatedJSON struct {
	Election  string    `json:"electionTimeout"`
	Heartbeat float64   `json:"heartbeat"`
	Delay     string    `json:"delay"`
	Disk      string    `json:"disk"`
	Servers   int       `json:"servers"`
	Seed      uint64    `json:"seed"`
	Crashes   int       `json:"crashes"`
	Replaced  int       `json:"replaced"`
	Split     int       `json:"moreThanOneElection"`
	Elections float64   `json:"electionsPerCrash"`
	Median    float64   `json:"median"`
	Mean      float64   `json:"mean"`
	P99       float64   `json:"percentile99"`
	Longest   float64   `json:"longest"`
	Downtimes []float64 `json:"downtimes"` // ascending
}

func writeSimulatedJSON(w io.Writer, all []simulated) error {
	millis := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	out := []simulatedJSON{}
	for _, s := range all {
		j := simulatedJSON{s.config.Timing.Election.String(), millis(s.config.Timing.Heartbeat), s.config.Delay.String(), s.config.Disk.String(), s.config.Servers, s.config.Seed,
			s.Trials, s.Elected, s.Split, s.Elections, millis(s.Median), millis(s.Mean), millis(s.P99), millis(s.Longest), []float64{}}
		for _, d := range simulation.Downtimes(s.trials) {
			j.Downtimes = append(j.Downtimes, millis(d))
		}
		out = append(out, j)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{"simulate": out})
}
