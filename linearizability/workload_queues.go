package linearizability

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sort"
)

// A queue without an order, as Jepsen's checkers take it, is a key for every element. An element is put in and taken out, and every operation
// does that to one element, so that the queue is linearisable exactly if every element is. That a queue was found empty is a read of
// every element: each was not there at some moment. That it was the same moment for all is not judged.

// queue is what clients did with a queue.
type queue struct {
	elements map[Value]*queued
	empty    []int // operations that found it empty
	unknown  []int // dequeues and drains of which nobody knows what they took
}

// queued is what clients did with an element.
type queued struct {
	key   string
	put   []int   // operations that were to put it in
	times int     // how many of them may have
	taken []int   // operations that took it out, a drain as often as it did
	puts  []int64 // the returns of those that did put it in, ascending
	takes []int64 // the calls of those that took it out, ascending
}

// inQueue is what the key of an element holds that is in the queue, if it is put in once; otherwise the key holds how often it is.
const inQueue = Value("tin the queue")

// queueName names a queue as the first part of the keys of its elements.
func queueName(key string) string {
	if key == "" || key == "nil" {
		return "queue"
	}
	return key
}

func (q *queue) element(name string, v Value) *queued {
	if q.elements[v] == nil {
		q.elements[v] = &queued{key: queueName(name) + "/" + v.name()}
	}
	return q.elements[v]
}

// queue notes what an operation does to a queue. Its actions wait until all is known of its element.
func (w *workload) queue(k int, f work, key string, asked, answer Value) error {
	if w.queues == nil {
		w.queues = map[string]*queue{}
	}
	if w.queues[key] == nil {
		w.queues[key] = &queue{elements: map[Value]*queued{}}
		w.things = append(w.things, thing{aQueue, named("queue", key), queueName(key) + "/"})
	}
	o, q := &w.Operations[k], w.queues[key]
	if f == drains {
		o.manner = byDrain
	}
	if f == enqueues {
		v := asked
		if v == Absent {
			v = answer
		}
		if v == Absent {
			return w.at(o.CallLine, "an :enqueue of nothing")
		}
		e := q.element(key, v)
		e.put = append(e.put, k)
		if o.Outcome != Failed {
			e.times++
		}
		return nil
	}
	var taken []Value
	switch {
	case o.Outcome == Failed:
		return nil
	case f == drains:
		var err error
		if taken, err = w.elementsOf(k, answer); err != nil {
			return err
		}
	case answer != Absent:
		taken = []Value{answer}
	}
	for _, v := range taken {
		e := q.element(key, v)
		e.taken = append(e.taken, k)
	}
	switch {
	case o.Outcome != Returned || w.said[k]&answered == 0 || f == dequeues && answer == Absent && w.options.NilUnseen:
		q.unknown = append(q.unknown, k)
	case f == drains || len(taken) == 0:
		q.empty = append(q.empty, k)
	}
	return nil
}

// dequeued gives the operations on queues their actions. A drain becomes an operation for every element.
func (w *workload) dequeued() {
	if len(w.queues) == 0 {
		return
	}
	var more []Operation
	for _, name := range slices.Sorted(maps.Keys(w.queues)) {
		q := w.queues[name]
		elements := slices.SortedFunc(maps.Values(q.elements), func(a, b *queued) int { return cmp.Compare(a.key, b.key) })
		for _, e := range elements {
			more = w.element(e, more)
		}
		more = w.foundEmpty(q, elements, more)
		for _, k := range q.empty {
			w.Operations[k].Do = w.actions(Action{Kind: Read, Shown: true, Key: queueName(name)})
		}
		for _, k := range q.unknown {
			if o := &w.Operations[k]; len(o.Do) == 0 {
				o.Do = w.actions(ReadOf(queueName(name)))
			}
		}
	}
	w.Operations = append(w.Operations, more...)
	slices.SortStableFunc(w.Operations, func(a, b Operation) int { return cmp.Compare(a.Call, b.Call) })
	w.Notes = append(w.Notes, "a queue is judged without its order: what is taken out was put in before, and is taken out once")
}

// element gives the operations on an element their actions.
func (w *workload) element(e *queued, more []Operation) []Operation {
	put, take := []Action{AddOf(e.key, 1)}, []Action{
		{Kind: Expect, Differs: true, Key: e.key, Value: Absent},
		{Kind: Expect, Differs: true, Key: e.key, Value: Number(0)},
		AddOf(e.key, -1),
	}
	if e.times < 2 {
		put, take = []Action{WriteOf(e.key, inQueue)}, []Action{CompareAndSetOf(e.key, inQueue, Absent)}
	}
	for _, k := range e.put {
		o := &w.Operations[k]
		if o.Do = w.actions(put...); o.Outcome == Returned {
			e.puts = append(e.puts, o.Return)
		}
	}
	for _, k := range e.taken {
		o := &w.Operations[k]
		e.takes = append(e.takes, o.Call)
		if w.works[w.of[k]] == dequeues {
			o.Do = w.actions(take...)
		} else {
			more = append(more, w.part(k, take))
		}
	}
	slices.Sort(e.puts)
	slices.Sort(e.takes)
	return more
}

// part is what an operation did to one element of a queue.
func (w *workload) part(k int, do []Action) Operation {
	o := w.Operations[k]
	o.Do = w.actions(do...)
	return o
}

// foundEmpty adds what it means that a queue was found empty: of every element that was surely put in before, and that nobody had begun to take
// out afterwards, a read that it is not there, once.
func (w *workload) foundEmpty(q *queue, elements []*queued, more []Operation) []Operation {
	hidden := int64(math.MaxInt64) // from when on nobody knows what is there
	for _, k := range q.unknown {
		hidden = min(hidden, w.Operations[k].Call)
	}
	telling := slices.DeleteFunc(slices.Clone(q.empty), func(k int) bool { return w.Operations[k].Return > hidden })
	if len(telling) < len(q.empty) {
		w.Notes = append(w.Notes, "nobody knows what some operations took out of the queue: that it was found empty afterwards does not tell what was lost")
	}
	slices.SortStableFunc(telling, func(a, b int) int { return cmp.Compare(w.Operations[a].Return, w.Operations[b].Return) })
	for _, e := range elements {
		if len(e.puts) == 0 {
			continue
		}
		first := sort.Search(len(telling), func(n int) bool { return w.Operations[telling[n]].Return > e.puts[0] })
		for _, k := range telling[first:] {
			o := &w.Operations[k]
			in, _ := slices.BinarySearch(e.puts, o.Call)
			out, _ := slices.BinarySearch(e.takes, o.Return)
			once := e.times < 2
			if in > out {
				gone := Number(0)
				if once {
					gone = Absent
				}
				more = append(more, w.part(k, []Action{{Kind: Read, Shown: true, Key: e.key, Value: gone}}))
			}
			if in > out || once && out > 0 {
				break
			}
		}
	}
	return more
}
