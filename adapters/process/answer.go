package process

import (
	"errors"
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// answer is one line of a program, understood.
type answer struct {
	effects  []spec.Effect // of a Write and a Sync, Durable is what was written
	written  spec.Durable  // what is on disk after all of them
	refused  bool
	redirect spec.ServerID
	post     spec.Observation
	shown    bool   // there was a post
	state    string // JSON as it was written; "" when there is none
	can      Abilities
	fault    string
}

// Abilities are what a program is able to do beyond answering.
type Abilities struct {
	Start  bool // it can be started again in the same process
	Load   bool // it can be set to a state that it gave before
	Rename bool // its servers do the same by other names, and messages name servers in from and to only
	State  bool // it gives states, so that histories which end alike are one
}

// parser reads the answers of one server.
type parser struct {
	id      spec.ServerID
	servers []spec.ServerID
}

// parse understands a line, given what was on disk before it. The error is an *Error.
func (p *parser) parse(line []byte, disk spec.Durable) (*answer, error) {
	r := wire.NewReader(line, true)
	a := &answer{written: disk}
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "effects":
			for r.Open('['); r.More(']'); {
				a.effects = append(a.effects, p.effect(&r, &a.written))
			}
		case "refused":
			a.refused = r.Bool()
		case "redirect":
			a.redirect = r.Server()
		case "post":
			a.post, a.shown = p.post(&r), true
		case "state":
			a.state = string(r.Skip())
		case "can":
			a.can = abilities(&r)
		case "fault":
			a.fault = string(r.String())
		default:
			r.Unknown(at, key)
		}
	}
	r.End()
	if r.Err() == nil {
		p.check(&r, a)
	}
	var wrong *wire.Error
	if errors.As(r.Err(), &wrong) {
		return nil, &Error{What: "answers with a line that is not as it must be: " + wrong.What, Line: string(line), Column: wrong.Column, Hint: hintNames}
	}
	if a.fault != "" {
		return nil, &Error{What: fmt.Sprintf("reports a fault of its own: %q", excerpt(a.fault, 0))}
	}
	return a, nil
}

// check looks at the line as a whole.
func (p *parser) check(r *wire.Reader, a *answer) {
	switch {
	case a.fault != "":
	case a.refused && len(a.effects) > 0:
		r.FailAt(0, "what is refused has no effects")
	case !a.refused && !a.shown:
		r.FailAt(0, "a member \"post\" is missing, which shows the server after the step")
	case a.refused && a.redirect != spec.None:
		r.FailAt(0, "a client that is sent on is not refused: \"redirect\" stands alone")
	}
}

// looksLikeAnswer reports whether a line is an object with nothing but members that an answer has.
func looksLikeAnswer(line []byte) bool {
	r := wire.NewReader(line, true)
	for r.Open('{'); r.More('}'); {
		switch string(r.Key()) {
		case "effects", "refused", "redirect", "post", "state", "can", "fault":
			r.Ignore()
		default:
			return false
		}
	}
	r.End()
	return r.Err() == nil
}

func abilities(r *wire.Reader) (can Abilities) {
	names := [...]string{"start", "load", "rename"}
	for r.Open('['); r.More(']'); {
		switch r.OneOf("ability", func(k int) string { return names[k] }, len(names)) {
		case 0:
			can.Start = true
		case 1:
			can.Load = true
		case 2:
			can.Rename = true
		}
	}
	return can
}

// effect takes one effect, and keeps up with the disk.
func (p *parser) effect(r *wire.Reader, disk *spec.Durable) (e spec.Effect) {
	start := r.At()
	for r.Open('{'); r.More('}'); {
		at := r.At()
		if e.Kind != 0 {
			r.FailAt(at, "a second effect in one object: each has its own, in their order")
		}
		switch key := r.Key(); string(key) {
		case "send":
			e = spec.Effect{Kind: spec.Send, Message: p.message(r)}
		case "answer":
			e = spec.Effect{Kind: spec.Answer, Reply: r.Reply()}
		case "write":
			*disk = r.Durable(*disk)
			e = spec.Effect{Kind: spec.Write, Durable: *disk}
		case "sync":
			*disk = r.Durable(*disk)
			e = spec.Effect{Kind: spec.Sync, Durable: *disk}
		default:
			r.Unknown(at, key)
		}
	}
	if e.Kind == 0 {
		r.FailAt(start, "an effect that is none of send, write, sync, answer")
	}
	return e
}

// message takes a message that the server sends.
func (p *parser) message(r *wire.Reader) spec.Message {
	r.Peek()
	at := r.At()
	m := r.Message()
	switch {
	case m.From == spec.None:
		m.From = p.id
	case m.From != p.id:
		r.FailAt(at, "%s sends a message from %s", p.id, m.From)
	}
	if m.To == p.id || !slices.Contains(p.servers, m.To) {
		r.FailAt(at, "%s sends a message to %s", p.id, m.To)
	}
	return m
}

// post takes what the server shows. What is on disk is known from its effects, and the servers that vote are those of the
// cluster unless it says otherwise.
func (p *parser) post(r *wire.Reader) spec.Observation {
	r.Peek()
	at := r.At()
	o := r.Observation()
	switch {
	case o.Knows(spec.FieldDurable):
		r.FailAt(at, "what is on disk is told by the effects write and sync, not by post.durable")
	case o.Knows(spec.FieldRole) && o.Role == spec.Crashed:
		r.FailAt(at, "a server that answers has not crashed")
	}
	if !o.Knows(spec.FieldConfig) {
		o.Unknown &^= spec.FieldConfig
		o.Config = spec.Configuration{Voters: p.servers}
	}
	return o
}
