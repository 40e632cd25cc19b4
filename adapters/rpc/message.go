package rpc

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/adapters/rpc/internal/names"
	"github.com/raftcheck/raftcheck/spec"
)

// codec makes bytes of arguments and replies, and tells them in Raft's words.
type codec struct {
	kinds     map[string]spec.MessageKind
	members   members
	fromZero  bool
	marshal   func(any) ([]byte, error) // nil is JSON
	unmarshal func([]byte, any) error
}

// raw makes JSON of arguments or a reply: of bytes that are none, a JSON string.
func (c *codec) raw(v any) json.RawMessage {
	encode := c.marshal
	if encode == nil {
		encode = json.Marshal
	}
	b, err := encode(v)
	if err == nil && c.marshal != nil {
		b, err = json.Marshal(b)
	}
	if err != nil {
		panic(bubble.Mistake(fmt.Sprintf("rpc: %T cannot be sent: %v", v, err)))
	}
	return b
}

// fill reads into a struct, by its pointer, what raw made of one.
func (c *codec) fill(v any, from json.RawMessage) {
	decode, b := json.Unmarshal, []byte(from)
	var err error
	if c.unmarshal != nil {
		decode, b = c.unmarshal, nil
		err = json.Unmarshal(from, &b)
	}
	if err == nil {
		err = decode(b, v)
	}
	if err != nil {
		panic(bubble.Mistake(fmt.Sprintf("rpc: %T does not take what was sent: %v", v, err)))
	}
}

// index is an index as Raft counts.
func (c *codec) index(n int) spec.Index {
	if c.fromZero {
		n++
	}
	return spec.Index(n)
}

// kind is the kind of message that the arguments of a method are.
func (c *codec) kind(method string) spec.MessageKind {
	short := method[strings.LastIndexAny(method, "./")+1:]
	for _, name := range []string{method, short} {
		if kind, is := c.kinds[name]; is {
			return kind
		}
	}
	if kind, is := names.Kind(short); is {
		return kind
	}
	panic(bubble.Mistake(fmt.Sprintf("rpc: what kind of message is the call %s? Server.Kinds says it", method)))
}

// reader reads the fields of a struct by their names, and notes those that it lacks.
type reader struct {
	v        reflect.Value
	fromZero bool
	unknown  spec.MessageField
}

func (r *reader) number(lacks spec.MessageField, usual ...string) uint64 {
	if f, is := field(r.v, usual...); is {
		if n, is := positive(f); is {
			return n
		}
	}
	r.unknown |= lacks
	return 0
}

// index reads an index.
func (r *reader) index(lacks spec.MessageField, usual ...string) spec.Index {
	if f, is := field(r.v, usual...); is {
		if n, is := index(f, r.fromZero); is {
			return n
		}
	}
	r.unknown |= lacks
	return 0
}

func (r *reader) truth(lacks spec.MessageField, usual ...string) bool {
	if f, is := field(r.v, usual...); is {
		if is, known := truth(f); known {
			return is
		}
	}
	r.unknown |= lacks
	return false
}

// request tells the arguments of a call.
func (c *codec) request(from, to spec.ServerID, method string, args any) spec.Message {
	r := reader{v: reflect.ValueOf(args), fromZero: c.fromZero}
	m := spec.Message{Kind: c.kind(method), From: from, To: to, Term: spec.Term(r.number(spec.MessageTerm, "term", "epoch"))}
	switch m.Kind {
	case spec.RequestVote, spec.PreVote:
		m.LastLogIndex = r.index(spec.MessageLastIndex, "lastlogindex", "lastindex", "lastentryindex")
		m.LastLogTerm = spec.Term(r.number(spec.MessageLastTerm, "lastlogterm", "lastterm", "lastentryterm"))
	case spec.AppendEntries:
		m.PrevLogIndex = r.index(spec.MessagePrevIndex, "prevlogindex", "previndex", "previouslogindex", "prevlogentry", "preventryindex")
		m.PrevLogTerm = spec.Term(r.number(spec.MessagePrevTerm, "prevlogterm", "prevterm", "previouslogterm", "preventryterm"))
		m.LeaderCommit = r.index(spec.MessageCommit, "leadercommit", "leadercommitindex", "commitindex", "commit")
		m.Entries = r.entries(c.members)
	case spec.InstallSnapshot:
		m.PrevLogIndex = r.index(spec.MessagePrevIndex, "lastincludedindex", "snapshotindex", "lastindex", "lastlogindex")
		m.PrevLogTerm = spec.Term(r.number(spec.MessagePrevTerm, "lastincludedterm", "snapshotterm", "lastterm", "lastlogterm"))
		m.Offset = r.number(0, "offset")
		if done, has := field(r.v, "done"); has {
			is, _ := truth(done)
			m.Partial = !is
		}
	}
	m.Unknown = r.unknown
	return m
}

func (r *reader) entries(m members) []spec.Entry {
	if f, is := field(r.v, "entries", "entry", "log", "logs", "logentries"); is {
		if all, is := entriesOf(f, 0, m, nil); is {
			return all
		}
	}
	r.unknown |= spec.MessageEntries
	return nil
}

// replies are the kinds of the messages that answer requests. TimeoutNow has no answer.
var replies = map[spec.MessageKind]spec.MessageKind{
	spec.RequestVote: spec.RequestVoteReply, spec.PreVote: spec.PreVoteReply,
	spec.AppendEntries: spec.AppendEntriesReply, spec.InstallSnapshot: spec.InstallSnapshotReply,
}

// reply tells what a method replied to a request. What a success matches is what the request carried.
func (c *codec) reply(m *spec.Message, reply any) spec.Message {
	r := reader{v: reflect.ValueOf(reply), fromZero: c.fromZero}
	back := spec.Message{Kind: replies[m.Kind], From: m.To, To: m.From, Term: spec.Term(r.number(spec.MessageTerm, "term", "epoch"))}
	switch back.Kind {
	case spec.RequestVoteReply, spec.PreVoteReply:
		back.Granted = r.truth(spec.MessageGranted, "votegranted", "granted", "vote", "success", "ok")
	case spec.AppendEntriesReply:
		back.Success = r.truth(spec.MessageSuccess, "success", "succeeded", "ok", "accepted", "appended")
		if back.Success {
			back.MatchIndex = m.LastEntryIndex()
			r.unknown |= m.Unknown & (spec.MessagePrevIndex | spec.MessageEntries)
			break
		}
		back.ConflictIndex = r.index(0, "conflictindex", "xindex", "nextindex", "nexttryindex", "hint")
		back.ConflictTerm = spec.Term(r.number(0, "conflictterm", "xterm"))
	case spec.InstallSnapshotReply:
		back.Success, back.MatchIndex = back.Term <= m.Term, m.PrevLogIndex
	}
	back.Unknown = r.unknown
	return back
}
