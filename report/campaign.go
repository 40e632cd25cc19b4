package report

// Campaign is how much a campaign of random executions covered, or one shard of it, or several that were merged.
type Campaign struct {
	Shard      int              `json:"shard"`  // which part of the campaign, from 1
	Shards     int              `json:"shards"` // of how many
	Runs       uint64           `json:"runs"`   // executions; up to the one that broke a promise
	Steps      uint64           `json:"steps"`  // actions in all of them
	Longest    int              `json:"longest"`
	Rounds     int              `json:"rounds"`
	Strategies []StrategyResult `json:"strategies"`
	States     uint64           `json:"states"`  // about so many different states of one server
	Vectors    uint64           `json:"vectors"` // about so many different states of all servers together
	Events     int              `json:"events"`  // different kinds of steps, as far as rules care
	Seconds    float64          `json:"seconds"`
	Found      *FoundRun        `json:"found,omitempty"`
	Execution  []string         `json:"execution,omitempty"` // the execution of the first finding, as lines of a trace in the native format
	Seen       *Seen            `json:"seen,omitempty"`
	Parts      []Part           `json:"parts,omitempty"`   // merge: what was merged, ascending by shard
	Missing    []int            `json:"missing,omitempty"` // merge: shards that were not given
}

// StrategyResult is what one strategy did.
type StrategyResult struct {
	Name  string `json:"name"`
	Runs  uint64 `json:"runs"`
	Steps uint64 `json:"steps"`
	New   uint64 `json:"new"` // runs that showed something new
}

// FoundRun is the run that broke a promise.
type FoundRun struct {
	Run      uint64 `json:"run"` // number in the campaign, from 0
	Strategy string `json:"strategy"`
	Steps    int    `json:"steps"` // before it was shortened
}

// Seen is what a shard saw, as sketches (HyperLogLog, 2^14 registers of one byte, in base64) that unite without counting anything twice.
type Seen struct {
	States  string `json:"states"`
	Vectors string `json:"vectors"`
}

// Part is one shard of several that were merged.
type Part struct {
	File    string  `json:"file"`
	Shard   int     `json:"shard"`
	Verdict string  `json:"verdict"`
	Runs    uint64  `json:"runs"`
	Steps   uint64  `json:"steps"`
	Seconds float64 `json:"seconds"`
}
