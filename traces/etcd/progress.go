package etcd

import "github.com/raftcheck/raftcheck/spec"

// peer is what a leader believes of one server, itself included, as far as the trace determines it.
type peer struct {
	id       spec.ServerID
	match    spec.Index // highest index known to be replicated there
	next     spec.Index // next to be sent; above match
	state    progress
	paused   bool       // probing, and one probe is out
	pending  spec.Index // index of the snapshot being sent
	told     spec.Index // highest commitIndex sent
	inFlight []spec.Index
	learner  bool
}

// progress is how a leader sends to a peer.
type progress uint8

const (
	probing progress = iota
	replicating
	snapshotting
)

func (p *peer) become(state progress) {
	p.paused, p.state = false, state
	p.inFlight = p.inFlight[:0]
}

func (p *peer) becomeProbe() {
	next := p.match + 1
	if p.state == snapshotting {
		next = max(next, p.pending+1)
	}
	p.become(probing)
	p.pending = 0
	p.next = next
	p.told = min(p.told, p.next-1)
}

func (p *peer) becomeReplicate() {
	p.become(replicating)
	p.pending = 0
	p.next = p.match + 1
}

func (p *peer) becomeSnapshot(index spec.Index) {
	p.become(snapshotting)
	p.pending, p.next, p.told = index, index+1, index
}

// sent accounts for a MsgApp with n entries.
func (p *peer) sent(n, commit spec.Index) {
	switch {
	case p.state == replicating && n > 0:
		p.next += n
		p.inFlight = append(p.inFlight, p.next-1)
	case p.state == probing && n > 0:
		p.paused = true
	}
	p.told = commit
}

// acknowledged moves match up, and reports whether it moved.
func (p *peer) acknowledged(index spec.Index) bool {
	if index <= p.match {
		return false
	}
	p.match = index
	p.next = max(p.next, index+1)
	p.paused = false
	return true
}

func (p *peer) free(index spec.Index) {
	k := 0
	for k < len(p.inFlight) && p.inFlight[k] <= index {
		k++
	}
	p.inFlight = append(p.inFlight[:0], p.inFlight[k:]...)
}

// refused accounts for a rejection, and reports whether the leader tries again.
func (p *peer) refused(rejected, hint spec.Index) bool {
	if p.state == replicating {
		if rejected <= p.match {
			return false
		}
		p.next = p.match + 1
		p.told = min(p.told, p.next-1)
		return true
	}
	if p.next-1 != rejected {
		return false
	}
	p.next = max(min(rejected, hint+1), p.match+1)
	p.told = min(p.told, p.next-1)
	p.paused = false
	return true
}

// lagging reports whether telling the commitIndex now could move the peer's.
func (p *peer) lagging(commit spec.Index) bool { return commit > p.told && p.told < p.next-1 }
