package simulation_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/impl/simulation"
)

var update = flag.Bool("update", false, "rewrite testdata/plot.svg")

const ms = time.Millisecond

func elections(t testing.TB, election runtime.Range, change func(*simulation.Config)) ([]simulation.Trial, simulation.Summary) {
	c := simulation.Paper(election)
	c.Trials = 200
	if change != nil {
		change(&c)
	}
	trials, err := simulation.Elections(context.Background(), c)
	require.NoError(t, err)
	return trials, simulation.Summarize(trials)
}

// What 9.3 of the paper says of its experiment, as far as it is about Raft and not about the paper's machines.
func TestWhatThePaperSays(t *testing.T) {
	_, fixed := elections(t, runtime.Range{Min: 150 * ms, Max: 150 * ms}, func(c *simulation.Config) { c.Trials = 5 })
	require.Zero(t, fixed.Elected, "without randomness elections take longer than 10 s: all votes are split")

	_, five := elections(t, runtime.Range{Min: 150 * ms, Max: 155 * ms}, nil)
	require.Equal(t, five.Trials, five.Elected, "5 ms of randomness help")
	require.Less(t, five.Median, time.Second)

	_, fifty := elections(t, runtime.Range{Min: 150 * ms, Max: 200 * ms}, nil)
	require.Less(t, fifty.Longest, five.Longest, "more randomness improves the worst case")
	require.Less(t, fifty.Elections, five.Elections)

	trials, recommended := elections(t, runtime.Range{Min: 150 * ms, Max: 300 * ms}, nil)
	require.GreaterOrEqual(t, simulation.Downtimes(trials)[0], 75*ms, "the smallest possible downtime is about half of the shortest timeout")
	_, short := elections(t, runtime.Range{Min: 12 * ms, Max: 24 * ms}, nil)
	require.Less(t, short.Mean, recommended.Mean, "shorter timeouts notice sooner")
	require.Greater(t, short.Split, recommended.Split, "and split votes more often")
}

func TestTheSameSeedGivesTheSameTrials(t *testing.T) {
	r := runtime.Range{Min: 150 * ms, Max: 300 * ms}
	a, _ := elections(t, r, nil)
	b, _ := elections(t, r, nil)
	require.Equal(t, a, b)
	c, _ := elections(t, r, func(c *simulation.Config) { c.Seed = 2 })
	require.NotEqual(t, a, c)
	d, _ := elections(t, r, func(c *simulation.Config) { c.Trials = 50 })
	require.Equal(t, a[:50], d, "a trial does not depend on how many there are")
}

func TestEveryFeatureThatIsSimulatedElects(t *testing.T) {
	for name, o := range map[string]impl.Options{
		"pre-vote": {PreVote: true}, "check-quorum": {CheckQuorum: true}, "both": {PreVote: true, CheckQuorum: true, NoOp: true},
		"leases": {NoOp: true, Reads: impl.ReadByLease, ElectionTicks: 10, Drift: 1}, "transfer": {Transfer: true}, "sessions": {Sessions: true, NoOp: true},
	} {
		_, s := elections(t, runtime.Range{Min: 150 * ms, Max: 300 * ms}, func(c *simulation.Config) { c.Options, c.Disk = o, runtime.Range{Min: ms, Max: 2 * ms} })
		require.Equal(t, s.Trials, s.Elected, name)
	}
}

func TestWhatCannotBeSimulated(t *testing.T) {
	for want, change := range map[string]func(*simulation.Config){
		"1 servers cannot replace a leader": func(c *simulation.Config) { c.Servers = 1 },
		"no trials":                         func(c *simulation.Config) { c.Trials = 0 },
		"a limit of 0s: it is above 0 and at most 10000h0m0s":                     func(c *simulation.Config) { c.Limit = 0 },
		"a heartbeat every 0s":                                                    func(c *simulation.Config) { c.Timing.Heartbeat = 0 },
		"election timeouts from 0s to 0s":                                         func(c *simulation.Config) { c.Timing.Election = runtime.Range{} },
		"a heartbeat every 1s comes too late for an election timeout of 150ms":    func(c *simulation.Config) { c.Timing.Heartbeat = time.Second },
		"changes of the configuration and asynchronous storage are not simulated": func(c *simulation.Config) { c.Options.Membership = true },
	} {
		c := simulation.Paper(runtime.DefaultTiming.Election)
		change(&c)
		_, err := simulation.Elections(context.Background(), c)
		require.EqualError(t, err, want)
	}
}

func TestSummarize(t *testing.T) {
	var trials []simulation.Trial
	for k := range 100 {
		trials = append(trials, simulation.Trial{Elected: k != 99, Downtime: time.Duration(100-k) * ms, Terms: 1 + k/90})
	}
	require.Equal(t, simulation.Summary{Trials: 100, Elected: 99, Split: 10, Median: 51 * ms, Mean: 51 * ms, P99: 100 * ms, Longest: 100 * ms, Elections: 1.1}, simulation.Summarize(trials))
	require.Equal(t, simulation.Summary{}, simulation.Summarize(nil))
}

// TestPlot compares a small plot with the one under testdata, byte by byte.
func TestPlot(t *testing.T) {
	trials, _ := elections(t, runtime.Range{Min: 150 * ms, Max: 300 * ms}, func(c *simulation.Config) { c.Trials = 20 })
	trials[3].Elected = false
	var got bytes.Buffer
	require.NoError(t, simulation.Plot(&got, "A <plot> & more", simulation.Graph{Title: "linear", To: 400 * ms, Lines: []simulation.Line{{Label: "a", Trials: trials}, {Label: "none"}}},
		simulation.Graph{Title: "logarithmic", From: 50 * ms, To: 2 * time.Second, Log: true, Lines: []simulation.Line{{Label: "a", Trials: trials}}}))
	const path = "testdata/plot.svg"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o777))
		require.NoError(t, os.WriteFile(path, got.Bytes(), 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, strings.Split(string(want), "\n"), strings.Split(got.String(), "\n"))
}

func ExampleElections() {
	c := simulation.Paper(runtime.Range{Min: 150 * time.Millisecond, Max: 300 * time.Millisecond})
	trials, err := simulation.Elections(context.Background(), c)
	if err != nil {
		panic(err)
	}
	s := simulation.Summarize(trials)
	fmt.Printf("%d of %d leaders were replaced, half of them within %s, all within %s\n", s.Elected, s.Trials, s.Median.Round(time.Millisecond), s.Longest.Round(time.Millisecond))
	// Output: 1000 of 1000 leaders were replaced, half of them within 171ms, all within 509ms
}

func BenchmarkElections(b *testing.B) {
	for name, r := range map[string]runtime.Range{"150ms-300ms": runtime.DefaultTiming.Election, "150ms-155ms": {Min: 150 * ms, Max: 155 * ms}} {
		b.Run(name, func(b *testing.B) {
			terms := 0
			for b.Loop() {
				c := simulation.Paper(r)
				c.Trials = 100
				trials, err := simulation.Elections(context.Background(), c)
				require.NoError(b, err)
				for _, t := range trials {
					terms += t.Terms
				}
			}
			b.ReportMetric(float64(terms)/b.Elapsed().Seconds(), "elections/s")
			b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "crashes/s")
		})
	}
}
