//go:build with_tla

package main

import (
	"encoding/json"
	"io"
	"sync"

	"go.etcd.io/raft/v3"
)

// recorder writes the events of every server that has it as its TraceLogger, in the order in which they happen.
type recorder struct {
	mu  sync.Mutex
	out *json.Encoder
	err error // the first that writing met
}

func newRecorder(w io.Writer) *recorder { return &recorder{out: json.NewEncoder(w)} }

// TraceEvent implements raft.TraceLogger.
func (r *recorder) TraceEvent(e *raft.TracingEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.out.Encode(map[string]any{"tag": "trace", "event": e}); err != nil && r.err == nil {
		r.err = err
	}
}
