package process

import "github.com/raftcheck/raftcheck/spec"

// alike is a server of a program that says that its servers do the same by other names. Whether they do is tried by who searches (spec.Renamer).
type alike struct{ node }

var (
	_ spec.Cloner  = (*alike)(nil)
	_ spec.Renamer = (*alike)(nil)
)

// Clone returns a node in the same state.
func (a *alike) Clone() spec.Node {
	c := *a
	return &c
}

// Rename returns the message from and to servers with other names. Nothing else in it names any.
func (a *alike) Rename(m spec.Message, rename func(spec.ServerID) spec.ServerID, _ func(string) string) spec.Message {
	m.From, m.To = rename(m.From), rename(m.To)
	return m
}
