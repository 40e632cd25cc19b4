package impl

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

var (
	_ spec.Permuter = (*server)(nil)
	_ spec.Cloner   = (*server)(nil)
)

// Step gives the server one input. The memory changes first, then the disk, and then messages leave.
func (s *server) Step(in spec.Input) spec.Output {
	before := *s
	if s.saturated(&in) {
		return spec.Output{Refused: true}
	}
	out := s.handle(&in)
	if out.Refused {
		return out
	}
	if s.role != spec.Crashed {
		out.Effects = append(out.Effects, s.finish(&in, before.commitIndex)...)
	}
	if in.Cut > 0 {
		if in.Cut > out.CrashPoints() {
			*s = before
			return spec.Output{Refused: true}
		}
		out.Effects = spec.UntilCrash(out.Effects, in.Cut)
	}
	s.disk.perform(out.Effects)
	if !s.options.Backups {
		s.disk.backup = spec.Durable{}
	}
	if in.Cut > 0 {
		s.crash(in.Lossy)
	}
	return out
}

// finish ends a step of a server that is up: what was committed in it is applied, what changed goes to disk, messages leave, clients are told.
func (s *server) finish(in *spec.Input, applied spec.Index) []spec.Effect {
	s.apply(applied)
	answers := s.answers
	s.answers = nil
	if s.options.AsyncStorage {
		return append(s.enqueue(), answers...)
	}
	effects := s.flush(in)
	if s.role == spec.Crashed { // the disk failed
		return effects
	}
	return append(effects, answers...)
}

// Clone returns a server in the same state that steps on by itself.
func (s *server) Clone() spec.Node {
	c := *s
	return &c
}

// handle lets the input change what the server has in memory. A refused input changes nothing.
func (s *server) handle(in *spec.Input) spec.Output {
	if s.role == spec.Crashed {
		return s.handleCrashed(in)
	}
	switch in.Kind {
	case spec.Timeout:
		return s.onTimeout()
	case spec.Heartbeat:
		return s.onHeartbeat()
	case spec.Deliver:
		return s.onMessage(&in.Message)
	case spec.Propose:
		return s.onPropose(in.Client, in.Value)
	case spec.Compact:
		return s.onCompact()
	case spec.Transfer:
		return s.onTransfer(in.Peer)
	case spec.ReadIndex:
		return s.onRead(in.Value)
	case spec.Tick:
		return s.onTick()
	case spec.Reconfigure:
		return s.onReconfigure(in.Change)
	case spec.ApplyNext:
		return s.onApplyNext()
	case spec.Append:
		return s.onAppend()
	case spec.Stored:
		return s.onStored()
	case spec.StorageError:
		return s.onStorageError()
	case spec.Crash:
		s.crash(in.Lossy)
		return spec.Output{}
	}
	return spec.Output{Refused: true}
}

// handleCrashed: a server that is down can only start again. A message to it is lost.
func (s *server) handleCrashed(in *spec.Input) spec.Output {
	switch in.Kind {
	case spec.Restart:
		s.restart()
		return spec.Output{}
	case spec.Deliver:
		return spec.Output{}
	case spec.Tick:
		return s.onTick()
	}
	return spec.Output{Refused: true}
}

// onTimeout: followers and candidates start an election (5.2). A leader's election timer is for options only.
func (s *server) onTimeout() spec.Output {
	switch {
	case s.role == spec.Leader:
		return s.onLeaderTimeout()
	case !s.mayCampaign() || s.options.ElectionTicks > 0 && s.loyal:
		return spec.Output{Refused: true}
	case s.asksFirst():
		s.loyal = s.loyal && !s.decide.GivesUp()
		s.preCampaign()
	default:
		s.campaign("")
	}
	return spec.Output{}
}

// onHeartbeat: only a leader has a heartbeat timer (5.2). Of others it says that they have not heard from a leader for a while.
func (s *server) onHeartbeat() spec.Output {
	if s.role != spec.Leader {
		if s.decide.SendsAsLeader(s.role) {
			s.sendInName()
			return spec.Output{}
		}
		return s.lapse()
	}
	s.log = s.decide.LogOfLeader(s.log, s.commitIndex)
	s.sendAppendEntries()
	return spec.Output{}
}

// onPropose: a leader takes the command; any other server sends the client on to the leader, if it knows one (8).
func (s *server) onPropose(client, value string) spec.Output {
	switch {
	case s.role == spec.Leader && s.transferee != spec.None:
		return spec.Output{Refused: true} // it is about to hand over (D3.10)
	case s.role == spec.Leader && s.options.SplitProposals:
		return s.accept(client, value)
	case s.role == spec.Leader:
		s.propose(value)
		s.promise(client, value)
		return spec.Output{}
	case s.leader != spec.None:
		return spec.Output{Redirect: s.leader}
	}
	return spec.Output{Refused: true}
}

// onMessage handles a message from another server of the cluster. Kinds that this Raft does not have are ignored.
func (s *server) onMessage(m *spec.Message) spec.Output {
	if m.To != s.id || m.From == s.id || !slices.Contains(s.servers, m.From) {
		return spec.Output{Refused: true}
	}
	if !s.speaks(m.Kind) {
		return spec.Output{}
	}
	if m.Kind == spec.RequestVote && m.Term > s.term && s.leavesAside(m) {
		return spec.Output{}
	}
	if s.decide.Adopts(s.term, m) {
		s.adopt(m)
	}
	if !m.Kind.IsRequest() && s.decide.Outdated(s.term, m) {
		return spec.Output{}
	}
	if !m.Kind.IsRequest() {
		s.heardFrom(m)
	}
	s.dispatch(m)
	return spec.Output{}
}

// speaks reports whether the kind of message is one of Figure 2's, or of an option that is on.
func (s *server) speaks(kind spec.MessageKind) bool {
	switch kind {
	case spec.RequestVote, spec.RequestVoteReply, spec.AppendEntries, spec.AppendEntriesReply:
		return true
	case spec.InstallSnapshot, spec.InstallSnapshotReply:
		return s.options.Snapshots
	case spec.PreVote, spec.PreVoteReply:
		return s.options.PreVote && s.decide.AnswersPreVotes(s.isPreVoter())
	case spec.TimeoutNow:
		return s.options.Transfer
	}
	return false
}

func (s *server) dispatch(m *spec.Message) {
	switch m.Kind {
	case spec.RequestVote:
		s.onRequestVote(m)
	case spec.RequestVoteReply:
		s.onRequestVoteReply(m)
	case spec.AppendEntries:
		s.onAppendEntries(m)
	case spec.AppendEntriesReply:
		s.onAppendEntriesReply(m)
	case spec.InstallSnapshot:
		s.onInstallSnapshot(m)
	case spec.InstallSnapshotReply:
		s.onInstallSnapshotReply(m)
	case spec.PreVote:
		s.onPreVote(m)
	case spec.PreVoteReply:
		s.onPreVoteReply(m)
	case spec.TimeoutNow:
		s.onTimeoutNow(m)
	}
}
