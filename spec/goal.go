package spec

import "slices"

// Goal is something that bounds must let happen before a pass says anything: a search in which no leader was ever elected
// proves nothing about leaders.
type Goal struct {
	Name     string // plain, as in "leader-elected"
	Sentence string
	Needs    Needs // without which it cannot happen
	Shows    Field // the fields of Before and After without which a step cannot tell
	// Reached reports whether the step reaches the goal.
	Reached func(*Step) bool
}

// Needs is the least that bounds must allow for a goal to be within reach.
type Needs struct {
	Servers   int  // servers
	Elections int  // terms above the first
	Campaigns int  // election timeouts
	Log       int  // entries in a log, and proposals
	Crash     bool // a server crashes

	Compactions int // logs are compacted
	Transfers   int // leaders are asked to hand over
	Changes     int // changes of the configuration are asked for
	Reads       int // clients ask to read

	Variant Variant // what the implementation declares; "" is nothing
}

// Goals lists every goal, in the order of an election, its end, replication and recovery.
var Goals = []*Goal{
	{"leader-elected", "a candidate wins an election", Needs{Servers: 1, Elections: 1, Campaigns: 1}, FieldRole,
		func(s *Step) bool { return s.After.Role == Leader && s.Before.Role != Leader }},
	{"candidate-yielded", "a candidate finds that another server leads its term and follows it", Needs{Servers: 3, Elections: 1, Campaigns: 2}, FieldRole | FieldTerm,
		func(s *Step) bool {
			return s.Before.Role == Candidate && s.After.Role == Follower && s.delivered(AppendEntries) && s.Input.Message.Term == s.Before.Term
		}},
	{"vote-split", "a candidate that was refused votes hears from no leader and starts another election", Needs{Servers: 2, Elections: 2, Campaigns: 3}, FieldRole | FieldTerm | FieldVotes,
		func(s *Step) bool {
			again := s.After.Role == Candidate && s.After.Term > s.Before.Term || s.After.Role == PreCandidate
			return s.Before.Role == Candidate && again && len(s.Before.Refused) > 0
		}},
	{"stale-leader-stepped-down", "a leader learns of a higher term and becomes a follower", Needs{Servers: 2, Elections: 2, Campaigns: 2}, FieldRole | FieldTerm,
		func(s *Step) bool {
			return s.Before.Role == Leader && s.After.Role == Follower && s.After.Term > s.Before.Term
		}},
	{"stale-term-refused", "a server refuses a request of a term that has passed", Needs{Servers: 2, Elections: 2, Campaigns: 2}, FieldTerm,
		func(s *Step) bool {
			return s.Input.Kind == Deliver && s.Input.Message.Kind.IsRequest() && s.Input.Message.Term < s.Before.Term &&
				slices.ContainsFunc(s.Output.Effects, func(e Effect) bool {
					return e.Kind == Send && e.Message.To == s.Input.Message.From && answers(s.Input.Message.Kind, e.Message.Kind) &&
						!e.Message.Granted && !e.Message.Success
				})
		}},
	{"client-redirected", "a server that does not lead sends a client on to the leader", Needs{Servers: 2, Elections: 1, Campaigns: 1}, 0,
		func(s *Step) bool {
			return s.Output.Redirect != None
		}},
	{"entry-committed", "a leader commits an entry", Needs{Servers: 1, Elections: 1, Campaigns: 1, Log: 1}, FieldRole | FieldCommit,
		func(s *Step) bool { return s.After.Role == Leader && s.After.CommitIndex > s.Before.CommitIndex }},
	{"log-conflict-repaired", "a follower replaces an entry that conflicts with its leader's", Needs{Servers: 3, Elections: 2, Campaigns: 2, Log: 1}, FieldRole | FieldLog,
		func(s *Step) bool {
			_, lost := firstLoss(s.Before.Log, s.After.Log)
			return lost && s.delivered(AppendEntries) && s.After.Role == Follower
		}},
	{"crash-recovered", "a server that crashed comes back with what it had promised", Needs{Servers: 1, Elections: 1, Campaigns: 1, Crash: true}, FieldTerm,
		func(s *Step) bool { return s.Input.Kind == Restart && s.After.Role != Crashed && s.After.Term > 0 }},
	{"snapshot-installed", "a follower replaces its log, or the beginning of it, by its leader's snapshot",
		Needs{Servers: 3, Elections: 1, Campaigns: 1, Log: 1, Compactions: 1}, FieldLog,
		func(s *Step) bool {
			return s.delivered(InstallSnapshot) && s.After.Log.Base > s.Before.Log.Base && s.runs()
		}},
	{"pre-vote-won", "a server that could win an election, and learnt so, campaigns",
		Needs{Servers: 2, Elections: 1, Campaigns: 1, Variant: PreVotes}, FieldRole,
		func(s *Step) bool { return s.Before.Role == PreCandidate && s.After.Role == Candidate && s.runs() }},
	{"lonely-leader-stepped-down", "a leader that no majority answers becomes a follower in its own term",
		Needs{Servers: 2, Elections: 1, Campaigns: 2, Variant: ChecksQuorum}, FieldRole | FieldTerm,
		func(s *Step) bool {
			return s.Before.Role == Leader && s.After.Role == Follower && s.After.Term == s.Before.Term && s.Input.Kind == Timeout
		}},
	{"leadership-transferred", "a server campaigns because its leader told it to",
		Needs{Servers: 2, Elections: 2, Campaigns: 1, Transfers: 1}, FieldRole,
		func(s *Step) bool { return s.delivered(TimeoutNow) && s.After.Role == Candidate && s.runs() }},
	{"configuration-committed", "a leader commits a configuration that a client asked for",
		Needs{Servers: 1, Elections: 1, Campaigns: 1, Changes: 1, Variant: ConfigurationInLog}, membershipFields,
		func(s *Step) bool {
			_, i, found := s.lastConfiguration(&s.After.Log, s.After.CommitIndex)
			return found && s.Before.Role == Leader && i > s.Before.CommitIndex && s.runs()
		}},
	{"joint-left", "a joint configuration is followed by the new one alone",
		Needs{Servers: 1, Elections: 1, Campaigns: 1, Changes: 1, Variant: JointConfigurations}, membershipFields,
		func(s *Step) bool {
			return len(s.Before.Config.Outgoing) > 0 && len(s.After.Config.Outgoing) == 0 && s.Before.Role == Leader && s.runs() &&
				s.After.Log.LastIndex() > s.Before.Log.LastIndex()
		}},
	{"read-answered", "a leader answers a read that bypasses the log",
		Needs{Servers: 1, Elections: 1, Campaigns: 1, Log: 1, Reads: 1}, FieldRole,
		func(s *Step) bool {
			return slices.ContainsFunc(s.Output.Effects, func(e Effect) bool { return e.Kind == Answer && e.Reply.Read })
		}},
}
