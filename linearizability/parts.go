package linearizability

import "math"

// part is a set of keys that can be judged by itself, with the operations on them. Linearizability is local (Herlihy and Wing,
// 1990): a history is linearizable if and only if it is on every object. A transaction makes one object of all its keys.
type part struct {
	keys []string
	ops  []int // indexes into History.Operations, ascending; without those that say nothing
}

// never is when an operation returns that need not.
const never = math.MaxInt64

// rank turns moments into numbers so that a comparison says which event came first: of one moment, calls come before returns.
func (o *Operation) callRank() int64 { return o.Call << 1 }

func (o *Operation) returnRank() int64 {
	if o.Outcome != Returned {
		return never
	}
	return o.Return<<1 | 1
}

// silent reports whether the operation says nothing: it failed, or it only reads and nobody knows what.
func (o *Operation) silent() bool {
	if o.Outcome == Failed {
		return true
	}
	if o.Outcome == Returned {
		return false
	}
	return !o.changes()
}

// split divides the history into parts, in the order in which their keys first occur.
func split(h *History) []part {
	s := splitter{ids: map[string]int32{}}
	owner := make([]int32, len(h.Operations)) // a key of the operation; -1 for one that says nothing
	for k := range h.Operations {
		o := &h.Operations[k]
		owner[k] = -1
		if o.silent() {
			continue
		}
		owner[k] = s.id(o.Do[0].Key)
		for _, a := range o.Do[1:] {
			s.join(owner[k], s.id(a.Key))
		}
	}
	return s.parts(owner)
}

type splitter struct {
	ids   map[string]int32
	keys  []string
	above []int32 // of a key: another key of its part, or itself
	last  string  // the key looked up last, and its id
	lastK int32
}

func (s *splitter) id(key string) int32 {
	if key == s.last && len(s.keys) > 0 {
		return s.lastK
	}
	id, known := s.ids[key]
	if !known {
		id = int32(len(s.keys))
		s.ids[key] = id
		s.keys = append(s.keys, key)
		s.above = append(s.above, id)
	}
	s.last, s.lastK = key, id
	return id
}

func (s *splitter) root(id int32) int32 {
	for s.above[id] != id {
		s.above[id] = s.above[s.above[id]]
		id = s.above[id]
	}
	return id
}

// join makes one part of two. The key that occurred first stands for it.
func (s *splitter) join(a, b int32) {
	a, b = s.root(a), s.root(b)
	s.above[max(a, b)] = min(a, b)
}

func (s *splitter) parts(owner []int32) []part {
	number := make([]int32, len(s.keys)) // of a root: its part
	var parts []part
	for id, key := range s.keys {
		root := s.root(int32(id))
		if root == int32(id) {
			number[id] = int32(len(parts))
			parts = append(parts, part{})
		}
		p := &parts[number[root]]
		p.keys = append(p.keys, key)
	}
	sizes := make([]int, len(parts))
	for k, id := range owner {
		if id >= 0 {
			owner[k] = number[s.root(id)]
			sizes[owner[k]]++
		}
	}
	for k := range parts {
		parts[k].ops = make([]int, 0, sizes[k])
	}
	for k, n := range owner {
		if n >= 0 {
			parts[n].ops = append(parts[n].ops, k)
		}
	}
	return parts
}
