package traces

import (
	"errors"
	"strconv"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// decoder reads one line of the native format.
type decoder struct {
	wire.Reader
	never spec.Field // what such servers never show, because they have no such thing
	last  happened   // read last
}

// happened is the name of an event, and the kind of input that it is; of one that is none, known is false.
type happened struct {
	event string
	kind  spec.InputKind
	known bool
}

func newDecoder(line []byte, lenient bool, declared spec.Variants) *decoder {
	d := &decoder{never: neverShown(declared)}
	d.begin(line, lenient)
	return d
}

// begin starts to read a line.
func (d *decoder) begin(line []byte, lenient bool) {
	d.Reader.Begin(line)
	d.Lenient = lenient
}

func neverShown(declared spec.Variants) spec.Field {
	return (spec.FieldContact | spec.FieldReads) &^ wire.ShownBy(declared)
}

// state takes what a server shows. What its kind of server does not have is known to be empty.
func (d *decoder) state(o *spec.Observation) {
	d.ObservationInto(o)
	o.Unknown &^= d.never
}

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
			h.Servers = d.Servers()
		case "origin":
			h.Origin = string(d.String())
		case "implementation":
			h.Implementation = string(d.String())
		case "network":
			h.Network = string(d.String())
		case "features":
			h.Features = d.Texts()
		case "variants":
			for _, v := range d.Texts() {
				h.Variants = append(h.Variants, spec.Variant(v))
			}
		case "rules":
			h.Rules = d.Texts()
		case "breaks":
			h.Breaks = d.Texts()
		case "bounds":
			h.Bounds = d.settings()
		case "faults":
			h.Faults = d.settings()
		case "seed":
			h.Seed = d.seed()
		case "joined":
			h.Joined = d.Bool()
		case "loop":
			h.Loop = int(d.Uint())
		case "records":
			h.Records = int(d.Uint())
		default:
			h.Extra = append(h.Extra, Member{name, string(d.Ignore())})
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

// ParseServer reads a server's printed name, n1, n2, …
func ParseServer(name string) (spec.ServerID, bool) { return wire.ParseServer(name) }

// slot is memory for a record.
type slot struct {
	record  Record
	step    spec.Step
	effects []spec.Effect
	where   Where
}

// record takes a record into the memory of one before, which is no more.
func (d *decoder) record(into *slot) {
	r, step := &into.record, &into.step
	*step = spec.Step{Before: spec.Observation{Unknown: wire.EveryField}, After: spec.Observation{Unknown: wire.EveryField}}
	*r = Record{}
	message := &step.Input.Message
	haveMessage, haveServer := false, false
	event, effects := 0, -1
	for d.Open('{'); d.More('}'); {
		switch key := d.Key(); string(key) {
		case "n":
			r.Number = int(d.Uint())
		case "server":
			step.Server, haveServer = d.Server(), true
			d.About(step.Server)
		case "seq":
			r.Sequence = int(d.Uint())
		case "event":
			event = d.At()
			r.Event = d.event()
		case "message":
			if haveMessage {
				*message = spec.Message{}
			}
			d.MessageInto(message)
			haveMessage = true
		case "messageId":
			r.MessageID = d.Uint()
		case "stays":
			r.Stays = d.Bool()
		case "value", "valueBase64":
			step.Input.Value = d.Bytes(key)
		case "client", "clientBase64":
			step.Input.Client = d.Bytes(key)
		case "request", "requestBase64":
			step.Input.Request = d.Bytes(key)
		case "peer":
			step.Input.Peer = d.Server()
		case "change":
			step.Input.Change = d.Change()
		case "cut":
			step.Input.Cut = int(d.Uint())
		case "lossy":
			step.Input.Lossy = d.Bool()
		case "gate":
			step.Input.Gate = string(d.String())
		case "effects":
			if step.Output.Effects = d.AppendEffects(into.effects); len(step.Output.Effects) > 0 {
				into.effects = step.Output.Effects
			}
		case "effectCount":
			effects = int(d.Uint())
		case "sentIds":
			r.SentIDs = d.Uints()
		case "lost":
			for _, k := range d.Uints() {
				r.Lost = append(r.Lost, int(k))
			}
		case "refused":
			step.Output.Refused = d.Bool()
		case "keep":
			step.Output.Keep = d.Bool()
		case "redirect":
			step.Output.Redirect = d.Server()
		case "fault":
			step.Output.Fault = errors.New(string(d.String()))
		case "pre":
			d.state(&step.Before)
		case "post":
			d.state(&step.After)
		case "groups":
			for d.Open('['); d.More(']'); {
				r.Groups = append(r.Groups, d.Servers())
			}
		case "want":
			r.Want = d.Texts()
		default:
			r.Extra = append(r.Extra, Member{string(key), string(d.Ignore())})
		}
	}
	d.End()
	if d.Err() != nil {
		return
	}
	if d.Dropped > 0 {
		r.SentIDs, r.Lost = nil, nil // they count what was left out
	}
	addressed(step)
	step.Output.Unseen = effects != len(step.Output.Effects)
	d.happens(r, step, event, haveMessage, haveServer)
}

// happens says what a record is of that was read, but for that.
func (d *decoder) happens(r *Record, step *spec.Step, event int, haveMessage, haveServer bool) {
	message := &step.Input.Message
	switch kind, known := d.last.kind, d.last.known; {
	case r.Event == "":
		d.FailAt(0, "a record without \"event\"")
	case known && haveMessage && message.Kind == 0 && haveServer:
		*message, r.Step = spec.Message{}, step // what came is not known
	case known:
		step.Input.Kind = kind
		r.Step = step
		if !haveServer || step.Server == spec.None {
			d.FailAt(event, "event %q has no \"server\"", r.Event)
		}
		if kind == spec.Deliver && !haveMessage {
			d.FailAt(event, "event %q has no \"message\"", r.Event)
		}
	case isNetworkEvent(r.Event) && haveMessage && message.Kind == 0:
		r.Event = ""
	case isNetworkEvent(r.Event):
		r.Message = *message
		if (r.Event == EventDrop || r.Event == EventDuplicate) && !haveMessage {
			d.FailAt(event, "event %q has no \"message\"", r.Event)
		}
	case !d.Lenient:
		d.FailAt(event, "unknown event %q", r.Event)
	case haveServer && step.Server != spec.None:
		*message, r.Step = spec.Message{}, step // what happened is not known, and what the server then shows, if anything, is
	}
}

// event takes the name of an event.
func (d *decoder) event() string {
	text := d.String()
	if d.last.event != string(text) {
		kind, known := inputKinds[string(text)]
		d.last = happened{string(text), kind, known}
	}
	return d.last.event
}

// addressed adds who sends what a server sends, and who receives what it is given, where a message leaves that out.
func addressed(step *spec.Step) {
	if delivered := &step.Input.Message; !delivered.Knows(spec.MessageTo) {
		delivered.To, delivered.Unknown = step.Server, delivered.Unknown&^spec.MessageTo
	}
	for k := range step.Output.Effects {
		if m := &step.Output.Effects[k].Message; !m.Knows(spec.MessageFrom) {
			m.From, m.Unknown = step.Server, m.Unknown&^spec.MessageFrom
		}
	}
}
