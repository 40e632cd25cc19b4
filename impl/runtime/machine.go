package runtime

import (
	"encoding/json"
	"fmt"
)

// Result is what a client is told of its command.
type Result struct {
	Found   bool   `json:"found,omitempty"`   // Get: the key holds something
	Value   string `json:"value,omitempty"`   // Get: what it holds
	Differs bool   `json:"differs,omitempty"` // Replace, Create: the key holds something else, and nothing was changed
	Stale   bool   `json:"stale,omitempty"`   // the client has sent a later request since; nothing was changed
}

// Machine is the state machine: a key-value store, and of every client its last request with the result, which is told again
// when the request comes again (D6.3). All servers that apply the same commands have the same machine.
type Machine struct {
	keys    map[string]string
	clients map[string]answered
}

type answered struct {
	Number uint64 `json:"number"`
	Result Result `json:"result"`
}

// NewMachine returns a store in which no key holds anything.
func NewMachine() *Machine {
	return &Machine{keys: map[string]string{}, clients: map[string]answered{}}
}

// Apply carries out a command, unless it was carried out before.
func (m *Machine) Apply(c Command) Result {
	if c.Client == "" {
		return m.carryOut(c)
	}
	last, known := m.clients[c.Client]
	switch {
	case known && c.Number == last.Number:
		return last.Result
	case known && c.Number < last.Number:
		return Result{Stale: true}
	}
	return m.carryOut(c)
}

// carryOut carries out a command, whether or not it was carried out before, and remembers the result.
func (m *Machine) carryOut(c Command) (r Result) {
	held, found := m.keys[c.Key]
	switch c.Op {
	case Get:
		r.Found, r.Value = found, held
	case Put:
		m.keys[c.Key] = c.Value
	case Append:
		m.keys[c.Key] = held + c.Value
	case Delete:
		delete(m.keys, c.Key)
	case Create:
		if r.Differs = found; !found {
			m.keys[c.Key] = c.Value
		}
	case Replace:
		if r.Differs = !found || held != c.Expected; !r.Differs {
			m.keys[c.Key] = c.Value
		}
	}
	if c.Client != "" {
		m.clients[c.Client] = answered{c.Number, r}
	}
	return r
}

// Get reads a key.
func (m *Machine) Get(key string) Result {
	held, found := m.keys[key]
	return Result{Found: found, Value: held}
}

// last returns the result of a client's last request.
func (m *Machine) last(client string) Result { return m.clients[client].Result }

// snapshot is a machine in a snapshot, as JSON.
type snapshot struct {
	Keys    map[string]string   `json:"keys"`
	Clients map[string]answered `json:"clients"`
}

// Snapshot returns the whole machine. Equal machines have equal snapshots.
func (m *Machine) Snapshot() []byte {
	data, err := json.Marshal(snapshot{m.keys, m.clients})
	if err != nil {
		panic("a machine of texts and numbers has no JSON form: " + err.Error())
	}
	return data
}

// RestoreMachine makes the machine of a snapshot; that of no bytes is new.
func RestoreMachine(data []byte) (*Machine, error) {
	m := NewMachine()
	if len(data) == 0 {
		return m, nil
	}
	var s snapshot
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("not a snapshot of a machine: %w", err)
	}
	for k, v := range s.Keys {
		m.keys[k] = v
	}
	for k, v := range s.Clients {
		m.clients[k] = v
	}
	return m, nil
}
