package contract

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTimesAreKnownAsTimes: whatever the time, and however it is written, repetitions that show it are told from those that show anything else.
func TestTimesAreKnownAsTimes(t *testing.T) {
	formats := map[string]func(time.Time) string{
		"String":      time.Time.String,
		"RFC 3339":    func(at time.Time) string { return at.Format(time.RFC3339Nano) },
		"StampNano":   func(at time.Time) string { return at.Format(time.StampNano) },
		"nanoseconds": func(at time.Time) string { return strconv.FormatInt(at.UnixNano(), 10) },
		"seconds":     func(at time.Time) string { return fmt.Sprintf("%d.%09d", at.Unix(), at.Nanosecond()) },
	}
	mistaken := 0
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 0))
		at := time.Unix(1_700_000_000+random.Int64N(1e9), random.Int64N(1e9)).UTC().Truncate(time.Hour).Add(time.Duration(random.Int64N(int64(time.Hour - time.Minute))))
		said, drawn := map[string][]string{}, []string{}
		for range repetitions {
			at = at.Add(1 + time.Duration(random.Int64N(int64(time.Second))))
			for name, format := range formats {
				said[name] = append(said[name], fmt.Sprintf("send RequestVote n1->n2 term=1 last=0@0 %q", format(at)))
			}
			drawn = append(drawn, fmt.Sprintf("send RequestVote n1->n2 term=1 last=0@0 %q", strconv.FormatUint(random.Uint64(), 10)))
		}
		for name, texts := range said {
			require.True(t, times(texts), "seed %d, %s: %q", seed, name, texts)
		}
		if times(drawn) {
			mistaken++
		}
	}
	require.Less(t, mistaken, 10, "six random numbers grow once in 720 times")
}
