package hashicorp_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/record"
	"github.com/raftcheck/raftcheck/traces/record/hashicorp"
)

// world says what a cluster is made of.
type world struct {
	size    int
	config  func(*raft.Config)
	express bool // heartbeats pass the main goroutine
	apart   bool // every server records by itself
}

// cluster is servers of the real library with all their goroutines, in a bubble with a clock of its own.
type cluster struct {
	t        *testing.T
	chance   *rand.Rand
	recorder []*record.Recorder // of every server
	outs     []*bytes.Buffer    // where they write
	world
	servers []*server
}

type server struct {
	raft.Server
	disk      *raft.InmemStore
	snapshots *raft.InmemSnapshotStore
	transport *raft.InmemTransport
	raft      *raft.Raft // nil while it is down
	wrapped   *hashicorp.Wrapped
	logs      raft.LogStore
	stable    raft.StableStore
	cut       bool        // off from the others
	dead      func() bool // whether it was killed; nil is never
}

// machine is a state machine that only counts.
type machine struct {
	mutex sync.Mutex
	count int
}

func (m *machine) Apply(*raft.Log) any {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.count++
	return m.count
}
func (m *machine) Snapshot() (raft.FSMSnapshot, error) { return m, nil }
func (m *machine) Restore(r io.ReadCloser) error       { return r.Close() }
func (m *machine) Persist(sink raft.SnapshotSink) error {
	if _, err := sink.Write([]byte("state")); err != nil {
		return err
	}
	return sink.Close()
}
func (m *machine) Release() {}

func start(t *testing.T, seed uint64, w world) *cluster {
	c := &cluster{t: t, chance: rand.New(rand.NewPCG(seed, 1)), world: w}
	for k := range w.size {
		name := fmt.Sprintf("s%d", k+1)
		s := &server{Server: raft.Server{ID: raft.ServerID(name), Address: raft.ServerAddress(name + ":1")}, disk: raft.NewInmemStore(), snapshots: raft.NewInmemSnapshotStore()}
		s.logs, s.stable = s.disk, s.disk
		c.servers = append(c.servers, s)
	}
	c.record()
	for k, s := range c.servers {
		conf := c.raftConfig(s)
		if k < 3 {
			_, transport := raft.NewInmemTransport(s.Address)
			require.NoError(t, raft.BootstrapCluster(conf, s.disk, s.disk, s.snapshots, transport, raft.Configuration{Servers: c.known()[:3]}))
		}
		c.boot(s)
	}
	return c
}

// record makes the recorders: one for all servers, or one for each.
func (c *cluster) record() {
	for k := range c.servers {
		if k > 0 && !c.apart {
			c.recorder = append(c.recorder, c.recorder[0])
			continue
		}
		out := &bytes.Buffer{}
		r, err := record.New(out, record.Header{Variants: hashicorp.Variants}, record.Options{})
		require.NoError(c.t, err)
		c.recorder, c.outs = append(c.recorder, r), append(c.outs, out)
	}
}

// recorded returns the record of all servers.
func (c *cluster) recorded() []byte {
	if len(c.outs) == 1 {
		return c.outs[0].Bytes()
	}
	var sources []traces.Source
	for _, out := range c.outs {
		lines, err := traces.NewLines("recorded", out)
		require.NoError(c.t, err)
		source, err := traces.NewReader(lines, traces.Options{})
		require.NoError(c.t, err)
		sources = append(sources, source)
	}
	var joined bytes.Buffer
	require.NoError(c.t, traces.Join(&joined, sources...))
	return joined.Bytes()
}

func (c *cluster) known() (all []raft.Server) {
	for _, s := range c.servers {
		all = append(all, s.Server)
	}
	return all
}

func (c *cluster) raftConfig(s *server) *raft.Config {
	conf := raft.DefaultConfig()
	conf.LocalID, conf.Logger = s.ID, hclog.NewNullLogger()
	conf.TrailingLogs, conf.SnapshotThreshold, conf.MaxAppendEntries = 3, 1<<20, 4
	if c.config != nil {
		c.config(conf)
	}
	return conf
}

// boot starts a server from what is on its disk.
func (c *cluster) boot(s *server) {
	conf := c.raftConfig(s)
	_, s.transport = raft.NewInmemTransport(s.Address)
	parts := hashicorp.Parts{Config: conf, Logs: s.logs, Stable: s.stable, Snapshots: s.snapshots, Transport: s.transport}
	if c.express {
		e := newExpress(s.transport)
		e.dead = s.dead
		parts.Transport = e
	}
	w, err := hashicorp.Wrap(c.recorder[slices.Index(c.servers, s)], parts, hashicorp.Options{Servers: c.known(), Keep: 8})
	require.NoError(c.t, err)
	s.raft, err = raft.NewRaft(conf, &machine{}, w.Logs, w.Stable, w.Snapshots, w.Transport)
	require.NoError(c.t, err)
	w.Attach(s.raft)
	s.wrapped = w
	c.connect()
}

// connect lets those servers talk that are up and not cut off.
func (c *cluster) connect() {
	for _, s := range c.servers {
		if s.raft == nil {
			continue
		}
		s.transport.DisconnectAll()
		for _, o := range c.servers {
			if o.raft != nil && !s.cut && !o.cut {
				s.transport.Connect(o.Address, o.transport)
			}
		}
	}
}

// stop stops a server. Its disk stays.
func (c *cluster) stop(s *server) {
	if s.raft == nil {
		return
	}
	r := s.raft
	s.raft = nil
	c.connect()
	require.NoError(c.t, r.Shutdown().Error())
	s.wrapped.Close() // a server that was removed has shut itself down before
}

func (c *cluster) stopAll() {
	for _, s := range c.servers {
		c.stop(s)
	}
	for _, r := range c.recorder {
		require.NoError(c.t, r.Close())
	}
}

// leader returns the server that leads the latest term, or nil.
func (c *cluster) leader() (leader *server) {
	for _, s := range c.servers {
		if s.raft != nil && s.raft.State() == raft.Leader && (leader == nil || s.raft.CurrentTerm() > leader.raft.CurrentTerm()) {
			leader = s
		}
	}
	return leader
}

// step makes one thing happen, by chance, and gives it some time.
func (c *cluster) step() {
	s := c.servers[c.chance.IntN(len(c.servers))]
	leader := c.leader()
	switch n := c.chance.IntN(100); {
	case n < 60 && leader != nil:
		for range 1 + c.chance.IntN(6) {
			leader.raft.Apply(fmt.Append(nil, "command ", c.chance.IntN(1000)), time.Second)
		}
	case n < 70:
		s.cut = !s.cut
		c.connect()
	case n < 75 && leader != nil:
		leader.cut = true
		c.connect()
	case n < 82:
		if s.raft == nil {
			c.boot(s)
		} else {
			c.stop(s)
		}
	case n < 84 && s.raft != nil:
		s.raft.Snapshot()
	case n < 88 && leader != nil && leader != s:
		c.leaveBehind(s, leader)
	case n < 91 && leader != nil:
		leader.raft.LeadershipTransfer()
	case n < 95 && leader != nil && len(c.servers) > 3:
		c.reconfigure(leader.raft)
	default:
		for _, s := range c.servers {
			s.cut = false
		}
		c.connect()
	}
	time.Sleep(time.Duration(c.chance.IntN(3000)) * time.Millisecond)
	synctest.Wait()
}

// leaveBehind cuts a server off until the leader has dropped what it lacks.
func (c *cluster) leaveBehind(s, leader *server) {
	s.cut = true
	c.connect()
	for range 20 {
		leader.raft.Apply([]byte("x"), time.Second)
	}
	time.Sleep(time.Second)
	leader.raft.Snapshot()
	time.Sleep(time.Second)
	s.cut = false
	c.connect()
}

// end lets the servers find together, and one of the first two, which nobody removes, catch up by a snapshot.
func (c *cluster) end() {
	for _, s := range c.servers {
		if s.cut = false; s.raft == nil {
			c.boot(s)
		}
	}
	c.connect()
	for c.leader() == nil {
		time.Sleep(time.Second)
	}
	time.Sleep(30 * time.Second)
	leader, behind := c.leader(), c.servers[0]
	if leader == behind {
		behind = c.servers[1]
	}
	c.leaveBehind(behind, leader)
	time.Sleep(30 * time.Second)
}

func (c *cluster) reconfigure(r *raft.Raft) {
	s := c.servers[2+c.chance.IntN(2)]
	switch c.chance.IntN(3) {
	case 0:
		r.AddNonvoter(s.ID, s.Address, 0, time.Second)
	case 1:
		r.AddVoter(s.ID, s.Address, 0, time.Second)
	default:
		r.RemoveServer(s.ID, 0, time.Second)
	}
}

func verify(t testing.TB, trace []byte) *traces.Result {
	t.Helper()
	lines, err := traces.NewLines("recorded", bytes.NewReader(trace))
	require.NoError(t, err)
	source, err := traces.NewReader(lines, traces.Options{})
	require.NoError(t, err)
	result, err := traces.Verify(context.Background(), source, traces.VerifyOptions{KeepGoing: true})
	require.NoError(t, err)
	return result
}
