package impl

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Membership changes (6, D4). A configuration is an entry of the log, and every server uses the last one in its log, committed or not.
//
// A change of one server at a time (D4.1) needs no more: majorities of the two configurations overlap. Any other change goes through
// a joint configuration of both, in which elections and commitment need majorities of each (6). Once the joint configuration is
// committed the leader appends the new one by itself, also if it is a later leader.
//
// The leader takes on a change only when none is under way, and only once it has committed an entry of its own term: the fix of
// 2015, without which changes of two leaders may have majorities that do not overlap. A leader that is not in the new
// configuration leads until that is committed, without counting itself, and then steps down. Learners get entries and
// neither vote nor count (D4.2.1). A server that is not in the first configuration knows none, and waits to be told.

// firstConfiguration is what a server knows before there is anything in its log: the first servers vote, and others know nothing.
func (s *server) firstConfiguration() spec.Configuration {
	voters := s.servers
	if n := s.options.Voters; s.options.Membership && n > 0 {
		voters = voters[:min(n, len(voters))]
	}
	if !slices.Contains(voters, s.id) {
		return spec.Configuration{}
	}
	return spec.Configuration{Voters: voters}
}

// configurationAt returns the last configuration in a log up to an index, and the index of its entry, or that of the snapshot it is in.
func (s *server) configurationAt(d spec.Durable, upTo spec.Index) (spec.Configuration, spec.Index) {
	for i := min(upTo, d.Log.LastIndex()); i > d.Log.Base; i-- {
		if e, _ := d.Log.At(i); e.Kind == spec.ConfigurationChange {
			return configurationOf(e.Value), i
		}
	}
	if d.Config != "" {
		return configurationOf(d.Config), d.Log.Base
	}
	return s.firstConfiguration(), 0
}

// configurationOf reads what an entry says. Only servers write such entries.
func configurationOf(text string) spec.Configuration {
	c, err := spec.ParseConfiguration(text)
	if err != nil {
		panic("an entry holds no configuration: " + err.Error())
	}
	return c
}

// reconfigure looks for the configuration in force after the log has changed, by a message of that kind or on a leader by itself, and lets a
// leader know its followers.
func (s *server) reconfigure(cause spec.MessageKind) {
	if !s.options.Membership {
		return
	}
	found, at := s.configurationAt(s.persistent(), s.decide.ConfigurationUpTo(s.log, s.lastApplied()))
	now := s.decide.InForce(cause, Placed{s.config, s.configIndex}, Placed{found, at})
	s.config, s.configIndex = now.Configuration, now.Index
	if s.role != spec.Leader {
		return
	}
	progress := make([]spec.Progress, 0, len(s.progress)+1)
	for id := range s.members {
		k := s.follower(id)
		if k < 0 {
			progress = append(progress, spec.Progress{Server: id, NextIndex: 1}) // it has nothing yet
		} else {
			progress = append(progress, s.progress[k])
		}
	}
	s.progress = progress
}

// Placed is a configuration and where in the log it stands: the index of its entry, or that of the snapshot that holds it, or 0.
type Placed struct {
	Configuration spec.Configuration
	Index         spec.Index
}

// onReconfigure: a leader appends the configuration that is asked for, or the joint one on the way to it.
func (s *server) onReconfigure(change spec.Change) spec.Output {
	switch {
	case !s.options.Membership:
		return spec.Output{Refused: true}
	case s.role != spec.Leader && s.leader != spec.None:
		return spec.Output{Redirect: s.leader}
	case s.role != spec.Leader || s.transferee != spec.None:
		return spec.Output{Refused: true}
	}
	pending := s.configIndex > s.commitIndex || len(s.config.Outgoing) > 0
	committed, _ := s.log.TermAt(s.commitIndex)
	next, err := spec.ParseConfiguration(change.Text())
	if err != nil || len(next.Voters) == 0 || sameConfiguration(next, s.config) || !s.decide.MayChange(pending, committed == s.term) {
		return spec.Output{Refused: true}
	}
	if change.Joint || s.options.Joint {
		next.Outgoing = s.config.Voters
	} else if !s.decide.MayFollow(s.config.Voters, next.Voters) {
		return spec.Output{Refused: true}
	}
	s.appendConfiguration(next)
	return spec.Output{}
}

func (s *server) appendConfiguration(c spec.Configuration) {
	s.appendEntry(spec.Entry{Kind: spec.ConfigurationChange, Value: c.String()})
}

// settle lets a leader draw its conclusions from a configuration: it leaves a joint one, and leads no longer than it is needed.
func (s *server) settle() {
	committed := s.configIndex <= s.commitIndex
	switch {
	case s.role != spec.Leader || !s.options.Membership:
	case len(s.config.Outgoing) > 0 && s.decide.LeavesJoint(committed, s.appendedConfiguration()):
		s.appendConfiguration(spec.Configuration{Voters: s.config.Voters, Learners: s.config.Learners})
	case committed && s.configIndex > 0 && s.decide.Retires(s.config, s.id):
		s.leader = spec.None
		s.becomeFollower()
		if s.decide.Forgets() {
			s.forget()
		}
	}
}

// forget makes the server as if it had never been a member.
func (s *server) forget() {
	s.term, s.votedFor, s.log, s.commitIndex, s.snapshotConfig = 0, spec.None, spec.Log{}, 0, ""
	s.config, s.configIndex = spec.Configuration{}, 0
}

// appendedConfiguration reports whether the configuration in force was appended in the current term, and so by this leader.
func (s *server) appendedConfiguration() bool {
	term, held := s.log.TermAt(s.configIndex)
	return held && term == s.term
}

// members calls yield for every other server of the configuration, ascending; learners too.
func (s *server) members(yield func(spec.ServerID) bool) {
	for _, id := range s.servers {
		if id != s.id && (s.isVoter(id) || slices.Contains(s.config.Learners, id)) && !yield(id) {
			return
		}
	}
}

// isVoter reports whether a server votes, in either half of the configuration.
func (s *server) isVoter(id spec.ServerID) bool {
	return slices.Contains(s.config.Voters, id) || slices.Contains(s.config.Outgoing, id)
}

func sameConfiguration(a, b spec.Configuration) bool { return a.String() == b.String() }

// Quorum: a majority of every half, and only members of that half count.
func (Paper) Quorum(majority func(count, servers int) bool, c spec.Configuration, ids []spec.ServerID) bool {
	return len(c.Voters) > 0 && majority(common(c.Voters, ids), len(c.Voters)) &&
		(len(c.Outgoing) == 0 || majority(common(c.Outgoing, ids), len(c.Outgoing)))
}

// common counts the servers that are in both.
func common(voters, ids []spec.ServerID) int {
	n := 0
	for _, id := range ids {
		if slices.Contains(voters, id) {
			n++
		}
	}
	return n
}

// MayCampaign: voters only.
func (Paper) MayCampaign(c spec.Configuration, id spec.ServerID) bool {
	return slices.Contains(c.Voters, id) || slices.Contains(c.Outgoing, id)
}

// NeededUntilCommitted: yes. Only when its removal is committed do others have a log that can win without it.
func (Paper) NeededUntilCommitted() bool { return true }

// VotesFor: whoever it is. The voter may be the one that does not know of a change.
func (Paper) VotesFor(spec.Configuration, spec.ServerID) bool { return true }

// MayChange: one change at a time, and not before the leader has committed an entry of its own term.
func (Paper) MayChange(pending, committedInTerm bool) bool { return !pending && committedInTerm }

// ConfigurationUpTo: the whole log. A configuration is in force as soon as it is appended.
func (Paper) ConfigurationUpTo(log spec.Log, _ spec.Index) spec.Index { return log.LastIndex() }

// InForce: the one that is found in the log now. If the log lost a configuration, the one before it is in force again.
func (Paper) InForce(_ spec.MessageKind, _, found Placed) Placed { return found }

// LeavesJoint: when the joint configuration is committed, so that no server can still be elected without it. A later leader leaves it too.
func (Paper) LeavesJoint(committed, _ bool) bool { return committed }

// Retires: a leader that is no voter any more.
func (Paper) Retires(c spec.Configuration, id spec.ServerID) bool {
	return !slices.Contains(c.Voters, id)
}

// Forgets: never. The name may be added again, and others remember what it promised.
func (Paper) Forgets() bool { return false }

// MayFollow: at most one voter more, or one less. Then any two majorities overlap.
func (Paper) MayFollow(before, next []spec.ServerID) bool {
	differ := 0
	for _, id := range slices.Concat(before, next) {
		if !slices.Contains(before, id) || !slices.Contains(next, id) {
			differ++
		}
	}
	return differ <= 1
}
