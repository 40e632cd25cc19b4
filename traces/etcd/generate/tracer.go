//go:build with_tla

package generate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"go.etcd.io/raft/v3"
)

// errEnough ends a run whose trace is long enough, in the middle of whatever goes on.
var errEnough = errors.New("enough events")

// tracer writes events as raft hands them over, in the shape in which a zap logger would.
type tracer struct {
	w       io.Writer
	cluster *cluster
	events  int
	err     error
}

// TraceEvent writes one event.
func (t *tracer) TraceEvent(e *raft.TracingEvent) {
	if t.events >= t.cluster.options.Events {
		panic(errEnough)
	}
	t.events++
	t.cluster.lie(e)
	body, err := json.Marshal(e)
	if err == nil {
		_, err = fmt.Fprintf(t.w, `{"level":"debug","ts":1700000000.%09d,"caller":"generate/tracer.go:1","msg":"trace","tag":"trace","event":%s}`+"\n", t.events, body)
	}
	if err != nil && t.err == nil {
		t.err = err
		panic(errEnough)
	}
}
