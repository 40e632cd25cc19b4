package distributed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"

	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	"google.golang.org/grpc"
)

// ServePool starts workers for runners that ask for them at an address, each a process of its own, until ctx is cancelled: what --environment_type EXTERNAL needs.
// A worker is the program with Beam's flags of one (--worker, --id, --logging_endpoint, --control_endpoint). One that is killed does no harm to the pool, which
// starts another when the runner asks for one.
func ServePool(ctx context.Context, at net.Listener, program string) error {
	p := &pool{program: program, workers: map[string]*exec.Cmd{}}
	server := grpc.NewServer()
	fnpb.RegisterBeamFnExternalWorkerPoolServer(server, p)
	stop := context.AfterFunc(ctx, server.Stop)
	defer stop()
	defer p.end()
	if err := server.Serve(at); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// pool is the workers that were started and have not ended.
type pool struct {
	fnpb.UnimplementedBeamFnExternalWorkerPoolServer
	program string

	sync.Mutex
	workers map[string]*exec.Cmd // by the id that the runner gave; nil when no more are to be started
}

// StartWorker starts a worker.
func (p *pool) StartWorker(_ context.Context, q *fnpb.StartWorkerRequest) (*fnpb.StartWorkerResponse, error) {
	p.Lock()
	defer p.Unlock()
	id := q.GetWorkerId()
	switch {
	case p.workers == nil:
		return &fnpb.StartWorkerResponse{Error: "the pool is ending"}, nil
	case p.workers[id] != nil:
		return &fnpb.StartWorkerResponse{Error: fmt.Sprintf("there is a worker %q already", id)}, nil
	}
	c := exec.Command(p.program, "--worker", "--id="+id, "--logging_endpoint="+q.GetLoggingEndpoint().GetUrl(), "--control_endpoint="+q.GetControlEndpoint().GetUrl())
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	if err := c.Start(); err != nil {
		return &fnpb.StartWorkerResponse{Error: err.Error()}, nil
	}
	p.workers[id] = c
	go func() {
		_ = c.Wait() // it is ended by a signal, of the pool or of somebody else
		p.Lock()
		defer p.Unlock()
		delete(p.workers, id)
	}()
	return &fnpb.StartWorkerResponse{}, nil
}

// StopWorker ends a worker. That it has ended already is no error.
func (p *pool) StopWorker(_ context.Context, q *fnpb.StopWorkerRequest) (*fnpb.StopWorkerResponse, error) {
	p.Lock()
	defer p.Unlock()
	if c := p.workers[q.GetWorkerId()]; c != nil {
		_ = c.Process.Kill() // its programs end when nobody asks them any more
	}
	return &fnpb.StopWorkerResponse{}, nil
}

// end ends all workers, and starts none any more.
func (p *pool) end() {
	p.Lock()
	defer p.Unlock()
	for _, c := range p.workers {
		_ = c.Process.Kill() // it may have ended
	}
	p.workers = nil
}

// answers waits until a pool of workers takes connections. Prism panics if one does not.
func answers(ctx context.Context, address string, patience time.Duration) error {
	for since := time.Now(); ; {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			return c.Close()
		}
		if patience > 0 && time.Since(since) > patience {
			return fmt.Errorf("no pool of workers answers at %s, as --environment_config says: %w", address, errors.Unwrap(err))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}
