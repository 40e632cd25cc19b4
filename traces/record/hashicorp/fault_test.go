package hashicorp_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// forgetful is a store of terms and votes that comes back without the vote.
type forgetful struct{ raft.StableStore }

func (f *forgetful) forget(t *testing.T) {
	require.NoError(t, f.StableStore.SetUint64([]byte("LastVoteTerm"), 0))
	require.NoError(t, f.StableStore.Set([]byte("LastVoteCand"), nil))
}

// leaky is a store of entries that says it stored what it did not.
type leaky struct {
	raft.LogStore
	drop bool
}

func (l *leaky) StoreLogs(logs []*raft.Log) error {
	if l.drop {
		logs = logs[:len(logs)-1]
	}
	return l.LogStore.StoreLogs(logs)
}

// failing is a store that fails when it is told to.
type failing struct {
	raft.LogStore
	fails bool
}

var errDisk = errors.New("input/output error")

func (f *failing) StoreLogs(logs []*raft.Log) error {
	if f.fails {
		return errDisk
	}
	return f.LogStore.StoreLogs(logs)
}

// alone runs one server of three in a bubble; the test is the others, and talks to it through their transports.
func alone(t *testing.T, change func(*server), play func(c *cluster, s *server, others []*raft.InmemTransport)) []byte {
	var out []byte
	synctest.Test(t, func(t *testing.T) {
		c := start(t, 1, world{size: 3, config: func(conf *raft.Config) {
			conf.HeartbeatTimeout, conf.ElectionTimeout = time.Hour, time.Hour
		}})
		c.stop(c.servers[1])
		c.stop(c.servers[2])
		s := c.servers[0]
		c.stop(s)
		change(s)
		c.boot(s)
		play(c, s, c.others(s))
		c.stopAll()
		out = c.recorded()
	})
	return out
}

// others returns transports of the other servers, which reach this one.
func (c *cluster) others(s *server) (all []*raft.InmemTransport) {
	for _, o := range c.servers {
		if o != s {
			_, transport := raft.NewInmemTransport(o.Address)
			transport.Connect(s.Address, s.transport)
			all = append(all, transport)
		}
	}
	return all
}

func (c *cluster) header(k int) raft.RPCHeader {
	s := c.servers[k]
	return raft.RPCHeader{ProtocolVersion: 3, ID: []byte(s.ID), Addr: []byte(s.Address)}
}

// votes asks a server for its vote, in another's name.
func (c *cluster) votes(s *server, from *raft.InmemTransport, k int, term uint64) bool {
	var resp raft.RequestVoteResponse
	require.NoError(c.t, from.RequestVote(s.ID, s.Address, &raft.RequestVoteRequest{RPCHeader: c.header(k), Term: term, LastLogIndex: 9, LastLogTerm: 1}, &resp))
	return resp.Granted
}

// sends lets another server, as a leader, send one entry.
func (c *cluster) sends(s *server, from *raft.InmemTransport, k int, term, prevTerm, index, commit uint64) bool {
	var resp raft.AppendEntriesResponse
	entry := &raft.Log{Index: index, Term: term, Type: raft.LogCommand, Data: []byte("x")}
	require.NoError(c.t, from.AppendEntries(s.ID, s.Address, &raft.AppendEntriesRequest{RPCHeader: c.header(k), Term: term, PrevLogEntry: index - 1, PrevLogTerm: prevTerm,
		Entries: []*raft.Log{entry}, LeaderCommitIndex: commit}, &resp))
	return resp.Success
}

func TestALostVoteIsFound(t *testing.T) {
	for _, loses := range []bool{false, true} {
		stable := &forgetful{}
		out := alone(t, func(s *server) { stable.StableStore, s.stable = s.stable, stable }, func(c *cluster, s *server, others []*raft.InmemTransport) {
			require.True(t, c.votes(s, others[0], 1, 7))
			c.stop(s)
			if loses {
				stable.forget(t)
			}
			c.boot(s)
			require.Equal(t, loses, c.votes(s, c.others(s)[1], 2, 7))
		})
		result := verify(t, out)
		if !loses {
			require.Equal(t, spec.Held, result.Verdict)
			continue
		}
		require.Equal(t, "vote-once", result.Findings[0].Rule.Name)
	}
}

func TestAnEntryThatWasNotStoredIsFound(t *testing.T) {
	for _, loses := range []bool{false, true} {
		logs := &leaky{}
		out := alone(t, func(s *server) { logs.LogStore, s.logs = s.logs, logs }, func(c *cluster, s *server, others []*raft.InmemTransport) {
			require.True(t, c.sends(s, others[0], 1, 7, 1, 2, 1))
			logs.drop = loses
			require.True(t, c.sends(s, others[0], 1, 7, 7, 3, 2))
			logs.drop = false
			c.stop(s)
			c.boot(s)
		})
		result := verify(t, out)
		if !loses {
			require.Equal(t, spec.Held, result.Verdict)
			continue
		}
		require.Equal(t, spec.Violated, result.Verdict)
		require.Contains(t, result.Findings[0].Message, "at index 3")
	}
}

// A store that says that it failed is no fault of the server's, whatever the store holds then.
func TestAStoreThatFailsIsNoFinding(t *testing.T) {
	logs := &failing{}
	out := alone(t, func(s *server) { logs.LogStore, s.logs = s.logs, logs }, func(c *cluster, s *server, others []*raft.InmemTransport) {
		require.True(t, c.sends(s, others[0], 1, 7, 1, 2, 1))
		logs.fails = true
		require.False(t, c.sends(s, others[0], 1, 7, 7, 3, 2))
		logs.fails = false
		require.True(t, c.sends(s, others[0], 1, 7, 7, 3, 2))
		require.True(t, c.sends(s, others[0], 1, 7, 7, 4, 3))
		require.True(t, c.sends(s, others[1], 2, 8, 7, 4, 3), "what is not committed may be replaced")
	})
	result := verify(t, out)
	for _, f := range result.Findings {
		require.Fail(t, f.Message)
	}
	require.Equal(t, spec.Held, result.Verdict)
}
