package conformance

import (
	"slices"
	"time"
)

// Level is how much is tried.
type Level uint8

// The levels.
const (
	Quick    Level = iota // for every commit: about 10 CPU seconds for a node in memory
	Standard              // for every merge: about two minutes
	Deep                  // for releases: about an hour
)

// Levels names the levels, in the order of their constants.
var Levels = []string{"quick", "standard", "deep"}

// LevelOf returns the level of that name, and whether there is one.
func LevelOf(name string) (Level, bool) {
	k := slices.Index(Levels, name)
	return Level(max(k, 0)), k >= 0
}

// String returns the level's name.
func (l Level) String() string { return Levels[l] }

// pause is how long the contract waits, once, to tell servers that look at the clock.
const pause = 250 * time.Millisecond

// slower is by how much less is tried of servers whose steps are slow.
const slower = 100

// states bounds the states of one search, and steps those of the campaign.
func (l Level) states(slow bool) uint64 {
	return scaled([]uint64{60_000, 2_000_000, 60_000_000}[l], slow)
}

func (l Level) steps(slow bool) uint64 {
	return scaled([]uint64{150_000, 6_000_000, 200_000_000}[l], slow)
}

func (l Level) contractSteps(slow bool) int {
	n := []int{20_000, 50_000, 100_000}[l]
	if slow {
		n /= 10
	}
	return n
}

func scaled(n uint64, slow bool) uint64 {
	if slow {
		return n / slower
	}
	return n
}
