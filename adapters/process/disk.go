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

// crash loses what was written and not synced, if power fails.
func (d *disk) crash(lossy bool) {
	if lossy {
		d.written = d.synced
	}
}
