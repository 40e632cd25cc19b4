//go:build with_tla

package generate

import (
	crand "crypto/rand"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

// Run simulates a cluster and writes its trace. What it returns says what happened, as far as no event tells it.
// It replaces crypto/rand.Reader while it runs, which is where raft takes its election timeouts from.
func Run(w io.Writer, o Options) (*Summary, error) {
	var key [32]byte
	for k := range 8 {
		key[k] = byte(o.Seed >> (8 * k))
	}
	source := rand.NewChaCha8(key)
	defer func(was io.Reader) { crand.Reader = was }(crand.Reader)
	crand.Reader = source

	c := &cluster{options: o, chance: rand.New(rand.NewPCG(o.Seed, 17)), tracer: &tracer{w: w}, nodes: map[uint64]*node{}}
	c.tracer.cluster = c
	err := c.run()
	if c.tracer.err != nil {
		return nil, c.tracer.err
	}
	return &c.summary, err
}

// Summary counts what happened, and says where a fault first took effect.
type Summary struct {
	Events, Drops, Duplicates, Crashes, Restarts, Lost, Partitions, Compactions, Snapshots, Confs int
	// Fault is the number of the event at which the injected fault first took effect, or of the one that follows; 0 if it never did.
	Fault int
	// Panic is what raft died of after a fault.
	Panic string
}

type cluster struct {
	options Options
	chance  *rand.Rand
	tracer  *tracer
	nodes   map[uint64]*node
	ids     []uint64 // ascending
	flight  []flying
	side    map[uint64]bool // of a partition; nil while there is none
	summary Summary
	value   int
	newest  uint64
	saved   []pb.Message // for faults that replay
}

// flying is a message in flight, and whether it was changed on its way.
type flying struct {
	pb.Message
	forged bool
}

func (c *cluster) happens(rate float64) bool { return rate > 0 && c.chance.Float64() < rate }

func (c *cluster) run() (err error) {
	defer func() {
		c.summary.Events = c.tracer.events
		if p := recover(); p != nil {
			if p == errEnough {
				return
			}
			if c.options.Fault == "" {
				err = fmt.Errorf("raft panicked: %v", p)
				return
			}
			c.summary.Panic = fmt.Sprint(p)
		}
	}()
	c.newest = uint64(c.options.Servers)
	for id := uint64(1); id <= c.newest; id++ {
		c.create(id, true)
	}
	for {
		c.act()
	}
}

// create adds a server, as a founding member or with nothing on its disk.
func (c *cluster) create(id uint64, founder bool) {
	n := &node{id: id, cluster: c, storage: raft.NewMemoryStorage()}
	c.nodes[id] = n
	c.ids = append(c.ids, id)
	slices.Sort(c.ids)
	peers := make([]raft.Peer, c.options.Servers)
	voters := make([]uint64, c.options.Servers)
	for k := range peers {
		peers[k].ID, voters[k] = uint64(k+1), uint64(k+1)
	}
	if founder && c.options.FromSnapshot {
		n.conf = pb.ConfState{Voters: voters}
		must(n.storage.ApplySnapshot(pb.Snapshot{Metadata: pb.SnapshotMetadata{Index: 10, Term: 5, ConfState: n.conf}}))
		must(n.storage.SetHardState(pb.HardState{Term: 5, Commit: 10}))
		n.applied = 10
		n.start()
		return
	}
	n.start()
	if founder {
		must(n.raft.Bootstrap(peers))
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// act lets one thing happen.
func (c *cluster) act() {
	o := &c.options
	n := c.nodes[c.ids[c.chance.IntN(len(c.ids))]]
	switch {
	case c.happens(o.Partition):
		c.partition()
	case c.happens(o.Crash):
		n.crash()
		return
	case c.happens(o.Compact):
		n.compact()
		return
	}
	if !n.up() {
		if c.happens(0.1) {
			c.summary.Restarts++
			n.start()
		}
		return
	}
	switch {
	case c.happens(o.Propose):
		n.propose()
	case c.happens(o.Conf):
		n.proposeConf()
	case c.happens(o.Transfer):
		n.raft.TransferLeader(c.ids[c.chance.IntN(len(c.ids))])
	case c.happens(o.Read):
		c.value++
		n.raft.ReadIndex(fmt.Appendf(nil, "read %d", c.value))
	case c.happens(o.Report):
		n.report()
	case c.happens(o.Forget):
		_ = n.raft.ForgetLeader()
	case c.happens(o.Timeout):
		_ = n.raft.Campaign()
	case c.happens(0.1):
		n.raft.Tick()
	case c.happens(0.5):
		n.work()
	default:
		c.deliver()
	}
	c.inject(n)
}

func (c *cluster) partition() {
	if c.side != nil {
		c.side = nil
		return
	}
	c.summary.Partitions++
	c.side = map[uint64]bool{}
	for _, id := range c.ids {
		c.side[id] = c.chance.IntN(2) == 0
	}
}

// send puts a message on its way.
func (c *cluster) send(m pb.Message) {
	forged := c.forge(&m)
	if c.happens(c.options.Drop) {
		c.summary.Drops++
		return
	}
	c.flight = append(c.flight, flying{m, forged})
}

func (c *cluster) deliver() {
	if len(c.flight) == 0 {
		return
	}
	k := 0
	if c.happens(c.options.Reorder) {
		k = c.chance.IntN(len(c.flight))
	}
	m := c.flight[k]
	if c.happens(c.options.Duplicate) {
		c.summary.Duplicates++
	} else {
		c.flight = slices.Delete(c.flight, k, k+1)
	}
	to := c.nodes[m.To]
	if to == nil || !to.up() || c.side != nil && c.side[m.From] != c.side[m.To] {
		c.summary.Lost++
		return
	}
	if len(c.saved) < 1000 {
		c.saved = append(c.saved, m.Message)
	}
	if m.forged {
		c.struck()
	}
	_ = to.raft.Step(m.Message)
}
