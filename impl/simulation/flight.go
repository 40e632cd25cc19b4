package simulation

import (
	"container/heap"
	"time"

	"github.com/raftcheck/raftcheck/spec"
)

// flight is the messages on their way, the next to arrive first; of those that arrive at one moment the one that left first.
type flight struct {
	messages arrivals
	sent     int
}

type arrival struct {
	at      time.Duration
	number  int
	message spec.Message
}

func (f *flight) add(at time.Duration, m spec.Message) {
	f.sent++
	heap.Push(&f.messages, arrival{at, f.sent, m})
}

// next returns when the next message arrives; false if there is none.
func (f *flight) next() (time.Duration, bool) {
	if len(f.messages) == 0 {
		return 0, false
	}
	return f.messages[0].at, true
}

func (f *flight) take() spec.Message { return heap.Pop(&f.messages).(arrival).message }

type arrivals []arrival

func (a arrivals) Len() int { return len(a) }
func (a arrivals) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].number < a[j].number
}
func (a arrivals) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *arrivals) Push(x any)   { *a = append(*a, x.(arrival)) }
func (a *arrivals) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}
