package process

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// position is a place in the history of a running server: what it was started with, and every input since. It never changes,
// but for a memory of what was asked there last.
type position struct {
	parent  *position // nil right after a start
	line    string    // what was asked to come here from parent; a start when that is nil
	reply   string    // what was answered
	depth   int       // inputs since the start
	state   string    // what load takes; "" when the program gives none
	key     string    // canonical bytes of everything that decides what the program does from here on
	post    spec.Observation
	written spec.Durable // what is on disk, synced or not

	last step // the crash points of one input are asked one after another, and each is the same whole step
}

// step is an input given at a position, and what came of it.
type step struct {
	line   string
	answer *answer
	next   *position
}

// newPosition returns the position that an answer which was not refused leads to.
func newPosition(parent *position, line, reply string, a *answer) *position {
	p := &position{parent: parent, line: line, reply: reply, state: a.state, post: a.post, written: a.written}
	if parent != nil {
		p.depth = parent.depth + 1
	}
	if a.state == "" {
		p.key = historyKey(parent, line)
		return p
	}
	p.key = shown(&a.post) + canonical(a.state)
	return p
}

// shown returns what a server shows, always in the same bytes.
func shown(post *spec.Observation) string {
	o := wire.Open(nil)
	o.Observation("post", post)
	return string(o.Close())
}

// historyKey stands for all inputs since the start.
func historyKey(parent *position, line string) string {
	before := ""
	if parent != nil {
		before = parent.key
	}
	sum := sha256.Sum256([]byte(before + line))
	return string(sum[:])
}

// canonical returns JSON with the members of every object in order. Numbers stay as they are written.
func canonical(text string) string {
	if text[0] != '{' && text[0] != '[' {
		return text
	}
	sorted, err := json.Marshal(decoded(text))
	if err != nil {
		return text
	}
	return string(sorted)
}

// decoded returns a JSON value that was read before, with numbers as text.
func decoded(text string) (value any) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if d.Decode(&value) != nil {
		return text
	}
	return value
}

// root returns the start that a position's history begins with.
func (p *position) root() *position {
	for p.parent != nil {
		p = p.parent
	}
	return p
}

// linesAfter returns what was asked between a position in the history of p, or before its start when that is nil, and p, and
// the positions it led to.
func (p *position) linesAfter(from *position) (lines [][]byte, way []*position) {
	n := p.depth + 1
	if from != nil {
		n = p.depth - from.depth
	}
	lines, way = make([][]byte, n, n+1), make([]*position, n)
	for n--; n >= 0; n-- {
		lines[n], way[n] = []byte(p.line), p
		p = p.parent
	}
	return lines, way
}

// same reports whether a server at p has been through the same as one at q.
func (p *position) same(q *position) bool {
	return p == q || p != nil && q != nil && p.parent == nil && q.parent == nil && p.line == q.line
}
