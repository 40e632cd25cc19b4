package hashicorp

import (
	"encoding/json"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/spec"
)

// compose writes a message as another server of the library would send it. A snapshot in parts is never sent: the library streams it whole.
func compose(servers []spec.ServerID, m spec.Message, asked *spec.Message) (spec.Message, bool) {
	if m.Kind.IsRequest() {
		return composeRequest(servers, m)
	}
	if asked == nil {
		return m, false
	}
	response := responseTo(&m, asked)
	body, err := json.Marshal(response)
	if err != nil || response == nil {
		return m, false
	}
	payload, err := json.Marshal(answer{To: nameOf(asked), Response: body})
	m.Payload = string(payload)
	return m, err == nil
}

func composeRequest(servers []spec.ServerID, m spec.Message) (spec.Message, bool) {
	header := headerOf(m.From)
	var request any
	switch m.Kind {
	case spec.RequestVote:
		request = &raft.RequestVoteRequest{RPCHeader: header, Term: uint64(m.Term), Candidate: []byte(nameFor(m.From)),
			LastLogIndex: uint64(m.LastLogIndex), LastLogTerm: uint64(m.LastLogTerm)}
	case spec.AppendEntries:
		r := &raft.AppendEntriesRequest{RPCHeader: header, Term: uint64(m.Term), Leader: []byte(nameFor(m.From)),
			PrevLogEntry: uint64(m.PrevLogIndex), PrevLogTerm: uint64(m.PrevLogTerm), LeaderCommitIndex: uint64(m.LeaderCommit)}
		for k, e := range m.Entries {
			l, ok := logOf(e, uint64(m.PrevLogIndex)+uint64(k)+1)
			if !ok {
				return m, false
			}
			r.Entries = append(r.Entries, l)
		}
		request = r
	case spec.InstallSnapshot:
		r, ok := snapshotOf(servers, &m, header)
		if !ok {
			return m, false
		}
		m.Entries, request = nil, r
	case spec.TimeoutNow:
		request = &raft.TimeoutNowRequest{RPCHeader: header}
	default:
		if request = composedPreVote(&m, header); request == nil {
			return m, false
		}
	}
	payload, err := json.Marshal(request)
	m.Payload = string(payload)
	return m, err == nil
}

func headerOf(from spec.ServerID) raft.RPCHeader {
	h := raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax}
	for _, name := range signature(&h) {
		*name = []byte(nameFor(from))
	}
	return h
}

// logOf is an entry of the library's.
func logOf(e spec.Entry, index uint64) (*raft.Log, bool) {
	l := &raft.Log{Index: index, Term: uint64(e.Term)}
	switch e.Kind {
	case spec.Command:
		l.Type, l.Data = raft.LogCommand, []byte(e.Value)
	case spec.ConfigurationChange:
		change, err := spec.ParseChange(e.Value)
		if err != nil || change.Joint {
			return nil, false
		}
		l.Type, l.Data = raft.LogConfiguration, raft.EncodeConfiguration(configurationWith(split(change.Voters), split(change.Learners)))
	default:
		l.Type = raft.LogNoop
	}
	return l, true
}

// snapshotOf is a snapshot of a state machine that was given no commands. Its configuration is that of the message, or everybody's vote.
func snapshotOf(servers []spec.ServerID, m *spec.Message, header raft.RPCHeader) (*snapshotRequest, bool) {
	config := configurationWith(servers, nil)
	if len(m.Entries) > 0 {
		change, err := spec.ParseChange(m.Entries[0].Value)
		if err != nil || change.Joint {
			return nil, false
		}
		config = configurationWith(split(change.Voters), split(change.Learners))
	}
	return &snapshotRequest{Request: raft.InstallSnapshotRequest{RPCHeader: header, SnapshotVersion: raft.SnapshotVersionMax, Term: uint64(m.Term), Leader: []byte(nameFor(m.From)),
		LastLogIndex: uint64(m.PrevLogIndex), LastLogTerm: uint64(m.PrevLogTerm), Configuration: raft.EncodeConfiguration(config), ConfigurationIndex: 1}}, !m.Partial && m.Offset == 0
}

// responseTo is what the library answers in these words; nil if it never does.
func responseTo(m, asked *spec.Message) any {
	header := headerOf(m.From)
	switch m.Kind {
	case spec.RequestVoteReply:
		return &raft.RequestVoteResponse{RPCHeader: header, Term: uint64(m.Term), Granted: m.Granted}
	case spec.AppendEntriesReply:
		r := &raft.AppendEntriesResponse{RPCHeader: header, Term: uint64(m.Term), Success: m.Success, NoRetryBackoff: !m.Success}
		if !m.Success {
			r.LastLog = uint64(max(m.ConflictIndex, 1)) - 1
		} else if m.MatchIndex != asked.LastEntryIndex() {
			return nil // success is of all that was sent
		}
		return r
	case spec.InstallSnapshotReply:
		return &raft.InstallSnapshotResponse{RPCHeader: header, Term: uint64(m.Term), Success: m.Success}
	}
	return composedPreVoteReply(m, header)
}
