package rpc_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/raftcheck/raftcheck/adapters/rpc"
)

// replica is a Raft of another shape than that in examples/lab: logs begin at index 0, servers have names, terms are epochs, a goroutine for each
// other server calls it again and again, replies are returned, and term and vote are on another disk than the log.
type replica struct {
	mu     sync.Mutex
	self   string
	others map[string]*rpc.Peer
	meta   struct {
		Epoch  uint64
		Ballot string
	}
	records   []record
	committed int // −1 is none
	done      atomic.Int64
	mode      mode
	chief     string
	yes       map[string]bool
	next      map[string]int
	match     map[string]int

	env   *rpc.Env
	heard chan struct{}
	kick  map[string]chan struct{}
	stop  chan struct{}

	syncs bool // whether the log is synced
}

type record struct {
	Epoch uint64
	Data  []byte
}

type mode string

const (
	idle    mode = "Follower"
	running mode = "Candidate"
	chief   mode = "Leader"
)

func newReplica(e *rpc.Env, syncs bool) *replica {
	r := &replica{env: e, self: e.Name(e.Me()), others: map[string]*rpc.Peer{}, committed: -1, mode: idle, syncs: syncs,
		heard: make(chan struct{}, 1), kick: map[string]chan struct{}{}, stop: make(chan struct{})}
	r.done.Store(-1)
	for _, k := range e.Others() {
		r.others[e.Name(k)], r.kick[e.Name(k)] = e.Peer(k), make(chan struct{}, 1)
	}
	e.Disk("meta").ReadJSON(&r.meta) // nothing is there at first
	_ = json.Unmarshal(e.Disk("records").Read(), &r.records)
	if syncs {
		e.Disk("records").Sync() // what a process left that died may not be safe yet
	}
	go r.watch()
	for name := range r.others {
		go r.feed(name)
	}
	return r
}

func (r *replica) saveMeta() { r.env.Disk("meta").SaveJSON(r.meta) }

func (r *replica) saveRecords() {
	b, _ := json.Marshal(r.records)
	r.env.Disk("records").Write(b)
	if r.syncs {
		r.env.Disk("records").Sync()
	}
}

// watch campaigns when nobody is heard of.
func (r *replica) watch() {
	for {
		select {
		case <-r.stop:
			return
		case <-r.heard:
		case <-time.After(time.Second + rand.N(time.Second)):
			r.mu.Lock()
			if r.mode != chief {
				r.run()
			}
			r.mu.Unlock()
		}
	}
}

type ballotRequest struct {
	Epoch     uint64
	From      string
	LastIndex int
	LastTerm  uint64
}

type ballotReply struct {
	Epoch   uint64
	Granted bool
}

func (r *replica) last() (int, uint64) {
	if len(r.records) == 0 {
		return -1, 0
	}
	return len(r.records) - 1, r.records[len(r.records)-1].Epoch
}

func (r *replica) run() {
	r.mode, r.chief, r.yes = running, "", map[string]bool{r.self: true}
	r.meta.Epoch, r.meta.Ballot = r.meta.Epoch+1, r.self
	r.saveMeta()
	index, term := r.last()
	for name, peer := range r.others {
		go func() {
			reply, err := rpc.Ask[ballotReply](peer, "Replica/Ballot", &ballotRequest{r.meta.Epoch, r.self, index, term})
			if err == nil {
				r.count(name, reply)
			}
		}()
	}
}

func (r *replica) count(from string, reply *ballotReply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.learn(reply.Epoch)
	if r.mode != running || reply.Epoch != r.meta.Epoch || !reply.Granted {
		return
	}
	r.yes[from] = true
	if len(r.yes) <= (len(r.others)+1)/2 {
		return
	}
	r.mode, r.chief, r.next, r.match = chief, r.self, map[string]int{}, map[string]int{}
	for name := range r.others {
		r.next[name], r.match[name] = len(r.records), -1
	}
	r.wake()
}

func (r *replica) wake() {
	for _, c := range r.kick {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (r *replica) learn(epoch uint64) {
	if epoch > r.meta.Epoch {
		r.mode, r.chief, r.meta.Epoch, r.meta.Ballot = idle, "", epoch, ""
		r.saveMeta()
	}
}

// Ballot is called by candidates.
func (r *replica) Ballot(_ context.Context, q *ballotRequest) (*ballotReply, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.learn(q.Epoch)
	index, term := r.last()
	current := q.LastTerm > term || q.LastTerm == term && q.LastIndex >= index
	if q.Epoch < r.meta.Epoch || !current || r.meta.Ballot != "" && r.meta.Ballot != q.From {
		return &ballotReply{Epoch: r.meta.Epoch}, nil
	}
	if r.meta.Ballot == "" {
		r.meta.Ballot = q.From
		r.saveMeta()
	}
	return &ballotReply{r.meta.Epoch, true}, nil
}

type feedRequest struct {
	Epoch     uint64
	Chief     string
	PrevIndex int
	PrevTerm  uint64
	Entries   []record
	Commit    int
}

type feedReply struct {
	Epoch    uint64
	Accepted bool
}

// feed calls another server, one call after the other.
func (r *replica) feed(name string) {
	beat := time.NewTicker(100 * time.Millisecond)
	defer beat.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-beat.C:
		case <-r.kick[name]:
		}
		r.mu.Lock()
		if r.mode != chief {
			r.mu.Unlock()
			continue
		}
		prev := r.next[name] - 1
		q := &feedRequest{r.meta.Epoch, r.self, prev, 0, slices.Clone(r.records[prev+1:]), r.committed}
		if prev >= 0 {
			q.PrevTerm = r.records[prev].Epoch
		}
		r.mu.Unlock()
		reply, err := rpc.Ask[feedReply](r.others[name], "Replica/Feed", q)
		if err == nil {
			r.fed(name, q, reply)
		}
	}
}

func (r *replica) fed(name string, q *feedRequest, reply *feedReply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.learn(reply.Epoch)
	if r.mode != chief || q.Epoch != r.meta.Epoch {
		return
	}
	if !reply.Accepted {
		r.next[name] = max(r.match[name]+1, r.next[name]-1)
		return
	}
	r.match[name] = max(r.match[name], q.PrevIndex+len(q.Entries))
	r.next[name] = r.match[name] + 1
	for n := len(r.records) - 1; n > r.committed && r.records[n].Epoch == r.meta.Epoch; n-- {
		have := 1
		for _, m := range r.match {
			if m >= n {
				have++
			}
		}
		if have > (len(r.others)+1)/2 {
			r.commit(n)
		}
	}
}

func (r *replica) commit(index int) {
	r.committed = index
	for k := int(r.done.Load()) + 1; k <= index; k++ {
		r.done.Store(int64(k))
		r.env.Applied(k, r.records[k].Data)
	}
}

// Feed is called by leaders.
func (r *replica) Feed(_ context.Context, q *feedRequest) (*feedReply, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.learn(q.Epoch)
	if q.Epoch < r.meta.Epoch {
		return &feedReply{Epoch: r.meta.Epoch}, nil
	}
	r.mode, r.chief = idle, q.Chief
	select {
	case r.heard <- struct{}{}:
	default:
	}
	if q.PrevIndex >= len(r.records) || q.PrevIndex >= 0 && r.records[q.PrevIndex].Epoch != q.PrevTerm {
		return &feedReply{Epoch: r.meta.Epoch}, nil
	}
	for k, e := range q.Entries {
		if at := q.PrevIndex + 1 + k; at == len(r.records) || r.records[at].Epoch != e.Epoch {
			r.records = append(r.records[:at:at], q.Entries[k:]...)
			r.saveRecords()
			break
		}
	}
	if last := min(q.Commit, q.PrevIndex+len(q.Entries)); last > r.committed {
		r.commit(last)
	}
	return &feedReply{r.meta.Epoch, true}, nil
}

func (r *replica) propose(command string) (int, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.mode != chief {
		return 0, false
	}
	r.records = append(r.records, record{r.meta.Epoch, []byte(command)})
	r.saveRecords()
	r.wake()
	return len(r.records) - 1, true
}
