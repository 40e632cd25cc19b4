package processes

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/spec"
)

// load is clients that read and write all the time. What they write is unique, and every so often they turn to new keys, so that what they saw
// is quickly judged.
type load struct {
	ways    ways
	history *history
	ids     []spec.ServerID
	stop    chan struct{}
	running sync.WaitGroup

	mutex sync.Mutex
	asked int
	seen  map[string]string // what a key was last seen to hold
}

const (
	perKeys = 300 // requests after which clients turn to new keys
	keys    = 2   // of each kind at a time
	giveUp  = 3 * time.Second
	patient = 500 * time.Millisecond // until a client turns to another server
	pause   = 5 * time.Millisecond   // between requests of a client, at most
)

// startLoad starts clients. Every second one only reads: a leader that was deposed keeps no client waiting that only reads, and so
// whoever reads is who notices.
func startLoad(clients int, seed uint64, w ways, h *history, ids []spec.ServerID) *load {
	l := &load{ways: w, history: h, ids: ids, stop: make(chan struct{}), seen: map[string]string{}}
	for k := range clients {
		random := rand.New(rand.NewPCG(seed, uint64(k)+1))
		l.running.Go(func() { l.client(loadName+strconv.Itoa(k+1), k%2 == 0, random) })
	}
	return l
}

// end lets every client give up, and waits for them.
func (l *load) end() {
	close(l.stop)
	l.running.Wait()
}

// client asks for one thing after another.
func (l *load) client(name string, writes bool, random *rand.Rand) {
	at := l.ids[random.IntN(len(l.ids))]
	for number := uint64(1); ; number++ {
		c := l.command(name, number, writes && random.IntN(4) > 0, random)
		if err := l.history.call(&c); err != nil {
			panic("a client of the load numbers its requests wrongly: " + err.Error())
		}
		for end := time.Now().Add(giveUp); time.Now().Before(end); {
			ctx, cancel := context.WithTimeout(context.Background(), patient)
			r := l.ways.ask(ctx, at, &c)
			cancel()
			if r.done {
				l.told(&c, r)
				break
			}
			if at = r.leader; at == spec.None {
				at = l.ids[random.IntN(len(l.ids))]
				if l.waits(10 * time.Millisecond) {
					return
				}
			}
		}
		if l.waits(time.Duration(random.Int64N(int64(pause)))) {
			return
		}
	}
}

// waits waits, and reports whether that is the end.
func (l *load) waits(d time.Duration) bool {
	select {
	case <-l.stop:
		return true
	case <-time.After(d):
		return false
	}
}

// told notes an answer. What is read is what a later compare-and-set expects.
func (l *load) told(c *runtime.Command, r *reply) {
	l.history.ended(c, r)
	if c.Op == runtime.Get && r.code == http.StatusOK {
		l.mutex.Lock()
		defer l.mutex.Unlock()
		l.seen[c.Key] = string(r.body)
	}
}

// command makes a client's next request, of keys that are only written, only appended to, or compared and set.
func (l *load) command(name string, number uint64, writes bool, random *rand.Rand) runtime.Command {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	kind := random.IntN(3)
	key := fmt.Sprintf("%s-%d-%d", [...]string{"put", "append", "cas"}[kind], l.asked/perKeys, random.IntN(keys))
	l.asked++
	c := runtime.Command{Client: name, Number: number, Op: runtime.Get, Key: key}
	if !writes {
		return c
	}
	c.Value = fmt.Sprintf("%s.%d", name, number)
	switch kind {
	case 0:
		c.Op = runtime.Put
	case 1:
		c.Op, c.Value = runtime.Append, c.Value+" "
	default:
		c.Op = runtime.Create
		if held, known := l.seen[key]; known {
			c.Op, c.Expected = runtime.Replace, held
		}
	}
	return c
}
