package hashicorp

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/spec"
)

// A message carries the library's own struct as JSON in its payload, and the parts that rules look at decoded. A reply says besides
// what it answers: a connection ties a reply to its call, and this network may only confuse calls that ask the same.

// snapshotRequest is the payload of InstallSnapshot: the request and what is streamed after it.
type snapshotRequest struct {
	Request raft.InstallSnapshotRequest
	Data    []byte
}

// answer is the payload of a reply.
type answer struct {
	To       string          `json:"to"` // what was asked, see nameOf
	Response json.RawMessage `json:"response,omitempty"`
	Error    string          `json:"error,omitempty"` // the call ends with this error instead
}

// nameOf says what a request asks: for a vote or pre-vote in a term, or to match the log of a term's leader up to an index. The
// commit index that comes with entries is no part of it, for the reply does not depend on it.
func nameOf(m *spec.Message) string {
	switch m.Kind {
	case spec.AppendEntries:
		return fmt.Sprintf("append %d: %d+%d", m.Term, m.PrevLogIndex, len(m.Entries))
	case spec.InstallSnapshot:
		return fmt.Sprintf("install %d: %d", m.Term, m.PrevLogIndex)
	}
	return fmt.Sprintf("%s %d", m.Kind, m.Term)
}

// answered returns what a reply answers.
func answered(m *spec.Message) question {
	var a answer
	if json.Unmarshal([]byte(m.Payload), &a) != nil {
		return question{}
	}
	return question{m.From, a.To}
}

// requestOf makes a message of a request that the library sends in a term.
func requestOf(from, to spec.ServerID, term spec.Term, request any, data []byte) (spec.Message, error) {
	m := spec.Message{From: from, To: to, Term: term}
	switch r := request.(type) {
	case *raft.RequestVoteRequest:
		m.Kind, m.Term = spec.RequestVote, spec.Term(r.Term)
		m.LastLogIndex, m.LastLogTerm = spec.Index(r.LastLogIndex), spec.Term(r.LastLogTerm)
	case *raft.AppendEntriesRequest:
		m.Kind, m.Term = spec.AppendEntries, spec.Term(r.Term)
		m.PrevLogIndex, m.PrevLogTerm = spec.Index(r.PrevLogEntry), spec.Term(r.PrevLogTerm)
		m.LeaderCommit = spec.Index(r.LeaderCommitIndex)
		for _, l := range r.Entries {
			m.Entries = append(m.Entries, entryOf(l))
		}
	case *raft.InstallSnapshotRequest:
		m.Kind, m.Term = spec.InstallSnapshot, spec.Term(r.Term)
		m.PrevLogIndex, m.PrevLogTerm = spec.Index(r.LastLogIndex), spec.Term(r.LastLogTerm)
		request = &snapshotRequest{*r, data}
	case *raft.TimeoutNowRequest:
		m.Kind = spec.TimeoutNow
	default:
		if !preVoteRequest(&m, request) {
			return m, fmt.Errorf("unknown request %T", request)
		}
	}
	payload, err := json.Marshal(request)
	m.Payload = string(payload)
	return m, err
}

// errUnknown says that this version knows no such request, as those before 1.7 know none for a pre-vote. Its transport then closes the connection.
var errUnknown = errors.New("this version knows no such request")

// commandOf decodes the request that a message carries. The error may be errUnknown.
func commandOf(m *spec.Message) (raft.RPC, error) {
	var rpc raft.RPC
	switch m.Kind {
	case spec.RequestVote:
		rpc.Command = new(raft.RequestVoteRequest)
	case spec.AppendEntries:
		rpc.Command = new(raft.AppendEntriesRequest)
	case spec.TimeoutNow:
		rpc.Command = new(raft.TimeoutNowRequest)
	case spec.InstallSnapshot:
		var r snapshotRequest
		err := json.Unmarshal([]byte(m.Payload), &r)
		rpc.Command, rpc.Reader = &r.Request, strings.NewReader(string(r.Data))
		return rpc, err
	default:
		if rpc.Command = newPreVoteRequest(m.Kind); rpc.Command == nil {
			return rpc, errUnknown
		}
	}
	return rpc, json.Unmarshal([]byte(m.Payload), rpc.Command)
}

// replyOf makes a message of the response to a request. It returns false for responses that tell nobody anything.
func replyOf(request *spec.Message, now spec.Term, response raft.RPCResponse) (spec.Message, bool, error) {
	m := spec.Message{From: request.To, To: request.From, Term: now}
	a := answer{To: nameOf(request)}
	switch request.Kind {
	case spec.RequestVote:
		m.Kind = spec.RequestVoteReply
	case spec.AppendEntries:
		m.Kind = spec.AppendEntriesReply
	case spec.InstallSnapshot:
		m.Kind = spec.InstallSnapshotReply
	case spec.PreVote:
		m.Kind = spec.PreVoteReply
	default:
		return m, false, nil
	}
	if response.Error != nil {
		a.Error = response.Error.Error()
	} else {
		switch r := response.Response.(type) {
		case *raft.RequestVoteResponse:
			m.Term, m.Granted = spec.Term(r.Term), r.Granted
		case *raft.AppendEntriesResponse:
			m.Term, m.Success = spec.Term(r.Term), r.Success
			if r.Success {
				m.MatchIndex = request.LastEntryIndex()
				r.LastLog = 0 // a hint for refusals
			} else {
				m.ConflictIndex = spec.Index(r.LastLog) + 1
			}
		case *raft.InstallSnapshotResponse:
			m.Term, m.Success = spec.Term(r.Term), r.Success
			if r.Success {
				m.MatchIndex = request.PrevLogIndex
			}
		default:
			if !preVoteResponse(&m, r) {
				return m, false, fmt.Errorf("unknown response %T", r)
			}
		}
		body, err := json.Marshal(response.Response)
		if err != nil {
			return m, false, err
		}
		a.Response = body
	}
	payload, err := json.Marshal(a)
	m.Payload = string(payload)
	return m, true, err
}

// entryOf shows a log entry as rules see it.
func entryOf(l *raft.Log) spec.Entry {
	e := spec.Entry{Term: spec.Term(l.Term)}
	switch l.Type {
	case raft.LogCommand:
		e.Kind, e.Value = spec.Command, string(l.Data)
	case raft.LogConfiguration:
		e.Kind, e.Value = spec.ConfigurationChange, changeOf(raft.DecodeConfiguration(l.Data)).String()
	default:
		e.Kind = spec.NoOp
	}
	return e
}

// changeOf shows a configuration.
func changeOf(c raft.Configuration) spec.Change {
	config := configurationOf(c)
	return spec.Change{Voters: joined(config.Voters), Learners: joined(config.Learners)}
}

func joined(ids []spec.ServerID) string {
	names := make([]string, len(ids))
	for k, id := range ids {
		names[k] = id.String()
	}
	return strings.Join(names, ",")
}

// nameFor is a server's name and address in the library.
func nameFor(id spec.ServerID) string { return id.String() }

// serverOf is the server with a name or address in the library; spec.None for "" and for names that are not ours.
func serverOf(name string) spec.ServerID {
	n, err := strconv.ParseUint(strings.TrimPrefix(name, "n"), 10, 64)
	if err != nil {
		return spec.None
	}
	return spec.ServerID(n)
}

// split is the opposite of joined.
func split(names string) []spec.ServerID {
	if names == "" {
		return nil
	}
	var all []spec.ServerID
	for _, name := range strings.Split(names, ",") {
		all = append(all, serverOf(name))
	}
	return all
}
