package traces

import (
	"encoding/base64"
	"errors"
	"strconv"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/internal/scan"
)

// decoder reads one line of the native format.
type decoder struct {
	scan.Line
	lenient bool
}

func newDecoder(line []byte, lenient bool) *decoder { return &decoder{scan.New(line), lenient} }

func (d *decoder) header() (h Header) {
	named := false
	for d.Open('{'); d.More('}'); {
		at := d.At()
		switch name := string(d.Key()); name {
		case "format":
			if text := string(d.String()); text != FormatName {
				d.FailAt(at, "format %q, not %q", text, FormatName)
			}
			named = true
		case "version":
			if h.Version = int(d.Uint()); h.Version != Version && d.Err() == nil {
				d.FailAt(at, "format version %d; this program reads version %d", h.Version, Version)
			}
		case "servers":
			h.Servers = d.servers()
		case "origin":
			h.Origin = string(d.String())
		case "implementation":
			h.Implementation = string(d.String())
		case "network":
			h.Network = string(d.String())
		case "features":
			h.Features = d.texts()
		case "variants":
			for _, v := range d.texts() {
				h.Variants = append(h.Variants, spec.Variant(v))
			}
		case "rules":
			h.Rules = d.texts()
		case "breaks":
			h.Breaks = d.texts()
		case "bounds":
			h.Bounds = d.settings()
		case "faults":
			h.Faults = d.settings()
		case "seed":
			h.Seed = d.seed()
		case "records":
			h.Records = int(d.Uint())
		default:
			h.Extra = append(h.Extra, Member{name, string(d.Skip())})
		}
	}
	d.End()
	if !named || h.Version == 0 {
		d.FailAt(0, "the first line must be a header with \"format\" and \"version\"")
	}
	return h
}

func (d *decoder) seed() uint64 {
	if d.Peek() != '"' {
		return d.Uint()
	}
	n, err := strconv.ParseUint(string(d.String()), 10, 64)
	if err != nil {
		d.Fail("a seed that is not a number")
	}
	return n
}

func (d *decoder) settings() (all []Setting) {
	for d.Open('{'); d.More('}'); {
		name := string(d.Key())
		if d.Peek() == '"' {
			all = append(all, Setting{name, string(d.String())})
		} else {
			all = append(all, Setting{name, string(d.Skip())})
		}
	}
	return all
}

func (d *decoder) texts() (all []string) {
	for d.Open('['); d.More(']'); {
		all = append(all, string(d.String()))
	}
	return all
}

func (d *decoder) servers() (all []spec.ServerID) {
	for d.Open('['); d.More(']'); {
		all = append(all, d.server())
	}
	return all
}

func (d *decoder) server() spec.ServerID {
	if d.Null() {
		return spec.None
	}
	at := d.At()
	text := d.String()
	if d.Err() != nil {
		return spec.None
	}
	id, ok := ParseServer(string(text))
	if !ok {
		d.FailAt(at, "%q is not a server: n1, n2, …", text)
	}
	return id
}

// ParseServer reads a server's printed name, n1, n2, …
func ParseServer(name string) (spec.ServerID, bool) {
	if len(name) < 2 || name[0] != 'n' || name[1] == '0' || name[1] == '+' {
		return spec.None, false
	}
	n, err := strconv.ParseUint(name[1:], 10, 64)
	return spec.ServerID(n), err == nil
}

func (d *decoder) record() (r Record) {
	step := &spec.Step{Before: spec.Observation{Unknown: everyField}, After: spec.Observation{Unknown: everyField}}
	var message spec.Message
	haveMessage, haveServer := false, false
	event := 0
	for d.Open('{'); d.More('}'); {
		switch name := string(d.Key()); name {
		case "n":
			r.Number = int(d.Uint())
		case "server":
			step.Server, haveServer = d.server(), true
		case "seq":
			r.Sequence = int(d.Uint())
		case "event":
			event = d.At()
			r.Event = string(d.String())
		case "message":
			message, haveMessage = d.message(), true
		case "messageId":
			r.MessageID = d.Uint()
		case "stays":
			r.Stays = d.Bool()
		case "value", "valueBase64":
			step.Input.Value = d.bytes(name)
		case "peer":
			step.Input.Peer = d.server()
		case "cut":
			step.Input.Cut = int(d.Uint())
		case "lossy":
			step.Input.Lossy = d.Bool()
		case "effects":
			step.Output.Effects = d.effects()
		case "sentIds":
			r.SentIDs = d.uints()
		case "lost":
			for _, k := range d.uints() {
				r.Lost = append(r.Lost, int(k))
			}
		case "refused":
			step.Output.Refused = d.Bool()
		case "keep":
			step.Output.Keep = d.Bool()
		case "redirect":
			step.Output.Redirect = d.server()
		case "fault":
			step.Output.Fault = errors.New(string(d.String()))
		case "pre":
			step.Before = d.observation()
		case "post":
			step.After = d.observation()
		case "groups":
			for d.Open('['); d.More(']'); {
				r.Groups = append(r.Groups, d.servers())
			}
		case "want":
			r.Want = d.texts()
		default:
			r.Extra = append(r.Extra, Member{name, string(d.Skip())})
		}
	}
	d.End()
	if d.Err() != nil {
		return r
	}
	switch kind, known := InputKindOf(r.Event); {
	case r.Event == "":
		d.FailAt(0, "a record without \"event\"")
	case known:
		step.Input.Kind = kind
		step.Input.Message = message
		r.Step = step
		if !haveServer || step.Server == spec.None {
			d.FailAt(event, "event %q has no \"server\"", r.Event)
		}
		if kind == spec.Deliver && !haveMessage {
			d.FailAt(event, "event %q has no \"message\"", r.Event)
		}
	case isNetworkEvent(r.Event):
		r.Message = message
		if (r.Event == EventDrop || r.Event == EventDuplicate) && !haveMessage {
			d.FailAt(event, "event %q has no \"message\"", r.Event)
		}
	case !d.lenient:
		d.FailAt(event, "unknown event %q", r.Event)
	case haveServer:
		step.Before.Unknown, step.After.Unknown = everyField, everyField
		r.Step = nil
	}
	return r
}

func (d *decoder) uints() (all []uint64) {
	for d.Open('['); d.More(']'); {
		all = append(all, d.Uint())
	}
	return all
}

// bytes reads the value of a member whose name tells by its ending whether it is base64.
func (d *decoder) bytes(name string) string {
	at := d.At()
	text := string(d.String())
	const suffix = "Base64"
	if len(name) < len(suffix) || name[len(name)-len(suffix):] != suffix {
		return text
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		d.FailAt(at, "%s is not base64", name)
	}
	return string(raw)
}

func (d *decoder) effects() (all []spec.Effect) {
	for d.Open('['); d.More(']'); {
		var e spec.Effect
		at := d.At()
		for d.Open('{'); d.More('}'); {
			switch string(d.Key()) {
			case "send":
				e = spec.Effect{Kind: spec.Send, Message: d.message()}
			case "write":
				e = spec.Effect{Kind: spec.Write, Durable: d.durable()}
			case "sync":
				e = spec.Effect{Kind: spec.Sync, Durable: d.durable()}
			default:
				d.Skip()
			}
		}
		if e.Kind == 0 {
			d.FailAt(at, "an effect that is none of send, write, sync")
		}
		all = append(all, e)
	}
	return all
}

func (d *decoder) durable() (all spec.Durable) {
	for d.Open('{'); d.More('}'); {
		switch string(d.Key()) {
		case "term":
			all.Term = spec.Term(d.Uint())
		case "votedFor":
			all.VotedFor = d.server()
		case "log":
			all.Log = d.log()
		default:
			d.Skip()
		}
	}
	return all
}

func (d *decoder) log() (log spec.Log) {
	for d.Open('{'); d.More('}'); {
		switch string(d.Key()) {
		case "base":
			log.Base = spec.Index(d.Uint())
		case "baseTerm":
			log.BaseTerm = spec.Term(d.Uint())
		case "entries":
			log.Entries = d.entries()
		default:
			d.Skip()
		}
	}
	return log
}

func (d *decoder) entries() (all []spec.Entry) {
	for d.Open('['); d.More(']'); {
		var e spec.Entry
		for d.Open('{'); d.More('}'); {
			switch name := string(d.Key()); name {
			case "term":
				e.Term = spec.Term(d.Uint())
			case "kind":
				e.Kind = spec.EntryKind(d.oneOf("entry kind", func(k int) string { return spec.EntryKind(k).String() }, int(spec.ConfigurationChange)+1))
			case "value", "valueBase64":
				e.Value = d.bytes(name)
			default:
				d.Skip()
			}
		}
		all = append(all, e)
	}
	return all
}

// oneOf reads a text that must be one of n names.
func (d *decoder) oneOf(what string, name func(int) string, n int) int {
	at := d.At()
	text := string(d.String())
	for k := range n {
		if name(k) == text {
			return k
		}
	}
	d.FailAt(at, "unknown %s %q", what, text)
	return 0
}

func (d *decoder) message() (m spec.Message) {
	for d.Open('{'); d.More('}'); {
		switch name := string(d.Key()); name {
		case "kind":
			at := d.At()
			kind, known := MessageKindOf(string(d.String()))
			if !known {
				d.FailAt(at, "unknown kind of message")
			}
			m.Kind = kind
		case "from":
			m.From = d.server()
		case "to":
			m.To = d.server()
		case "term":
			m.Term = spec.Term(d.Uint())
		case "lastLogIndex":
			m.LastLogIndex = spec.Index(d.Uint())
		case "lastLogTerm":
			m.LastLogTerm = spec.Term(d.Uint())
		case "granted":
			m.Granted = d.Bool()
		case "prevLogIndex":
			m.PrevLogIndex = spec.Index(d.Uint())
		case "prevLogTerm":
			m.PrevLogTerm = spec.Term(d.Uint())
		case "entries":
			m.Entries = d.entries()
		case "leaderCommit":
			m.LeaderCommit = spec.Index(d.Uint())
		case "success":
			m.Success = d.Bool()
		case "matchIndex":
			m.MatchIndex = spec.Index(d.Uint())
		case "conflictIndex":
			m.ConflictIndex = spec.Index(d.Uint())
		case "conflictTerm":
			m.ConflictTerm = spec.Term(d.Uint())
		case "payload", "payloadBase64":
			m.Payload = d.bytes(name)
		default:
			d.Skip()
		}
	}
	if m.Kind == 0 {
		d.Fail("a message without \"kind\"")
	}
	return m
}

// observation reads a state; the fields that it does not have are unknown.
func (d *decoder) observation() spec.Observation {
	s := spec.Observation{Unknown: everyField}
	for d.Open('{'); d.More('}'); {
		var field spec.Field
		switch string(d.Key()) {
		case "role":
			field = spec.FieldRole
			s.Role = spec.Role(d.oneOf("role", func(k int) string { return spec.Role(k).String() }, int(spec.Crashed)+1))
		case "term":
			field, s.Term = spec.FieldTerm, spec.Term(d.Uint())
		case "votedFor":
			field, s.VotedFor = spec.FieldVotedFor, d.server()
		case "leader":
			field, s.LeaderID = spec.FieldLeader, d.server()
		case "log":
			field, s.Log = spec.FieldLog, d.log()
		case "commit":
			field, s.CommitIndex = spec.FieldCommit, spec.Index(d.Uint())
		case "applied":
			field, s.LastApplied = spec.FieldApplied, spec.Index(d.Uint())
		case "granted":
			field, s.Granted = spec.FieldVotes, d.servers()
		case "refused":
			field, s.Refused = spec.FieldVotes, d.servers()
		case "progress":
			field, s.Progress = spec.FieldProgress, d.progress()
		case "config":
			field, s.Config = spec.FieldConfig, d.configuration()
		case "durable":
			field, s.Durable = spec.FieldDurable, d.durable()
		default:
			d.Skip()
		}
		s.Unknown &^= field
	}
	return s
}

func (d *decoder) progress() (all []spec.Progress) {
	for d.Open('['); d.More(']'); {
		var p spec.Progress
		for d.Open('{'); d.More('}'); {
			switch string(d.Key()) {
			case "server":
				p.Server = d.server()
			case "next":
				p.NextIndex = spec.Index(d.Uint())
			case "match":
				p.MatchIndex = spec.Index(d.Uint())
			default:
				d.Skip()
			}
		}
		all = append(all, p)
	}
	return all
}

func (d *decoder) configuration() (c spec.Configuration) {
	for d.Open('{'); d.More('}'); {
		switch string(d.Key()) {
		case "voters":
			c.Voters = d.servers()
		case "outgoing":
			c.Outgoing = d.servers()
		default:
			d.Skip()
		}
	}
	return c
}
