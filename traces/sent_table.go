package traces

// sentTable is a set of messages by their fingerprints and by what records of them may leave out, in the order in which they came, and a table with open
// addressing of where they are: there is one for each kind of message that a server sends, and every message that leaves or arrives is looked up. The
// zero sentTable is empty.
type sentTable struct {
	places []sentPlace // a power of two, at most half of them taken
	sent   []sentMessage
}

// sentMessage is a message that was sent.
type sentMessage struct {
	print uint64
	told  optional
}

// sentPlace says which message belongs to a place, and what its fingerprint begins with, so that others hardly ever need be looked at.
type sentPlace struct {
	begins uint32
	number uint32 // from 1; 0 is none
}

// sentGeneration is how many messages a table holds before another one is begun.
const sentGeneration = 1 << 18

// add adds a message.
func (t *sentTable) add(print uint64, told optional) {
	if 2*len(t.sent) >= len(t.places) {
		t.grow()
	}
	m := sentMessage{print, told}
	k, there := t.find(print, func(n *sentMessage) bool { return *n == m })
	if !there {
		t.sent = append(t.sent, m)
		t.places[k] = sentPlace{uint32(print >> 32), uint32(len(t.sent))}
	}
}

// has reports whether a message is there that this one may be.
func (t *sentTable) has(print uint64, told optional) bool {
	if len(t.sent) == 0 {
		return false
	}
	_, there := t.find(print, func(n *sentMessage) bool { return n.print == print && n.told.agrees(told) })
	return there
}

// find returns the place of the first message with a fingerprint that is the one wanted, or the place for another one.
func (t *sentTable) find(print uint64, is func(*sentMessage) bool) (at int, there bool) {
	last := len(t.places) - 1
	for k := int(print) & last; ; k = (k + 1) & last {
		p := t.places[k]
		if p.number == 0 {
			return k, false
		}
		if p.begins == uint32(print>>32) && is(&t.sent[p.number-1]) {
			return k, true
		}
	}
}

// grow makes room for twice as many.
func (t *sentTable) grow() {
	t.places = make([]sentPlace, max(64, 2*len(t.places)))
	t.sent = append(make([]sentMessage, 0, len(t.places)/2), t.sent...)
	for n := range t.sent {
		print := t.sent[n].print
		k, _ := t.find(print, func(*sentMessage) bool { return false })
		t.places[k] = sentPlace{uint32(print >> 32), uint32(n + 1)}
	}
}
