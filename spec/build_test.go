package spec_test

import (
	"github.com/raftcheck/raftcheck/spec"
)

// Steps in these tests are of server n1 of three, as few words as possible: a role in a term, and what differs from a fresh server.

// feature changes an observation.
type feature func(*spec.Observation)

// is returns what n1 shows. Unless a feature says otherwise, all of its persistent state is on disk.
func is(role spec.Role, term spec.Term, features ...feature) spec.Observation {
	o := spec.Observation{Role: role, Term: term, Config: spec.Configuration{Voters: []spec.ServerID{1, 2, 3}}}
	for _, f := range features {
		f(&o)
	}
	if o.Durable.Term == 0 && o.Durable.VotedFor == 0 && o.Durable.Log.LastIndex() == 0 {
		o.Durable = spec.Durable{Term: o.Term, VotedFor: o.VotedFor, Log: o.Log}
	}
	return o
}

func follower(term spec.Term, features ...feature) spec.Observation {
	return is(spec.Follower, term, features...)
}

// candidate has voted for itself.
func candidate(term spec.Term, features ...feature) spec.Observation {
	return is(spec.Candidate, term, append([]feature{vote(1), granted(1)}, features...)...)
}

// leader has voted for itself.
func leader(term spec.Term, features ...feature) spec.Observation {
	return is(spec.Leader, term, append([]feature{vote(1), progress(1, 0, 1, 0)}, features...)...)
}

func crashed(term spec.Term, features ...feature) spec.Observation {
	return is(spec.Crashed, term, features...)
}

func vote(id spec.ServerID) feature { return func(o *spec.Observation) { o.VotedFor = id } }

func knows(id spec.ServerID) feature { return func(o *spec.Observation) { o.LeaderID = id } }

func commit(i spec.Index) feature {
	return func(o *spec.Observation) { o.CommitIndex, o.LastApplied = i, i }
}

func applied(i spec.Index) feature { return func(o *spec.Observation) { o.LastApplied = i } }

func granted(ids ...spec.ServerID) feature { return func(o *spec.Observation) { o.Granted = ids } }

func unknown(f spec.Field) feature { return func(o *spec.Observation) { o.Unknown |= f } }

func voters(ids ...spec.ServerID) feature { return func(o *spec.Observation) { o.Config.Voters = ids } }

func outgoing(ids ...spec.ServerID) feature {
	return func(o *spec.Observation) { o.Config.Outgoing = ids }
}

// log is entries with these terms; the value says the place.
func log(terms ...spec.Term) feature {
	return func(o *spec.Observation) { o.Log.Entries = entriesAfter(o.Log.Base, terms...) }
}

// compacted is a log whose entries up to an index are gone. It comes before log.
func compacted(base spec.Index, term spec.Term) feature {
	return func(o *spec.Observation) { o.Log.Base, o.Log.BaseTerm = base, term }
}

// disk is what would survive a power failure, where that is not all.
func disk(term spec.Term, votedFor spec.ServerID, terms ...spec.Term) feature {
	return func(o *spec.Observation) { o.Durable = durable(term, votedFor, terms...) }
}

func durable(term spec.Term, votedFor spec.ServerID, terms ...spec.Term) spec.Durable {
	return spec.Durable{Term: term, VotedFor: votedFor, Log: spec.Log{Entries: entriesAfter(0, terms...)}}
}

// progress is of n2 and n3: nextIndex and matchIndex of each.
func progress(next2, match2, next3, match3 spec.Index) feature {
	return func(o *spec.Observation) {
		o.Progress = []spec.Progress{{Server: 2, NextIndex: next2, MatchIndex: match2}, {Server: 3, NextIndex: next3, MatchIndex: match3}}
	}
}

// entriesAfter returns entries a, b, c, … by place in the log, with these terms.
func entriesAfter(prev spec.Index, terms ...spec.Term) []spec.Entry {
	var entries []spec.Entry
	for k, term := range terms {
		entries = append(entries, spec.Entry{Term: term, Value: string(rune('a' + int(prev) + k))})
	}
	return entries
}

// The messages. n2 is whom n1 talks to.

func requestVote(term spec.Term, lastTerm spec.Term, lastIndex spec.Index) spec.Message {
	return spec.Message{Kind: spec.RequestVote, Term: term, LastLogTerm: lastTerm, LastLogIndex: lastIndex}
}

func voteReply(term spec.Term, granted bool) spec.Message {
	return spec.Message{Kind: spec.RequestVoteReply, Term: term, Granted: granted}
}

func appendEntries(term spec.Term, prev spec.Index, prevTerm spec.Term, leaderCommit spec.Index, terms ...spec.Term) spec.Message {
	return spec.Message{Kind: spec.AppendEntries, Term: term, PrevLogIndex: prev, PrevLogTerm: prevTerm, LeaderCommit: leaderCommit,
		Entries: entriesAfter(prev, terms...)}
}

// termless is the message without the term of the entry before.
func termless(m spec.Message) spec.Message {
	m.Unknown = spec.MessagePrevTerm
	return m
}

// marked is the message with something that an implementation sends besides.
func marked(m spec.Message) spec.Message {
	m.Payload = "transfer"
	return m
}

func accepts(term spec.Term, match spec.Index) spec.Message {
	return spec.Message{Kind: spec.AppendEntriesReply, Term: term, Success: true, MatchIndex: match}
}

func refuses(term spec.Term) spec.Message {
	return spec.Message{Kind: spec.AppendEntriesReply, Term: term}
}

// The inputs and effects.

func receives(m spec.Message) spec.Input {
	m.From, m.To = 2, 1
	return spec.Input{Kind: spec.Deliver, Message: m}
}

func input(kind spec.InputKind) spec.Input { return spec.Input{Kind: kind} }

func sends(m spec.Message) spec.Effect {
	m.From, m.To = 1, 2
	return spec.Effect{Kind: spec.Send, Message: m}
}

func answers(read bool, at spec.Index) spec.Effect {
	return spec.Effect{Kind: spec.Answer, Reply: spec.Reply{Read: read, Value: "x", Index: at}}
}

func learners(ids ...spec.ServerID) feature {
	return func(o *spec.Observation) { o.Config.Learners = ids }
}

func syncs(d spec.Durable) spec.Effect { return spec.Effect{Kind: spec.Sync, Durable: d} }

func writes(synced spec.Durable) spec.Effect { return spec.Effect{Kind: spec.Write, Durable: synced} }

// step is one step of n1.
func step(before spec.Observation, in spec.Input, after spec.Observation, effects ...spec.Effect) *spec.Step {
	return &spec.Step{Server: 1, Before: before, Input: in, After: after, Output: spec.Output{Effects: effects}}
}

// declaring is the step of an implementation that declares variants.
func declaring(s *spec.Step, variants ...spec.Variant) *spec.Step {
	s.Declared = variants
	return s
}

// cut makes the step end in a crash in the middle.
func cut(s *spec.Step) *spec.Step {
	s.Input.Cut = 1
	return s
}

// toItself is a message of n1 to n1.
func toItself(m spec.Message) spec.Effect {
	m.From, m.To = 1, 1
	return spec.Effect{Kind: spec.Send, Message: m}
}
