//go:build overlaid

package nats

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/raftcheck/raftcheck/spec"
)

// The subjects that all servers of the group listen to.
const (
	askSubject    = "$NRG.V.raftcheck"
	appendSubject = "$NRG.AE.raftcheck"
)

// The kinds of inboxes, which one server alone listens to.
const (
	inbox    = "inbox"    // answers to what it asks or sends
	catchup  = "catchup"  // entries that it lacks
	progress = "progress" // how far somebody has come whom it sends what he lacks
)

func inboxName(of spec.ServerID, incarnation int, kind, about string) string {
	return fmt.Sprintf("%s.%d.%s.%s", of, incarnation, kind, about)
}

// inboxOf returns whose inbox a subject is and of which kind; spec.None if it is none.
func inboxOf(subject string) (spec.ServerID, string) {
	parts := strings.Split(subject, ".")
	if len(parts) < 4 || strings.HasPrefix(subject, "$") {
		return spec.None, ""
	}
	return idOf(parts[0]), parts[2]
}

// messagesOf returns what is sent when a server with this disk publishes something. Nobody listens to how a follower comes along that was sent all that it lacks in one
// go, as one with a short log is, so that is not sent.
func messagesOf(from spec.ServerID, servers []spec.ServerID, on *disk, subject, reply string, msg []byte) []spec.Message {
	m := spec.Message{From: from, Payload: strings.Join([]string{subject, reply, hex.EncodeToString(msg)}, " ")}
	to, kind := inboxOf(subject)
	switch {
	case subject == askSubject:
		r := natsserver.DecodeRaftVoteRequest(msg)
		m.Kind, m.Term, m.LastLogTerm, m.LastLogIndex = spec.RequestVote, spec.Term(r.Term), spec.Term(r.LastTerm), spec.Index(r.LastIndex)
	case subject == appendSubject || kind == catchup:
		batchInto(&m, on, msg)
	case kind == inbox && reply == "" && isVote(msg):
		v := natsserver.DecodeRaftVote(msg)
		m.Kind, m.Term, m.Granted = spec.RequestVoteReply, spec.Term(v.Term), v.Granted
	case kind == inbox:
		answerInto(&m, natsserver.DecodeRaftAnswer(msg), reply)
	case kind == progress:
		return nil
	default:
		panic(fmt.Sprintf("nats: nobody is known to listen to %q", subject))
	}
	if to != spec.None {
		m.To = to
		return []spec.Message{m}
	}
	var all []spec.Message
	for _, m.To = range servers {
		if m.To != from {
			all = append(all, m)
		}
	}
	return all
}

// isVote tells an answer to a vote request, of 17 bytes, from one to entries, of 25: both come to inboxes.
func isVote(msg []byte) bool { return len(msg) == 17 }

// batchInto fills in what a leader sends. To one that lags it sends entries as they are in its log, in some releases with its own term beside, and before them
// its snapshot, if it has dropped what the other one lacks.
func batchInto(m *spec.Message, on *disk, msg []byte) {
	b, err := natsserver.DecodeRaftBatch(msg)
	if err != nil {
		panic(err) // the library wrote it
	}
	m.Kind, m.Term, m.LeaderCommit = spec.AppendEntries, spec.Term(b.Term), spec.Index(b.Commit)
	m.PrevLogIndex, m.PrevLogTerm = spec.Index(b.PrevIndex), spec.Term(b.PrevTerm)
	if holdsSnapshot(b) {
		m.Kind, m.LeaderCommit = spec.InstallSnapshot, 0
		return
	}
	if len(b.Entries) > 0 {
		m.Entries = []spec.Entry{entryIn(b, on.groupAt(b.PrevIndex)).entry}
	}
	switch _, kind := inboxOf(subjectOf(m)); {
	case b.LeaderTerm > 0:
		m.Term = spec.Term(b.LeaderTerm)
	case kind == catchup:
		m.Term, m.Unknown = 0, spec.MessageTerm
	}
}

// holdsSnapshot tells the first of what a server is sent that lacks what the leader has dropped: a snapshot, and the servers of the group.
func holdsSnapshot(b *natsserver.RaftBatch) bool {
	return len(b.Entries) == 2 && b.Entries[0].Type == natsserver.EntrySnapshot && b.Entries[1].Type == natsserver.EntryPeerState
}

// answerInto fills in the answer to it. The term of one that agrees, and of one that asks for what it lacks, is that of the last entry of
// the log, so it says nothing of the server's own.
func answerInto(m *spec.Message, a natsserver.RaftAnswer, reply string) {
	m.Kind, m.Success = spec.AppendEntriesReply, a.Success
	switch {
	case a.Success:
		m.MatchIndex, m.Unknown = spec.Index(a.Index), spec.MessageTerm
	case reply != "":
		m.ConflictIndex, m.Unknown = spec.Index(a.Index)+1, spec.MessageTerm
	default:
		m.Term = spec.Term(a.Term)
	}
}

// kindOf says what a batch is in the paper's words. What a new leader appends first is the list of servers, and who leaves its place to another server appends its name.
func kindOf(b *natsserver.RaftBatch) spec.EntryKind {
	if len(b.Entries) > 0 && (b.Entries[0].Type == natsserver.EntryNormal || b.Entries[0].Type == natsserver.EntrySnapshot) {
		return spec.Command
	}
	return spec.NoOp
}

// valueOf is the command in a batch, or with plus signs between them the commands, or what else it says. An entry without a value would be one that is not shown, and agree with any.
func valueOf(b *natsserver.RaftBatch) string {
	var values []string
	for _, e := range b.Entries {
		switch e.Type {
		case natsserver.EntryNormal, natsserver.EntrySnapshot:
			values = append(values, string(e.Data))
		case natsserver.EntryLeaderTransfer:
			values = append(values, "hand over to "+serverOf(string(e.Data)).String())
		case natsserver.EntryPeerState:
			values = append(values, changeTo(serversOf(natsserver.DecodeRaftPeers(e.Data))).String())
		}
	}
	return strings.Join(values, "+")
}

func subjectOf(m *spec.Message) string {
	subject, _, _ := strings.Cut(m.Payload, " ")
	return subject
}

// openPayload returns what a message was published as.
func openPayload(m *spec.Message) (subject, reply string, msg []byte, err error) {
	parts := strings.Split(m.Payload, " ")
	if len(parts) != 3 {
		return "", "", nil, fmt.Errorf("a payload is a subject, a reply subject and a message, and this one is %q", m.Payload)
	}
	msg, err = hex.DecodeString(parts[2])
	return parts[0], parts[1], msg, err
}

// nameFor is the name of a server in the library, of the eight bytes that it wants.
func nameFor(id spec.ServerID) string { return fmt.Sprintf("server%02d", id) }

// serverOf is the server of a name in the library; spec.None for "".
func serverOf(name string) spec.ServerID { return idOf(strings.TrimPrefix(name, "server")) }

// serversOf are the servers of names in the library, ascending.
func serversOf(names []string) (ids []spec.ServerID) {
	for _, name := range names {
		ids = append(ids, serverOf(name))
	}
	slices.Sort(ids)
	return ids
}

func namesFor(ids []spec.ServerID) (names []string) {
	for _, id := range ids {
		names = append(names, nameFor(id))
	}
	return names
}

// changeTo is the change that makes these servers the group.
func changeTo(group []spec.ServerID) spec.Change {
	var names []string
	for _, id := range group {
		names = append(names, id.String())
	}
	return spec.Change{Voters: strings.Join(names, ",")}
}

func idOf(name string) spec.ServerID {
	n, err := strconv.ParseUint(strings.TrimPrefix(name, "n"), 10, 64)
	if err != nil {
		return spec.None
	}
	return spec.ServerID(n)
}
