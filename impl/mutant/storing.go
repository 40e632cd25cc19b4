package mutant

import (
	"slices"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// voteNotWritten keeps its vote in memory only.
type voteNotWritten struct{ impl.Paper }

func (p voteNotWritten) Writes(disk, memory spec.Durable) []spec.Durable {
	memory.VotedFor = spec.None
	return p.Paper.Writes(disk, memory)
}

// voteThenTerm writes a new vote and a new term one after the other.
type voteThenTerm struct{ impl.Paper }

func (p voteThenTerm) Writes(disk, memory spec.Durable) []spec.Durable {
	vote := disk
	vote.VotedFor = memory.VotedFor
	return append(p.Paper.Writes(disk, vote), p.Paper.Writes(vote, memory)...)
}

// overwritesInPlace replaces the first entry that conflicts where it is, and removes those after it with a second write.
type overwritesInPlace struct{ impl.Paper }

func (p overwritesInPlace) Writes(disk, memory spec.Durable) []spec.Durable {
	old, next := disk.Log.Entries, memory.Log.Entries
	for k := range min(len(old), len(next)) {
		if old[k] == next[k] {
			continue
		}
		replaced := memory
		replaced.Log.Entries = slices.Clone(old)
		replaced.Log.Entries[k] = next[k]
		return append(p.Paper.Writes(disk, replaced), p.Paper.Writes(replaced, memory)...)
	}
	return p.Paper.Writes(disk, memory)
}

// asksBeforeItWrites sends its requests for votes, and then writes its new term and its vote for itself.
type asksBeforeItWrites struct{ impl.Paper }

func (p asksBeforeItWrites) Order(in *spec.Input, durable, sends []spec.Effect) []spec.Effect {
	if in.Kind == spec.Timeout {
		return append(sends, durable...)
	}
	return p.Paper.Order(in, durable, sends)
}

// followerAcksUnsynced syncs what AppendEntries brought after it has acknowledged it.
type followerAcksUnsynced struct{ impl.Paper }

func (p followerAcksUnsynced) Order(in *spec.Input, durable, sends []spec.Effect) []spec.Effect {
	if in.Kind != spec.Deliver || in.Message.Kind != spec.AppendEntries {
		return p.Paper.Order(in, durable, sends)
	}
	writes, syncs := split(durable)
	return slices.Concat(writes, sends, syncs)
}

// leaderCountsUnsynced writes a client's command without a sync, and counts its own copy all the same.
type leaderCountsUnsynced struct{ impl.Paper }

func (p leaderCountsUnsynced) Order(in *spec.Input, durable, sends []spec.Effect) []spec.Effect {
	if in.Kind == spec.Propose {
		durable, _ = split(durable)
	}
	return p.Paper.Order(in, durable, sends)
}

// syncsByTimer syncs when the election timer fires, and at no other time.
type syncsByTimer struct{ impl.Paper }

func (p syncsByTimer) Order(in *spec.Input, durable, sends []spec.Effect) []spec.Effect {
	if in.Kind != spec.Timeout {
		durable, _ = split(durable)
	}
	return p.Paper.Order(in, durable, sends)
}

// metadataLost finds its log on disk, but neither its term nor its vote.
type metadataLost struct{ impl.Paper }

func (metadataLost) Recovered(disk, _ spec.Durable) spec.Durable { return spec.Durable{Log: disk.Log} }

// split tells writes from syncs.
func split(durable []spec.Effect) (writes, syncs []spec.Effect) {
	for _, e := range durable {
		if e.Kind == spec.Write {
			writes = append(writes, e)
		} else {
			syncs = append(syncs, e)
		}
	}
	return writes, syncs
}
