package spec

import "slices"

// chunks are the pieces of one snapshot that are on their way to a server.
type chunks struct {
	from     ServerID
	term     Term
	index    Index
	sent     []uint64 // offsets, ascending
	got      []uint64
	came     int  // pieces that came, with those that came twice
	unsure   bool // it was begun again, perhaps in other pieces
	complete bool // every step of the receiver since the first piece is recorded
}

// chunk takes in the pieces of snapshots that a step brings and sends, and returns the breach of one that is installed without a piece in the middle.
func (h *hearsay) chunk(s *Step, unnumbered bool) *Breach {
	if s.Gap || s.Hole || unnumbered {
		clear(h.chunks)
	}
	for _, m := range s.Output.Sent {
		if m.Kind == InstallSnapshot {
			h.sentChunk(m)
		}
	}
	if s.Output.Unseen {
		for _, c := range h.chunks {
			c.unsure = c.unsure || c.from == s.Server // it may have sent other pieces
		}
	}
	c, m := h.chunks[s.Server], &s.Input.Message
	switch {
	case c == nil:
		return nil
	case !s.runs():
		c.complete = false
	case !s.delivered(InstallSnapshot):
		return nil
	}
	if !m.Knows(MessageFrom|MessageTerm|MessagePrevIndex|MessageOffset) || m.From != c.from || m.Term != c.term || m.PrevLogIndex != c.index {
		c.complete = false
		return nil
	}
	c.got, c.came = append(c.got, m.Offset), c.came+1
	if m.Partial || c.unsure || !c.complete || !s.installs(m) {
		return nil
	}
	for _, offset := range c.sent {
		if offset < m.Offset && c.came < len(c.sent) && !slices.Contains(c.got, offset) {
			return s.breach(PartInput, 0, "%s takes a snapshot up to index %d of which the chunk at offset %d never came", s.Server, m.PrevLogIndex, offset).
				refusing("every chunk before the last has come", "the one at offset %d has not", offset).
				allowing("%s waits for the chunk at offset %d", s.Server, offset)
		}
	}
	return nil
}

// sentChunk takes in a snapshot, or a piece of one, that leaves. One that does not go on where the pieces before ended may be of other pieces.
func (h *hearsay) sentChunk(m *Message) {
	chunk := m.Partial || m.Offset > 0
	if !m.Knows(MessageTo) {
		clear(h.chunks)
		return
	}
	c := h.chunks[m.To]
	switch other := c == nil || c.from != m.From || c.term != m.Term || c.index != m.PrevLogIndex; {
	case !m.Knows(MessageTerm | MessagePrevIndex | MessageOffset):
		delete(h.chunks, m.To)
	case other && chunk:
		if h.chunks == nil {
			h.chunks = map[ServerID]*chunks{}
		}
		h.chunks[m.To] = &chunks{from: m.From, term: m.Term, index: m.PrevLogIndex, complete: true, unsure: m.Offset > 0, sent: []uint64{m.Offset}}
	case other:
	case m.Offset > c.sent[len(c.sent)-1]:
		c.sent = append(c.sent, m.Offset)
	case m.Offset < c.sent[len(c.sent)-1]:
		c.unsure = true
	}
}

// installs reports whether the step is seen to take the snapshot of which a message brings the last piece.
func (s *Step) installs(m *Message) bool {
	if s.show(FieldLog|FieldCompacted) && s.Before.Log.Base < m.PrevLogIndex && s.After.Log.Base >= m.PrevLogIndex {
		return true
	}
	for _, reply := range s.Output.Sent {
		if reply.Kind == InstallSnapshotReply && reply.Success && reply.Knows(MessageSuccess|MessageMatch) && reply.MatchIndex >= m.PrevLogIndex {
			return !s.Before.Knows(FieldLog) || s.Before.Log.LastIndex() < m.PrevLogIndex
		}
	}
	return false
}
