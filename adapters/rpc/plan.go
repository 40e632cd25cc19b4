package rpc

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// plan is a Server made ready.
type plan[S any] struct {
	*Server[S]
	key      *statekey.Key
	codec    codec
	observer observer

	measure  sync.Once
	mistake  bubble.Mistake // that measuring found; "" is none
	mu       sync.Mutex
	durables map[string]onDisk // what servers make of what is on disk, by the disks' bytes
}

const here = "github.com/raftcheck/raftcheck/adapters/rpc."

// newPlan fills in what a Server leaves to be guessed.
func newPlan[S any](how *Server[S]) *plan[S] {
	p := &plan[S]{Server: how, durables: map[string]onDisk{}}
	id := how.ID
	if id == nil {
		id = numbered
	}
	roles := how.Roles
	if roles == nil {
		roles = []spec.Role{spec.Follower, spec.Candidate, spec.Leader}
	}
	for key := range how.Fields {
		if !slices.Contains(keys(), key) {
			panic(bubble.Mistake(fmt.Sprintf("rpc: Fields has %q, which is none of %s", key, strings.Join(keys(), ", "))))
		}
	}
	if (how.Marshal == nil) != (how.Unmarshal == nil) {
		panic(bubble.Mistake("rpc: Marshal and Unmarshal belong together, and only one is given"))
	}
	if how.Preempt {
		how.allGates()
	}
	p.codec = codec{kinds: how.Kinds, members: how.Members, fromZero: how.FromZero, marshal: how.Marshal, unmarshal: how.Unmarshal}
	p.observer = observer{fields: how.Fields, roles: roles, id: id, members: how.Members, fromZero: how.FromZero}
	options := []statekey.Option{statekey.Channels()}
	for _, name := range []string{here + "Env", here + "Peer", here + "Disk", here + "Persister", "sync.Mutex", "sync.RWMutex", "sync.Cond", "sync.WaitGroup", "sync.Once",
		"time.Time", "time.Timer", "time.Ticker", "time.Duration", "math/rand.Rand", "math/rand/v2.Rand", "log.Logger", "log/slog.Logger", "os.File",
		"context.backgroundCtx", "context.todoCtx", "context.cancelCtx", "context.timerCtx", "context.valueCtx"} {
		options = append(options, statekey.Skip(name))
	}
	p.key = statekey.New(append(options, how.Key...)...)
	return p
}

// numbered is the server of a number from 0 on, below which it is none, or of a name that Env.Name gives.
func numbered(v any) spec.ServerID {
	switch v := v.(type) {
	case int:
		return spec.ServerID(max(v+1, 0))
	case string:
		if k := Place(v); k >= 0 {
			return spec.ServerID(k + 1)
		}
	}
	panic(bubble.Mistake(fmt.Sprintf("rpc: which server is %v? Server.ID says it", v)))
}
