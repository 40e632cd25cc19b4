package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/metrics"
	"time"

	"github.com/raftcheck/raftcheck/internal/cancellable"
	"github.com/raftcheck/raftcheck/report"
)

// overtime is how long what has a limit of its own may take to come to its own end, before it is given up.
const overtime = time.Second

// bounded does something under a limit of time, 0 for none, and of memory, in bytes of the whole process. If one is reached, or ctx is cancelled,
// what is done is given up where it is, and the error says why: context.Canceled, or an *exhausted.
func bounded[T any](ctx context.Context, limit time.Duration, memory int, do func(context.Context) T) (result T, err error) {
	limited, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if limit > 0 {
		timer := time.AfterFunc(limit+overtime, func() { cancel(&exhausted{fmt.Sprintf("the limit of %s was used up", limit)}) })
		defer timer.Stop()
	}
	if memory > 0 {
		go watchMemory(limited, memory, cancel)
	}
	result, done := cancellable.Run(limited, func() T { return do(limited) })
	var reached *exhausted
	switch {
	case errors.As(context.Cause(limited), &reached):
		return result, reached
	case !done:
		return result, context.Canceled
	}
	return result, nil
}

// exhausted says which limit was reached.
type exhausted struct{ what string }

// Error returns what was reached.
func (e *exhausted) Error() string { return e.what }

// looksEvery is how often memory is looked at.
const looksEvery = 50 * time.Millisecond

// watchMemory cancels when more memory is in use than is allowed.
func watchMemory(ctx context.Context, most int, cancel context.CancelCauseFunc) {
	every := time.NewTicker(looksEvery)
	defer every.Stop()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		if metrics.Read(sample); sample[0].Value.Kind() == metrics.KindUint64 && sample[0].Value.Uint64() > uint64(most) {
			cancel(&exhausted{fmt.Sprintf("the memory of %s was used up", report.Bytes(uint64(most)))})
			return
		}
	}
}
