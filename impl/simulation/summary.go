package simulation

import (
	"slices"
	"time"
)

// Summary is what trials came to. Durations are downtimes of the trials that elected a leader.
type Summary struct {
	Trials  int
	Elected int // trials with a new leader before the limit
	Split   int // trials that took more than one election

	Median, Mean, P99, Longest time.Duration
	Elections                  float64 // begun in a trial, on average
}

// Summarize counts trials.
func Summarize(trials []Trial) Summary {
	s := Summary{Trials: len(trials)}
	downtimes := Downtimes(trials)
	s.Elected = len(downtimes)
	terms := 0
	for _, t := range trials {
		terms += t.Terms
		if t.Terms > 1 {
			s.Split++
		}
	}
	if len(trials) > 0 {
		s.Elections = float64(terms) / float64(len(trials))
	}
	if len(downtimes) == 0 {
		return s
	}
	var sum time.Duration
	for _, d := range downtimes {
		sum += d
	}
	s.Mean = sum / time.Duration(len(downtimes))
	s.Median, s.P99, s.Longest = rank(downtimes, 50), rank(downtimes, 99), downtimes[len(downtimes)-1]
	return s
}

// Downtimes returns how long each trial took that elected a leader, ascending.
func Downtimes(trials []Trial) []time.Duration {
	var all []time.Duration
	for _, t := range trials {
		if t.Elected {
			all = append(all, t.Downtime)
		}
	}
	slices.Sort(all)
	return all
}

// rank returns the least of ascending durations that so many percent of them do not exceed.
func rank(ascending []time.Duration, percent int) time.Duration {
	return ascending[max((len(ascending)*percent+99)/100, 1)-1]
}
