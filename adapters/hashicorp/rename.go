package hashicorp

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// names gives servers and clients' commands other names in what the library sends. A server's name is its address as well.
type names struct {
	server func(spec.ServerID) spec.ServerID
	value  func(string) string
}

// rename writes a message as the library sends it where servers and commands have other names: its struct is decoded, renamed, and encoded again
// as it was. A payload that cannot be decoded stays as it is.
func rename(m spec.Message, server func(spec.ServerID) spec.ServerID, value func(string) string) spec.Message {
	n := names{server, value}
	renamed := n.reply
	if m.Kind.IsRequest() {
		renamed = n.request
	}
	m.From, m.To = server(m.From), server(m.To)
	if payload, err := json.Marshal(renamed(&m)); err == nil && string(payload) != "null" {
		m.Payload = string(payload)
	}
	return m
}

// request renames a request, and the entries that the message shows of it; nil is one that cannot be decoded.
func (n names) request(m *spec.Message) any {
	rpc, err := commandOf(m)
	if err != nil {
		return nil
	}
	n.header(rpc.Command)
	switch r := rpc.Command.(type) {
	case *raft.RequestVoteRequest:
		r.Candidate = n.name(r.Candidate)
	case *raft.AppendEntriesRequest:
		r.Leader = n.name(r.Leader)
		m.Entries = nil
		for _, l := range r.Entries {
			n.log(l)
			m.Entries = append(m.Entries, entryOf(l))
		}
	case *raft.InstallSnapshotRequest:
		var whole snapshotRequest
		if json.Unmarshal([]byte(m.Payload), &whole) != nil {
			return nil
		}
		r.Leader, r.Configuration = n.name(r.Leader), n.configuration(r.Configuration)
		return &snapshotRequest{*r, n.machine(whole.Data)}
	}
	return rpc.Command
}

// reply renames the answer to a request; nil is one that cannot be decoded.
func (n names) reply(m *spec.Message) any {
	var a answer
	if json.Unmarshal([]byte(m.Payload), &a) != nil {
		return nil
	}
	if a.Response == nil {
		return a // the call ends with an error
	}
	var response any
	switch m.Kind {
	case spec.RequestVoteReply:
		response = new(raft.RequestVoteResponse)
	case spec.AppendEntriesReply:
		response = new(raft.AppendEntriesResponse)
	case spec.InstallSnapshotReply:
		response = new(raft.InstallSnapshotResponse)
	default:
		response = composedPreVoteReply(m, raft.RPCHeader{})
	}
	if response == nil || json.Unmarshal(a.Response, response) != nil {
		return nil
	}
	n.header(response)
	body, err := json.Marshal(response)
	if err != nil {
		return nil
	}
	a.Response = body
	return a
}

// header renames who sends a request or a response.
func (n names) header(of any) {
	if h, has := statekey.Find[raft.RPCHeader](of, "RPCHeader"); has {
		for _, name := range signature(h) {
			*name = n.name(*name)
		}
	}
}

// name renames a server, if it is one of ours.
func (n names) name(of []byte) []byte {
	id := serverOf(string(of))
	if id == spec.None {
		return of
	}
	return []byte(nameFor(n.server(id)))
}

// log renames an entry.
func (n names) log(l *raft.Log) {
	switch l.Type {
	case raft.LogCommand:
		l.Data = []byte(n.value(string(l.Data)))
	case raft.LogConfiguration:
		l.Data = n.configuration(l.Data)
	}
}

// configuration renames the servers of an encoded configuration, which stay in the order of their names.
func (n names) configuration(encoded []byte) []byte {
	if len(encoded) == 0 {
		return encoded
	}
	c := raft.DecodeConfiguration(encoded)
	for k := range c.Servers {
		s := &c.Servers[k]
		s.ID, s.Address = raft.ServerID(n.name([]byte(s.ID))), raft.ServerAddress(n.name([]byte(s.Address)))
	}
	slices.SortFunc(c.Servers, func(a, b raft.Server) int { return cmp.Compare(a.ID, b.ID) })
	return raft.EncodeConfiguration(c)
}

// machine renames the commands in a snapshot, which are its lines.
func (n names) machine(data []byte) []byte {
	if len(data) == 0 {
		return data
	}
	lines := strings.Split(string(data), "\n")
	for k := range lines {
		lines[k] = n.value(lines[k])
	}
	return []byte(strings.Join(lines, "\n"))
}
