package rpc_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/rpc"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance/contract"
	"github.com/raftcheck/raftcheck/spec"
)

// replicas is what it takes to search replicas.
func replicas(syncs bool) rpc.Server[*replica] {
	return rpc.Server[*replica]{
		Make:     func(e *rpc.Env) *replica { return newReplica(e, syncs) },
		Kill:     func(r *replica) { close(r.stop) },
		Propose:  (*replica).propose,
		Fields:   map[string]string{"term": "meta.epoch", "votedFor": "meta.ballot", "log": "records", "lastApplied": "done", "role": "mode", "leader": "chief"},
		FromZero: true,
		Kinds:    map[string]spec.MessageKind{"Replica/Ballot": spec.RequestVote, "Feed": spec.AppendEntries},
		Serial:   true,
	}
}

// small is a world that is searched in a few seconds.
func small(c *cluster.Config) {
	c.Servers = 2
}

func search(t *testing.T, how rpc.Server[*replica]) *checker.Result {
	t.Helper()
	world := rpc.World(rpc.New(t, how).Node, how)
	small(&world)
	r, err := checker.Check(context.Background(), &world, checker.Options{Workers: 1})
	require.NoError(t, err)
	return r
}

func TestAnotherShape(t *testing.T) {
	r := search(t, replicas(true))
	for _, f := range r.Findings {
		t.Log(f.Message)
	}
	t.Logf("%+v", r.Search)
	require.Equal(t, spec.Held, r.Verdict, r.Reason)
}

func TestPowerFailure(t *testing.T) {
	r := search(t, replicas(false))
	require.Equal(t, spec.Violated, r.Verdict)
	require.Equal(t, "durable-before-send", r.Findings[0].Rule.Name, r.Findings[0].Message)
}

func TestContract(t *testing.T) {
	how := replicas(true)
	world := rpc.World(rpc.New(t, how).Node, how)
	r := contract.Try(context.Background(), &world, contract.Options{Again: rpc.New(t, how).Node, Steps: 1000})
	require.Nil(t, r.Failure)
}
