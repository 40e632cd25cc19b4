// Command go is a Raft server for raftcheck, in Go with nothing but the standard library.
//
//	go build -o raft . && raftcheck check --exec './raft --bug stale-votes'
//
// Each line on stdin is something that happens to the server, and is answered with one line on stdout: what it did and what it is
// now. There is no clock, no network and no disk in here. The names are those of Figure 2 of the Raft paper.
package main

import (
	"encoding/json"
	"flag"
	"log"
	"maps"
	"os"
	"reflect"
	"slices"
)

var bugs = []string{"", "stale-votes", "forget-vote", "truncate", "commit-old-term"}
var bug = flag.String("bug", "", "be wrong: stale-votes, forget-vote, truncate or commit-old-term")

type object = map[string]any
type entry struct {
	Term  int    `json:"term"`
	Value string `json:"value"`
}

type request struct {
	Event, Server, Value string
	Servers              []string
	Load                 *server
	Message, Durable     fields
}

type fields struct { // of a message, or of a disk
	Kind, From                                                                           string
	Term, LastLogIndex, LastLogTerm, PrevLogIndex, PrevLogTerm, MatchIndex, LeaderCommit int
	Granted, Success                                                                     bool
	Entries                                                                              []entry
	VotedFor                                                                             any
	Log                                                                                  struct{ Entries []entry }
}

// server is the state, all of it. Slices are replaced and never changed in place.
type server struct {
	ID, Role                string
	Peers, Granted, Refused []string
	VotedFor, Leader        any // a name, or nil
	Term, Commit            int
	Log                     []entry // its first entry stands for none, so that the others have the paper's indexes
	Next, Match             map[string]int
	sent                    []object // by the step at hand
}

func (s *server) start(r *request) {
	peers := slices.DeleteFunc(r.Servers, func(id string) bool { return id == r.Server })
	*s = server{ID: r.Server, Peers: peers, Term: r.Durable.Term, VotedFor: r.Durable.VotedFor, Log: append([]entry{{}}, r.Durable.Log.Entries...)}
	if s.become("follower", nil); *bug == "forget-vote" {
		s.VotedFor = nil // though it is on disk
	}
}

// happen makes an event happen. It returns false if that is not possible now.
func (s *server) happen(r *request) bool {
	switch leads := s.Role == "leader"; {
	case r.Event == "timeout" && !leads:
		s.become("candidate", nil)
		s.Term, s.VotedFor, s.Granted = s.Term+1, s.ID, []string{s.ID}
		for _, peer := range s.Peers {
			s.send(peer, object{"kind": "RequestVote", "lastLogIndex": len(s.Log) - 1, "lastLogTerm": s.Log[len(s.Log)-1].Term})
		}
	case r.Event == "heartbeat" && leads:
		s.appendEntries()
	case r.Event == "propose" && leads:
		s.Log = append(slices.Clip(s.Log), entry{s.Term, r.Value})
	case r.Event == "deliver":
		s.deliver(&r.Message, len(s.Log)-1)
	default:
		return r.Event == "start" || r.Event == "propose" && s.Leader != nil
	}
	s.conclude()
	return true
}

func (s *server) deliver(m *fields, last int) {
	if m.Term > s.Term {
		s.Term, s.VotedFor = m.Term, nil
		s.become("follower", nil)
	}
	switch current := m.Term == s.Term; {
	case m.Kind == "RequestVote":
		upToDate := m.LastLogTerm > s.Log[last].Term || m.LastLogTerm == s.Log[last].Term && m.LastLogIndex >= last
		granted := current && upToDate && (s.VotedFor == nil || s.VotedFor == m.From)
		if granted {
			s.VotedFor = m.From
		}
		s.send(m.From, object{"kind": "RequestVoteReply", "granted": granted})
	case m.Kind == "RequestVoteReply" && s.Role == "candidate" && (current || *bug == "stale-votes"): // of an earlier term
		votes := map[bool]*[]string{true: &s.Granted, false: &s.Refused}[m.Granted]
		*votes = slices.Compact(slices.Sorted(slices.Values(append(slices.Clip(*votes), m.From))))
	case m.Kind == "AppendEntries":
		match, holds := 0, current && m.PrevLogIndex <= last && s.Log[m.PrevLogIndex].Term == m.PrevLogTerm
		if current {
			s.become("follower", m.From)
		}
		if holds {
			i, entries := m.PrevLogIndex+1, m.Entries
			for len(entries) > 0 && i <= last && s.Log[i].Term == entries[0].Term {
				i, entries = i+1, entries[1:]
			}
			if len(entries) > 0 || *bug == "truncate" { // even what does not conflict
				s.Log = append(slices.Clip(s.Log[:i]), entries...)
			}
			match = m.PrevLogIndex + len(m.Entries)
			s.Commit = max(s.Commit, min(m.LeaderCommit, match))
		}
		s.send(m.From, object{"kind": "AppendEntriesReply", "success": holds, "matchIndex": match})
	case m.Kind == "AppendEntriesReply" && s.Role == "leader" && current:
		s.Match[m.From] = max(s.Match[m.From], m.MatchIndex)
		if !m.Success {
			s.Next[m.From]--
		}
		s.Next[m.From] = max(s.Next[m.From], s.Match[m.From]+1)
	}
}

// conclude draws what follows from votes and acknowledgements: a candidate leads, a leader commits.
func (s *server) conclude() {
	if s.Role == "candidate" && 2*len(s.Granted) > len(s.Peers)+1 {
		s.become("leader", s.ID)
		for _, peer := range s.Peers {
			s.Next[peer], s.Match[peer] = len(s.Log), 0
		}
		s.appendEntries()
	}
	held := slices.Sorted(slices.Values(append(slices.Collect(maps.Values(s.Match)), len(s.Log)-1)))
	index := held[(len(held)-1)/2] // the last that a majority holds
	if s.Role == "leader" && index > s.Commit && (s.Log[index].Term == s.Term || *bug == "commit-old-term") {
		s.Commit = index
	}
}

func (s *server) appendEntries() {
	for _, peer := range s.Peers {
		prev, rest := s.Log[s.Next[peer]-1], s.Log[s.Next[peer]:]
		s.send(peer, object{"kind": "AppendEntries", "prevLogIndex": s.Next[peer] - 1, "prevLogTerm": prev.Term, "entries": rest, "leaderCommit": s.Commit})
	}
}

func (s *server) become(role string, leader any) {
	s.Role, s.Leader, s.Granted, s.Refused = role, leader, []string{}, []string{}
	s.Next, s.Match = map[string]int{}, map[string]int{}
}

func (s *server) send(to string, m object) {
	m["from"], m["to"], m["term"] = s.ID, to, s.Term
	s.sent = append(s.sent, object{"send": m})
}

func (s *server) durable() object {
	return object{"term": s.Term, "votedFor": s.VotedFor, "log": object{"entries": s.Log[1:]}}
}

// answer is what the server says to a line.
func (s *server) answer(r *request) object {
	if r.Event == "start" {
		s.start(r)
	} else if r.Load != nil {
		*s = *r.Load
	}
	before, progress := s.durable(), []object{}
	if s.sent = []object{}; !s.happen(r) {
		return object{"refused": true}
	}
	post := s.durable()
	for _, peer := range slices.Sorted(maps.Keys(s.Next)) {
		progress = append(progress, object{"server": peer, "next": s.Next[peer], "match": s.Match[peer]})
	}
	post["role"], post["leader"], post["commit"], post["applied"] = s.Role, s.Leader, s.Commit, s.Commit
	post["granted"], post["refused"], post["progress"] = s.Granted, s.Refused, progress
	answer := object{"effects": s.sent, "post": post, "state": s, "can": []string{"start", "load"}}
	if r.Event == "propose" && s.Role != "leader" {
		answer["redirect"] = s.Leader
	} else if !reflect.DeepEqual(before, s.durable()) { // on disk before anything is sent: a message is a promise
		answer["effects"] = append([]object{{"sync": s.durable()}}, s.sent...)
	}
	return answer
}

func main() {
	if flag.Parse(); !slices.Contains(bugs, *bug) {
		log.Fatalf("no such bug: %s", *bug)
	}
	for in, out, s := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout), new(server); ; {
		if r := new(request); in.Decode(r) != nil || out.Encode(s.answer(r)) != nil {
			return
		}
	}
}
