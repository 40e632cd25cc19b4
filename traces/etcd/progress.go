package etcd

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// peer is what a leader believes of one server, itself included. How it sends to the server depends on more than the trace
// shows: the application reports peers unreachable and how snapshots went. So there may be several views, of which one is true.
type peer struct {
	id      spec.ServerID
	match   spec.Index // highest index known to be replicated there
	learner bool
	views   []view // never empty; the first supposes that nothing was reported
	looked  int    // line of the call for which what may have been reported is among the views

	loose   bool       // what is sent to it is not known, and the views say nothing
	atLeast bool       // match may be greater than is known,
	upTo    spec.Index // and at most this or what was acknowledged since
}

// view is one possible state of a leader's progress with a peer (package tracker of etcd's raft).
type view struct {
	state   progress
	paused  bool       // probing: one probe is out, nothing is sent
	full    bool       // replicating: the window of messages in flight may be full, so that nothing is sent
	next    spec.Index // next entry to be sent; above match
	atMost  bool       // probing: next may be lower, since it is not known how far back a refusal made the leader go
	pending spec.Index // snapshotting: index of the snapshot being sent
	told    spec.Index // highest commitIndex sent
	flying  spec.Index // replicating: highest index in flight; 0 is none
	due     bool       // in the call at hand: what is awaited comes if this view is true
}

// progress is how a leader sends to a peer.
type progress uint8

const (
	probing progress = iota
	replicating
	snapshotting
)

func (v view) probe(match spec.Index) view {
	next := match + 1
	if v.state == snapshotting {
		next = max(next, v.pending+1)
	}
	return view{state: probing, next: next, told: min(v.told, next-1)}
}

func (v view) replicate(match spec.Index) view {
	return view{state: replicating, next: match + 1, told: v.told}
}

// consider adds what the application may have reported since the last call.
func (p *peer) consider(line int) {
	if p.looked == line {
		return
	}
	p.looked = line
	for _, v := range p.views {
		switch v.state {
		case replicating:
			p.add(v.probe(p.match))
		case snapshotting:
			finished := v.probe(p.match)
			v.pending = 0
			failed := v.probe(p.match)
			finished.paused, failed.paused = true, true
			p.add(finished)
			p.add(failed)
		}
	}
}

// mostViews bounds the views of one peer. Beyond it, those that suppose the most reports are dropped.
const mostViews = 24

func (p *peer) add(v view) {
	if len(p.views) < mostViews && !slices.Contains(p.views, v) {
		p.views = append(p.views, v)
	}
}

// each replaces every view by what change makes of it, and drops those that became equal.
func (p *peer) each(change func(*view)) {
	kept := p.views[:0]
	for _, v := range p.views {
		change(&v)
		if !slices.Contains(kept, v) {
			kept = append(kept, v)
		}
	}
	p.views = kept
}

// keep drops the views that a line rules out, and reports whether any was left; if none was, all are kept.
func (p *peer) keep(possible func(*view) bool) bool {
	n := 0
	for k := range p.views {
		if possible(&p.views[k]) {
			n++
		}
	}
	if n == 0 {
		return false
	}
	if n < len(p.views) {
		kept := p.views[:0]
		for k := range p.views {
			if possible(&p.views[k]) {
				kept = append(kept, p.views[k])
			}
		}
		p.views = kept
	}
	return true
}

// sent accounts for a MsgApp with n entries.
func (v *view) sent(n, commit spec.Index) {
	switch {
	case v.state == replicating && n > 0:
		v.next += n
		v.flying = v.next - 1
	case v.state == probing && n > 0:
		v.paused = true
	}
	v.full = v.state == replicating && v.flying > 0
	v.told = commit
}

// refused accounts for a rejection, and reports whether the leader tries again. exact tells that the hint is known, and not only a bound.
func (v *view) refused(match, rejected, hint spec.Index, exact bool) bool {
	if v.state == replicating {
		if rejected <= match {
			return false
		}
		*v = v.probe(match)
		return true
	}
	if v.next-1 != rejected && !v.atMost {
		return false
	}
	v.atMost = v.atMost || !exact && min(rejected, hint+1) > match+1
	v.next = max(min(rejected, hint+1), match+1)
	v.told = min(v.told, v.next-1)
	v.paused = false
	return true
}

// lagging reports whether telling the commitIndex now could move the peer's.
func (v *view) lagging(commit spec.Index) bool { return commit > v.told && v.told < v.next-1 }

// likely says whether something happens: never, maybe (it depends on what the trace does not show), surely.
type likely uint8

const (
	never likely = iota
	maybe
	surely
)

// sends tells whether maybeSendAppend sends; empty says that a message without entries would do.
func (v *view) sends(empty bool, last, commit spec.Index) likely {
	switch {
	case v.state == snapshotting, v.state == probing && v.paused, !empty && v.next > last:
		return never
	case v.next-1 < commit || v.atMost:
		return maybe // the entry may be compacted and no snapshot at hand
	case empty && v.full, !empty && v.flying > 0:
		return maybe // the window may be full
	}
	return surely
}

// mode is when a message to a peer is awaited.
type mode uint8

const (
	always       mode = iota // even without entries
	withEntries              // only with entries
	dueOnly                  // in the views where it is due, even without entries
	dueOrEntries             // in the views where it is due even without entries, in the others only with
)

// starts reports whether a MsgApp that starts after an index may be sent in this view.
func (v *view) starts(index, match spec.Index) bool {
	return v.next-1 == index || v.atMost && index >= match && index < v.next
}

func (v *view) awaits(m mode, last, commit spec.Index) likely {
	switch {
	case m == dueOnly && !v.due:
		return never
	case m == withEntries, m == dueOrEntries && !v.due:
		return v.sends(false, last, commit)
	}
	return v.sends(true, last, commit)
}

// awaits tells how likely a message to the peer is, over all views.
func (p *peer) awaits(m mode, last, commit spec.Index) likely {
	least, most := surely, never
	for k := range p.views {
		l := p.views[k].awaits(m, last, commit)
		least, most = min(least, l), max(most, l)
	}
	if least == most {
		return least
	}
	return maybe
}
