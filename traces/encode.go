package traces

import (
	"bytes"
	"strconv"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

func appendHeader(dst []byte, h *Header) []byte {
	o := wire.Open(dst)
	o.Text("format", FormatName)
	o.Uint("version", Version)
	o.Servers("servers", h.Servers)
	for _, f := range []struct{ name, text string }{{"origin", h.Origin}, {"implementation", h.Implementation}, {"network", h.Network}} {
		if f.text != "" {
			o.Text(f.name, f.text)
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
			o.Texts(f.name, f.texts)
		}
	}
	appendSettings(&o, "bounds", h.Bounds)
	appendSettings(&o, "faults", h.Faults)
	switch {
	case h.Seed > 1<<53:
		o.Text("seed", strconv.FormatUint(h.Seed, 10))
	case h.Seed > 0:
		o.Uint("seed", h.Seed)
	}
	if h.Joined {
		o.Bool("joined", true)
	}
	if h.Loop > 0 {
		o.Uint("loop", uint64(h.Loop))
	}
	if h.Records > 0 {
		o.Uint("records", uint64(h.Records))
	}
	appendExtra(&o, h.Extra)
	return o.Close()
}

func appendSettings(o *wire.Object, name string, settings []Setting) {
	if len(settings) == 0 {
		return
	}
	o.Object(name, func(o *wire.Object) {
		for _, s := range settings {
			if n, err := strconv.ParseInt(s.Value, 10, 54); err == nil && strconv.FormatInt(n, 10) == s.Value {
				o.Raw(s.Name, s.Value)
				continue
			}
			o.Text(s.Name, s.Value)
		}
	})
}

func appendExtra(o *wire.Object, members Extra) {
	for _, m := range members {
		o.Raw(m.Name, m.Value)
	}
}

// AppendObservation appends what a server shows, as a member post of a record has it.
func AppendObservation(dst []byte, shown *spec.Observation) []byte {
	o := wire.Open(nil)
	o.Observation("", shown)
	return append(dst, bytes.TrimSuffix(bytes.TrimPrefix(o.Close(), []byte(`{"":`)), []byte("}"))...)
}

// appendRecord appends a record's line. last is what the server showed after its last record, or nil: a state before the step
// that is the same is not written again. also are fields of a state that are written though they are empty.
func appendRecord(dst []byte, r *Record, last *spec.Observation, also spec.Field) []byte {
	o := wire.Open(dst)
	o.Always(also)
	o.Uint("n", uint64(r.Number))
	if r.Step != nil {
		o.Server("server", r.Step.Server)
	}
	if r.Sequence > 0 {
		o.Uint("seq", uint64(r.Sequence))
	}
	o.Text("event", r.Event)
	if r.Step != nil {
		appendStep(&o, r, last)
	} else {
		appendNetwork(&o, r)
	}
	if len(r.Want) > 0 {
		o.Texts("want", r.Want)
	}
	appendExtra(&o, r.Extra)
	return o.Close()
}

func appendNetwork(o *wire.Object, r *Record) {
	switch r.Event {
	case EventDrop, EventDuplicate:
		o.Message("message", &r.Message)
		appendID(o, "messageId", r.MessageID)
	case EventPartition:
		o.List("groups", len(r.Groups), func(dst []byte, k int) []byte {
			group := r.Groups[k]
			return wire.AppendList(dst, len(group), func(dst []byte, k int) []byte { return wire.AppendServer(dst, group[k]) })
		})
	}
}

func appendID(o *wire.Object, name string, id uint64) {
	if id != 0 {
		o.Uint(name, id)
	}
}

func appendStep(o *wire.Object, r *Record, last *spec.Observation) {
	s := r.Step
	o.Input(&s.Input)
	appendID(o, "messageId", r.MessageID)
	if r.Stays {
		o.Bool("stays", true)
	}
	o.Output(&s.Output)
	if !s.Output.Unseen {
		o.Uint("effectCount", uint64(len(s.Output.Effects)))
	}
	if len(r.SentIDs) > 0 {
		o.List("sentIds", len(r.SentIDs), func(dst []byte, k int) []byte { return strconv.AppendUint(dst, r.SentIDs[k], 10) })
	}
	if len(r.Lost) > 0 {
		o.List("lost", len(r.Lost), func(dst []byte, k int) []byte { return strconv.AppendInt(dst, int64(r.Lost[k]), 10) })
	}
	if s.Before.Unknown != wire.EveryField && (last == nil || differingField(last, &s.Before) != "") {
		o.Observation("pre", &s.Before)
	}
	if s.After.Unknown != wire.EveryField {
		o.Observation("post", &s.After)
	}
}
