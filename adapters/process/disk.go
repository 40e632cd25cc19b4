package process

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// disk is what a crash leaves. raftcheck keeps it, not the program.
type disk struct {
	written spec.Durable // what a process finds that starts again on the same machine
	synced  spec.Durable // what it finds after a power failure; ≤ written in time
}

// perform lets effects happen to the disk, and returns them with what a power failure would leave after each durable one.
func (d *disk) perform(effects []spec.Effect) []spec.Effect {
	done := slices.Clone(effects)
	for k := range done {
		switch e := &done[k]; e.Kind {
		case spec.Write:
			d.written = e.Durable
			e.Durable = d.synced
		case spec.Sync:
			d.written = e.Durable
			d.synced = d.written
		}
	}
	return done
}

// untilCrash returns the effects that happen before a crash point, which is ≥ 1 and ≤ the number of durable effects + 1.
func untilCrash(effects []spec.Effect, point int) []spec.Effect {
	durable, end := 0, 0
	for k, e := range effects {
		if e.Kind != spec.Write && e.Kind != spec.Sync {
			continue
		}
		if durable++; durable == point {
			return effects[:k]
		}
		end = k + 1
	}
	return effects[:end]
}

// crash loses what was written and not synced, if power fails.
func (d *disk) crash(lossy bool) {
	if lossy {
		d.written = d.synced
	}
}

func sameDurable(a, b *spec.Durable) bool {
	return a.Term == b.Term && a.VotedFor == b.VotedFor && a.Log.Base == b.Log.Base && a.Log.BaseTerm == b.Log.BaseTerm &&
		slices.Equal(a.Log.Entries, b.Log.Entries)
}
