package impl

import "github.com/raftcheck/raftcheck/spec"

// Leadership transfer (D3.10). A leader that is to hand over takes no more commands, brings the log of its successor up to date, and then
// tells it to campaign at once. The successor does not ask for pre-votes, and marks its requests, so that loyal voters heed them.
// If nothing comes of it until the leader's election timer fires, the leader goes on as before.

// transferred marks requests for votes of a campaign that the leader asked for.
const transferred = "transfer"

// onTransfer: only a leader can hand over, to one server at a time.
func (s *server) onTransfer(to spec.ServerID) spec.Output {
	if !s.options.Transfer || s.options.Reads == ReadByLease || s.role != spec.Leader || s.follower(to) < 0 || s.transferee != spec.None || !s.isVoter(to) {
		return spec.Output{Refused: true}
	}
	s.transferee = to
	s.handOver()
	return spec.Output{}
}

// handOver tells the successor to campaign, once it has all of the leader's log.
func (s *server) handOver() {
	if k := s.follower(s.transferee); k >= 0 && s.decide.ReadyToLead(s.progress[k], s.log.LastIndex()) {
		s.send(s.transferee, spec.Message{Kind: spec.TimeoutNow})
	}
}

// onTimeoutNow starts an election without waiting for the timer.
func (s *server) onTimeoutNow(m *spec.Message) {
	if s.decide.TakesOver(s.role, s.term, m) && s.mayCampaign() {
		s.campaign(transferred)
	}
}

// ReadyToLead: it is known to hold every entry of the leader, so that voters will find its log up to date.
func (Paper) ReadyToLead(p spec.Progress, last spec.Index) bool { return p.MatchIndex == last }

// TakesOver: from the leader of the current term. A late message from an earlier one hands over nothing.
func (Paper) TakesOver(role spec.Role, current spec.Term, m *spec.Message) bool {
	return m.Term == current && role != spec.Leader
}
