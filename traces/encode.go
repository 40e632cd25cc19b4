package traces

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/raftcheck/raftcheck/spec"
)

// The encoding is written by hand so that the bytes are the same everywhere and every known field is present: a field that
// is missing from an observation is unknown, which is not the same as zero.

// object appends the members of one JSON object.
type object struct {
	dst   []byte
	comma bool
}

func open(dst []byte) object { return object{dst: append(dst, '{')} }

func (o *object) close() []byte { return append(o.dst, '}') }

func (o *object) name(name string) {
	if o.comma {
		o.dst = append(o.dst, ',')
	}
	o.comma = true
	o.dst = append(strconv.AppendQuote(o.dst, name), ':')
}

func (o *object) uint(name string, n uint64) {
	o.name(name)
	o.dst = strconv.AppendUint(o.dst, n, 10)
}

func (o *object) bool(name string, b bool) {
	o.name(name)
	o.dst = strconv.AppendBool(o.dst, b)
}

func (o *object) text(name, s string) {
	o.name(name)
	o.dst = appendText(o.dst, s)
}

// bytes writes text that may be any bytes: what is not UTF-8 goes into a base64 member of its own.
func (o *object) bytes(name, s string) {
	if utf8.ValidString(s) {
		o.text(name, s)
		return
	}
	o.text(name+"Base64", base64.StdEncoding.EncodeToString([]byte(s)))
}

func (o *object) server(name string, id spec.ServerID) {
	o.name(name)
	o.dst = appendServer(o.dst, id)
}

func (o *object) servers(name string, ids []spec.ServerID) {
	o.name(name)
	o.dst = appendList(o.dst, len(ids), func(dst []byte, k int) []byte { return appendServer(dst, ids[k]) })
}

func (o *object) texts(name string, texts []string) {
	o.name(name)
	o.dst = appendList(o.dst, len(texts), func(dst []byte, k int) []byte { return appendText(dst, texts[k]) })
}

func (o *object) extra(members Extra) {
	for _, m := range members {
		o.name(m.Name)
		o.dst = append(o.dst, m.Value...)
	}
}

func appendList(dst []byte, n int, element func([]byte, int) []byte) []byte {
	dst = append(dst, '[')
	for k := range n {
		if k > 0 {
			dst = append(dst, ',')
		}
		dst = element(dst, k)
	}
	return append(dst, ']')
}

func appendText(dst []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic("traces: a string has no JSON form: " + err.Error())
	}
	return append(dst, quoted...)
}

func appendServer(dst []byte, id spec.ServerID) []byte {
	if id == spec.None {
		return append(dst, "null"...)
	}
	dst = append(dst, `"n`...)
	dst = strconv.AppendUint(dst, uint64(id), 10)
	return append(dst, '"')
}

func appendHeader(dst []byte, h *Header) []byte {
	o := open(dst)
	o.text("format", FormatName)
	o.uint("version", Version)
	o.servers("servers", h.Servers)
	for _, f := range []struct{ name, text string }{{"origin", h.Origin}, {"implementation", h.Implementation}, {"network", h.Network}} {
		if f.text != "" {
			o.text(f.name, f.text)
		}
	}
	variants := make([]string, len(h.Variants))
	for k, v := range h.Variants {
		variants[k] = string(v)
	}
	for _, f := range []struct {
		name  string
		texts []string
	}{{"features", h.Features}, {"variants", variants}, {"rules", h.Rules}, {"breaks", h.Breaks}} {
		if len(f.texts) > 0 {
			o.texts(f.name, f.texts)
		}
	}
	o.settings("bounds", h.Bounds)
	o.settings("faults", h.Faults)
	switch {
	case h.Seed > 1<<53:
		o.text("seed", strconv.FormatUint(h.Seed, 10))
	case h.Seed > 0:
		o.uint("seed", h.Seed)
	}
	if h.Records > 0 {
		o.uint("records", uint64(h.Records))
	}
	o.extra(h.Extra)
	return o.close()
}

func (o *object) settings(name string, settings []Setting) {
	if len(settings) == 0 {
		return
	}
	o.name(name)
	inner := open(o.dst)
	for _, s := range settings {
		if n, err := strconv.ParseInt(s.Value, 10, 54); err == nil && strconv.FormatInt(n, 10) == s.Value {
			inner.name(s.Name)
			inner.dst = append(inner.dst, s.Value...)
			continue
		}
		inner.text(s.Name, s.Value)
	}
	o.dst = inner.close()
}

// appendRecord appends a record's line. last is what the server showed after its last record, or nil: a state before the step
// that is the same is not written again.
func appendRecord(dst []byte, r *Record, last *spec.Observation) []byte {
	o := open(dst)
	o.uint("n", uint64(r.Number))
	if r.Step != nil {
		o.server("server", r.Step.Server)
	}
	if r.Sequence > 0 {
		o.uint("seq", uint64(r.Sequence))
	}
	o.text("event", r.Event)
	if r.Step != nil {
		o.step(r, last)
	} else {
		o.network(r)
	}
	if len(r.Want) > 0 {
		o.texts("want", r.Want)
	}
	o.extra(r.Extra)
	return o.close()
}

func (o *object) network(r *Record) {
	switch r.Event {
	case EventDrop, EventDuplicate:
		o.message("message", &r.Message)
		o.id("messageId", r.MessageID)
	case EventPartition:
		o.name("groups")
		o.dst = appendList(o.dst, len(r.Groups), func(dst []byte, k int) []byte {
			group := r.Groups[k]
			return appendList(dst, len(group), func(dst []byte, k int) []byte { return appendServer(dst, group[k]) })
		})
	}
}

func (o *object) id(name string, id uint64) {
	if id != 0 {
		o.uint(name, id)
	}
}

func (o *object) step(r *Record, last *spec.Observation) {
	s := r.Step
	o.input(&s.Input)
	o.id("messageId", r.MessageID)
	if r.Stays {
		o.bool("stays", true)
	}
	o.output(&s.Output)
	if len(r.SentIDs) > 0 {
		o.name("sentIds")
		o.dst = appendList(o.dst, len(r.SentIDs), func(dst []byte, k int) []byte { return strconv.AppendUint(dst, r.SentIDs[k], 10) })
	}
	if len(r.Lost) > 0 {
		o.name("lost")
		o.dst = appendList(o.dst, len(r.Lost), func(dst []byte, k int) []byte { return strconv.AppendInt(dst, int64(r.Lost[k]), 10) })
	}
	if s.Before.Unknown != everyField && (last == nil || differingField(last, &s.Before) != "") {
		o.observation("pre", &s.Before)
	}
	if s.After.Unknown != everyField {
		o.observation("post", &s.After)
	}
}

func (o *object) input(in *spec.Input) {
	if in.Kind == spec.Deliver {
		o.message("message", &in.Message)
	}
	if in.Kind == spec.Propose || in.Value != "" {
		o.bytes("value", in.Value)
	}
	if in.Peer != spec.None {
		o.server("peer", in.Peer)
	}
	if in.Cut > 0 {
		o.uint("cut", uint64(in.Cut))
	}
	if in.Lossy {
		o.bool("lossy", true)
	}
}

func (o *object) output(out *spec.Output) {
	if len(out.Effects) > 0 {
		o.name("effects")
		o.dst = appendList(o.dst, len(out.Effects), func(dst []byte, k int) []byte { return appendEffect(dst, &out.Effects[k]) })
	}
	if out.Refused {
		o.bool("refused", true)
	}
	if out.Keep {
		o.bool("keep", true)
	}
	if out.Redirect != spec.None {
		o.server("redirect", out.Redirect)
	}
	if out.Fault != nil {
		o.text("fault", out.Fault.Error())
	}
}

func appendEffect(dst []byte, e *spec.Effect) []byte {
	o := open(dst)
	if e.Kind == spec.Send {
		o.message("send", &e.Message)
	} else {
		o.durable(e.Kind.String(), &e.Durable)
	}
	return o.close()
}

func (o *object) durable(name string, d *spec.Durable) {
	o.name(name)
	inner := open(o.dst)
	inner.uint("term", uint64(d.Term))
	inner.server("votedFor", d.VotedFor)
	inner.log("log", d.Log)
	o.dst = inner.close()
}

func (o *object) log(name string, log spec.Log) {
	o.name(name)
	inner := open(o.dst)
	if log.Base != 0 || log.BaseTerm != 0 {
		inner.uint("base", uint64(log.Base))
		inner.uint("baseTerm", uint64(log.BaseTerm))
	}
	inner.entries("entries", log.Entries)
	o.dst = inner.close()
}

func (o *object) entries(name string, entries []spec.Entry) {
	o.name(name)
	o.dst = appendList(o.dst, len(entries), func(dst []byte, k int) []byte {
		e := open(dst)
		e.uint("term", uint64(entries[k].Term))
		if entries[k].Kind != spec.Command {
			e.text("kind", entries[k].Kind.String())
		}
		if entries[k].Value != "" {
			e.bytes("value", entries[k].Value)
		}
		return e.close()
	})
}

func (o *object) message(name string, m *spec.Message) {
	o.name(name)
	inner := open(o.dst)
	inner.text("kind", m.Kind.String())
	inner.server("from", m.From)
	inner.server("to", m.To)
	inner.uint("term", uint64(m.Term))
	shown := fieldsOf(m.Kind)
	uint := func(name string, f messageField, n uint64) {
		if n != 0 || shown&f != 0 {
			inner.uint(name, n)
		}
	}
	bool := func(name string, f messageField, b bool) {
		if b || shown&f != 0 {
			inner.bool(name, b)
		}
	}
	uint("lastLogIndex", lastLog, uint64(m.LastLogIndex))
	uint("lastLogTerm", lastLog, uint64(m.LastLogTerm))
	bool("granted", granted, m.Granted)
	uint("prevLogIndex", prevLog, uint64(m.PrevLogIndex))
	uint("prevLogTerm", prevLog, uint64(m.PrevLogTerm))
	if shown&entries != 0 || len(m.Entries) > 0 {
		inner.entries("entries", m.Entries)
	}
	uint("leaderCommit", entries, uint64(m.LeaderCommit))
	bool("success", success, m.Success)
	uint("matchIndex", success, uint64(m.MatchIndex))
	uint("conflictIndex", 0, uint64(m.ConflictIndex))
	uint("conflictTerm", 0, uint64(m.ConflictTerm))
	if m.Payload != "" {
		inner.bytes("payload", m.Payload)
	}
	o.dst = inner.close()
}

type messageField uint8

const (
	lastLog messageField = 1 << iota
	granted
	prevLog
	entries
	success
)

// fieldsOf returns the fields that a kind of message always shows.
func fieldsOf(kind spec.MessageKind) messageField {
	switch kind {
	case spec.RequestVote, spec.PreVote:
		return lastLog
	case spec.RequestVoteReply, spec.PreVoteReply:
		return granted
	case spec.AppendEntries:
		return prevLog | entries
	case spec.InstallSnapshot:
		return prevLog
	case spec.AppendEntriesReply, spec.InstallSnapshotReply:
		return success
	}
	return 0
}

func (o *object) observation(name string, s *spec.Observation) {
	o.name(name)
	inner := open(o.dst)
	known := func(f spec.Field) bool { return s.Knows(f) }
	if known(spec.FieldRole) {
		inner.text("role", s.Role.String())
	}
	if known(spec.FieldTerm) {
		inner.uint("term", uint64(s.Term))
	}
	if known(spec.FieldVotedFor) {
		inner.server("votedFor", s.VotedFor)
	}
	if known(spec.FieldLeader) {
		inner.server("leader", s.LeaderID)
	}
	if known(spec.FieldLog) {
		inner.log("log", s.Log)
	}
	if known(spec.FieldCommit) {
		inner.uint("commit", uint64(s.CommitIndex))
	}
	if known(spec.FieldApplied) {
		inner.uint("applied", uint64(s.LastApplied))
	}
	if known(spec.FieldVotes) {
		inner.servers("granted", s.Granted)
		inner.servers("refused", s.Refused)
	}
	if known(spec.FieldProgress) {
		inner.progress(s.Progress)
	}
	if known(spec.FieldConfig) {
		inner.configuration(s.Config)
	}
	if known(spec.FieldDurable) {
		inner.durable("durable", &s.Durable)
	}
	o.dst = inner.close()
}

func (o *object) progress(all []spec.Progress) {
	o.name("progress")
	o.dst = appendList(o.dst, len(all), func(dst []byte, k int) []byte {
		p := open(dst)
		p.server("server", all[k].Server)
		p.uint("next", uint64(all[k].NextIndex))
		p.uint("match", uint64(all[k].MatchIndex))
		return p.close()
	})
}

func (o *object) configuration(c spec.Configuration) {
	o.name("config")
	inner := open(o.dst)
	inner.servers("voters", c.Voters)
	if len(c.Outgoing) > 0 {
		inner.servers("outgoing", c.Outgoing)
	}
	o.dst = inner.close()
}
