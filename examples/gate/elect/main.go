// Command elect is a lock service that holds the elections of Raft and nothing else: whoever leads holds the lock. It has a bug.
//
//	go build -o bin/elect ./elect && raftcheck gate
//
// Each line on stdin is something that happens to one server, and is answered with one line on stdout.
package main

import (
	"encoding/json"
	"os"
	"slices"
)

type message struct {
	Kind         string `json:"kind"`
	From         string `json:"from"`
	To           string `json:"to"`
	Term         int    `json:"term"`
	LastLogIndex int    `json:"lastLogIndex"`
	LastLogTerm  int    `json:"lastLogTerm"`
	PrevLogIndex int    `json:"prevLogIndex"`
	PrevLogTerm  int    `json:"prevLogTerm"`
	LeaderCommit int    `json:"leaderCommit"`
	MatchIndex   int    `json:"matchIndex"`
	Entries      []any  `json:"entries"`
	Granted      bool   `json:"granted"`
	Success      bool   `json:"success"`
}

// disk is what outlives a crash: the state of Figure 2 that must be written before an answer leaves.
type disk struct {
	Term     int                     `json:"term"`
	VotedFor *string                 `json:"votedFor"`
	Log      struct{ Entries []any } `json:"log"`
}

type event struct {
	Event, Server string
	Servers       []string
	Durable       disk
	Load          *elector
	Message       message
}

// elector is one server, all of it.
type elector struct {
	ID     string
	Peers  []string
	Term   int
	Voted  string // for whom in Term; "" for nobody
	Role   string
	Leader string
	Votes  []string // of a candidate
	No     []string // who refused it
	sent   []any
}

func (e *elector) start(in *event) {
	*e = elector{ID: in.Server, Peers: slices.DeleteFunc(in.Servers, func(id string) bool { return id == in.Server }), Term: in.Durable.Term, Role: "follower"}
	if in.Durable.VotedFor != nil {
		e.Voted = *in.Durable.VotedFor
	}
}

// happen makes the event happen, or reports that it cannot happen now.
func (e *elector) happen(in *event) bool {
	switch {
	case in.Event == "timeout" && e.Role != "leader":
		e.Term, e.Voted, e.Role, e.Leader = e.Term+1, e.ID, "candidate", ""
		e.Votes, e.No = []string{e.ID}, nil
		e.broadcast(message{Kind: "RequestVote"})
	case in.Event == "heartbeat" && e.Role == "leader":
		e.broadcast(message{Kind: "AppendEntries", Entries: []any{}})
	case in.Event == "deliver":
		e.receive(&in.Message)
	default:
		return in.Event == "start" || in.Event == "propose" && e.Leader != "" && e.Role != "leader"
	}
	return true
}

func (e *elector) receive(m *message) {
	if m.Term > e.Term {
		e.Term, e.Voted, e.Role, e.Leader, e.Votes, e.No = m.Term, "", "follower", "", nil, nil
	}
	switch m.Kind {
	case "RequestVote":
		grant := m.Term == e.Term && (e.Voted == "" || e.Voted == m.From)
		if grant {
			e.Voted = m.From
		}
		e.send(m.From, message{Kind: "RequestVoteReply", Granted: grant})
	case "RequestVoteReply":
		if e.Role == "candidate" { // BUG: the vote may be of an earlier term
			e.count(m)
		}
	case "AppendEntries":
		if m.Term == e.Term {
			e.Role, e.Leader, e.Votes, e.No = "follower", m.From, nil, nil
		}
		e.send(m.From, message{Kind: "AppendEntriesReply", Success: m.Term == e.Term})
	}
}

// count counts a vote, and takes the lock with a majority.
func (e *elector) count(m *message) {
	side := &e.Votes
	if !m.Granted {
		side = &e.No
	}
	if !slices.Contains(*side, m.From) {
		*side = append(slices.Clone(*side), m.From)
		slices.Sort(*side)
	}
	if 2*len(e.Votes) > len(e.Peers)+1 {
		e.Role, e.Leader, e.Votes, e.No = "leader", e.ID, nil, nil
		e.broadcast(message{Kind: "AppendEntries", Entries: []any{}})
	}
}

func (e *elector) broadcast(m message) {
	for _, peer := range e.Peers {
		e.send(peer, m)
	}
}

func (e *elector) send(to string, m message) {
	m.From, m.To, m.Term = e.ID, to, e.Term
	e.sent = append(e.sent, map[string]any{"send": trimmed(&m)})
}

// trimmed leaves of a message what its kind has.
func trimmed(m *message) map[string]any {
	out := map[string]any{"kind": m.Kind, "from": m.From, "to": m.To, "term": m.Term}
	switch m.Kind {
	case "RequestVote":
		out["lastLogIndex"], out["lastLogTerm"] = 0, 0
	case "RequestVoteReply":
		out["granted"] = m.Granted
	case "AppendEntries":
		out["prevLogIndex"], out["prevLogTerm"], out["entries"], out["leaderCommit"] = 0, 0, []any{}, 0
	case "AppendEntriesReply":
		out["success"], out["matchIndex"] = m.Success, 0
	}
	return out
}

func (e *elector) onDisk() map[string]any {
	return map[string]any{"term": e.Term, "votedFor": nameOrNull(e.Voted), "log": map[string]any{"entries": []any{}}}
}

func nameOrNull(name string) any {
	if name == "" {
		return nil
	}
	return name
}

// answer says what the server did and what it is now.
func (e *elector) answer(in *event) map[string]any {
	if in.Event == "start" {
		e.start(in)
	} else if in.Load != nil {
		*e = *in.Load
	}
	term, voted := e.Term, e.Voted
	if e.sent = []any{}; !e.happen(in) {
		return map[string]any{"refused": true}
	}
	effects := e.sent
	if e.Term != term || e.Voted != voted { // on disk before anything leaves
		effects = append([]any{map[string]any{"sync": e.onDisk()}}, effects...)
	}
	post := e.onDisk()
	post["role"], post["leader"], post["commit"], post["applied"] = e.Role, nameOrNull(e.Leader), 0, 0
	post["granted"], post["refused"], post["progress"] = list(e.Votes), list(e.No), e.progress()
	out := map[string]any{"effects": effects, "post": post, "state": e, "can": []string{"start", "load"}}
	if in.Event == "propose" {
		out["redirect"] = e.Leader // who asks for the lock is told who has it
	}
	return out
}

func list(names []string) []string { return append([]string{}, names...) }

func (e *elector) progress() []any {
	all := []any{}
	for _, peer := range e.Peers {
		if e.Role == "leader" {
			all = append(all, map[string]any{"server": peer, "next": 1, "match": 0})
		}
	}
	return all
}

func main() {
	in, out, server := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout), new(elector)
	for {
		var next event
		if in.Decode(&next) != nil || out.Encode(server.answer(&next)) != nil {
			return
		}
	}
}
