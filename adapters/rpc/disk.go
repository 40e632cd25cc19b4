package rpc

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/spec"
)

// Disk is a file of a server.
type Disk struct {
	env  *Env
	name string
}

// Save replaces what the file holds, at once and for good: one durable effect, with a crash point before it and after it.
func (d *Disk) Save(data []byte) {
	d.env.durable(func(all *disks) {
		all.written[d.name] = string(data)
		all.synced[d.name] = string(data)
	})
}

// Write replaces what the file holds. A power failure before the next Sync may take it back. It is one durable effect.
func (d *Disk) Write(data []byte) {
	d.env.durable(func(all *disks) { all.written[d.name] = string(data) })
}

// Sync makes everything that was written to the file safe. It is one durable effect.
func (d *Disk) Sync() {
	d.env.durable(func(all *disks) {
		if data, is := all.written[d.name]; is {
			all.synced[d.name] = data
		}
	})
}

// Read returns what the file holds; nil if it was never written. The caller may change it.
func (d *Disk) Read() []byte {
	d.env.mu.Lock()
	defer d.env.mu.Unlock()
	data, is := d.env.disks.written[d.name]
	if !is {
		return nil
	}
	return []byte(data)
}

// SaveJSON is Save of a value as JSON, for servers that leave it to their surroundings how it is kept. It panics if there is none of it.
func (d *Disk) SaveJSON(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(bubble.Mistake(fmt.Sprintf("rpc: %T cannot be saved: %v", v, err)))
	}
	d.Save(b)
}

// ReadJSON reads what SaveJSON saved last, into what v points to, and returns false if it never did.
func (d *Disk) ReadJSON(v any) bool {
	b := d.Read()
	if b == nil {
		return false
	}
	if err := json.Unmarshal(b, v); err != nil {
		panic(bubble.Mistake(fmt.Sprintf("rpc: %T does not take what was saved: %v", v, err)))
	}
	return true
}

// Persister is a disk as the course MIT 6.5840 has it: the state of the Raft and its snapshot, saved together.
type Persister struct{ env *Env }

const (
	stateFile    = "state"
	snapshotFile = "snapshot"
)

// Save replaces both, at once and for good: one durable effect, with a crash point before it and after it.
func (p *Persister) Save(state, snapshot []byte) {
	p.env.durable(func(all *disks) {
		for name, data := range map[string][]byte{stateFile: state, snapshotFile: snapshot} {
			all.written[name], all.synced[name] = string(data), string(data)
		}
	})
}

// ReadRaftState returns the state that was saved last; nil if none was.
func (p *Persister) ReadRaftState() []byte { return p.env.Disk(stateFile).Read() }

// ReadSnapshot returns the snapshot that was saved last; nil if none was.
func (p *Persister) ReadSnapshot() []byte { return p.env.Disk(snapshotFile).Read() }

// RaftStateSize is how many bytes the state has.
func (p *Persister) RaftStateSize() int { return len(p.ReadRaftState()) }

// SnapshotSize is how many bytes the snapshot has.
func (p *Persister) SnapshotSize() int { return len(p.ReadSnapshot()) }

// disks is all that a server keeps, by the names of files. It is not changed once others can see it.
type disks struct {
	written map[string]string // what a server finds after a crash
	synced  map[string]string // what it finds after a power failure
}

// kind is the kind of a durable effect that left the disks like this.
func (d *disks) kind() spec.EffectKind {
	if maps.Equal(d.written, d.synced) {
		return spec.Sync
	}
	return spec.Write
}

func newDisks() *disks { return &disks{map[string]string{}, map[string]string{}} }

func (d *disks) clone() *disks { return &disks{maps.Clone(d.written), maps.Clone(d.synced)} }

// failed is what a power failure leaves.
func (d *disks) failed() *disks { return &disks{maps.Clone(d.synced), maps.Clone(d.synced)} }

// append appends canonical bytes of what is on the disks.
func (d *disks) append(b []byte) []byte {
	b = appendTexts(b, d.written)
	if maps.Equal(d.written, d.synced) {
		return append(b, 0)
	}
	return appendTexts(append(b, 1), d.synced)
}

func appendTexts(b []byte, all map[string]string) []byte {
	b = binary.AppendUvarint(b, uint64(len(all)))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b = appendText(appendText(b, name), all[name])
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
