package linearizability

import (
	"fmt"
	"slices"
)

// Model is what a store promises its clients of transactions; of single operations too, which are transactions of one action.
type Model uint8

// The models, the strongest first: what fulfils one fulfils all that follow.
const (
	// StrictSerializable: every transaction takes effect at one moment between its call and its return. Of single operations this is
	// linearizability (Herlihy and Wing, 1990).
	StrictSerializable Model = iota
	// Serializable: there is an order of the transactions that explains all that they saw, in time or not (Adya's PL-3).
	Serializable
	// SnapshotIsolation: every transaction sees the store as it was at one moment before its end, and of two that change a key one began
	// after the other's end, in an order that need not be that of time (Adya's PL-SI; Cerone and Gotsman, 2018).
	SnapshotIsolation
	// ReadCommitted: what a transaction reads was left by one that took effect, and there is an order in which what is read and what is
	// overwritten comes first (Adya's PL-2).
	ReadCommitted
)

// ModelNames are the names of the models, in their order.
var ModelNames = []string{"strict-serializable", "serializable", "snapshot-isolation", "read-committed"}

// NoModel is the name of what is left when none of the models holds.
const NoModel = "none"

// String returns the model's name.
func (m Model) String() string { return ModelNames[m] }

// ParseModel returns the model of a name. "linearizable" is strict-serializable.
func ParseModel(name string) (Model, error) {
	if name == "linearizable" {
		return StrictSerializable, nil
	}
	k := slices.Index(ModelNames, name)
	if k < 0 {
		return 0, fmt.Errorf("no model is called %q", name)
	}
	return Model(k), nil
}
