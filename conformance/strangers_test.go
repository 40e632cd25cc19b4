package conformance_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/disk"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance"
	"github.com/raftcheck/raftcheck/spec"
)

// habits are choices that Raft leaves open, taken otherwise than by the reference.
type habits struct {
	silent     bool // stale requests and votes that are refused get no answer
	optimistic bool // nextIndex runs ahead of what was acknowledged, and entries are sent as soon as they are there
	hints      bool // a refusal says where the log ends
	cuts       bool // a follower drops a previous entry that conflicts when it refuses, and not only when it is overwritten
	rests      bool // a leader looks at what is committed on heartbeats only, and tells it with the next
	noOp       bool // a leader begins its term with an entry
	hidden     bool // it shows role, term, log and commit index, and nothing else
	apart      bool // term, vote and log are synced apart
}

// stranger is a Raft that was written without a look at the reference, after Figure 2.
type stranger struct {
	habits
	id       spec.ServerID
	peers    []spec.ServerID
	role     spec.Role
	term     spec.Term
	vote     spec.ServerID
	leader   spec.ServerID
	log      []spec.Entry
	commit   spec.Index
	yes      []spec.ServerID
	no       []spec.ServerID
	next     []spec.Index // by position in peers
	match    []spec.Index
	messages []spec.Message
}

func strangers(h habits) spec.Factory {
	return disk.Nodes(func(id spec.ServerID, servers []spec.ServerID, on spec.Durable) disk.Server {
		s := &stranger{habits: h, id: id, term: on.Term, vote: on.VotedFor, log: on.Log.Entries}
		for _, p := range servers {
			if p != id {
				s.peers = append(s.peers, p)
			}
		}
		return s
	})
}

func (s *stranger) Copy() disk.Server {
	c := *s
	c.next, c.match, c.messages = slices.Clone(s.next), slices.Clone(s.match), nil
	return &c
}

func (s *stranger) last() spec.Index { return spec.Index(len(s.log)) }

func (s *stranger) termAt(i spec.Index) spec.Term {
	if i == 0 || i > s.last() {
		return 0
	}
	return s.log[i-1].Term
}

func (s *stranger) Step(in spec.Input) spec.Output {
	term, vote, log := s.term, s.vote, s.log
	s.messages = nil
	if !s.take(&in) {
		return spec.Output{Refused: true}
	}
	var out spec.Output
	write := func(d spec.Durable) {
		out.Effects = append(out.Effects, spec.Effect{Kind: spec.Write, Durable: d}, spec.Effect{Kind: spec.Sync})
	}
	logged := !slices.Equal(log, s.log)
	if s.apart && logged && (term != s.term || vote != s.vote) {
		write(spec.Durable{Term: s.term, VotedFor: s.vote, Log: spec.Log{Entries: log}})
	}
	if logged || term != s.term || vote != s.vote {
		write(spec.Durable{Term: s.term, VotedFor: s.vote, Log: spec.Log{Entries: s.log}})
	}
	for _, m := range s.messages {
		out.Effects = append(out.Effects, spec.Effect{Kind: spec.Send, Message: m})
	}
	return out
}

func (s *stranger) take(in *spec.Input) bool {
	switch {
	case in.Kind == spec.Timeout && s.role != spec.Leader:
		s.follow(s.term+1, 0)
		s.role, s.vote, s.yes = spec.Candidate, s.id, []spec.ServerID{s.id}
		for _, p := range s.peers {
			s.send(p, spec.Message{Kind: spec.RequestVote, LastLogIndex: s.last(), LastLogTerm: s.termAt(s.last())})
		}
	case in.Kind == spec.Heartbeat && s.role == spec.Leader:
		s.advance()
		for k := range s.peers {
			s.replicate(k)
		}
	case in.Kind == spec.Propose && s.role == spec.Leader:
		s.add(spec.Entry{Term: s.term, Value: in.Value})
	case in.Kind == spec.Deliver:
		s.receive(&in.Message)
	default:
		return false
	}
	return true
}

// follow makes it a follower of a leader, or of nobody, in a term that is not below its own.
func (s *stranger) follow(term spec.Term, leader spec.ServerID) {
	if term > s.term {
		s.vote = 0
	}
	s.role, s.term, s.leader, s.yes, s.no, s.next, s.match = spec.Follower, term, leader, nil, nil, nil, nil
}

func (s *stranger) send(to spec.ServerID, m spec.Message) {
	m.From, m.To, m.Term = s.id, to, s.term
	s.messages = append(s.messages, m)
}

func (s *stranger) add(e spec.Entry) {
	s.log = append(slices.Clip(s.log), e)
	if s.optimistic {
		for k := range s.peers {
			s.replicate(k)
		}
	}
}

func (s *stranger) replicate(k int) {
	prev := s.next[k] - 1
	entries := slices.Clone(s.log[prev:])
	s.send(s.peers[k], spec.Message{Kind: spec.AppendEntries, PrevLogIndex: prev, PrevLogTerm: s.termAt(prev), Entries: entries, LeaderCommit: s.commit})
	if s.optimistic && s.match[k] == prev { // else it does not know yet where the logs agree
		s.next[k] = s.last() + 1
	}
}

func (s *stranger) receive(m *spec.Message) {
	if m.Term > s.term {
		s.follow(m.Term, 0)
	}
	stale := m.Term < s.term
	switch {
	case stale && (s.silent || !m.Kind.IsRequest()):
	case m.Kind == spec.RequestVote:
		granted := !stale && s.role == spec.Follower && (s.vote == 0 || s.vote == m.From) &&
			(m.LastLogTerm > s.termAt(s.last()) || m.LastLogTerm == s.termAt(s.last()) && m.LastLogIndex >= s.last())
		if granted {
			s.vote = m.From
		}
		if granted || !s.silent {
			s.send(m.From, spec.Message{Kind: spec.RequestVoteReply, Granted: granted})
		}
	case m.Kind == spec.RequestVoteReply && s.role == spec.Candidate:
		s.counted(m)
	case m.Kind == spec.AppendEntries && stale:
		s.send(m.From, spec.Message{Kind: spec.AppendEntriesReply})
	case m.Kind == spec.AppendEntries:
		s.follow(s.term, m.From)
		s.store(m)
	case m.Kind == spec.AppendEntriesReply && s.role == spec.Leader:
		s.replied(slices.Index(s.peers, m.From), m)
	}
}

func (s *stranger) counted(m *spec.Message) {
	among := map[bool]*[]spec.ServerID{true: &s.yes, false: &s.no}[m.Granted]
	*among = slices.Compact(slices.Sorted(slices.Values(append(slices.Clip(*among), m.From))))
	if 2*len(s.yes) <= len(s.peers)+1 {
		return
	}
	s.role, s.leader, s.yes, s.no = spec.Leader, s.id, nil, nil
	s.next, s.match = slices.Repeat([]spec.Index{s.last() + 1}, len(s.peers)), make([]spec.Index, len(s.peers))
	if s.noOp {
		s.add(spec.Entry{Term: s.term, Kind: spec.NoOp})
	}
}

func (s *stranger) store(m *spec.Message) {
	prev := m.PrevLogIndex
	if prev > s.last() || s.termAt(prev) != m.PrevLogTerm {
		if s.cuts && prev <= s.last() {
			s.log = slices.Clip(s.log[:prev-1])
		}
		no := spec.Message{Kind: spec.AppendEntriesReply}
		if s.hints {
			no.ConflictIndex = min(prev, s.last()+1)
		}
		s.send(m.From, no)
		return
	}
	for k, e := range m.Entries {
		if at := prev + 1 + spec.Index(k); s.termAt(at) != e.Term {
			s.log = append(slices.Clip(s.log[:at-1]), m.Entries[k:]...)
			break
		}
	}
	match := prev + spec.Index(len(m.Entries))
	s.commit = max(s.commit, min(m.LeaderCommit, match))
	s.send(m.From, spec.Message{Kind: spec.AppendEntriesReply, Success: true, MatchIndex: match})
}

func (s *stranger) replied(k int, m *spec.Message) {
	if !m.Success {
		if s.hints && m.ConflictIndex > 0 {
			s.next[k] = max(s.match[k]+1, min(s.next[k]-1, m.ConflictIndex))
		} else {
			s.next[k] = max(s.match[k]+1, s.next[k]-1)
		}
		if s.optimistic {
			s.replicate(k)
		}
		return
	}
	s.match[k] = max(s.match[k], m.MatchIndex)
	s.next[k] = max(s.next[k], s.match[k]+1)
	if !s.rests {
		s.advance()
	}
}

// advance commits what a majority has, if it is of this term.
func (s *stranger) advance() {
	held := append(slices.Clone(s.match), s.last())
	slices.Sort(held)
	if n := held[(len(held)-1)/2]; n > s.commit && s.termAt(n) == s.term {
		s.commit = n
	}
}

func (s *stranger) Observe() spec.Observation {
	o := spec.Observation{Role: s.role, Term: s.term, VotedFor: s.vote, LeaderID: s.leader, Log: spec.Log{Entries: slices.Clone(s.log)}, CommitIndex: s.commit,
		LastApplied: s.commit, Granted: s.yes, Refused: s.no, Config: spec.Configuration{Voters: slices.Sorted(slices.Values(append(slices.Clone(s.peers), s.id)))}}
	for k := range s.next {
		o.Progress = append(o.Progress, spec.Progress{Server: s.peers[k], NextIndex: s.next[k], MatchIndex: s.match[k]})
	}
	if s.hidden {
		o = spec.Observation{Role: s.role, Term: s.term, Log: o.Log, CommitIndex: s.commit,
			Unknown: spec.FieldVotedFor | spec.FieldApplied | spec.FieldVotes | spec.FieldProgress | spec.FieldConfig | spec.FieldLeader | spec.FieldRefused}
	}
	return o
}

func (s *stranger) AppendState(dst []byte) []byte {
	return fmt.Appendf(dst, "%d %d %d %d %v %d %v %v %v %v", s.role, s.term, s.vote, s.leader, s.log, s.commit, s.yes, s.no, s.next, s.match)
}

// Nothing is reported of Rafts that do what the paper leaves open in other ways than the reference.
func TestNothingFalseIsReportedOfStrangers(t *testing.T) {
	for name, c := range map[string]struct {
		habits   habits
		variants spec.Variants
		met      int
	}{
		"as Figure 2 has it":                            {habits{}, nil, 50},
		"silent, and at rest between heartbeats":        {habits{silent: true, rests: true}, spec.Variants{spec.SilentOnStale}, 50},
		"silent without a word":                         {habits{silent: true, rests: true, noOp: true}, nil, 50},
		"optimistic, with hints, cuts what conflicts":   {habits{optimistic: true, hints: true, cuts: true, noOp: true}, spec.Variants{spec.OptimisticNext}, 50},
		"shows little":                                  {habits{hidden: true, hints: true, rests: true}, nil, 40},
		"optimistic, shows little, writes in two steps": {habits{optimistic: true, hidden: true, apart: true, silent: true}, spec.Variants{spec.OptimisticNext}, 40},
	} {
		t.Run(name, func(t *testing.T) {
			s := &conformance.Subject{Name: name, World: cluster.Default(strangers(c.habits))}
			s.World.Variants = c.variants
			r, err := conformance.Run(context.Background(), s, conformance.Options{Seed: 1})
			require.NoError(t, err)
			for _, q := range r.Requirements {
				require.NotEqual(t, conformance.Broken, q.Outcome, "%s: %s\n%s", q.ID, q.Because, strings.Join(q.Story, "\n"))
			}
			require.Equal(t, conformance.Conforming, r.Verdict, r.Because)
			require.GreaterOrEqual(t, r.Counts.Met, c.met)
		})
	}
}
