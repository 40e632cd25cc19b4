// Code generated from ../machine.go by go generate; DO NOT EDIT.

package hashicorp

import (
	"io"
	"strings"

	"github.com/hashicorp/raft"
)

// machine is the state machine above the log: it remembers the commands it was given, in order.
type machine struct{ applied []string }

// Apply is part of raft.FSM.
func (m *machine) Apply(l *raft.Log) any {
	m.applied = append(m.applied, string(l.Data))
	return nil
}

// Snapshot is part of raft.FSM.
func (m *machine) Snapshot() (raft.FSMSnapshot, error) {
	return frozen(strings.Join(m.applied, "\n")), nil
}

// Restore is part of raft.FSM.
func (m *machine) Restore(from io.ReadCloser) error {
	data, err := io.ReadAll(from)
	m.applied = nil
	if len(data) > 0 {
		m.applied = strings.Split(string(data), "\n")
	}
	return err
}

// frozen is a snapshot of a machine: its commands, one a line.
type frozen string

// Persist is part of raft.FSMSnapshot.
func (f frozen) Persist(to raft.SnapshotSink) error {
	if _, err := io.WriteString(to, string(f)); err != nil {
		return err
	}
	return to.Close()
}

// Release is part of raft.FSMSnapshot.
func (f frozen) Release() {}
