package spec

import "slices"

// Goal is something that bounds must let happen before a pass says anything: a search in which no leader was ever elected
// proves nothing about leaders.
type Goal struct {
	Name     string // plain, as in "leader-elected"
	Sentence string
	// Reached reports whether the step reaches the goal.
	Reached func(*Step) bool
}

// Goals lists every goal, in the order of an election, its end, replication and recovery.
var Goals = []*Goal{
	{"leader-elected", "a candidate wins an election",
		func(s *Step) bool { return s.After.Role == Leader && s.Before.Role != Leader }},
	{"candidate-yielded", "a candidate finds that another server leads its term and follows it",
		func(s *Step) bool {
			return s.Before.Role == Candidate && s.After.Role == Follower && s.delivered(AppendEntries) && s.Input.Message.Term == s.Before.Term
		}},
	{"vote-split", "a candidate that was refused votes hears from no leader and starts another election",
		func(s *Step) bool {
			return s.Before.Role == Candidate && s.After.Role == Candidate && s.After.Term > s.Before.Term && len(s.Before.Refused) > 0
		}},
	{"stale-leader-stepped-down", "a leader learns of a higher term and becomes a follower",
		func(s *Step) bool {
			return s.Before.Role == Leader && s.After.Role == Follower && s.After.Term > s.Before.Term
		}},
	{"stale-term-refused", "a server refuses a request of a term that has passed",
		func(s *Step) bool {
			return s.Input.Kind == Deliver && s.Input.Message.Kind.IsRequest() && s.Input.Message.Term < s.Before.Term &&
				slices.ContainsFunc(s.Output.Effects, func(e Effect) bool {
					return e.Kind == Send && e.Message.To == s.Input.Message.From && !e.Message.Granted && !e.Message.Success
				})
		}},
	{"client-redirected", "a server that does not lead sends a client on to the leader",
		func(s *Step) bool { return s.Input.Kind == Propose && s.Output.Redirect != None }},
	{"entry-committed", "a leader commits an entry",
		func(s *Step) bool { return s.After.Role == Leader && s.After.CommitIndex > s.Before.CommitIndex }},
	{"log-conflict-repaired", "a follower replaces an entry that conflicts with its leader's",
		func(s *Step) bool {
			return s.delivered(AppendEntries) && s.After.Role == Follower &&
				firstDifference(s.After.Log, s.Before.Log) <= s.Before.Log.LastIndex()
		}},
	{"crash-recovered", "a server that crashed comes back with what it had promised",
		func(s *Step) bool { return s.Input.Kind == Restart && s.Before.Role == Crashed && s.After.Term > 0 }},
}

// delivered reports whether the step handles a message of that kind.
func (s *Step) delivered(kind MessageKind) bool {
	return s.Input.Kind == Deliver && s.Input.Message.Kind == kind
}
