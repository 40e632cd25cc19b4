package simulation

import (
	"time"

	"github.com/raftcheck/raftcheck/impl/runtime"
)

// Delay is how long a message takes one way in the experiment. The paper tells of its cluster that a broadcast took roughly 15 ms, to all
// and back, disks included (9.3), and not how that was spread. Of the ways to spread it this one comes closest to the paper's
// numbers; docs/simulation.md says what others give.
var Delay = runtime.Range{Min: 2500 * time.Microsecond, Max: 4500 * time.Microsecond}

// Paper is the experiment of Figure 16 but for the range of election timeouts: five servers whose logs differ in length, heartbeats twice
// in the shortest election timeout, and 1,000 crashes, or 100 where timeouts are not random.
func Paper(election runtime.Range) Config {
	c := Config{
		Servers: 5,
		Timing:  runtime.Timing{Election: election, Heartbeat: max(election.Min/2, 1)},
		Delay:   Delay,
		Trials:  1000,
		Limit:   20 * time.Second,
		Seed:    1,
	}
	if election.Min == election.Max {
		c.Trials = 100
	}
	return c
}

// Upper and Lower are the ranges of election timeouts of the two graphs of Figure 16.
var (
	Upper = milliseconds(150, 150, 150, 151, 150, 155, 150, 175, 150, 200, 150, 300)
	Lower = milliseconds(12, 24, 25, 50, 50, 100, 100, 200, 150, 300)
)

func milliseconds(ends ...int) (ranges []runtime.Range) {
	for k := 0; k < len(ends); k += 2 {
		ranges = append(ranges, runtime.Range{Min: time.Duration(ends[k]) * time.Millisecond, Max: time.Duration(ends[k+1]) * time.Millisecond})
	}
	return ranges
}
