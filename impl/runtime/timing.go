package runtime

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Timing is how long a server waits. It must be that broadcasts take much less time than election timeouts, and those much less than
// servers run between two failures (Raft paper, 5.6).
type Timing struct {
	Election  Range         // an election timeout is drawn from it, afresh every time
	Heartbeat time.Duration // from one heartbeat of a leader to the next, and until an unanswered request for a vote is sent again; above 0
}

// DefaultTiming is what the paper recommends (9.3), with three heartbeats in the shortest election timeout.
var DefaultTiming = Timing{Election: Range{150 * time.Millisecond, 300 * time.Millisecond}, Heartbeat: 50 * time.Millisecond}

// Validate reports what makes no sense: no time at all, or a heartbeat that comes later than the election timeout that it is to prevent.
func (t Timing) Validate() error {
	switch {
	case t.Heartbeat <= 0:
		return fmt.Errorf("a heartbeat every %s", t.Heartbeat)
	case t.Election.Min <= 0 || t.Election.Max < t.Election.Min:
		return fmt.Errorf("election timeouts from %s to %s", t.Election.Min, t.Election.Max)
	case t.Heartbeat >= t.Election.Min:
		return fmt.Errorf("a heartbeat every %s comes too late for an election timeout of %s", t.Heartbeat, t.Election.Min)
	}
	return nil
}

// Range is a range of durations, both ends included.
type Range struct{ Min, Max time.Duration }

// Draw returns a duration from the range, any with the same probability.
func (r Range) Draw(random *rand.Rand) time.Duration {
	if r.Max <= r.Min {
		return r.Min
	}
	return r.Min + time.Duration(random.Int64N(int64(r.Max-r.Min)+1))
}

// String prints a range as ParseRange reads it: "150ms-300ms".
func (r Range) String() string { return short(r.Min) + "-" + short(r.Max) }

// short leaves out the zeros that time.Duration prints: 1m0s is 1m.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// ParseRange reads "150ms-300ms", or "150ms" for a range of one duration. Neither end is below zero.
func ParseRange(text string) (Range, error) {
	from, to, two := strings.Cut(text, "-")
	if !two {
		to = from
	}
	var r Range
	for _, end := range []struct {
		text string
		d    *time.Duration
	}{{from, &r.Min}, {to, &r.Max}} {
		d, err := time.ParseDuration(strings.TrimSpace(end.text))
		if err != nil || d < 0 {
			return Range{}, fmt.Errorf("%q is not a time as in 150ms", end.text)
		}
		*end.d = d
	}
	if r.Max < r.Min {
		return Range{}, fmt.Errorf("%s is less than %s", short(r.Max), short(r.Min))
	}
	return r, nil
}
